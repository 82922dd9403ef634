"""The figures of the experiments with signed sets, and what they mean."""

from simulations.tables import Glossary

GLOSSARY = Glossary.of(
    {
        "endpoints": ("endpoints", "endpoints of all clusters together"),
        "state_mb": ("state MiB", "the packed last good state that is taken in"),
        "resident_mb": (
            "resident MiB",
            "memory of the whole process that then holds sets, indices and view",
        ),
        "take_in_s": (
            "taken in",
            "processor seconds from packed bytes to a view: read, verified, adopted, merged",
        ),
        "change_s": ("change", "processor seconds from a changed set to the view and its diff"),
        "attacks": ("attacks", "what came that no origin had published so"),
        "forms": ("forms", "different ways in which attacks of the kind are made"),
        "refused": ("refused", "attacks that were refused with a reason"),
        "passed_over": ("passed over", "attacks that were nothing new: held already, or surpassed"),
        "adopted": ("had success", "attacks that were adopted"),
        "mistaken": ("mistaken", "attacks that were refused for another reason than their own"),
        "disturbed": ("disturbed", "attacks after which anything that is held was another"),
        "set_bytes": ("set B", "bytes of the whole set, keys included"),
        "set_zlib_bytes": ("set zlib B", "the same, packed and compressed by zlib"),
        "records": ("records", "records of the set"),
        "record_bytes": ("record B", "bytes of one record that changed, its key included"),
        "record_zlib_bytes": ("record zlib B", "the same, compressed by zlib on its own"),
        "manifest_bytes": ("manifest B", "bytes of a manifest with its signature"),
        "rumour_bytes": (
            "rumour B",
            "a manifest and all records that one change touches, compressed where it helps",
        ),
        "change_bytes": (
            "B per change",
            "bytes on the wire because of one change, headers and sealing too; no idle traffic",
        ),
        "adoption_s": (
            "adopted s",
            "from a change at its origin until a bridge has it, over all but the one that signs",
        ),
        "everywhere_s": ("everywhere s", "until the last bridge has it"),
        "changed": ("changes", "changes in all"),
        "versions": ("versions", "versions that were published because of all changes"),
        "rollout_bytes": ("rollout B", "bytes on the wire because of a rollout, as per change"),
        "steps": ("steps", "times that the sources said something new"),
        "view_changes": (
            "view changes",
            "diffs of the view of one bridge elsewhere that named a service",
        ),
        "step_adoption_s": ("step s", "from a step of the rollout until a bridge has it"),
        "last_step_s": ("last step s", "the same, of the last step alone"),
        "joined_s": ("joined s", "from the start of a bridge until it holds all sets"),
        "catalog_bytes": ("catalog B", "bytes of all sets, keys included"),
        "catalog_zlib_bytes": (
            "catalog zlib B",
            "bytes of all sets, each packed with its manifest and compressed by zlib, level 6",
        ),
        "received_bytes": (
            "received B",
            "payload of datagrams and of answers that came to the bridge until then, in clear",
        ),
        "received_ratio": ("received", "received B by catalog zlib B"),
        "received_wire_ratio": (
            "sent",
            "all that others put on the wire until then, with headers, by catalog zlib B",
        ),
        "pulls": ("pulls", "requests for sets"),
        "repaired_s": (
            "repaired s",
            "from the start of both bridges until they hold the same",
        ),
        "requests": (
            "round trips",
            "requests that either bridge made, comparisons and pulls, until long after",
        ),
        "repair_bytes": ("repair B", "bytes of these and of their answers, in clear"),
        "direct_s": ("direct s", "from a change until a bridge with a direct path has it"),
        "relayed_s": ("relayed s", "until a bridge of the cluster without one has it"),
        "degraded_share": (
            "last tier",
            "share of the bridges without a path that hold the other cluster in the last tier",
        ),
        "slow_adopted": ("adopted", "versions that the slow bridge adopted meanwhile and after"),
        "gap_s": ("gap s", "between two adoptions of the slow bridge"),
        "staleness_s": ("behind s", "age of a version when the slow bridge adopts it"),
        "caught_up_s": ("caught up s", "from the last change until it has that, too"),
        "others_s": ("others s", "from a change until any other bridge has it"),
        "others_alone_s": ("others alone s", "the same where no bridge is slow"),
        "idle_bytes_per_member_s": (
            "unequal B/s",
            "bytes on the wire per bridge where trust is unequal, headers and sealing too",
        ),
        "equal_bytes_per_member_s": ("equal B/s", "the same where all trust all"),
        "idle_ratio": ("ratio", "the one by the other"),
        "comparisons_per_minute": (
            "compared",
            "comparisons that a bridge begins in a minute, trust being unequal",
        ),
        "settling_comparisons": ("at first", "comparisons of all bridges before that, in all"),
        "changing_comparisons_per_minute": (
            "compared in change",
            "comparisons that a bridge begins in a minute while sets change that few share",
        ),
        "path_shut_s": (
            "shut s",
            "from when traffic is shut until all bridges of both hold the other in the last tier",
        ),
        "path_open_s": ("open s", "from when it is open again until none of them does"),
        "tried_per_minute": ("tried", "connections that a bridge makes in a minute"),
        "node_out_s": (
            "node out s",
            "from when most bridges of a cluster find a node dead until one elsewhere serves none",
        ),
        "node_out_everywhere_s": ("out everywhere s", "until no bridge elsewhere does"),
        "back_s": (
            "back s",
            "from when the first of its cluster hears it again until a bridge serves them again",
        ),
        "back_everywhere_s": ("back everywhere s", "until all bridges do"),
        "nodes_down": ("nodes down", "nodes that fell silent"),
        "withdrawn": (
            "withdrawn",
            "endpoints that live and that any view elsewhere lost, also those that nobody reaches",
        ),
        "cut_off": ("cut off", "bridges that presumed themselves cut off while it was split"),
        "called_down": ("called down", "nodes that counted as down elsewhere when it healed"),
        "publishes_s": (
            "publishes s",
            "from the start of the new processes until one of them publishes the next change",
        ),
        "next_everywhere_s": ("next everywhere s", "until all bridges of the fleet have that"),
        "signed": ("signed", "sets that the cluster signed, no two for one place in the order"),
        "rotated_s": (
            "rotated s",
            "from the first set of the new key until a bridge elsewhere holds it",
        ),
        "rotated_everywhere_s": ("rotated everywhere s", "until all do that trust the key"),
        "late_s": (
            "late s",
            "from when the others are told to trust it, within a second, until one holds it",
        ),
        "revoked_s": (
            "revoked s",
            "from when one bridge is given the list until a bridge has the set in its last tier",
        ),
        "revoked_everywhere_s": ("revoked everywhere s", "until all have"),
        "restored_s": (
            "restored s",
            "from when the cluster is given a new key, within a second, until one relies on it",
        ),
        "restored_everywhere_s": ("restored everywhere s", "until all do"),
        "removed_s": ("removed s", "from the revocation until a bridge serves nothing of it"),
        "hold_short_s": (
            "too short s",
            "by how much less than the hold a bridge kept it, counted from its own last tier",
        ),
        "hold_over_s": ("too long s", "by how much more than the hold"),
        "restarted": ("restarted", "bridges that restarted in the middle of the hold"),
        "healed_s": (
            "healed s",
            "from the end of the partition until what the cluster itself says stands everywhere",
        ),
        "proofs": ("proofs", "bridges that keep the proof that its key was misused"),
        "held_both": ("held both", "bridges that held both sets, one after the other"),
        "heard_s": ("heard s", "from the word of a drain until a bridge has it"),
        "drained_s": (
            "drained s",
            "from then on until that bridge sends the cluster nothing any more",
        ),
        "drained_everywhere_s": ("drained everywhere s", "the same of the slowest bridge"),
        "undrained_everywhere_s": (
            "undrained s",
            "from the end of a drain until no bridge heeds it",
        ),
    }
)
