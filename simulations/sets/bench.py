"""What is written of signed sets besides their tables: how they were made, and by what."""

from simulations.sets.registry import SETS
from simulations.sets.targets import TARGETS
from simulations.targets import Bench

_INTRODUCTION = """\
# What signed endpoint sets reach

Written by `{command}` from its own output, row by row;
nothing here is typed by hand. Each section below says how to run its line again, alone. What is
marked as quick ran with a small fleet, for a short time: it shows that all runs, and no more.

* Node names, zones and addresses are as long as real ones; endpoints are spread over all nodes.
* Two numbers are the median and, in brackets, the worst over all seeds.
* Signatures and keys are stand-ins of the sizes of Ed25519; where one catalog's capacity is
  measured, and where it is attacked, they are real ones, and verified.
* "Known" is what was published of, or measured with, systems that are in use.
"""

BENCH = Bench(
    family=SETS,
    subject="signed sets",
    targets=TARGETS,
    introduction=_INTRODUCTION,
    known="known",
)
"""What `isthmus simulate sets all` runs and writes."""
