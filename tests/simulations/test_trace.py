"""Equal seeds give equal traces: here, in another process, and whatever strings hash to."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failure_detect.clock import MILLISECOND, SECOND
from simulations.checkers import quantities
from simulations.config import WorldConfig
from simulations.faults import (
    Crash,
    Deaf,
    Degrade,
    Drift,
    Fault,
    Gate,
    Move,
    Mute,
    Pause,
    Restart,
    Slow,
)
from simulations.links import Burst, LinkQuality
from simulations.network import NetworkConfig
from simulations.trace import Trace, first_difference
from tests.simulations.toys import pinging_world

ROOT = Path(__file__).parents[2]
ROUGH = LinkQuality(
    loss=0.05,
    burst=Burst(good=SECOND, bad=100 * MILLISECOND),
    duplication=0.1,
    reordering=0.1,
    corruption=0.05,
    tampering=0.05,
)
FAULTS = (
    Pause(at=2 * SECOND, until=3 * SECOND, members=(1, 2)),
    Gate(at=3 * SECOND, until=5 * SECOND, members=(3,)),
    Crash(at=4 * SECOND, members=(4,)),
    Restart(at=6 * SECOND, members=(4,)),
    Degrade(at=5 * SECOND, until=7 * SECOND, quality=LinkQuality(loss=0.5), sources=(0, 5)),
)
LATE = Pause(at=8 * SECOND, until=9 * SECOND, members=(0,))


def traced(seed: int, *more: Fault) -> Trace:
    network = NetworkConfig(quality=ROUGH)
    config = WorldConfig(seed=seed, members=8, clusters=2, network=network)
    world = pinging_world(config, interval=100 * MILLISECOND)
    world.trace = trace = Trace(keep_lines=100_000)
    world.inject(*FAULTS, *more)
    world.run_until(10 * SECOND)
    return trace


def test_equal_seeds_give_equal_traces_and_others_differ() -> None:
    trace = traced(1)
    assert trace.count > 2_000
    assert trace.digest() == traced(1).digest()
    assert trace.digest() != traced(2).digest()
    assert first_difference(trace, traced(1)) is None
    assert str(first_difference(trace, traced(2))).startswith("line ")


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_gives_the_same_trace_under_any_hash_seed(hash_seed: str) -> None:
    code = "from tests.simulations.test_trace import traced; print(traced(1).digest())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == traced(1).digest()


def test_one_more_fault_late_in_the_run_leaves_all_that_was_before_it() -> None:
    trace, longer = traced(1), traced(1, LATE)
    before = [point for point in trace.checkpoints if point[0] <= LATE.at]
    assert len(before) == 8
    assert before == longer.checkpoints[:8]
    assert trace.digest() != longer.digest()
    difference = first_difference(trace, longer)
    assert difference is not None
    assert f": {LATE.at} " in difference


def test_one_more_fault_leaves_the_network_of_the_others_as_it_was() -> None:
    def lines_of(trace: Trace, member: int) -> list[str]:
        return [line for line in trace.lines if line.split()[1] == str(member)]

    config = WorldConfig(seed=1, members=6, network=NetworkConfig(quality=ROUGH))

    def run(*faults: Fault) -> Trace:
        world = pinging_world(config, interval=100 * MILLISECOND)
        world.trace = trace = Trace(keep_lines=100_000)
        world.inject(*faults)
        world.run_until(5 * SECOND)
        return trace

    calm, struck = run(), run(Crash(at=SECOND, members=(0,)))
    sends = [line for line in lines_of(calm, 1) if " SendDatagram " in line]
    assert [line for line in sends if line in struck.lines[:100_000]][:10] == sends[:10]
    first_difference_at = str(first_difference(calm, struck)).split()[2]
    assert int(first_difference_at) >= SECOND


places = st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True).map(tuple)
starts = st.integers(0, 2 * SECOND)


def lasting(kind: type[Pause | Gate | Mute | Deaf], at: int, members: tuple[int, ...]) -> Fault:
    return kind(at=at, until=at + SECOND, members=members)


timelines = st.lists(
    st.builds(lasting, st.sampled_from([Pause, Gate, Mute, Deaf]), starts, places)
    | st.builds(Crash, at=starts, members=places, node=st.booleans())
    | st.builds(Restart, at=starts, members=places, keep=st.booleans())
    | st.builds(Slow, at=starts, members=places, factor=st.integers(2, 2_000))
    | st.builds(Drift, at=starts, members=places, ppm=st.integers(-500, 500))
    | st.builds(Move, at=starts, members=places),
    max_size=6,
)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), timeline=timelines)
def test_any_timeline_can_be_run_and_gives_the_same_trace_again(
    seed: int, timeline: list[Fault]
) -> None:
    def digest() -> str:
        network = NetworkConfig(quality=ROUGH)
        config = WorldConfig(seed=seed, members=5, network=network)
        world = pinging_world(config, interval=100 * MILLISECOND)
        world.trace = trace = Trace()
        world.inject(*timeline)
        world.run_until(4 * SECOND)
        assert all(count >= 0 for count in quantities(world.total_traffic()).values())
        return trace.digest()

    assert digest() == digest()


def test_only_as_many_lines_are_kept_as_wanted_but_all_are_counted() -> None:
    trace = Trace(keep_lines=2, checkpoint_every=10)
    for now in (5, 15, 40):
        trace.advance(now, 0)
    assert (len(trace.lines), trace.count) == (2, 3)
    assert [at for at, _ in trace.checkpoints] == [10, 20, 30, 40]
    trace.fault(41, "what")
    assert trace.count == 4
