"""The document of real agents says how it was measured."""

from simulations.agents.bench import BENCH
from simulations.results import Finding, document, part
from simulations.samples import Row


def test_a_target_that_is_missed_says_by_how_much() -> None:
    target = BENCH.targets[0]
    applied: dict[str, float] = {"median": 0.2, "p99": 1.5, "max": 2.0, "samples": 400}
    row: Row = {"configuration": "ours", "applied_s": applied, "missed": 0}
    text = document(
        BENCH, "isthmus simulate agents all", [part(BENCH, Finding(target, target.study(), [row]))]
    )
    assert "**not met: applied s p99 1.5**" in text
    assert f"`{target.study().command()}`" in text
