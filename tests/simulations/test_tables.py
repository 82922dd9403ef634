"""Figures become words, and words become columns."""

import pytest

from simulations.samples import Figure, Row
from simulations.tables import aligned, cells, columns_of, head, meaning, meanings, show


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (None, "-"),
        (3, "3"),
        ("ours", "ours"),
        (2.345, "2.35"),
        (10593.4, "10593"),
        ({"median": 2.5, "p99": 3.0, "max": 4.0, "samples": 9}, "2.50 (4.00)"),
        ({"mean": 0.0, "low": 0.0, "high": 3.688}, "0 [0, 3.7]"),
        ({"samples": 0}, "-"),
    ],
)
def test_figures_become_words(figure: Figure, words: str) -> None:
    assert show(figure) == words


def test_columns_stand_below_each_other() -> None:
    lines = aligned(["who", "FP"], [["ours", "0"], ["swim", "747"]])
    assert lines == ["who    FP", "ours    0", "swim  747"]


def test_columns_that_nobody_has_are_left_out() -> None:
    rows: list[Row] = [
        {"configuration": "ours", "what": "mute", "found": 1},
        {"configuration": "swim"},
    ]
    columns = columns_of(["found", "heal_s"], ["what"], rows)
    assert columns == ["configuration", "what", "found"]
    assert cells(columns, rows) == [["ours", "mute", "1"], ["swim", "-", "-"]]


def test_every_column_that_needs_it_is_explained() -> None:
    lines = meanings(["configuration", "heal_s", "troubled"])
    assert lines[0].startswith("whole again: seconds")
    assert lines[1].startswith("Two numbers")
    assert (head("blocked_s"), head("not_found")) == ("blocked", "not found")
    assert (meaning("not_found"), meaning("heal_s")) == ("not found", lines[0][13:])
