"""`python -m simulations.agents.flooder HOST:PORT KIND SECONDS RATE PATTERN`: garbage at a port.

Rule 1: it sends to the loopback device and nowhere else. Rule 2: it stops by itself, and says how
much it sent. PATTERN is a datagram that was overheard on its way there, in hex. `random` is bytes
of any length. `hello` has the right head and length, and bytes where the rest should be. `sealed`
has the head of what was overheard, with counters that go on, and a body that nobody sealed.
"""

import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address
from random import Random
from typing import TypeAlias

import trio

from agent.demo.node import read_place
from agent.process import entropy
from agent.wire.handshake import HELLO_BYTES
from agent.wire.header import HEAD_BYTES, Head, Kind, read_head, write_head

KINDS = ("random", "hello", "sealed")
SECONDS_MAX, RATE_MAX = 120.0, 50_000
TICK_S = 0.002
LONGEST = 1_400
SOCKETS = 16
"""Source ports that garbage comes from, by turns."""

Maker: TypeAlias = Callable[[], bytes]


def maker(kind: str, pattern: bytes, rng: Random) -> Maker:
    """Return what makes one datagram of garbage after the other.

    Raises ValueError for a kind that is none, `WireRefused` for a pattern without a head.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    head = read_head(pattern)
    match kind:
        case "random":
            return lambda: rng.randbytes(rng.randrange(LONGEST))
        case "hello":
            hello = write_head(head._replace(kind=Kind.HELLO, tag=0))
            return lambda: hello + rng.randbytes(HELLO_BYTES - HEAD_BYTES)
        case _:
            return _Sealed(head._replace(kind=Kind.DATA), rng)


class _Sealed:
    def __init__(self, head: Head, rng: Random) -> None:
        self._head, self._rng = head, rng

    def __call__(self) -> bytes:
        self._head = self._head._replace(counter=self._head.counter + 1)
        return write_head(self._head) + self._rng.randbytes(64 + self._rng.randrange(1_000))


async def flood(where: tuple[str, int], make: Maker, seconds: float, rate: int) -> int:
    """Send so much a second for so long; return how many were sent.

    Raises ValueError for what is not on the loopback device, or more or longer than is allowed.
    """
    if not ip_address(where[0]).is_loopback:
        raise ValueError(f"{where[0]}: only an address of the loopback device")
    if not 0 < seconds <= SECONDS_MAX or not 0 < rate <= RATE_MAX:
        raise ValueError(f"at most {SECONDS_MAX:.0f} s, and {RATE_MAX} datagrams a second")
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SOCKETS)]
    began, sent = trio.current_time(), 0
    try:
        while (passed := trio.current_time() - began) < seconds:
            for _ in range(round(rate * passed) - sent):
                sockets[sent % SOCKETS].sendto(make(), where)
                sent += 1
            await trio.sleep(TICK_S)
    finally:
        for each in sockets:
            each.close()
    return sent


async def main(arguments: list[str]) -> None:
    """Flood as the arguments say."""
    where, kind, seconds, rate, pattern = arguments
    place = read_place(where)
    make = maker(kind, bytes.fromhex(pattern), entropy.dice())
    sent = await flood((place.host, place.port), make, float(seconds), int(rate))
    sys.stdout.write(f"{sent}\n")


if __name__ == "__main__":
    trio.run(main, sys.argv[1:])
