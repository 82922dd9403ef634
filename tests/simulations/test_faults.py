import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.faults import (
    Crash,
    Deaf,
    Degrade,
    Drift,
    Fault,
    Gate,
    Move,
    Mute,
    Partition,
    Pause,
    Restart,
    Slow,
    Step,
    cut,
    from_plain,
    kind_of,
    to_plain,
)
from simulations.links import Burst, LinkQuality

members = st.lists(st.integers(0, 99), max_size=4).map(tuple)
shares = st.floats(0.0, 1.0)
instants = st.integers(0, 10**9)
qualities = st.builds(
    LinkQuality,
    loss=shares,
    burst=st.none() | st.builds(Burst, st.integers(1, 99), st.integers(1, 99), shares),
    duplication=shares,
    extra_delay=instants,
    size_limit=st.none() | st.integers(0, 9_000),
    blocks_streams=st.booleans(),
)
kinds = [
    st.builds(Crash, at=instants, members=members, node=st.booleans()),
    st.builds(Restart, at=instants, members=members, keep=st.booleans()),
    *(st.builds(kind, at=instants, members=members) for kind in (Move, Pause, Gate)),
    st.builds(Slow, at=instants, members=members, factor=st.integers(2, 99)),
    *(
        st.builds(kind, members=members, datagrams=st.booleans(), streams=st.booleans())
        for kind in (Mute, Deaf)
    ),
    st.builds(Drift, members=members, ppm=st.integers(-500, 500)),
    st.builds(Step, members=members, by=instants),
    st.builds(
        Degrade,
        quality=qualities,
        sources=st.none() | members,
        targets=st.none() | members,
        both_ways=st.booleans(),
    ),
    st.builds(Partition, groups=st.lists(members, max_size=3).map(tuple)),
]


@given(st.one_of(kinds))
def test_a_fault_goes_through_a_file_and_comes_back(fault: Fault) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(fault)))) == fault


def test_what_is_as_usual_is_left_out() -> None:
    assert to_plain(Pause(at=5, until=9, members=(1, 2))) == {
        "kind": "pause",
        "at": 5,
        "until": 9,
        "members": [1, 2],
    }
    plain = to_plain(Degrade(quality=LinkQuality(loss=0.5, burst=Burst(1, 2))))
    assert plain == {
        "kind": "degrade",
        "quality": {"loss": 0.5, "burst": {"good": 1, "bad": 2}},
    }


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"kind": "flood"},
        {"kind": ["pause"]},
        {"kind": "pause"},
        {"kind": "pause", "members": [1], "strength": 3},
        {"kind": "pause", "members": ["one"]},
        {"kind": "pause", "members": 1},
        {"kind": "pause", "members": [1], "at": "soon"},
        {"kind": "pause", "members": [1], "at": 2, "until": 1},
        {"kind": "slow", "members": [1], "factor": 1},
        {"kind": "partition", "groups": 1},
        {"kind": "degrade", "quality": 1},
        {"kind": "degrade", "quality": {"loss": 2.0}},
        {"kind": "degrade", "quality": {"colour": 1}},
        {"kind": "degrade", "quality": {"burst": {"good": 1}}},
        {"kind": "degrade", "quality": {"burst": {"good": 1, "bad": 1, "ugly": 1}}},
        {"kind": "degrade", "quality": {"burst": {"good": 1, "bad": 1, "loss": "all"}}},
    ],
)
def test_what_is_no_fault_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_plain(plain)


def test_what_may_be_left_unsaid_may_be_said_to_be_nothing() -> None:
    plain = {"kind": "degrade", "quality": {"burst": None}, "sources": None}
    assert from_plain(plain) == Degrade(quality=LinkQuality())


def test_a_cut_is_a_block_of_all_in_one_direction() -> None:
    fault = cut((0,), (1, 2), at=3, until=4)
    assert kind_of(fault) == "degrade"
    assert (fault.sources, fault.targets, fault.both_ways) == ((0,), (1, 2), False)
    assert fault.quality == LinkQuality(blocks_datagrams=True, blocks_streams=True)
