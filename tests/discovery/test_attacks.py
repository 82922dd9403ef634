"""Of everything that an attacker can make, nothing is believed, and nothing is changed by it."""

import pytest

from discovery.certificates import AgentCertificate
from discovery.manifest import decode_manifest
from discovery.refusals import Refused
from discovery.trust import TrustBook
from tests.discovery.attacks import KINDS, Attack, attacked_book, attacks, honest_words

SOME, MANY = 300, 100_000


def believe(book: TrustBook, attack: Attack) -> None:
    if attack.is_manifest:
        book.judge(decode_manifest(attack.raw))
    else:
        book.verify_agent(attack.raw)


def withstand(kind: str, seed: int, count: int) -> None:
    book = attacked_book()
    before = (book.pins(), book.revocations(), book.statistics())
    for attack in attacks(kind, seed, count):
        with pytest.raises(Refused) as caught:
            believe(book, attack)
        assert caught.value.reason in attack.reasons, (caught.value.what, attack.raw.hex())
        assert attack.is_manifest or book.identify(attack.raw) is None
    assert (book.pins(), book.revocations(), book.statistics()) == before
    book.check_invariants()


@pytest.mark.parametrize("kind", KINDS)
def test_no_generated_attack_is_believed(kind: str) -> None:
    withstand(kind, seed=0, count=SOME)


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("kind", KINDS)
def test_none_of_very_many_attacks_is_believed(kind: str) -> None:
    withstand(kind, seed=1, count=MANY)


def test_what_attacks_are_made_of_is_believed() -> None:
    book = attacked_book()
    for word in honest_words(seed=0, count=SOME):
        if isinstance(word, AgentCertificate):
            assert book.verify_agent(word.raw) == word
        else:
            book.judge(decode_manifest(word.raw))


def test_a_seed_gives_the_same_attacks_again() -> None:
    for kind in KINDS:
        assert list(attacks(kind, 7, 5)) == list(attacks(kind, 7, 5))
        assert list(attacks(kind, 7, 5)) != list(attacks(kind, 8, 5))
