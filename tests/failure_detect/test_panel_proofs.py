"""A suspicion that ends well: whose proof counts, for how long, and who else hears of it."""

from failure_detect.clock import SECOND
from failure_detect.events import MemberDied, SuspicionLifted
from failure_detect.messages import Gossip, Suspect, Vouch
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import LAN
from tests.failure_detect.suspicions import accuse, confirmers

SUSPICION = LAN.suspicion


def test_the_subjects_own_signature_over_our_nonce_lifts_the_suspicion() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    words = stage.until_suspected(target)
    nonce = words[0].message.nonce
    stage.hear(confirmers(stage, words)[0], Vouch(target.short, nonce, target.proof(nonce)))
    assert stage.facts()[-1] == SuspicionLifted(target.key)
    statistics = stage.detector.statistics()
    assert (statistics.suspect, statistics.panels, statistics.cases) == (0, 0, 0)


def test_a_proof_goes_on_to_the_other_confirmers_and_answers_who_accuses_in_vain() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    words = stage.until_suspected(target)
    nonce = words[0].message.nonce
    asked = confirmers(stage, words)
    vouch = Vouch(target.short, nonce, target.proof(nonce))
    stage.hear(asked[0], vouch)
    told = stage.sent(Vouch)
    assert {letter.to for letter in told} == {peer.key for peer in asked[1:]}
    assert {letter.message for letter in told} == {vouch}
    since = stage.now + 1
    stage.run(SUSPICION.tries * SUSPICION.try_timeout)
    accuse(stage, asked[1], target)
    assert [(letter.to, letter.message) for letter in stage.sent(Vouch, since=since)] == [
        (asked[1].key, vouch)
    ]
    assert stage.refused() == {"late": len(asked)}  # Receipts on their way as the proof came.
    since = stage.now + 1
    stage.run(2 * SECOND)
    accuse(stage, asked[1], target)
    assert stage.sent(Vouch, since=since) == []
    assert stage.refused()["stale"] == 1


def test_a_proof_says_nothing_of_a_later_incarnation() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    words = stage.until_suspected(target)
    nonce = words[0].message.nonce
    stage.hear(stage.peers[1], Vouch(target.short, nonce, target.proof(nonce)))
    stage.hear(target, Gossip(), target.alive(2))
    since = stage.now + 1
    stage.run(SECOND // 2)
    accuse(stage, stage.peers[2], target, incarnation=2)
    assert stage.sent(Vouch, since=since) == []
    assert stage.refused()["stale"] == 1


def test_a_forged_proof_lifts_nothing() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    words = stage.until_suspected(target)
    liar, nonce = confirmers(stage, words)[0], words[0].message.nonce
    stage.hear(liar, Vouch(target.short, nonce, liar.proof(nonce)))
    assert stage.refused() == {"signature": 1}
    stage.hear(liar, Vouch(target.short, b"another!", target.proof(b"another!")))
    stage.hear(liar, Vouch(stage.make("unknown").short, nonce, target.proof(nonce)))
    assert stage.refused() == {"signature": 1, "stale": 2}
    assert stage.detector.statistics().suspect == 1


def test_the_proof_of_an_earlier_suspicion_lifts_no_later_one() -> None:
    stage = Stage(peers=5)
    target = stage.peers[0]
    words = stage.until_suspected(target)
    nonce = words[0].message.nonce
    old = Vouch(target.short, nonce, target.proof(nonce))
    stage.hear(stage.peers[1], old)
    assert stage.detector.statistics().suspect == 0
    stage.run(1)
    stage.until_suspected(target)
    stage.hear(stage.peers[1], old)
    assert stage.refused()["stale"] == 1
    assert stage.detector.statistics().suspect == 1


def test_a_vouch_that_comes_with_the_last_call_only_stops_the_asking() -> None:
    stage = Stage(peers=9)
    target = stage.peers[0]
    words = stage.until_suspected(target)
    nonce = words[0].message.nonce
    for accuser in confirmers(stage, words)[:2]:
        accuse(stage, accuser, target)
    stage.hear(stage.peers[1], Vouch(target.short, nonce, target.proof(nonce)))
    assert stage.detector.statistics().panels == 0
    assert stage.detector.statistics().suspect == 1
    stage.run(SUSPICION.last_call)
    assert isinstance(stage.facts()[-1], MemberDied)


def test_the_proof_of_what_we_confirmed_once_lifts_no_later_suspicion_of_ours() -> None:
    """Whoever kept a proof could else call off a look that has every reason."""
    stage = Stage(peers=9)
    asker, target = stage.peers[:2]
    stage.silence(target)
    nonce = b"a nonce."
    stage.hear(asker, Suspect(target.short, 1, asker.accusation(target), nonce))
    stage.run(SUSPICION.tries * SUSPICION.try_timeout)
    assert stage.detector.statistics().suspect == 1
    stage.hear(asker, Gossip(), target.alive(2))
    assert stage.detector.statistics().suspect == 0
    stage.until_suspected(target)
    stage.hear(asker, Vouch(target.short, nonce, target.proof(nonce)))
    assert stage.detector.statistics().suspect == 1
