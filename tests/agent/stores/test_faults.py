"""A fault reads as a sentence, and survives the journal."""

import json

import pytest

from agent.stores.faults import Fault, FaultReason, packed_fault, read_fault

FAULT = Fault("a/web.yaml", 7, "spec.ports", FaultReason.INVALID, "is no list", "write a list")


def test_a_fault_says_where_what_and_what_to_do() -> None:
    assert str(FAULT) == "a/web.yaml:7: spec.ports: is no list; write a list"
    whole = Fault("", 0, "", FaultReason.READ_ONLY, "it may not be written", "let us write")
    assert str(whole) == "the directory: it may not be written; let us write"


def test_a_fault_is_packed_and_read() -> None:
    assert read_fault("a/web.yaml", json.loads(json.dumps(packed_fault(FAULT)))) == FAULT


@pytest.mark.parametrize("packed", [[], ["7", "", "invalid", "", ""], [7, "", "unheard", "", ""]])
def test_what_is_no_fault_is_refused(packed: list[object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_fault("x", packed)
