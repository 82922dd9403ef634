"""A fault says where it is and what must hold there."""

import pytest

from failure_detect.validation import ConfigError, broken_relations, number_fault


def test_a_fault_names_its_path() -> None:
    fault = ConfigError("$.probe.interval", "must be positive")
    assert isinstance(fault, ValueError)
    assert fault.path == "$.probe.interval"
    assert str(fault) == "$.probe.interval: must be positive"


@pytest.mark.parametrize("value", [1, 2, (1 << 53) - 1])
def test_whole_numbers_above_zero_are_good(value: int) -> None:
    assert number_fault("interval", value) is None


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (0, "must be 1 or more, is 0"),
        (-1, "must be 1 or more, is -1"),
        (1 << 53, "must be below 2^53, is 9007199254740992"),
        (1.0, "must be a whole number, is 1.0"),
        (float("nan"), "must be a whole number, is nan"),
        (True, "must be a whole number, is True"),
        ("1", "must be a whole number, is '1'"),
        (None, "must be a whole number, is None"),
    ],
)
def test_anything_else_is_a_fault(value: object, fault: str) -> None:
    assert number_fault("interval", value) == fault


@pytest.mark.parametrize(
    "name",
    ["follow_ups", "hold_down", "hold_down_max", "relays", "eager", "health_max", "to_the_dead"],
)
def test_some_numbers_may_be_zero(name: str) -> None:
    assert number_fault(name, 0) is None
    assert number_fault(name, -1) == "must be 0 or more, is -1"


@pytest.mark.parametrize(("value", "good"), [(True, True), (False, True), (1, False), ("", False)])
def test_a_switch_is_true_or_false(value: object, good: bool) -> None:
    assert number_fault("by_group", value) == (None if good else "must be true or false")


def test_a_relation_is_judged_where_all_of_its_numbers_are_there() -> None:
    assert list(broken_relations({})) == []
    assert list(broken_relations({"probe.timeout": 5})) == []
    [fault] = broken_relations({"probe.timeout": 5, "probe.round": 5})
    assert str(fault) == "$.probe.timeout: must be below $.probe.round"
