"""When a bridge has been in touch with other clusters for long enough."""

from agent.core.bridge_parts import SYNC_AFTER, Contact
from failure_detect.clock import NEVER
from failure_detect.events import MemberDied, MemberJoined, MemberLeft, MemberReturned
from failure_detect.identity import Address, Identity, MemberId, NodeName

MEMBER = MemberId(b"m" * 32)


def joined(group: str) -> MemberJoined:
    identity = Identity(MEMBER, NodeName("n1"), 1, Address("192.0.2.1:7400"), group, None)
    return MemberJoined(identity, 1)


def test_a_bridge_of_another_cluster_counts_from_when_it_was_seen() -> None:
    contact = Contact("south")
    assert contact.deadline == NEVER
    contact.heard(joined("south"), 10)
    assert contact.deadline == NEVER
    contact.heard(joined("east"), 20)
    assert contact.deadline == 20 + SYNC_AFTER
    contact.heard(MemberLeft(MEMBER), 30)
    assert contact.deadline == NEVER


def test_one_that_died_and_returns_counts_from_its_return() -> None:
    contact = Contact("south")
    contact.heard(joined("east"), 20)
    contact.heard(MemberDied(MEMBER, 1, ()), 30)
    assert contact.deadline == NEVER
    contact.heard(MemberReturned(MEMBER, 2), 40)
    assert contact.deadline == 40 + SYNC_AFTER


def test_the_own_clusters_bridges_do_not_count_when_they_return() -> None:
    contact = Contact("south")
    contact.heard(joined("south"), 20)
    contact.heard(MemberDied(MEMBER, 1, ()), 30)
    contact.heard(MemberReturned(MEMBER, 2), 40)
    assert contact.deadline == NEVER
