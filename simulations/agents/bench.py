"""What is written of real agents besides their tables: how they were made, and by what."""

from simulations.agents.registry import AGENTS
from simulations.agents.targets import TARGETS
from simulations.targets import Bench

_INTRODUCTION = """\
# What agents reach

Written by `{command}` from its own output, row by row;
nothing here is typed by hand. Each section below says how to run its line again, alone. What is
marked as quick ran for a short time: it shows that all runs, and no more.

* Agents are processes of this machine that talk over the loopback device; time is the real one.
  So the figures are those of this machine with all that it did besides.
* Two numbers are the median and, in brackets, the worst over all seeds.
* Where others are measured beside, they are in the same run, with the same faults.
"""

BENCH = Bench(
    family=AGENTS,
    subject="real agents",
    targets=TARGETS,
    introduction=_INTRODUCTION,
    known="known",
)
"""What `isthmus simulate agents all` runs and writes."""
