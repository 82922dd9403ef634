"""Refusals are counted, all of them, and no number of them takes more room than it may."""

from hypothesis import given
from hypothesis import strategies as st

from discovery.refusals import (
    REMEMBERED_MAX,
    SHOWN_ORIGIN_MAX,
    WORDS_MAX,
    Refusal,
    Refusals,
    Refused,
    Remembered,
)

REASONS = st.sampled_from(Refusal)


def test_a_refusal_says_why_and_what() -> None:
    refused = Refused(Refusal.ROOT, "set of paris: not what its manifest signs")
    assert refused.reason is Refusal.ROOT
    assert refused.what == "set of paris: not what its manifest signs"
    assert str(refused) == "root: set of paris: not what its manifest signs"
    assert isinstance(refused, ValueError)


def test_the_reasons_are_labels_of_a_metric() -> None:
    assert all(reason.value.replace("-", "").isalpha() for reason in Refusal)
    assert all(reason.value == reason.value.lower() for reason in Refusal)


def test_nothing_is_counted_at_first() -> None:
    assert (Refusals().counts(), Refusals().latest()) == ({}, [])


def test_the_latest_words_of_each_reason_and_origin_are_kept() -> None:
    refusals = Refusals()
    refusals.add(Refused(Refusal.ROOT, "first"), "paris")
    refusals.add(Refused(Refusal.STALE, "old"), "paris")
    refusals.add(Refused(Refusal.ROOT, "other"), "rome")
    refusals.add(Refused(Refusal.ROOT, "second"), "paris")
    refusals.add(Refused(Refusal.MALFORMED, "bytes of nobody"))
    assert refusals.counts() == {"malformed": 1, "root": 3, "stale": 1}
    assert list(refusals.counts()) == ["malformed", "root", "stale"]
    assert refusals.latest() == [
        Remembered(Refusal.STALE, "paris", "old", 1),
        Remembered(Refusal.ROOT, "rome", "other", 1),
        Remembered(Refusal.ROOT, "paris", "second", 2),
        Remembered(Refusal.MALFORMED, "", "bytes of nobody", 1),
    ]


def test_words_and_origins_are_cut_to_what_is_shown() -> None:
    refusals = Refusals()
    refusals.add(Refused(Refusal.ROOT, "w" * 10_000), "o" * 10_000)
    assert refusals.latest() == [
        Remembered(Refusal.ROOT, "o" * SHOWN_ORIGIN_MAX, "w" * WORDS_MAX, 1)
    ]


def test_who_makes_up_a_thousand_names_hides_nobody_elses_refusals() -> None:
    refusals = Refusals()
    refusals.add(Refused(Refusal.ROOT, "a relay lies"), "paris")
    for number in range(1_000):
        refusals.add(Refused(Refusal.UNTRUSTED, "who is that"), f"made-up-{number}")
    refusals.add(Refused(Refusal.STALE, "replayed"), "rome")
    latest = refusals.latest()
    assert len(latest) == REMEMBERED_MAX
    assert latest[0] == Remembered(Refusal.ROOT, "paris", "a relay lies", 1)
    assert latest[-1] == Remembered(Refusal.STALE, "rome", "replayed", 1)
    assert {each.origin for each in latest[1:-1]} == {
        f"made-up-{number}" for number in range(1_002 - REMEMBERED_MAX, 1_000)
    }
    assert refusals.counts() == {"root": 1, "stale": 1, "untrusted": 1_000}


@given(st.lists(st.tuples(REASONS, st.integers(0, 400)), max_size=600))
def test_all_are_counted_and_no_more_than_so_many_are_kept(
    added: list[tuple[Refusal, int]],
) -> None:
    refusals = Refusals()
    for reason, number in added * 3:
        refusals.add(Refused(reason, f"{number}"), f"origin-{number}")
    assert sum(refusals.counts().values()) == 3 * len(added)
    assert len(refusals.latest()) == min(len(set(added)), REMEMBERED_MAX)
    if len(set(added)) <= REMEMBERED_MAX:
        assert all(each.count == 3 * added.count(of(each)) for each in refusals.latest())


def of(remembered: Remembered) -> tuple[Refusal, int]:
    return remembered.reason, int(remembered.what)
