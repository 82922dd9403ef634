"""What can be tuned, each number with its formula and what it trades.

Durations are integer microseconds. A configuration is checked as a whole: all faults are
raised together, each with its path (`$.probe.interval: must be positive`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration
from failure_detect.validation import ConfigError, broken_relations, number_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeConfig:
    """One member is probed per interval, by one other (SWIM 4.3, coordinated)."""

    interval: Duration = 800 * MILLISECOND
    """How often each member is probed. Detection waits half of it on average; idle bytes
    are about (ping + ack) / interval, so 20 % faster costs 25 % more bytes."""

    round: Duration = 800 * MILLISECOND
    """From the first ping to the round's verdict; at most `interval`. Longer tolerates
    longer pauses and delays every detection by as much."""

    timeout: Duration = 300 * MILLISECOND
    """How long the first ping may go unanswered while the peer's round trip is unknown,
    and the most it may where it is known; then: another ping, relays and a stream."""

    timeout_min: Duration = 120 * MILLISECOND
    """The least that srtt + 4 rttvar (RFC 6298) may set the timeout to. Lower finds a lost
    ping sooner and asks relays more often about members that are only slow."""

    relays: int = 3
    """How many are asked to ping a member that did not answer us (SWIM's k)."""

    nack_percent: int = 80
    """Share of the time left in the round after which a relay says nack (Lifeguard 4.1);
    above 90 the nack comes when the round is over and counts for nothing."""

    health_max: int = 7
    """Highest local health score; interval and timeouts stretch by score + 1."""

    deaf_after: Duration = 2_500 * MILLISECOND
    """Who got no reply to anything for so long accuses and buries nobody. Must exceed
    `round`, and stay below round + tries x try timeout, or a deaf member could accuse."""

    stall: Duration = 400 * MILLISECOND
    """An `advance` that comes later than this says that this process itself was away:
    what it was about to conclude is checked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionConfig:
    """How a suspicion becomes a verdict: by evidence first, by waiting only where none comes.

    A pause is survived up to about round + tries x try_timeout + last_call.
    """

    confirmers: int = 4
    """K: how many members, by hash of (subject, incarnation), probe a suspect at once."""

    accusers: int = 3
    """H: how many must accuse, the suspecter counted. 2 buries the living at 25 % loss,
    4 costs a fifth more bytes and gains nothing."""

    tries: int = 5
    """Pings of one confirmer. More short tries beat fewer long ones under loss."""

    try_timeout: Duration = 350 * MILLISECOND
    """How long each try waits; above the longest round trip of the pool."""

    receipt_timeout: Duration = 250 * MILLISECOND
    """A confirmer that has not said by then that it is at work is replaced by the next."""

    last_call: Duration = 300 * MILLISECOND
    """With enough accusers known, everyone pings the subject and waits so long."""

    last_ping: Duration = 50 * MILLISECOND
    """How long before the end of the last call the second ping goes; above a round trip."""

    alpha: int = 4
    """Lifeguard's suspicion minimum is alpha log10(n) intervals: the fallback where too few
    accusers are to be found."""

    beta: int = 6
    """The fallback starts at beta times that minimum and shrinks with confirmations."""

    by_group: bool = False
    """Count confirmations per cluster, other than the subject's (design 3.1)."""

    confirmations_max: int = 64
    """How many suspects one member probes for others at a time; more are not receipted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GossipConfig:
    """Infection-style broadcast (SWIM 4.1)."""

    interval: Duration = 100 * MILLISECOND
    """Pause between gossip while there is some; the first after quiet goes at once."""

    fanout: int = 3
    """To how many members each time."""

    retransmit: int = 8
    """A broadcast is sent ceil(retransmit x log10(n + 1)) times by each member, duplicates
    that were heard counted: fewer leave gaps to anti-entropy, more are bytes."""

    payload_retransmit: int = 15
    """A payload of the layer above is sent so often at least: half of that comes to each member on
    average, so e^-7.5 of them miss it; in a pool of 12 the formula alone left out one in a hundred.
    From a pool of 75 on the formula asks for more."""

    datagram_bytes: int = 1_200
    """Largest datagram before sealing: fits the least MTU of IPv6 with room to spare."""

    to_the_dead: Duration = 30 * SECOND
    """How long after a verdict the dead still get gossip, so that a live one can object."""

    queue_max: int = 4_096
    """Most broadcasts held; the most often sent is dropped for a new one, and counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbationConfig:
    """The way back from the dead: for ever open, and slow."""

    interval: Duration = 10 * SECOND
    """Each member probes one dead member so often, for ever: a partition of m members finds
    itself again within about interval / m, at 0.1 ping a second."""

    eager_interval: Duration = 250 * MILLISECOND
    """The same for `eager` after somebody came back: where one returns, others will."""

    eager: Duration = 5 * SECOND
    """How long it stays eager."""

    answers: int = 3
    """Answers that one observer wants before it vouches for the return."""

    spacing: Duration = 1 * SECOND
    """Pause between its questions."""

    concurrent: int = 8
    """How many returns one member watches over at a time."""

    hold_down: Duration = 20 * SECOND
    """From the second death on a member stays dead so long, doubling with each."""

    hold_down_max: Duration = 2 * MINUTE
    """The longest hold-down."""

    forgive: Duration = 10 * MINUTE
    """A member that lived so long starts again with a clean record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncConfig:
    """Anti-entropy of the member list, and joining."""

    settle: Duration = 1 * SECOND
    """Fingerprints that differ for less are a rumour on its way; above gossip's time to
    reach everyone."""

    impatient: Duration = 1_500 * MILLISECOND
    """Fingerprints that differ for so long are compared even while ours keeps changing."""

    gap: Duration = 800 * MILLISECOND
    """Least pause between two comparisons that this member starts."""

    timeout: Duration = 3 * SECOND
    """How long one request may take."""

    join_retry: Duration = 500 * MILLISECOND
    """While nobody is known every seed is asked so often, each time on a new stream: a
    lost SYN would cost a second."""

    follow_ups: int = 3
    """How many more comparisons with a seed follow a join, one each `gap`: when many join at
    once the first answer is old before it arrives."""

    seed_interval: Duration = 10 * SECOND
    """How often one seed that is no live member is asked, for ever."""

    frame_bytes: int = 65_536
    """Largest frame on a stream; longer answers are asked for in parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """Is the node silent, or only its agent dead? (design, section 3)."""

    checkers: int = 3
    """How many members, by hash of the node, connect to its own address."""

    interval: Duration = 3 * MINUTE
    """How often they do while its agent lives; an answer counts for `valid`."""

    valid: Duration = 10 * MINUTE
    """Silence counts only at an address that had answered within this time."""

    timeout: Duration = 700 * MILLISECOND
    """How long one connect waits; above three round trips."""

    tries: int = 2
    """Connects that must all be met with silence."""

    recheck: Duration = 5 * SECOND
    """How often a node whose agent is dead is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitConfig:
    """What anybody can make this member hold or do."""

    members: int = 5_000
    """Members known at once, the dead included; more are refused and counted."""

    certificate_bytes: int = 512
    """Largest certificate."""

    remember_gone: Duration = 26 * 60 * MINUTE
    """How long a member that left is remembered while nobody took its place, so that no stale
    claim out of a partition of a day brings it back; it costs its place in `members`."""

    broadcast_bytes: int = 1_000
    """Largest payload and key together of the layer above."""

    relays: int = 256
    """Probes made for others at a time; more are not answered."""

    proofs: int = 64
    """Proofs of life signed per second at most: a signature costs 40 us."""

    refutations: int = 4
    """Refutations made per second at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorConfig:
    """All of the detector's configuration; raises every fault of it at once.

    `pool` is signed with every claim, so that a claim of one pool is worth nothing in
    another.
    """

    pool: bytes = b"lan"
    probe: ProbeConfig = ProbeConfig()
    suspicion: SuspicionConfig = SuspicionConfig()
    gossip: GossipConfig = GossipConfig()
    probation: ProbationConfig = ProbationConfig()
    sync: SyncConfig = SyncConfig()
    node: NodeConfig = NodeConfig()
    limit: LimitConfig = LimitConfig()

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid detector configuration", found)

    @classmethod
    def lan(cls) -> "DetectorConfig":
        """One cluster's nodes: round trips of a few milliseconds."""
        return cls()

    @classmethod
    def wan(cls) -> "DetectorConfig":
        """Bridges of all clusters: round trips up to 200 ms.

        As fast as `lan`, because a verdict here only moves traffic to the last tier; what
        differs is whose word counts, and the waits that must exceed a round trip.
        """
        return cls(
            pool=b"wan",
            probe=ProbeConfig(timeout=350 * MILLISECOND, deaf_after=2_300 * MILLISECOND),
            suspicion=SuspicionConfig(
                tries=4,
                try_timeout=400 * MILLISECOND,
                receipt_timeout=400 * MILLISECOND,
                last_call=450 * MILLISECOND,
                last_ping=220 * MILLISECOND,
                by_group=True,
            ),
            gossip=GossipConfig(fanout=4),
            node=NodeConfig(timeout=1 * SECOND),
        )

    @classmethod
    def loopback(cls) -> "DetectorConfig":
        """Agents of one machine, for the demonstration: twice as fast, pauses of 1 s survived.

        Twice the bytes of `lan`, and a machine that swaps will see false verdicts.
        """
        return cls(
            pool=b"loop",
            probe=ProbeConfig(
                interval=400 * MILLISECOND,
                round=400 * MILLISECOND,
                timeout=150 * MILLISECOND,
                deaf_after=1_300 * MILLISECOND,
            ),
            suspicion=SuspicionConfig(tries=5, try_timeout=200 * MILLISECOND),
            probation=ProbationConfig(interval=2 * SECOND, spacing=500 * MILLISECOND),
            node=NodeConfig(interval=10 * SECOND, recheck=2 * SECOND),
        )

    def with_overrides(self, overrides: Mapping[str, int]) -> "DetectorConfig":
        """Return a copy with e.g. `{"probe.interval": 500_000}` set; raises all faults at once.

        Raises an `ExceptionGroup` of `ConfigError` for unknown paths and for what the
        changed configuration breaks.
        """
        unknown: list[Exception] = []
        config = self
        sections = {field.name: getattr(self, field.name) for field in fields(self)}
        for path, value in sorted(overrides.items()):
            section, _, name = path.partition(".")
            known = {f.name for f in fields(sections[section])} if section in _SECTIONS else set()
            if name not in known:
                unknown.append(ConfigError(f"$.{path}", "is not an option of the detector"))
                continue
            sections[section] = replace(sections[section], **{name: value})
        try:
            config = replace(self, **sections)
        except ExceptionGroup as group:
            unknown.extend(group.exceptions)
        if unknown:
            raise ExceptionGroup("invalid detector configuration", unknown)
        return config


_SECTIONS = ("probe", "suspicion", "gossip", "probation", "sync", "node", "limit")


def _faults(config: DetectorConfig) -> Iterator[ConfigError]:
    pool: object = config.pool  # A file may have given text.
    if not isinstance(pool, bytes) or not 1 <= len(pool) <= 16:
        yield ConfigError("$.pool", "must have 1 to 16 bytes")
    numbers: dict[str, int] = {}
    for section in _SECTIONS:
        part = getattr(config, section)
        for field in fields(part):
            path, value = f"{section}.{field.name}", getattr(part, field.name)
            fault = number_fault(field.name, value)
            if fault is None:
                numbers[path] = value
            else:
                yield ConfigError(f"$.{path}", fault)
    yield from broken_relations(numbers)
