"""What trust becomes when keys expire, names change hands, and fleets revoke."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain
from discovery.certificates import issue_cluster_certificate
from discovery.events import ItemLapsed, TrustChanged
from discovery.pins import Pin
from discovery.problems import Problem
from discovery.refusals import Refusal
from discovery.revocations import issue_revocations
from discovery.signed import sign_fields
from discovery.trust import TrustBook
from discovery.trust_events import (
    InputRefused,
    KeyExpired,
    ObjectDeleted,
    PinsRestored,
    RevocationsAdopted,
    RevocationsReceived,
    TrustStatistics,
)
from discovery.wall_time import WallClockRead
from tests.discovery.trusted import (
    DAY_MS,
    EAST,
    HOME,
    NOW_MS,
    PROD_A,
    agent_body,
    agent_of,
    applied,
    body_of,
    book_with,
    cluster_body,
    empty_book,
    key,
    manifest_of,
    refusal,
    spec_key,
    trusted_cluster,
    trusted_fleet,
    trusted_object,
    uid,
    vouched,
    words,
)

FLEET = key("fleet", "prod")


# --- time -----------------------------------------------------------------------------------


def expiring(not_after_ms: int, *more: int) -> TrustBook:
    keys = [spec_key(1, key(EAST, 1).public, not_after_ms)]
    return book_with(
        trusted_cluster("east", *keys, *(spec_key(g, key(EAST, g).public) for g in more))
    )


def test_an_expired_key_freezes_what_it_signed_and_raises_an_alarm() -> None:
    book = expiring(NOW_MS + DAY_MS)
    held = words(EAST)
    assert refusal(book, held) is None
    assert book.handle(WallClockRead(NOW_MS + DAY_MS)) == []
    assert book.handle(WallClockRead(NOW_MS + DAY_MS + 1)) == [
        TrustChanged(),
        KeyExpired(EAST, 1, key(EAST, 1).public, NOW_MS + DAY_MS),
    ]
    assert book.handle(WallClockRead(NOW_MS + DAY_MS + 2)) == []
    assert refusal(book, words(EAST, version=2)) is Refusal.EXPIRED
    book.judge_kept(held)
    assert book.rule(EAST) is not None
    assert book.statistics().expired_keys == 1
    [problem] = book.problems()
    assert problem.subject == "cluster east"
    assert "expired at 2027-01-16T08:00:00Z, and nothing newer is taken" in problem.what


def test_a_later_end_thaws_it() -> None:
    book = expiring(NOW_MS - DAY_MS)
    assert refusal(book, words(EAST)) is Refusal.EXPIRED
    later = spec_key(1, key(EAST, 1).public, NOW_MS + 30 * DAY_MS)
    assert applied(book, trusted_cluster("east", later)) == [TrustChanged()]
    assert refusal(book, words(EAST)) is None
    assert book.problems() == []


def test_agents_of_a_latest_key_stay_known_after_its_end_and_those_of_an_earlier_do_not() -> None:
    certificate = agent_of(agent_body(EAST)).raw
    assert expiring(NOW_MS - DAY_MS).identify(certificate) is not None
    assert expiring(NOW_MS - DAY_MS, 2).identify(certificate) is None
    assert expiring(NOW_MS - DAY_MS, 2).problems() == []


def test_a_certificate_of_a_fleet_expires_as_a_key_does() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"))
    brief = replace(cluster_body(PROD_A), not_after_ms=NOW_MS + DAY_MS)
    chain = issue_cluster_certificate(brief, FLEET)
    agent = agent_of(replace(agent_body(PROD_A), not_after_ms=0), chain).raw
    assert refusal(book, manifest_of(body_of(PROD_A), chain)) is None
    alarm = KeyExpired(PROD_A, 1, key(PROD_A, 1).public, NOW_MS + DAY_MS)
    assert alarm in book.handle(WallClockRead(NOW_MS + 2 * DAY_MS))
    assert refusal(book, manifest_of(body_of(PROD_A, version=2), chain)) is Refusal.EXPIRED
    assert book.identify(agent) is not None
    assert refusal(book, manifest_of(body_of(PROD_A, 2))) is None
    assert book.identify(agent) is None


def test_an_end_of_the_fleets_own_key_ends_what_it_certified() -> None:
    keys = [{"key": FLEET.public.hex(), "notAfter": "2027-01-01T00:00:00Z"}]
    spec = {"keys": keys, "clusters": ["prod-*"]}
    book = book_with(trusted_object("TrustedFleet", "prod", spec))
    assert refusal(book, words(PROD_A)) is Refusal.EXPIRED
    listed = issue_revocations(1, [], FLEET)
    assert book.handle(RevocationsReceived(listed.raw)) == [
        InputRefused(Refusal.EXPIRED, "revocations 1: the fleet's key expired")
    ]


def test_who_has_read_no_clock_lets_nothing_expire() -> None:
    book = empty_book(wall_ms=None)
    applied(book, trusted_cluster("east", spec_key(1, key(EAST, 1).public, 1_000)))
    assert refusal(book, words(EAST)) is None
    assert book.problems() == []


def test_clocks_may_differ_by_minutes_before_a_certificate_is_not_valid_yet() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"))
    for ahead_ms, expected in ((300_000, None), (300_001, Refusal.EXPIRED)):
        early = replace(cluster_body(PROD_A), not_before_ms=NOW_MS + ahead_ms)
        chain = issue_cluster_certificate(early, FLEET)
        assert refusal(book, manifest_of(body_of(PROD_A), chain)) is expected


@pytest.mark.parametrize("wrong_by_ms", [-2 * DAY_MS, 2 * DAY_MS])
def test_what_a_wrong_clock_refused_is_asked_for_again_when_it_is_right(wrong_by_ms: int) -> None:
    book = book_with(trusted_fleet("prod", "prod-*"))
    body = replace(
        cluster_body(PROD_A), not_before_ms=NOW_MS - DAY_MS, not_after_ms=NOW_MS + DAY_MS
    )
    word = manifest_of(body_of(PROD_A), issue_cluster_certificate(body, FLEET))
    book.handle(WallClockRead(NOW_MS + wrong_by_ms))
    assert refusal(book, word) is Refusal.EXPIRED
    assert book.handle(WallClockRead(NOW_MS + wrong_by_ms + 1)) == []
    assert book.handle(WallClockRead(NOW_MS)) == [TrustChanged()]
    assert refusal(book, word) is None
    assert book.handle(WallClockRead(NOW_MS + 1)) == []


def test_that_a_key_is_about_to_expire_is_said_two_weeks_before() -> None:
    assert expiring(NOW_MS + 15 * DAY_MS).problems() == []
    [problem] = expiring(NOW_MS + 13 * DAY_MS).problems()
    assert "the key of generation 1 expires at 2027-01-28T08:00:00Z" in problem.what


# --- UIDs -----------------------------------------------------------------------------------


def test_the_first_uid_is_pinned_and_another_is_noticed_and_refused() -> None:
    book = book_with(trusted_cluster("east"))
    assert refusal(book, words(EAST)) is None
    assert book.pins() == {EAST: Pin(uid(EAST), 1)}
    assert refusal(book, words(EAST, uid="another", version=2)) is Refusal.UID
    assert refusal(book, words(EAST, uid="", version=2)) is Refusal.UID
    assert refusal(book, words(EAST, version=3)) is None
    what = "there is another cluster of this name, refused: UID unknown"
    assert book.problems() == [Problem("cluster east", what)]


def test_what_was_refused_pins_nothing() -> None:
    book = expiring(NOW_MS - DAY_MS)
    assert refusal(book, words(EAST)) is Refusal.EXPIRED
    assert refusal(book, words(EAST, audience=("west",))) is Refusal.AUDIENCE
    assert book.pins() == {}


def test_an_object_states_a_uid_against_every_pin() -> None:
    book = book_with(trusted_cluster("east"))
    assert refusal(book, words(EAST)) is None
    applied(book, trusted_cluster("east", uid="moved"))
    assert refusal(book, words(EAST)) is Refusal.UID
    assert refusal(book, words(EAST, uid="moved")) is None


def test_a_fleet_moves_a_pin_with_a_higher_generation_alone() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"))
    assert refusal(book, words(PROD_A)) is None
    for generation, expected in ((1, Refusal.UID), (2, None)):
        anew = replace(cluster_body(PROD_A, generation), uid="anew")
        body = replace(body_of(PROD_A, generation), uid="anew")
        manifest = manifest_of(body, issue_cluster_certificate(anew, FLEET))
        assert refusal(book, manifest) is expected
    assert refusal(book, words(PROD_A)) is Refusal.UID
    assert book.pins() == {PROD_A: Pin("anew", 2)}


def test_pins_outlive_a_restart_and_do_not_overrule_what_was_seen_since() -> None:
    book = empty_book()
    book.handle(PinsRestored({EAST: Pin("pinned", 1), PROD_A: Pin("pinned", 1)}))
    applied(book, trusted_cluster("east"))
    assert refusal(book, words(EAST)) is Refusal.UID
    book.handle(PinsRestored({EAST: Pin(uid(EAST), 1)}))
    assert refusal(book, words(EAST)) is Refusal.UID
    book.handle(ObjectDeleted("TrustedCluster", "east"))
    assert book.pins() == {PROD_A: Pin("pinned", 1)}


# --- revocations ----------------------------------------------------------------------------


def test_a_revoked_key_is_refused_and_its_successor_is_not() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"))
    agent = agent_of(agent_body(PROD_A)).raw
    assert refusal(book, words(PROD_A)) is None
    listed = issue_revocations(1, [key(PROD_A, 1).public], FLEET)
    assert book.handle(RevocationsReceived(listed.raw)) == [
        RevocationsAdopted(listed),
        TrustChanged(),
    ]
    assert book.handle(RevocationsReceived(listed.raw)) == []
    assert book.revocations() == [listed]
    assert refusal(book, words(PROD_A)) is Refusal.REVOKED
    assert book.identify(agent) is None
    assert book.is_revoked(key(PROD_A, 1).public)
    assert book.is_revoked(key(PROD_A, 1).public, PROD_A)
    assert not book.is_revoked(key(PROD_A, 2).public)
    assert refusal(book, manifest_of(body_of(PROD_A, 2))) is None
    assert book.statistics() == TrustStatistics(1, 1, 1, 0)


def test_what_was_held_when_its_key_was_revoked_is_believed_as_kept_and_by_nobody_else() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"))
    held = words(PROD_A)
    assert not book.has_revoked_key(held)
    book.handle(RevocationsReceived(issue_revocations(1, [key(PROD_A, 1).public], FLEET).raw))
    assert refusal(book, held) is Refusal.REVOKED
    assert book.has_revoked_key(held)
    book.judge_kept(held)
    assert book.signer_of(held) == key(PROD_A, 1).public
    assert not book.has_revoked_key(manifest_of(body_of(PROD_A, 2)))
    assert not book.has_revoked_key(words(EAST))
    assert not book.has_revoked_key(words(PROD_A, audience=("west",)))


def test_a_fleet_has_no_say_about_clusters_beyond_its_patterns_nor_about_us() -> None:
    book = book_with(trusted_fleet("prod", "prod-*", "home"), trusted_cluster("east"))
    keys = [key(EAST, 1).public, key(HOME, 1).public]
    book.handle(RevocationsReceived(issue_revocations(1, keys, FLEET).raw))
    assert refusal(book, words(EAST)) is None
    assert not book.is_revoked(key(EAST, 1).public, EAST)
    assert refusal(book, words(HOME)) is None
    assert book.identify(agent_of(agent_body(HOME)).raw) is not None
    what = "our key of generation 1 is revoked: others refuse it"
    assert book.problems() == [Problem("cluster home", what)]


def test_a_fleet_can_revoke_a_key_that_an_object_gives_within_its_patterns() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"), trusted_cluster("prod-a"))
    book.handle(RevocationsReceived(issue_revocations(1, [key(PROD_A, 1).public], FLEET).raw))
    assert refusal(book, words(PROD_A)) is Refusal.REVOKED


def test_a_fleet_key_that_is_revoked_certifies_nobody() -> None:
    keys = [{"key": each.public.hex()} for each in (FLEET, key("fleet", "next"))]
    spec = {"keys": keys, "clusters": ["prod-*"]}
    book = book_with(trusted_object("TrustedFleet", "prod", spec))
    listed = issue_revocations(1, [FLEET.public], key("fleet", "next"))
    book.handle(RevocationsReceived(listed.raw))
    assert refusal(book, words(PROD_A)) is Refusal.REVOKED
    renewed = manifest_of(body_of(PROD_A), vouched(PROD_A, fleet="next"))
    assert refusal(book, renewed) is None


def test_a_list_of_nobody_who_is_trusted_is_refused_and_one_goes_with_its_fleet() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"), trusted_fleet("all", "*"))
    foreign = issue_revocations(1, [], key("fleet", "evil"))
    what = "revocations: of a fleet that no trust object names"
    refused = [InputRefused(Refusal.UNTRUSTED, what)]
    assert book.handle(RevocationsReceived(foreign.raw)) == refused
    forged = sign_fields({"f": FLEET.public, "n": 9, "r": []}, Domain.REVOCATION, key("evil"))
    [effect] = book.handle(RevocationsReceived(forged))
    assert isinstance(effect, InputRefused)
    assert effect.reason is Refusal.SIGNATURE
    listed = issue_revocations(1, [], FLEET)
    book.handle(RevocationsReceived(listed.raw))
    effects = book.handle(ObjectDeleted("TrustedFleet", "prod"))
    assert effects == [TrustChanged(), ItemLapsed(listed.item_key)]
    assert book.revocations() == []
    book.check_invariants()


def test_two_lists_of_one_number_are_a_problem() -> None:
    book = book_with(trusted_fleet("prod", "prod-*"))
    for name in ("one", "two"):
        listed = issue_revocations(1, [key(name).public], FLEET)
        assert RevocationsAdopted(listed) in book.handle(RevocationsReceived(listed.raw))
    [problem] = book.problems()
    assert problem.subject == f"fleet key {FLEET.public.hex()}"
    assert problem.what.startswith("signed two lists with the number 1: ")


@given(st.binary(max_size=200))
def test_any_bytes_for_a_list_are_refused(raw: bytes) -> None:
    [effect] = empty_book().handle(RevocationsReceived(raw))
    assert isinstance(effect, InputRefused)
