"""What strangers may cost: so much for each host that a packet claims to come from, and in all.

Whoever forges sources can use up what there is in all, and then those who are known are served and
no others; what one true source asks for leaves the rest to others. The table of hosts is bounded:
the host that asked longest ago is forgotten first.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from ipaddress import AddressValueError, IPv6Address

from discovery.budgets import Budget
from failure_detect.clock import Instant
from failure_detect.identity import Address


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much per second; twice as much at once after a quiet time."""

    per_host: int
    in_all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerLimits:
    """What strangers may ask for. Agents that share a host share what it may ask for."""

    hellos: Allowance = Allowance(250, 2_000)
    """Answers to first contacts: a hash and at most 562 bytes each."""

    proofs: Allowance = Allowance(250, 500)
    """Cookies that came back: two signatures to verify and a shared key to compute."""

    hops: Allowance = Allowance(1_000, 4_000)
    """Datagrams passed on to another agent of our own cluster."""

    words: Allowance = Allowance(20, 100)
    """Answers of 16 bytes to datagrams of sessions that are not known."""

    streams: Allowance = Allowance(500, 2_000)
    """Streams opened to us, before anybody knows by whom."""

    hosts: int = 1_024
    """Hosts whose share is kept account of, for each of these."""


class Asked(Enum):
    """What a stranger asks for."""

    HELLO = "hellos"
    PROOF = "proofs"
    HOP = "hops"
    WORD = "words"
    STREAM = "streams"


class Strangers:
    """Keeps account of what strangers cost."""

    def __init__(self, limits: StrangerLimits) -> None:
        """Nobody has asked for anything yet."""
        self._allowed = {
            Asked.HELLO: limits.hellos,
            Asked.PROOF: limits.proofs,
            Asked.HOP: limits.hops,
            Asked.WORD: limits.words,
            Asked.STREAM: limits.streams,
        }
        self._most_hosts = limits.hosts
        self._in_all: dict[Asked, Budget] = {}
        self._hosts: dict[Asked, OrderedDict[str, Budget]] = {each: OrderedDict() for each in Asked}

    def may(self, asked: Asked, source: Address, now: Instant) -> bool:
        """Spend one of what a source may ask for; tell whether there was any left."""
        allowed = self._allowed[asked]
        in_all = self._in_all.get(asked)
        if in_all is None:
            in_all = self._in_all[asked] = Budget(allowed.in_all, now)
        if in_all.left(now) <= 0:
            return False
        return self._host(asked, host_of(source), now).spend(1, now) and in_all.spend(1, now)

    @property
    def hosts(self) -> int:
        """How many shares of hosts are kept account of, at most `hosts` for each thing asked."""
        return sum(map(len, self._hosts.values()))

    def _host(self, asked: Asked, host: str, now: Instant) -> Budget:
        hosts = self._hosts[asked]
        budget = hosts.get(host)
        if budget is None:
            budget = hosts[host] = Budget(self._allowed[asked].per_host, now)
            if len(hosts) > self._most_hosts:
                hosts.popitem(last=False)
        else:
            hosts.move_to_end(host)
        return budget


def host_of(source: Address) -> str:
    """Return what counts as one host: an IPv4 address, or the first 64 bits of an IPv6 address."""
    host = source.rpartition(":")[0]
    if not host.startswith("["):
        return host
    try:
        return IPv6Address(host[1:-1]).packed[:8].hex()
    except AddressValueError:
        return host
