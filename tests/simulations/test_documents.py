"""A document is put together from parts, and comes apart into the same ones."""

from hypothesis import given
from hypothesis import strategies as st

from simulations.documents import Part, compose, table, take_apart

HEADS = ("what", "must reach", "verdict")
CRASH = Part(
    "crash",
    ("crash", "first <= 3", "**met**"),
    (("crash", "swim", "first", "12", "12.1", "+0.8 %", "the paper"),),
    "## crash\n\n`isthmus simulate swim crash`\n\n| first |\n| --- |\n| 2.9 |\n\n* first: s",
)
LOSS = Part(
    "loss",
    ("loss", "FP <= 0", "**not met: FP 2**"),
    (),
    "## loss\n\n`isthmus simulate swim loss --seeds 2`\n\n| FP |\n| --- |\n| 2 |\n\n* FP: deaths",
)
STUDY = Part("parts", (), (), "## parts\n\n`isthmus simulate swim ablation`\n\n| FP |\n| --- |")


def test_it_counts_what_is_met_and_has_all_parts_in_order() -> None:
    text = compose("# Title\n", HEADS, [CRASH, LOSS, STUDY])
    assert text.startswith(
        "# Title\n\n**1 of 2 targets are met.**\n\n| what | must reach | verdict |"
    )
    assert "# Whether the simulator can be believed\n\n| what | configuration | " in text
    assert text.index("## crash") < text.index("## loss") < text.index("## parts")


def test_without_baselines_it_says_nothing_of_belief() -> None:
    assert "believed" not in compose("# Title\n", HEADS, [LOSS])


@given(st.lists(st.sampled_from([CRASH, LOSS, STUDY]), unique_by=lambda part: part.what))
def test_it_comes_apart_into_what_it_was_made_of(parts: list[Part]) -> None:
    assert list(take_apart(compose("# Title\n", HEADS, parts)).values()) == parts


def test_what_is_no_document_has_no_parts() -> None:
    assert take_apart("") == {}
    assert take_apart("# Something else\n\n## a title\n\ntext\n") == {}


def test_a_part_names_the_command_that_measured_it() -> None:
    assert CRASH.command == "isthmus simulate swim crash"
    assert Part("x", (), (), "## x\n\nno command here").command == ""
    assert [part.is_met for part in (CRASH, LOSS, STUDY)] == [True, False, False]


def test_a_table_has_heads_a_rule_and_lines() -> None:
    assert table(("a", "b"), [("1", "2")]) == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]
