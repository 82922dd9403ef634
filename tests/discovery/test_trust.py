"""Who is believed follows from trust objects, lists, pins and the clock, and from nothing else."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.events import TrustChanged
from discovery.importing import OWN_RULE, ImportRule, ImportRules
from discovery.judge import Judge
from discovery.manifest import sign_manifest
from discovery.names import Origin, ServiceName
from discovery.problems import Problem
from discovery.refusals import Refusal
from discovery.trust import TrustBook
from discovery.trust_events import (
    InputRefused,
    ObjectApplied,
    ObjectDeleted,
    OwnKeysChanged,
)
from tests.discovery.trusted import (
    EAST,
    HOME,
    PROD_A,
    PROD_B,
    VERIFIER,
    agent_body,
    agent_of,
    applied,
    body_of,
    book_with,
    empty_book,
    key,
    manifest_of,
    refusal,
    spec_key,
    trusted_cluster,
    trusted_fleet,
    vouched,
    words,
)

FLEET = key("fleet", "prod")


def test_a_book_answers_importers_and_the_catalog() -> None:
    book = empty_book()
    rules: ImportRules = book
    judge: Judge = book
    assert rules.rule(HOME) == OWN_RULE
    assert judge.knows(HOME)
    judge.judge(words(HOME))


# --- what objects grant ---------------------------------------------------------------------


def test_nobody_is_trusted_at_first_but_the_own_cluster() -> None:
    book = empty_book()
    assert book.rule(EAST) is None
    assert not book.knows(EAST)
    assert refusal(book, words(EAST)) is Refusal.UNTRUSTED
    assert book.identify(agent_of(agent_body(EAST)).raw) is None
    assert book.identify(agent_of(agent_body(HOME)).raw) is not None


def test_an_object_grants_what_is_written_and_its_removal_takes_it_all() -> None:
    book = empty_book()
    grant = {"services": ["shop/*"], "precedence": 5}
    assert applied(book, trusted_cluster("east", grant=grant)) == [TrustChanged()]
    rule = book.rule(EAST)
    assert rule == ImportRule(services=(("shop", "*"),), precedence=5)
    assert rule.may_serve(ServiceName("shop", "web"))
    assert not rule.may_serve(ServiceName("bank", "web"))
    assert refusal(book, words(EAST)) is None
    assert book.identify(agent_of(agent_body(EAST)).raw) is not None
    assert book.handle(ObjectDeleted("TrustedCluster", "east")) == [TrustChanged()]
    assert book.rule(EAST) is None
    assert refusal(book, words(EAST)) is Refusal.UNTRUSTED
    assert book.pins() == {}
    book.check_invariants()


def test_the_same_object_again_changes_nothing() -> None:
    book = book_with(trusted_cluster("east"))
    assert applied(book, trusted_cluster("east")) == []
    assert book.handle(ObjectDeleted("TrustedCluster", "west")) == []


def test_the_last_good_object_stays_in_force_and_the_fault_shows_until_it_is_mended() -> None:
    book = book_with(trusted_cluster("east", grant={"services": ["shop/*"]}))
    effects = applied(book, trusted_cluster("east", grant={"servces": ["*/*"]}))
    what = "TrustedCluster/east: spec.import.servces: is not known; known are services, "
    what += "precedence, policies, relayOnly"
    assert effects == [InputRefused(Refusal.MALFORMED, what)]
    assert book.rule(EAST) == ImportRule(services=(("shop", "*"),))
    assert book.problems() == [Problem("TrustedCluster/east", what)]
    applied(book, trusted_cluster("east"))
    assert book.problems() == []


def test_a_fleet_speaks_for_all_clusters_that_it_certifies_within_its_patterns() -> None:
    book = book_with(trusted_fleet("prod", "prod-*", grant={"policies": True}))
    assert book.rule(PROD_A) == ImportRule(services=(), policies=True)
    assert refusal(book, words(PROD_A)) is None
    assert refusal(book, words(PROD_B)) is None
    assert refusal(book, manifest_of(body_of(EAST), vouched(EAST))) is Refusal.UNTRUSTED
    assert refusal(book, sign_manifest(body_of(PROD_A), key(PROD_A, 1))) is Refusal.KEY
    assert book.identify(agent_of(agent_body(PROD_A)).raw) is not None


def test_an_object_for_a_cluster_comes_before_its_fleet() -> None:
    other = spec_key(1, key("other", 1).public)
    book = book_with(trusted_fleet("prod", "prod-*"), trusted_cluster("prod-a", other))
    assert refusal(book, words(PROD_A)) is Refusal.SIGNATURE
    assert refusal(book, words(PROD_B)) is None
    mine = sign_manifest(body_of(PROD_A), key("other", 1))
    assert refusal(book, mine) is None
    book.handle(ObjectDeleted("TrustedCluster", "prod-a"))
    assert refusal(book, words(PROD_A)) is None


def test_the_own_name_is_nobody_elses_to_give() -> None:
    thief = spec_key(1, key("thief", 1).public)
    book = book_with(trusted_cluster("home", thief), trusted_fleet("all", "*"))
    assert book.rule(HOME) == OWN_RULE
    assert refusal(book, sign_manifest(body_of(HOME), key("thief", 1))) is Refusal.SIGNATURE
    assert refusal(book, words(HOME)) is None
    assert [each.subject for each in book.problems()] == ["TrustedCluster/home"]


# --- keys and generations -------------------------------------------------------------------


def rotating() -> TrustBook:
    return book_with(trusted_cluster("east", *(spec_key(g, key(EAST, g).public) for g in (1, 2))))


def test_both_keys_hold_while_they_overlap() -> None:
    book = rotating()
    for generation in (1, 2, 1):
        assert refusal(book, manifest_of(body_of(EAST, generation))) is None
        assert book.identify(agent_of(agent_body(EAST, generation=generation)).raw) is not None


@pytest.mark.parametrize(("stated", "signed_by"), [(1, 2), (2, 1), (3, 1), (0, 2)])
def test_a_generation_is_bound_to_its_key(stated: int, signed_by: int) -> None:
    manifest = sign_manifest(body_of(EAST, stated), key(EAST, signed_by))
    assert refusal(rotating(), manifest) is Refusal.GENERATION


def test_a_key_that_nobody_knows_is_no_key_of_the_generation() -> None:
    assert refusal(rotating(), manifest_of(body_of(EAST, 3))) is Refusal.KEY
    assert refusal(rotating(), sign_manifest(body_of(EAST, 2), FLEET)) is Refusal.SIGNATURE


def test_the_own_keys_rotate_too() -> None:
    book = empty_book()
    assert refusal(book, manifest_of(body_of(HOME, 2))) is Refusal.KEY
    both = {generation: key(HOME, generation).public for generation in (1, 2)}
    assert book.handle(OwnKeysChanged(both)) == [TrustChanged()]
    assert book.handle(OwnKeysChanged(both)) == []
    assert refusal(book, manifest_of(body_of(HOME, 2))) is None
    assert refusal(book, manifest_of(body_of(HOME, 1))) is None


# --- audience and relaying ------------------------------------------------------------------


def test_a_manifest_is_told_to_those_whom_it_is_meant_for_and_to_its_origin() -> None:
    book = book_with(trusted_cluster("east", grant={"relayOnly": True}))
    manifest = words(EAST, audience=("home", "prod-*"))
    assert refusal(book, manifest) is None
    assert book.knows(EAST)
    told = [each for each in (EAST, HOME, PROD_A, Origin("west")) if manifest.may_be_told(each)]
    assert told == [EAST, HOME, PROD_A]
    assert refusal(book, words(EAST, audience=("prod-*",))) is Refusal.AUDIENCE
    assert refusal(book, words(HOME, audience=("prod-*",))) is None


def test_the_certificate_that_comes_along_is_read_even_where_an_object_gives_the_key() -> None:
    book = book_with(trusted_cluster("prod-a"))
    assert refusal(book, words(PROD_A)) is None
    garbled = sign_manifest(body_of(PROD_A), key(PROD_A, 1), b"no certificate")
    assert refusal(book, garbled) is Refusal.MALFORMED


# --- the order of events --------------------------------------------------------------------


OBJECTS = st.sampled_from(
    [
        trusted_cluster("east"),
        trusted_cluster("east", spec_key(2, key(EAST, 2).public)),
        trusted_cluster("a-east", cluster="east"),
        trusted_cluster("prod-a", uid="stated"),
        trusted_fleet("prod", "prod-*"),
        trusted_fleet("all", "*", "ea*"),
        trusted_fleet("all", "prod-a"),
        trusted_cluster("east", spec_key(-1, key(EAST, 2).public)),
    ]
)
ORIGINS = (EAST, PROD_A, PROD_B, HOME)


def answers(book: TrustBook) -> Iterator[object]:
    for origin in ORIGINS:
        yield book.rule(origin)
        for generation in (1, 2):
            for fleet in ("prod", "all"):
                chain = vouched(origin, generation, fleet)
                yield refusal(book, manifest_of(body_of(origin, generation), chain))


@given(st.lists(OBJECTS, max_size=6))
def test_objects_count_the_same_in_whatever_order_they_come(events: list[ObjectApplied]) -> None:
    names = {}
    for event in events:  # One version of each object, the last.
        names[str(event.document["kind"]) + str(event.document["metadata"])] = event
    forwards = book_with(*names.values())
    backwards = book_with(*reversed(names.values()))
    assert list(answers(forwards)) == list(answers(backwards))
    assert forwards.problems() == backwards.problems()


def test_a_new_book_of_the_same_verifier_knows_nothing_of_another() -> None:
    assert TrustBook(EAST, {}, VERIFIER).rule(HOME) is None


def test_those_that_an_object_names_are_known_by_name_before_they_are_heard() -> None:
    book = book_with(trusted_cluster("west"), trusted_cluster("east"), trusted_fleet("f", "prod-*"))
    assert book.named() == [EAST, Origin("west")]
