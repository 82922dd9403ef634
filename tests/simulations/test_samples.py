"""Samples are put together, and their figures have units."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.samples import Row, Sample, figures, levelled, merged, spread


def sample(**counts: int) -> Sample:
    return Sample({}, counts)


def test_durations_and_counts_of_all_runs_are_put_together() -> None:
    one, other = sample(missed=1), sample(missed=2, found=3)
    one.add("heal", 5)
    other.add("heal", 7)
    other.count("found")
    whole = merged([one, other, Sample()])
    assert whole.durations == {"heal": [5, 7]}
    assert whole.counts == {"missed": 3, "found": 4}


def test_a_spread_is_told_in_seconds() -> None:
    found = spread([3 * SECOND, 1 * SECOND, 2 * SECOND + 500 * MILLISECOND])
    assert (found["median"], found["max"], found["samples"]) == (2.5, 3.0, 3)
    assert found["median"] < found["p99"] < found["p99.9"] < found["max"]


def test_a_spread_of_nothing_says_so() -> None:
    assert spread([]) == {"samples": 0}


def test_traffic_is_told_per_member_and_second() -> None:
    row = figures(
        sample(
            member_us=100 * SECOND,
            datagrams=50,
            datagram_bytes=1_000,
            streams=10,
            stream_bytes=500,
            false_positives=2,
        )
    )
    assert row["bytes_per_member_s"] == 15.0
    assert row["sealed_bytes_per_member_s"] == 15.0 + 50 * 32 / 100
    assert row["messages_per_member_s"] == 0.6
    assert row["member_hours"] == pytest.approx(100 / 3_600, abs=1e-4)
    assert "datagrams" not in row


def test_a_rate_has_its_interval() -> None:
    row = figures(
        sample(
            member_us=7_200 * SECOND,
            datagrams=0,
            datagram_bytes=0,
            streams=0,
            stream_bytes=0,
            false_positives=2,
        )
    )
    assert row["false_positives_per_member_hour"] == pytest.approx(
        {"mean": 1.0, "low": 0.1211, "high": 3.6123}, abs=1e-3
    )


def test_where_no_time_was_counted_nothing_is_told_per_second() -> None:
    assert figures(sample(paused=3)) == {"paused": 3}


def test_every_row_has_the_figures_of_all() -> None:
    healed: Row = {"configuration": "ours", "heal_s": {"median": 3.0}}
    rows = levelled([healed, {"configuration": "swim", "missed": 2}], ["heal_s", "join_s"])
    assert rows == [
        {"configuration": "ours", "heal_s": {"median": 3.0}, "missed": None, "join_s": None},
        {"configuration": "swim", "heal_s": None, "missed": 2, "join_s": None},
    ]


def test_amounts_keep_their_unit_and_stay_whole() -> None:
    one, other = Sample(), Sample()
    for amount in (900, 800):
        one.measure("change_bytes", amount)
    other.measure("change_bytes", 810)
    row = figures(merged([one, other]))
    spread_of = row["change_bytes"]
    assert isinstance(spread_of, dict)
    assert (spread_of["median"], spread_of["max"], spread_of["samples"]) == (810, 900, 3)
    assert isinstance(spread_of["median"], int)
    assert spread_of["p99"] == pytest.approx(898.2)
