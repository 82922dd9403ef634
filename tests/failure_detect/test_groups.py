"""In a pool of clusters confirmations count per cluster, other than the subject's."""

import pytest

from failure_detect.claims import Accusations
from failure_detect.config import DetectorConfig
from failure_detect.events import MemberDied, MemberSuspected
from failure_detect.messages import Gossip
from failure_detect.validation import ACCUSATIONS_MAX
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import Peer, accusations

WAN = DetectorConfig.wan()
LAST_CALL = WAN.suspicion.last_call


def stage_of(*groups: str) -> tuple[Stage, Peer]:
    """A stage of members of these clusters: the first is the detector's, the second one dies."""
    stage = Stage(peers=len(groups) - 1, config=WAN, groups=groups)
    stage.silence(stage.peers[0])
    return stage, stage.peers[0]


def is_buried(stage: Stage, subject: Peer, *accusers: int) -> bool:
    """Whether these accusers, by their place in the cast, suffice."""
    stage.hear(stage.peers[1], Gossip(), accusations(subject, *(stage.cast[i] for i in accusers)))
    stage.run(LAST_CALL)
    return any(isinstance(effect, MemberDied) for effect in stage.facts())


@pytest.mark.parametrize(
    ("accusers", "verdict"),
    [
        ((2, 4, 6), True),
        ((0, 2, 4), True),
        ((2, 3, 4, 5), False),
        ((2, 4, 8, 9), False),
        ((8, 9, 10), False),
        ((2, 3, 4, 6), True),
    ],
)
def test_three_other_clusters_must_agree_where_there_are_as_many(
    accusers: tuple[int, ...], verdict: bool
) -> None:
    stage, subject = stage_of("own", "sub", *"bbccdd", *["sub"] * 3)
    assert is_buried(stage, subject, *accusers) is verdict


@pytest.mark.parametrize(
    ("accusers", "verdict"), [((2, 4), True), ((0, 2), True), ((2, 3), False), ((2, 6), False)]
)
def test_where_there_are_two_others_both_must(accusers: tuple[int, ...], verdict: bool) -> None:
    stage, subject = stage_of("c", "sub", "b", "b", "c", "c", "sub")
    assert is_buried(stage, subject, *accusers) is verdict


@pytest.mark.parametrize(
    ("accusers", "verdict"),
    [((2, 3, 4), True), ((0, 2, 3), True), ((2, 3), False), ((2, 3, 6), False)],
)
def test_where_there_is_one_other_its_members_count(
    accusers: tuple[int, ...], verdict: bool
) -> None:
    stage, subject = stage_of("b", "sub", "b", "b", "b", "b", "sub")
    assert is_buried(stage, subject, *accusers) is verdict


@pytest.mark.parametrize(("accusers", "verdict"), [((2, 3, 4), True), ((2, 3), False)])
def test_where_there_is_no_other_the_clusters_own_members_count(
    accusers: tuple[int, ...], verdict: bool
) -> None:
    stage, subject = stage_of(*["sub"] * 6)
    assert is_buried(stage, subject, *accusers) is verdict


def test_a_cluster_whose_members_are_all_suspect_is_not_waited_for() -> None:
    stage, subject = stage_of("own", "sub", "b", "c", "d")
    for suspect in stage.peers[2:4]:
        stage.silence(suspect)
        stage.hear(stage.peers[1], Gossip(), accusations(suspect, stage.peers[1]))
    assert is_buried(stage, subject, 0, 2)


def test_no_bundle_leaves_out_the_clusters_that_count() -> None:
    stage, subject = stage_of("own", "sub", *["b"] * 9, "c", "d")
    for accuser in range(2, 11):
        stage.hear(stage.peers[1], Gossip(), accusations(subject, stage.cast[accuser]))
    assert stage.facts() == [MemberSuspected(subject.key, 1)]
    assert is_buried(stage, subject, 11, 12)
    signed = [short for short, _ in stage.items(Accusations)[-1].signatures]
    assert len(signed) <= ACCUSATIONS_MAX
    assert {stage.cast[i].short for i in (2, 11, 12)} <= set(signed)
