"""What is written of the failure detector besides its tables: how they were made, and by what."""

from collections.abc import Sequence

from simulations.study import Study
from simulations.swim.registry import SWIM
from simulations.swim.targets import TARGETS, ablation
from simulations.targets import Bench, Published

_INTRODUCTION = """\
# What the failure detector reaches

Written by `{command}` from its own output, row by row;
nothing here is typed by hand. Each section below says how to run its line again, alone. What is
marked as quick ran with few members, for a short time: it shows that all runs, and no more.

* Delays on a LAN are 0.2 to 2 ms, uniform, one way; `wan` is 30 clusters of three members each with
  round trips of 20 to 150 ms between them, 20 % jitter and 0.5 % loss.
* Two numbers are the median and, in brackets, the worst over all seeds.
* FP is one death declared at one observer about a member that nothing ails, FP- the same at an
  observer that nothing ails, pooled over all seeds. The interval is the exact one of a Poisson
  count, 95 %, per simulated member-hour.
* Baselines ran in the same command, on the same seeds. `memberlist` is its state machine with its
  defaults; `lifeguard` and `swim` are set as in the Lifeguard paper (alpha 5; beta 6 and 1).
* "Published" is what was measured of the real memberlist, or printed in a paper, beforehand.
"""

_PAPER = "Lifeguard, section 5"
_REAL = "the real memberlist, N = 128"
_CRASH, _WIDE = "crash, N = 128", "wan: crash"
_PUBLISHED = (
    Published(_CRASH, "swim", "first_detection_s", "median", 12.44, _PAPER),
    Published(_CRASH, "swim", "full_detection_s", "median", 12.90, _PAPER),
    Published(_CRASH, "lifeguard", "first_detection_s", "median", 12.45, _PAPER),
    Published(_CRASH, "lifeguard", "full_detection_s", "median", 12.91, _PAPER),
    Published(_CRASH, "memberlist", "first_detection_s", "median", 9.89, _REAL),
    Published(_CRASH, "memberlist", "full_detection_s", "median", 10.34, _REAL),
    Published(_WIDE, "memberlist", "first_detection_s", "median", 68.6, _REAL + ", WAN defaults"),
    Published(_WIDE, "memberlist", "full_detection_s", "median", 69.6, _REAL + ", WAN defaults"),
    Published("idle", "memberlist", "bytes_per_member_s", None, 100.9, _REAL),
    Published("idle", "memberlist", "messages_per_member_s", None, 2.0, _REAL + ", datagrams only"),
)


def _more(*, quick: bool, seeds: int | None) -> Sequence[tuple[str, Study]]:
    study = ablation(quick=quick, seeds=seeds)
    return (("What each part of Lifeguard is worth", study),)


BENCH = Bench(
    family=SWIM,
    subject="the detector",
    targets=TARGETS,
    introduction=_INTRODUCTION,
    figures=(
        ("member-hours", "member_hours"),
        ("FP per member-hour", "false_positives_per_member_hour"),
    ),
    published=_PUBLISHED,
    more=_more,
)
"""What `isthmus simulate swim all` runs and writes."""
