"""The suspecter: whom it asks, what it makes of their answers."""

import pytest

from failure_detect.claims import Accusations, accuse_message
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.config import DetectorConfig
from failure_detect.events import MemberDied, MemberSuspected, SuspicionLifted
from failure_detect.messages import Accuse, Accused, Gossip, Ping, Receipt, Suspect
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import ABSENT_MINDED, LAN, Manner
from tests.failure_detect.suspicions import accuse, confirmers

SUSPICION = LAN.suspicion
TRYING = SUSPICION.tries * SUSPICION.try_timeout
PATIENCE = TRYING + SUSPICION.receipt_timeout + 300 * MILLISECOND


# --- whom it asks ------------------------------------------------------------------------


def test_a_suspicion_goes_to_so_many_confirmers_with_our_signature_and_a_nonce() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    words = stage.until_suspected(target)
    assert {letter.at for letter in words} == {stage.now}
    assert len({letter.to for letter in words}) == SUSPICION.confirmers
    assert target.key not in {letter.to for letter in words}
    word = words[0].message
    assert {letter.message for letter in words} == {word}
    signed = accuse_message(LAN.pool, target.key, 1, stage.own.key)
    assert stage.notary.verify(stage.own.key, signed, word.signature)
    assert (word.incarnation, len(word.nonce)) == (1, 8)
    assert {letter.items for letter in words} == {()}


def test_a_suspicion_is_quiet() -> None:
    stage = Stage(peers=9)
    stage.until_suspected(stage.peers[0])
    stage.run(PATIENCE - 1)
    assert stage.items(Accusations) == []
    assert stage.facts() == [MemberSuspected(stage.peers[0].key, 1)]


def test_everybody_would_ask_the_same_confirmers_whatever_dice_they_have() -> None:
    chosen = set()
    for seed in (1, 2, 3):
        stage = Stage(peers=9, seed=seed)
        words = stage.until_suspected(stage.peers[0])
        chosen.add(tuple(letter.to for letter in words))
    assert len(chosen) == 1


def test_another_incarnation_has_other_confirmers() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    first = confirmers(stage, stage.until_suspected(target))
    stage.hear(target, Gossip(), target.alive(2))
    again = stage.until_suspected(target)
    assert {letter.message.incarnation for letter in again} == {2}
    assert confirmers(stage, again) != first


def test_suspects_confirm_nothing() -> None:
    stage = Stage(peers=6)
    first, second = stage.peers[:2]
    stage.until_suspected(first)
    assert first.key not in {letter.to for letter in stage.until_suspected(second)}


def test_a_round_that_fails_again_asks_nobody_anew() -> None:
    stage = Stage(peers=5)
    stage.until_suspected(stage.peers[0])
    stage.run(PATIENCE - 1)
    assert len(stage.sent(Suspect)) == SUSPICION.confirmers


def test_of_each_other_group_one_is_asked_first() -> None:
    groups = ("own", "sub", *["sub"] * 3, *["own"] * 3, *["b"] * 3, *["c"] * 3)
    stage = Stage(peers=13, config=DetectorConfig.wan(), groups=groups)
    words = stage.until_suspected(stage.peers[0])
    asked = [peer.identity.group for peer in confirmers(stage, words)]
    assert set(asked[:2]) == {"b", "c"}
    assert len(asked) == SUSPICION.confirmers


# --- receipts ----------------------------------------------------------------------------


def test_who_gives_no_receipt_is_replaced_and_soon_probed() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    stage.silence(*stage.peers[1:], manner=Manner(receipts=False))
    first = confirmers(stage, stage.until_suspected(target))
    diligent = first[1]
    stage.hear(diligent, Receipt(target.short))
    since = stage.now
    stage.run(SUSPICION.receipt_timeout - 1)
    assert stage.sent(Suspect, since=since + 1) == []
    stage.run(1)
    further = confirmers(stage, stage.sent(Suspect, since=since + 1))
    assert len(further) == SUSPICION.confirmers - 1
    assert not {peer.key for peer in first} & {peer.key for peer in further}
    stage.run(SUSPICION.confirmers * 100 * MILLISECOND)
    probed = {letter.to for letter in stage.sent(Ping, since=since)}
    assert {peer.key for peer in first} - {diligent.key} <= probed


