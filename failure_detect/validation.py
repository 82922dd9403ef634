"""Faults of a configuration: each with its path, all of them at once."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

ACCUSATIONS_MAX = 8
"""So many signatures one claim carries; a verdict that wants more would have to wait."""

_MAY_BE_ZERO = {
    "follow_ups",
    "hold_down",
    "hold_down_max",
    "relays",
    "eager",
    "health_max",
    "to_the_dead",
}


class ConfigError(ValueError):
    """One fault of a configuration: where it is, and what must hold there."""

    def __init__(self, path: str, what: str) -> None:
        """Name the `path` from `$`, and `what` must hold there."""
        super().__init__(f"{path}: {what}")
        self.path = path


def number_fault(name: str, value: object) -> str | None:
    """Return what is wrong with the option `name` set to `value`, or None."""
    if name == "by_group":
        return None if isinstance(value, bool) else "must be true or false"
    if not isinstance(value, int) or isinstance(value, bool):
        return f"must be a whole number, is {value!r}"
    least = 0 if name in _MAY_BE_ZERO else 1
    if value < least:
        return f"must be {least} or more, is {value}"
    return None if value < 1 << 53 else f"must be below 2^53, is {value}"


_Numbers: TypeAlias = Mapping[str, int]


class _Relation(NamedTuple):
    path: str
    what: str
    holds: Callable[[_Numbers], bool]


def _confirming(n: _Numbers) -> int:
    return n["suspicion.tries"] * n["suspicion.try_timeout"]


_RELATIONS = (
    _Relation(
        "probe.round",
        "must not exceed $.probe.interval",
        lambda n: n["probe.round"] <= n["probe.interval"],
    ),
    _Relation(
        "probe.timeout",
        "must be below $.probe.round",
        lambda n: n["probe.timeout"] < n["probe.round"],
    ),
    _Relation(
        "probe.timeout_min",
        "must not exceed $.probe.timeout",
        lambda n: n["probe.timeout_min"] <= n["probe.timeout"],
    ),
    _Relation("probe.nack_percent", "must be at most 95", lambda n: n["probe.nack_percent"] <= 95),
    _Relation(
        "probe.deaf_after",
        "must exceed $.probe.round and not round + tries x try_timeout",
        lambda n: n["probe.round"] < n["probe.deaf_after"] <= n["probe.round"] + _confirming(n),
    ),
    _Relation(
        "suspicion.accusers",
        f"must not exceed $.suspicion.confirmers + 1, nor {ACCUSATIONS_MAX}",
        lambda n: n["suspicion.accusers"] <= min(n["suspicion.confirmers"] + 1, ACCUSATIONS_MAX),
    ),
    _Relation(
        "suspicion.receipt_timeout",
        "must be below tries x try_timeout",
        lambda n: n["suspicion.receipt_timeout"] < _confirming(n),
    ),
    _Relation(
        "suspicion.last_ping",
        "must be below $.suspicion.last_call",
        lambda n: n["suspicion.last_ping"] < n["suspicion.last_call"],
    ),
    _Relation(
        "gossip.datagram_bytes",
        "must be 512 to 65000",
        lambda n: 512 <= n["gossip.datagram_bytes"] <= 65_000,
    ),
    _Relation(
        "sync.frame_bytes",
        "must be at least 4 x $.gossip.datagram_bytes, and 4096",
        lambda n: n["sync.frame_bytes"] >= max(4 * n["gossip.datagram_bytes"], 4_096),
    ),
    _Relation(
        "node.valid",
        "must be at least 2 x $.node.interval, or no answer counts for long enough",
        lambda n: n["node.valid"] >= 2 * n["node.interval"],
    ),
    _Relation(
        "node.recheck",
        "must exceed $.node.tries x $.node.timeout, or no try is the last",
        lambda n: n["node.recheck"] > n["node.tries"] * n["node.timeout"],
    ),
    _Relation(
        "limit.certificate_bytes",
        "must leave 320 bytes of $.gossip.datagram_bytes",
        lambda n: n["limit.certificate_bytes"] + 320 <= n["gossip.datagram_bytes"],
    ),
    _Relation(
        "limit.broadcast_bytes",
        "must leave 128 bytes of $.gossip.datagram_bytes",
        lambda n: n["limit.broadcast_bytes"] + 128 <= n["gossip.datagram_bytes"],
    ),
)


def broken_relations(numbers: _Numbers) -> Iterator[ConfigError]:
    """Name what does not hold among `numbers`, good ones by their path.

    A relation is judged where all of its numbers are there, whatever is wrong with others.
    """
    for relation in _RELATIONS:
        try:
            holds = relation.holds(numbers)
        except KeyError:
            continue
        if not holds:
            yield ConfigError(f"$.{relation.path}", relation.what)
