"""Figures become words, and words become columns."""

import pytest

from simulations.samples import Figure, Row
from simulations.tables import Glossary, aligned, cells, columns_of, show

GLOSSARY = Glossary.of({"heal_s": ("whole again", "seconds until all is well")})


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (None, "-"),
        (3, "3"),
        ("ours", "ours"),
        (2.345, "2.35"),
        (10593.4, "10593"),
        ({"median": 2.5, "p99": 3.0, "max": 4.0, "samples": 9}, "2.50 (4.00)"),
        ({"median": 812, "p99": 990, "max": 1024, "samples": 9}, "812 (1024)"),
        ({"median": 2.5, "p99": 3, "max": 3, "samples": 2}, "2.50 (3)"),
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
    columns = columns_of(["found", "heal_s"], ["configuration", "what"], rows)
    assert columns == ["configuration", "what", "found"]
    assert cells(columns, rows) == [["ours", "mute", "1"], ["swim", "-", "-"]]


def test_every_column_that_needs_it_is_explained() -> None:
    lines = GLOSSARY.meanings(["configuration", "heal_s", "troubled", "messages_per_member_s"])
    assert lines[0] == "whole again: seconds until all is well"
    assert lines[1].startswith("msg/s: ")
    assert lines[2].startswith("Two numbers")
    assert (GLOSSARY.head("blocked_s"), GLOSSARY.head("not_found")) == ("blocked", "not found")
    assert GLOSSARY.meaning("not_found") == "not found"
    assert GLOSSARY.meaning("heal_s") == "seconds until all is well"
