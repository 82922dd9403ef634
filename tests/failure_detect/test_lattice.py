"""The merge of every word with every state, at a lower, the same and a higher incarnation."""

from itertools import permutations, product

import pytest

from failure_detect.members import Status
from failure_detect.messages import Gossip
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import LAN, Peer, accusations

AT = 5
"""The incarnation on record."""

ALIVE, SUSPECT, DEAD, LEFT, RETIRED = Status
WORDS = ("alive", "vouched", "accused", "left")

CHANGES = {
    (ALIVE, "alive", 6): (ALIVE, 6),
    (ALIVE, "vouched", 6): (ALIVE, 6),
    (ALIVE, "accused", 5): (SUSPECT, 5),
    (ALIVE, "left", 5): (LEFT, 5),
    (ALIVE, "left", 6): (LEFT, 6),
    (SUSPECT, "alive", 6): (ALIVE, 6),
    (SUSPECT, "vouched", 6): (ALIVE, 6),
    (SUSPECT, "left", 5): (LEFT, 5),
    (SUSPECT, "left", 6): (LEFT, 6),
    (DEAD, "vouched", 6): (ALIVE, 6),
    (DEAD, "left", 5): (LEFT, 5),
    (DEAD, "left", 6): (LEFT, 6),
    (LEFT, "alive", 6): (ALIVE, 6),
    (LEFT, "vouched", 6): (ALIVE, 6),
    (LEFT, "left", 6): (LEFT, 6),
}
"""What a word makes of a state; all that is not listed changes nothing."""

REFUSALS = {
    ("accused", 4): "stale",
    ("accused", 6): "unsigned_incarnation",
    ("left", 4): "stale",
}


def put(stage: Stage, subject: Peer, status: Status) -> None:
    """Bring `subject` into a state at incarnation `AT`."""
    stage.hear(stage.peers[1], Gossip(), subject.alive(AT))
    bundle = accusations(subject, *stage.peers[1:4], incarnation=AT)
    match status:
        case Status.SUSPECT:
            stage.hear(
                stage.peers[1], Gossip(), accusations(subject, stage.peers[1], incarnation=AT)
            )
        case Status.DEAD:
            stage.silence(subject)
            stage.hear(stage.peers[1], Gossip(), bundle)
            stage.run(LAN.suspicion.last_call)
        case Status.LEFT:
            stage.hear(stage.peers[1], Gossip(), subject.left(AT))
        case Status.RETIRED:
            successor = stage.make("p1", start=2)
            stage.introduce(successor)
        case Status.ALIVE:
            pass
    assert stage.view(subject).status is status
    stage.log.clear()


def say(stage: Stage, subject: Peer, word: str, incarnation: int) -> None:
    accuser = stage.peers[1]
    claim = {
        "alive": lambda: subject.alive(incarnation),
        "vouched": lambda: subject.alive(incarnation, voucher=accuser),
        "accused": lambda: accusations(subject, accuser, incarnation=incarnation),
        "left": lambda: subject.left(incarnation),
    }[word]()
    stage.hear(accuser, Gossip(), claim)


@pytest.mark.parametrize("status", list(Status), ids=lambda status: status.name.lower())
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("incarnation", [AT - 1, AT, AT + 1])
def test_a_word_and_a_state_give(status: Status, word: str, incarnation: int) -> None:
    stage = Stage(peers=5)
    subject = stage.peers[0]
    put(stage, subject, status)
    before, refused = list(stage.detector.members()), stage.refused()
    say(stage, subject, word, incarnation)
    expected = CHANGES.get((status, word, incarnation), (status, AT))
    view = stage.view(subject)
    assert (view.status, view.incarnation) == expected
    if (status, word, incarnation) not in CHANGES:
        assert list(stage.detector.members()) == before
        assert stage.facts() == []
    news = {k: n - refused.get(k, 0) for k, n in stage.refused().items() if n != refused.get(k, 0)}
    reason = REFUSALS.get((word, incarnation))
    if status is DEAD and (word, incarnation) == ("alive", 6):
        reason = "not_vouched"
    if word == "left" and status in (LEFT, RETIRED):
        reason = None
    assert news == ({reason: 1} if reason else {})


@pytest.mark.parametrize("status", [ALIVE, SUSPECT], ids=lambda status: status.name.lower())
def test_living_members_end_alike_in_whatever_order_words_come(status: Status) -> None:
    """Among signed words of one origin there is one order; accusations fall behind it."""
    ends = set()
    for order in permutations([("alive", 6), ("alive", 7), ("accused", 5), ("alive", 5)]):
        stage = Stage(peers=5)
        put(stage, stage.peers[0], status)
        for word, incarnation in order:
            say(stage, stage.peers[0], word, incarnation)
        view = stage.view(stage.peers[0])
        ends.add((view.status, view.incarnation, stage.detector.fingerprint))
    assert len(ends) == 1


@pytest.mark.parametrize(("status", "word"), list(product([ALIVE, SUSPECT, DEAD], WORDS)))
def test_the_same_word_again_changes_nothing(status: Status, word: str) -> None:
    stage = Stage(peers=5)
    put(stage, stage.peers[0], status)
    say(stage, stage.peers[0], word, AT + 1)
    say(stage, stage.peers[0], word, AT)
    before = list(stage.detector.members())
    stage.log.clear()
    say(stage, stage.peers[0], word, AT + 1)
    say(stage, stage.peers[0], word, AT)
    assert list(stage.detector.members()) == before
    assert stage.facts() == []
