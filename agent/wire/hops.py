"""The one hop: for whom a datagram or stream is passed on, and to where.

A load balancer in front of a cluster's bridges gives what is for one of them to any agent. So each
agent is told where its own cluster's bridges get what is for them over `lan`, and from where other
agents of the cluster may pass something on.
"""

from collections.abc import Iterable, Mapping

from agent.wire.handshake import HELLO_BYTES, VIA_BYTES, with_via
from agent.wire.header import HEAD_BYTES, MARK_BYTES, Head, Kind, Pool, hopped
from failure_detect.identity import Address, ShortId

WITH_VIA = frozenset({Kind.HELLO, Kind.PROOF})
"""Those that are answered before anybody is known, and so say where they came from."""


class Cluster:
    """Our own cluster, other than this agent: who is passed something on, and who may pass it."""

    def __init__(self) -> None:
        """Know nobody."""
        self._by_mark: dict[bytes, Address] = {}
        self._by_id: dict[ShortId, Address] = {}
        self._addresses: frozenset[Address] = frozenset()

    def replace(self, addresses: Mapping[ShortId, Address], agents: Iterable[Address]) -> None:
        """Know these bridges from now on, by the first 8 bytes of their ids, and these agents."""
        self._by_id = dict(addresses)
        marks = [short[:MARK_BYTES] for short in addresses]
        # Two of one mark would get each other's datagrams, so neither gets any.
        self._by_mark = {
            short[:MARK_BYTES]: address
            for short, address in addresses.items()
            if marks.count(short[:MARK_BYTES]) == 1
        }
        self._addresses = frozenset(addresses.values()).union(agents)

    def of_mark(self, mark: bytes) -> Address | None:
        """Return where the bridge of this mark gets its datagrams."""
        return self._by_mark.get(mark)

    def of_id(self, short: ShortId) -> Address | None:
        """Return where the bridge of this id gets its streams."""
        return self._by_id.get(short)

    def anyone(self) -> Address | None:
        """Return where some bridge gets its streams, for who asks for any."""
        return min(self._by_id.values(), default=None)

    def is_of_ours(self, source: Address) -> bool:
        """Tell whether something comes from where an agent of our own cluster sends."""
        return source in self._addresses


def is_passed_on(head: Head) -> bool:
    """Tell whether a datagram that is not for us may be passed on at all."""
    return head.pool is Pool.WAN and not head.is_hop


def passed_on(head: Head, data: bytes, source: Address) -> bytes | None:
    """Return a datagram as it is passed on, None where it cannot be.

    It says that it was, and where it came from if an answer is to go there; it grows by nothing.
    """
    if head.kind not in WITH_VIA:
        return hopped(data)
    if len(data) < HEAD_BYTES + VIA_BYTES or (head.kind is Kind.HELLO and len(data) != HELLO_BYTES):
        return None
    said = with_via(data, source)
    return None if said is None else hopped(said)