def test_who_gave_a_receipt_is_not_replaced() -> None:
    stage = Stage(peers=9)
    stage.until_suspected(stage.peers[0])
    stage.run(TRYING)
    assert len(stage.sent(Suspect)) == SUSPICION.confirmers


def test_nobody_is_left_to_replace_the_silent() -> None:
    stage = Stage(peers=4)
    stage.silence(*stage.peers[1:], manner=Manner(receipts=False))
    stage.until_suspected(stage.peers[0])
    stage.run(PATIENCE - 1)
    assert len(stage.sent(Suspect)) == 3


def test_a_receipt_of_somebody_else_or_about_somebody_else_is_nothing() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    stage.silence(*stage.peers[1:], manner=Manner(receipts=False))
    first = confirmers(stage, stage.until_suspected(target))
    stranger = next(p for p in stage.peers if p.key not in {x.key for x in first} | {target.key})
    stage.hear(stranger, Receipt(target.short))
    stage.hear(first[0], Receipt(stranger.short))
    stage.hear(first[0], Receipt(stage.make("unknown").short))
    assert stage.refused() == {"not_entitled": 1, "late": 2}
    stage.run(SUSPICION.receipt_timeout)
    assert len(stage.sent(Suspect)) == 2 * SUSPICION.confirmers


# --- accusations that come back ----------------------------------------------------------


def test_enough_accusers_are_told_at_once_and_together() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    first, second, *_ = confirmers(stage, stage.until_suspected(target))
    accuse(stage, first, target)
    stage.run(MILLISECOND)
    assert stage.items(Accusations) == []
    accuse(stage, second, target)
    stage.run(MILLISECOND)
    claims = set(stage.items(Accusations))
    assert len(claims) == 1
    claim = claims.pop()
    named = [short for short, _ in claim.signatures]
    assert named == [stage.own.short, first.short, second.short]
    assert (claim.subject, claim.incarnation) == (target.short, 1)


def test_the_verdict_names_who_signed() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    first, second, *_ = confirmers(stage, stage.until_suspected(target))
    accuse(stage, first, target)
    accuse(stage, second, target)
    stage.run(SUSPICION.last_call - 1)
    assert stage.facts() == [MemberSuspected(target.key, 1)]
    stage.run(1)
    assert stage.facts()[1:] == [MemberDied(target.key, 1, (stage.own.key, first.key, second.key))]
    assert stage.detector.statistics().panels == 0


@pytest.mark.parametrize("incarnation", [0, 1, 2])
def test_an_accusation_counts_at_the_known_incarnation_alone(incarnation: int) -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    for accuser in confirmers(stage, stage.until_suspected(target))[:2]:
        accuse(stage, accuser, target, incarnation)
    stage.run(SUSPICION.last_call)
    assert (stage.detector.statistics().dead == 1) is (incarnation == 1)
    assert stage.refused() == [{"stale": 2}, {}, {"unsigned_incarnation": 2}][incarnation]


def test_accusations_that_are_forged_misdirected_or_the_subjects_own_are_refused() -> None:
    stage = Stage(peers=9)
    target, unknown = stage.peers[0], stage.make("unknown")
    first, second, *_ = confirmers(stage, stage.until_suspected(target))
    before = list(stage.detector.members())
    stage.hear(first, Accuse(target.short, 1, second.accusation(target)))
    stage.hear(first, Accuse(unknown.short, 1, first.accusation(unknown)))
    stage.hear(first, Accuse(second.short, 1, first.accusation(second)))
    stage.hear(target, Accuse(target.short, 1, target.accusation(target)))
    expected = {"signature": 1, "unknown_member": 1, "stale": 1, "not_entitled": 1}
    assert stage.refused() == expected
    assert list(stage.detector.members()) == before


def test_one_confirmer_counts_once() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    first = confirmers(stage, stage.until_suspected(target))[0]
    for _ in range(5):
        accuse(stage, first, target)
    stage.run(SUSPICION.last_call)
    assert stage.detector.statistics().dead == 0


def test_too_few_accusers_are_told_when_the_confirmers_had_their_time() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    first = confirmers(stage, stage.until_suspected(target))[0]
    accuse(stage, first, target)
    stage.run(PATIENCE)
    stage.run(MILLISECOND)
    claim = stage.items(Accusations)[0]
    assert [short for short, _ in claim.signatures] == [stage.own.short, first.short]
    assert stage.detector.statistics().panels == 0
    stage.run(2 * SECOND)
    assert stage.detector.statistics().dead == 0


