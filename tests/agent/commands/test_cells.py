import pytest

from agent.commands.cells import (
    age,
    joined,
    of_total,
    percent,
    rows,
    shown_seconds,
    word,
    yes_or_no,
)
from agent.commands.showing import Cell, Tone


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (7, "7s"),
        (60, "1m"),
        (192, "3m12s"),
        (3_600, "1h"),
        (3_605, "1h"),
        (187_200, "2d4h"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(seconds: int, shown: str) -> None:
    assert shown_seconds(seconds) == shown


def test_an_age_is_counted_from_when_the_document_was_made() -> None:
    made = {"asOf": "2027-01-15T08:03:12Z"}
    assert age(made, "2027-01-15T08:00:00Z") == "3m12s"
    assert age(made, "2027-01-15T09:00:00Z") == "0s"
    assert age(made, "") == age({}, "2027-01-15T08:00:00Z") == ""


def test_words_and_truths_have_their_colours() -> None:
    assert word("live") == Cell("live", Tone.GOOD)
    assert word("unreachable").tone is Tone.BAD
    assert word("anything").tone is Tone.PLAIN
    assert [yes_or_no(each) for each in (True, False, None)] == [
        Cell("yes", Tone.GOOD),
        Cell("no", Tone.BAD),
        Cell(""),
    ]


@pytest.mark.parametrize(
    ("have", "total", "tone"),
    [(3, 3, Tone.GOOD), (1, 3, Tone.DOUBTFUL), (0, 3, Tone.BAD), (0, 0, Tone.QUIET)],
)
def test_a_part_of_a_total_is_as_good_as_it_is_whole(have: int, total: int, tone: Tone) -> None:
    assert of_total({"a": have, "b": total}, "a", "b") == Cell(f"{have}/{total}", tone)


def test_small_things() -> None:
    assert [percent(each) for each in (1_000, 375, 0, None)] == ["100%", "37.5%", "0%", "0%"]
    assert rows({"a": [{"b": 1}, "x"]}, "a") == ({"b": 1},)
    assert joined(["a", 1]) == "a, 1"
