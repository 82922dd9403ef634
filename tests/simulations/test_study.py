"""A study is a grid of tasks, and rows of what they measured."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from failure_detect.clock import SECOND
from simulations import options
from simulations.experiment import Experiment, Plan
from simulations.flavours import Setting
from simulations.samples import Sample
from simulations.sets.registry import SETS
from simulations.study import PACE, Study, Task
from simulations.swim.crashes import Crash
from simulations.swim.registry import SWIM
from simulations.trials import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers(Experiment):
    plan: ClassVar[Plan] = Plan(name="numbers", title="numbers", columns=("sum",))

    low: int = options.count((1, 2), "a number")
    high: int = options.count(10, "another")
    lasting: int = options.duration(SECOND, "no matter")

    def run(self, scene: Scene) -> Sample:
        if self.low == 13:
            raise ValueError("an unlucky number")
        return Sample({}, {"sum": self.low + self.high + 100 * scene.seed})


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Numbers):
    plan: ClassVar[Plan] = Plan(name="merged", title="numbers", columns=(), merges_cells=True)


def study(kind: type[Experiment] = Numbers, **changed: tuple[int, ...]) -> Study:
    values = {"low": (1, 2), "high": (10,), "lasting": (SECOND,)} | changed
    return Study(
        family=SWIM,
        kind=kind,
        values=tuple(values.items()),
        configurations=("ours", "swim"),
        members=4,
        seeds=range(1, 4),
        overrides=(("probe.relays", 2),),
    )


def rows(of: Study) -> list[dict[str, object]]:
    return [
        dict(o.row())
        for o in of.outcomes([task.run() for task in of.tasks()], [0.5] * len(of.tasks()))
    ]


def test_every_cell_runs_for_every_configuration_and_seed() -> None:
    tasks = study().tasks()
    assert len(tasks) == 2 * 2 * 3
    assert [task.scene.seed for task in tasks[:4]] == [1, 2, 3, 1]
    assert tasks[0].scene.setting == Setting("ours", "lan", (("probe.relays", 2),))
    assert tasks[3].scene.setting == Setting("swim", "lan")  # Only ours can be set.


def test_the_others_may_run_fewer_seeds() -> None:
    few = replace(study(), others_seeds=1)
    assert [(t.scene.setting.flavour, t.scene.seed) for t in few.tasks()[:4]] == [
        ("ours", 1),
        ("ours", 2),
        ("ours", 3),
        ("swim", 1),
    ]
    assert [row["sum"] for row in rows(few)] == [633, 111, 636, 112]


def test_a_row_names_what_tells_it_from_others() -> None:
    assert rows(study()) == [
        {"configuration": "ours", "low": 1, "sum": 633},
        {"configuration": "swim", "low": 1, "sum": 633},
        {"configuration": "ours", "low": 2, "sum": 636},
        {"configuration": "swim", "low": 2, "sum": 636},
    ]
    assert study().labels() == ["low"]


def test_a_timed_row_says_how_fast_it_was_simulated() -> None:
    samples = [Sample({}, {"simulated_us": 4 * SECOND}) for _ in study().tasks()]
    took = [1.0, 2.0, 3.0] * 4
    found = study().outcomes(samples, took)
    assert [outcome.timed_row()[PACE] for outcome in found] == [0.5] * 4
    assert all(PACE not in outcome.row() for outcome in found)
    empty = study().outcomes([Sample({}, {}) for _ in study().tasks()], took)
    assert empty[0].timed_row()[PACE] is None


def test_cells_may_make_one_row_together() -> None:
    found = rows(study(Merged))
    assert found == [
        {"configuration": "ours", "sum": 1269},
        {"configuration": "swim", "sum": 1269},
    ]


def test_parameters_have_units() -> None:
    assert study().parameters() == {
        "members": 4,
        "seeds": 3,
        "first_seed": 1,
        "set": {"probe.relays": 2},
        "low": [1, 2],
        "high": 10,
        "lasting_s": 1.0,
    }


def test_a_study_can_be_written_as_a_command() -> None:
    assert study().command() == (
        "isthmus simulate swim numbers --seeds 3 --members 4 --configuration ours "
        "--configuration swim --set probe.relays=2 --low 1,2 --high 10 --lasting 1s"
    )


def test_a_task_that_fails_says_how_to_repeat_it() -> None:
    (task,) = [task for task in study(low=(13,)).tasks() if task.scene.seed == 2][:1]
    with pytest.raises(ValueError, match="unlucky") as caught:
        task.run()
    (note,) = caught.value.__notes__
    assert note == (
        "repeat it with: isthmus simulate swim numbers --first-seed 2 --seeds 1 --members 4 "
        "--configuration ours --set probe.relays=2 --low 13 --high 10 --lasting 1s"
    )


def test_what_cannot_run_is_said_before_it_does() -> None:
    assert study().faults() == []
    impossible = Study(
        family=SWIM,
        kind=Crash,
        values=(("crashes", (3, 9)), ("what", ("node",)), ("spacing", (0,))),
        configurations=("swim",),
        members=4,
        seeds=range(1, 2),
        overrides=(("probe.nothing", 1), ("probe.timeout", 0)),
    )
    assert impossible.faults() == [
        "--members 4: with these options at least 10 are needed",
        "--set changes ours, which is not among the configurations",
        "--set: $.probe.nothing: is not an option of the detector",
        "--set: $.probe.timeout: must be 1 or more, is 0",
    ]


def test_a_task_stands_for_itself() -> None:
    task = Task(SWIM, Numbers(low=2), Scene(seed=5, members=4))
    assert task.run().counts == {"sum": 512}


def test_a_family_without_members_and_rivals_says_nothing_of_them() -> None:
    alone = Study(
        family=SETS,
        kind=Numbers,
        values=(("low", (1, 2)), ("high", (10,)), ("lasting", (SECOND,))),
        configurations=SETS.configurations,
        seeds=range(1, 3),
    )
    assert alone.faults() == []
    assert alone.command() == (
        "isthmus simulate sets numbers --seeds 2 --low 1,2 --high 10 --lasting 1s"
    )
    assert set(alone.parameters()) == {"seeds", "first_seed", "low", "high", "lasting_s"}
    assert (alone.columns(), study().columns()) == (["low"], ["configuration", "low"])
    assert alone.tasks()[0].scene.members == 0
