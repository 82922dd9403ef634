"""Limits say all that is wrong with them at once, and the default ones hold what is promised."""

from collections.abc import Callable
from dataclasses import fields

import pytest

from discovery.limits import CatalogLimits, HistoryLimits
from failure_detect.validation import ConfigError


def faults(make: Callable[[], CatalogLimits]) -> list[str]:
    with pytest.raises(ExceptionGroup, match="invalid limits of the catalog") as raised:
        make()
    assert all(isinstance(each, ConfigError) for each in raised.value.exceptions)
    return [str(each) for each in raised.value.exceptions]


def test_the_default_holds_the_fleet_that_it_is_made_for() -> None:
    limits = CatalogLimits()
    assert limits.origins >= 2 * 500
    assert limits.records * 16 >= 1_000_000
    assert limits.total_records >= 500 * 1_000
    assert limits.total_bytes >= 200 * 15_000 * 100
    assert limits.history == HistoryLimits(versions=32, spare_bytes=262_144)


@pytest.mark.parametrize("name", [each.name for each in fields(HistoryLimits)])
@pytest.mark.parametrize("value", [0, -1, True, 1.5, None, "3", 1 << 53])
def test_each_number_of_the_history_must_be_one(name: str, value: object) -> None:
    (fault,) = faults(lambda: CatalogLimits(history=HistoryLimits(**{name: value})))  # type: ignore[arg-type]  # That is the point.
    assert fault.startswith(f"$.limits.history.{name}: must be ")


@pytest.mark.parametrize(
    "name", [each.name for each in fields(CatalogLimits) if each.name != "history"]
)
@pytest.mark.parametrize("value", [0, -1, True, 1.5, None, "3", 1 << 53])
def test_each_number_must_be_one(name: str, value: object) -> None:
    (fault,) = faults(lambda: CatalogLimits(**{name: value}))  # type: ignore[arg-type]  # That is the point.
    assert fault.startswith(f"$.limits.{name}: must be ")


def test_all_faults_come_at_once() -> None:
    history = HistoryLimits(versions=0)
    assert faults(lambda: CatalogLimits(origins=0, records=-1, history=history)) == [
        "$.limits.origins: must be 1 or more, is 0",
        "$.limits.records: must be 1 or more, is -1",
        "$.limits.history.versions: must be 1 or more, is 0",
    ]


def test_one_origin_may_not_have_more_than_all() -> None:
    assert faults(
        lambda: CatalogLimits(origin_bytes=2, total_bytes=1, records=2, total_records=1)
    ) == [
        "$.limits.origin_bytes: must not exceed $.limits.total_bytes",
        "$.limits.records: must not exceed $.limits.total_records",
    ]
    CatalogLimits(origin_bytes=1, total_bytes=1, records=1, total_records=1)
