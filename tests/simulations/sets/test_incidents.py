"""What experiments with incidents share: they fail where something is not as it must be."""

import pytest

from discovery.bridge_events import EvidenceKept
from discovery.evidence import evidence_of
from discovery.publisher_events import Published
from discovery.recordset import RecordSet
from failure_detect.clock import SECOND
from simulations.samples import Sample
from simulations.sets.incidents import (
    Signed,
    add_last,
    conclude,
    flip,
    others,
    wait,
)
from simulations.sets.safety import UnsafeError
from simulations.sets.served import ready
from tests.simulations.sets.fleets import small_stage


def test_what_never_comes_true_fails() -> None:
    stage = small_stage()
    stage.warm(SECOND)
    with pytest.raises(UnsafeError, match="not within 2 s: pigs fly"):
        wait(stage, lambda: False, "pigs fly", 2 * SECOND)
    wait(stage, lambda: True, "nothing")


def test_each_and_the_last_are_noted_and_nothing_of_nobody() -> None:
    sample = Sample()
    add_last(sample, "one", "last", [3, 9, 5])
    assert sample.durations == {"one": [3, 9, 5], "last": [9]}
    add_last(sample, "one", "last", [])
    assert sample.durations == {"one": [3, 9, 5], "last": [9]}


def test_a_flip_is_one_endpoint_which_others_learn() -> None:
    stage = small_stage()
    stage.warm()
    before = ready(stage.exports[2])
    flipped = flip(stage, 2)
    assert len(flipped) == 1
    assert before ^ ready(stage.exports[2]) == flipped
    assert others(stage, 2) == [0, 1, 2, 3]
    assert conclude(stage, Sample()).counts["simulated_us"] == stage.world.now


def test_who_signs_beside_or_below_itself_is_found() -> None:
    stage = small_stage()
    signed, origin = Signed(stage), stage.origin(0)
    one, two = RecordSet.of({b"a": b"1"}), RecordSet.of({b"a": b"2"})
    first = stage.credentials.sign(0, one, epoch=5, version=1)
    stage.listeners[-1](0, Published(first, one))
    stage.listeners[-1](0, Published(stage.credentials.sign(0, one, epoch=5, version=2), one))
    signed.require_rising(origin)
    signed.require_no_evidence()
    beside = stage.credentials.sign(0, two, epoch=5, version=2)
    stage.listeners[-1](0, Published(beside, two))
    with pytest.raises(UnsafeError, match="after"):
        signed.require_rising(origin)
    key = stage.keys[0].signer.public
    stage.listeners[-1](1, EvidenceKept(evidence_of(signed.of(origin)[1], beside, key)))
    with pytest.raises(UnsafeError, match="misuse"):
        signed.require_no_evidence()
