"""memberlist's own vectors for suspicions (Dogpile: 100 ms, alpha 5, beta 2)."""

import pytest

from failure_detect.clock import MILLISECOND
from simulations.baseline.suspicion import Suspicion, SuspicionTerms

TERMS = SuspicionTerms(wanted=3, shortest=500 * MILLISECOND, longest=1_000 * MILLISECOND)


@pytest.mark.parametrize(
    ("confirmations", "length"), [(0, 1_000), (1, 750), (2, 603), (3, 500), (4, 500)]
)
def test_confirmations_shorten_it(confirmations: int, length: int) -> None:
    suspicion = Suspicion(b"first", TERMS, 7)
    for number in range(confirmations):
        assert suspicion.confirm(b"n%d" % number) == (number < 3)
    # memberlist's table says 604 for two: it rounds the same 603.8 up.
    assert suspicion.deadline == 7 + length * MILLISECOND


def test_one_member_counts_once_and_the_first_not_at_all() -> None:
    suspicion = Suspicion(b"first", TERMS, 0)
    assert not suspicion.confirm(b"first")
    assert suspicion.confirm(b"second")
    assert not suspicion.confirm(b"second")
    assert suspicion.accusers == (b"first", b"second")


def test_without_enough_members_it_is_short_from_the_start() -> None:
    terms = SuspicionTerms(wanted=0, shortest=500, longest=1_000)
    suspicion = Suspicion(b"first", terms, 0)
    assert suspicion.deadline == 500
    assert not suspicion.confirm(b"second")
