"""What a new bridge is told of the pool of its own cluster, which it did not see happen."""

from collections.abc import Iterator

from discovery.own_overlay import LanFact
from failure_detect.detector import FailureDetector
from failure_detect.events import MemberDied, MemberJoined, NodeSilent
from failure_detect.members import Status


def lan_facts(detector: FailureDetector) -> Iterator[LanFact]:
    """Give the facts that lead to how `detector` sees its pool now.

    Members that left or were succeeded are no part of it. Who accused the dead is not remembered.
    """
    for member in detector.members():
        if member.status > Status.DEAD:
            continue
        yield MemberJoined(member.identity, member.incarnation)
        if member.status is Status.DEAD:
            yield MemberDied(member.identity.member, member.incarnation, ())
    for node in detector.silent_nodes():
        yield NodeSilent(node)
