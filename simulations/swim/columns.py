"""The figures of the failure detector's experiments, and what they mean."""

from simulations.tables import Glossary

DETECTION = ("first_detection_s", "full_detection_s", "missed")
FALSE = ("false_positives", "false_positives_at_healthy")
TRAFFIC = ("bytes_per_member_s", "sealed_bytes_per_member_s", "messages_per_member_s")

BARS = ("false_positives", "bytes_per_member_s", "share_declared_dead")
"""What pictures show as bars."""

GLOSSARY = Glossary.of(
    {
        "first_detection_s": ("first", "seconds until the first healthy member knows"),
        "full_detection_s": ("everyone", "seconds until every healthy member knows"),
        "heal_s": ("whole again", "seconds from the repair until everyone sees everyone alive"),
        "join_s": ("joined", "seconds until everyone knows everyone"),
        "false_positives": ("FP", "deaths declared of members that nothing ails, at any observer"),
        "false_positives_at_healthy": ("FP-", "the same at observers that nothing ails"),
        "false_positives_per_member_hour": (
            "FP/h",
            "FP per member-hour, and its 95 % interval",
        ),
        "late_false_deaths": ("late", "false deaths later than the grace after the repair"),
        "same_side_deaths": (
            "same side",
            "deaths of members that the partition did not cut off",
        ),
        "never_healed": ("never", "runs in which the sides had not found each other in time"),
        "false_positives_per_run": ("FP/run", "FP per run"),
        "never_joined": ("never", "runs in which not all knew all in time"),
        "troubled_deaths": ("about the troubled", "deaths declared of troubled members"),
        "share_declared_dead": (
            "share",
            "share of the pauses after which somebody declared a death",
        ),
        "missed": ("missed", "failures that some healthy member never noticed"),
        "found": ("found", "troubled members that somebody healthy found"),
    }
)
