"""Of everything that an attacker can make, nothing is believed, and nothing is changed by it."""

import pytest

from discovery.catalog import Catalog
from discovery.certificates import AgentCertificate
from discovery.limits import CatalogLimits
from discovery.manifest import decode_manifest
from discovery.recordset import EMPTY
from discovery.refusals import Refused
from discovery.trust import TrustBook
from tests.discovery.attack_parts import Attack, attacked_book
from tests.discovery.attacks import KINDS, attacks, honest_words, replays

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


def withstand_replays(seed: int, count: int) -> None:
    book = attacked_book()
    for newest, older in replays(seed, count):
        catalog = Catalog(book, CatalogLimits())
        assert catalog.adopt(newest, EMPTY, 0) is not None
        for raw in (older.raw, newest.raw):
            assert catalog.adopt(decode_manifest(raw), EMPTY, 1) is None
        held = catalog.forget(newest.origin)
        assert held is not None
        assert held.manifest == newest
        assert catalog.adopt(decode_manifest(older.raw), EMPTY, 2) is None
        assert catalog.get(newest.origin) is None


def test_nothing_is_rolled_back_or_resurrected_by_what_was_signed_before() -> None:
    withstand_replays(seed=0, count=SOME)


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
def test_very_many_replays_roll_nothing_back() -> None:
    withstand_replays(seed=1, count=MANY)


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
