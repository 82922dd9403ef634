"""Two ends that have a session, or are to get one, and what went over the line between them."""

from agent.wire.header import Kind, Pool
from agent.wire.limits import WireLimits
from failure_detect.identity import Address
from tests.agent.wire.ends import End, Line

STRANGER = Address("198.51.100.9:999")


def pair(limits: WireLimits | None = None) -> tuple[Line, End, End]:
    one, two = End("one", limits=limits), End("two", limits=limits)
    return Line(one, two), one, two


def met(limits: WireLimits | None = None) -> tuple[Line, End, End]:
    """Two ends that have a session, and said one word each."""
    line, one, two = pair(limits)
    line.send(one, two, b"first")
    line.settle()
    line.send(two, one, b"second")
    line.settle()
    assert (one.said, two.said) == ([b"second"], [b"first"])
    return line, one, two


def kinds(line: Line) -> list[Kind]:
    return [Kind(sent.data[1] >> 2) for sent in line.seen]


def datagram(line: Line, sender: End, to: End, pool: Pool = Pool.LAN) -> bytes:
    line.send(sender, to, b"word", pool)
    return line.queue.pop().data