def test_who_has_gone_deaf_meanwhile_takes_its_suspicion_back() -> None:
    stage = Stage(peers=5, config=LAN.with_overrides({"probe.deaf_after": SECOND}))
    target = stage.peers[0]
    stage.until_suspected(target)
    stage.silence(*stage.peers)
    stage.run(PATIENCE + SECOND)
    assert stage.items(Accusations) == []
    assert SuspicionLifted(target.key) in stage.facts()


def test_who_was_away_takes_its_quiet_suspicions_back_and_probes_again() -> None:
    stage = Stage(peers=5)
    target = stage.peers[0]
    stage.until_suspected(target)
    since = stage.now + 1
    stage.sleep(PATIENCE)
    assert stage.facts()[-1] == SuspicionLifted(target.key)
    assert stage.detector.statistics().panels == 0
    stage.run(100 * MILLISECOND)
    assert stage.sent(Ping, to=target, since=since)[0].message.accused is None


# --- few members -------------------------------------------------------------------------


def test_of_two_the_survivor_looks_for_itself_and_then_decides() -> None:
    stage = Stage(peers=1)
    target = stage.peers[0]
    stage.silence(target)
    assert stage.run_until(lambda: bool(stage.facts()), 20 * SECOND)
    suspected = stage.now
    assert stage.facts() == [MemberSuspected(target.key, 1)]
    quiet = [each for each in stage.sent(Ping) if each.message.accused is Accused.QUIETLY]
    assert len(quiet) == 1
    stage.run(TRYING - 1)
    assert stage.items(Accusations) == []
    assert stage.detector.statistics().cases == 1
    stage.run(1 + SUSPICION.last_call)
    died = [effect for effect in stage.facts() if isinstance(effect, MemberDied)]
    assert died == [MemberDied(target.key, 1, (stage.own.key,))]
    assert stage.now == suspected + TRYING + SUSPICION.last_call


def test_of_two_the_other_lives_if_it_answers_while_we_look() -> None:
    stage = Stage(peers=1)
    target = stage.peers[0]
    stage.silence(target)
    assert stage.run_until(lambda: bool(stage.facts()), 20 * SECOND)
    stage.manners.clear()
    stage.run(SUSPICION.try_timeout + 10 * MILLISECOND)
    assert stage.facts() == [MemberSuspected(target.key, 1), SuspicionLifted(target.key)]


def test_of_three_two_must_accuse() -> None:
    stage = Stage(peers=2)
    target, other = stage.peers
    words = stage.until_suspected(target)
    assert [letter.to for letter in words] == [other.key]
    stage.run(SUSPICION.last_call)
    assert stage.detector.statistics().dead == 0
    accuse(stage, other, target)
    stage.run(SUSPICION.last_call)
    assert stage.facts()[-1] == MemberDied(target.key, 1, (stage.own.key, other.key))


def test_of_three_two_that_crash_at_once_are_both_found() -> None:
    stage = Stage(peers=2)
    stage.silence(*stage.peers)
    stage.run(60 * SECOND)
    assert stage.detector.statistics().dead in {0, 2}


def test_nothing_is_told_that_nobody_signed() -> None:
    """Where our word alone would be the verdict it is not given before there is evidence."""
    config = DetectorConfig.wan().with_overrides({"suspicion.confirmations_max": 1})
    stage = Stage(peers=3, config=config, groups=("own", "sub", "sub", "sub"))
    target, asker, third = stage.peers
    stage.silence(target, manner=ABSENT_MINDED)
    assert stage.run_until(lambda: bool(stage.sent(Ping, to=target)), 10 * SECOND)
    stage.run(LAN.probe.round - 1)
    stage.silence(third)
    stage.hear(asker, Suspect(third.short, 1, asker.accusation(third), b"a nonce."))
    stage.run(1)
    assert stage.facts() == [MemberSuspected(target.key, 1)]
    assert stage.refused() == {"over_limit": 1}
    stage.run(3 * SECOND)
    assert all(claim.signatures for claim in stage.items(Accusations))
    assert SuspicionLifted(target.key) in stage.facts()
