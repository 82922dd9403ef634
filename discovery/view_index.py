"""What one origin says, by service: packed bytes, shared with its set, and a few counts.

Each record is checked when it comes in and read when somebody asks. One that is malformed inside a
set that is whole and signed is refused; the last good version of its key stays in force until the
key changes again, and the refusal shows meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from discovery.endpoints import EndpointPort
from discovery.holdings import (
    Held,
    Holding,
    RecordFault,
    Remains,
    head_of,
    parsed,
    ports_of,
    shown_key,
)
from discovery.keys import Kind, RecordKey
from discovery.names import Origin, ServiceName
from discovery.policy import TrafficPolicy, read_travelling
from discovery.ramps import FULL_WEIGHT, Acks, Ramp, is_acknowledged
from discovery.records import (
    AckRecord,
    ClusterRecord,
    ExportRecord,
    decode_ack,
    decode_cluster,
    decode_drain,
    decode_policy,
)
from discovery.recordset import Change
from discovery.refusals import Refused
from discovery.tally import NOBODY, Tally, tally_endpoints, total_tally
from failure_detect.clock import Instant

_UNKNOWN_CLUSTER = ClusterRecord()


@dataclass(slots=True)
class Touched:
    """What a batch of changes touched."""

    services: dict[ServiceName, None] = field(default_factory=dict)
    heads: dict[ServiceName, None] = field(default_factory=dict)
    """Of these the head came, went or changed."""
    cluster: bool = False
    drains: dict[ServiceName | None, None] = field(default_factory=dict)
    acks: dict[Origin, None] = field(default_factory=dict)
    policies: dict[ServiceName, TrafficPolicy | None] = field(default_factory=dict)


class OriginIndex:
    """All that one origin says, as far as it is understood here."""

    __slots__ = (
        "acks",
        "cluster",
        "down",
        "drains",
        "edition",
        "faults",
        "held",
        "holdings",
        "origin",
        "policies",
        "remains",
    )

    def __init__(self, origin: Origin) -> None:
        """Know nothing of `origin`."""
        self.origin = origin
        self.cluster = _UNKNOWN_CLUSTER
        self.holdings: dict[ServiceName, Holding] = {}
        self.drains: dict[ServiceName | None, Ramp] = {}
        self.acks: dict[tuple[Origin, ServiceName | None], AckRecord] = {}
        self.policies: dict[ServiceName, TrafficPolicy] = {}
        self.faults: dict[bytes, RecordFault] = {}
        self.down: frozenset[str] = NOBODY
        self.held: dict[ServiceName, Held] = {}
        self.remains: dict[ServiceName, Remains] = {}
        self.edition = 0
        """Grows whenever anything of `holdings` may have changed."""

    def apply(self, changes: Iterable[Change], now: Instant, edition: int) -> Touched:
        """Take what became of records; `edition` is above all that were given before."""
        self.edition, touched = edition, Touched()
        edits: dict[ServiceName, list[tuple[int, bytes | None, Tally]]] = {}
        for name in [name for name in self.remains if name not in self.held]:
            del self.remains[name]
        for change in changes:
            try:
                key = parsed(change.key)
                self._take(key, change, now, touched, edits)
                self.faults.pop(change.key, None)
            except Refused as refused:
                self._refuse(change, refused, touched)
        for service, edited in edits.items():
            self._edit(service, edited, edition)
            touched.services[service] = None
        for service in touched.heads:
            self._sweep(service)
            touched.services[service] = None
        return touched

    def _take(
        self,
        key: RecordKey,
        change: Change,
        now: Instant,
        touched: Touched,
        edits: dict[ServiceName, list[tuple[int, bytes | None, Tally]]],
    ) -> None:
        match key.kind, key.service:
            case Kind.ENDPOINTS, ServiceName() as service:
                data = change.after
                tally = (
                    () if data is None else tally_endpoints(data, shown_key(change.key), self.down)
                )
                edits.setdefault(service, []).append((key.number, data, tally))
            case Kind.EXPORT, ServiceName() as service:
                head = (
                    None if change.after is None else head_of(change.after, shown_key(change.key))
                )
                self._set_head(service, head)
                touched.heads[service] = None
            case _:
                self._take_other(key, change, now, touched)

    def _take_other(self, key: RecordKey, change: Change, now: Instant, touched: Touched) -> None:
        data, what = change.after, shown_key(change.key)
        match key.kind:
            case Kind.CLUSTER:
                self.cluster = _UNKNOWN_CLUSTER if data is None else decode_cluster(data, what)
                touched.cluster = True
            case Kind.DRAIN:
                self._set_drain(key.service, data, what, now)
                touched.drains[key.service] = None
            case Kind.ACK if key.origin is not None:
                if data is None:
                    self.acks.pop((key.origin, key.service), None)
                else:
                    self.acks[key.origin, key.service] = decode_ack(data, what)
                touched.acks[key.origin] = None
            case Kind.POLICY if key.service is not None:
                self._set_policy(key.service, data, what)
                touched.policies[key.service] = self.policies.get(key.service)
            case _:
                pass  # Of a later version: kept and passed on by the catalog, nothing to us.

    def _set_head(self, service: ServiceName, head: ExportRecord | None) -> None:
        holding = self.holdings.get(service)
        if holding is None:
            if head is None:
                return
            holding = self.holdings[service] = Holding()
        if head is None and holding.head is not None:
            self._keep(service, holding)
        holding.head = head

    def _set_drain(
        self, service: ServiceName | None, data: bytes | None, what: str, now: Instant
    ) -> None:
        if data is None:
            self.drains.pop(service, None)
            return
        record, old = decode_drain(data, what), self.drains.get(service)
        ramp = Ramp(record, now) if old is None else old.succeeded_by(record, now)
        self.drains[service] = ramp

    def _set_policy(self, subject: ServiceName, data: bytes | None, what: str) -> None:
        if data is None:
            self.policies.pop(subject, None)
            return
        record = decode_policy(data, what)
        policy = read_travelling(self.origin, subject, record.spec, record.created_at)
        self.policies[subject] = policy

    def _refuse(self, change: Change, refused: Refused, touched: Touched) -> None:
        if change.after is None:  # A key that was never understood has gone.
            self.faults.pop(change.key, None)
            return
        try:
            key = parsed(change.key)
        except Refused:
            key = RecordKey(Kind.UNKNOWN)
        known = self._knows(key)
        about = key.service if key.kind in (Kind.ENDPOINTS, Kind.EXPORT) else None
        self.faults[change.key] = RecordFault(
            self.origin, change.key, refused.reason, refused.what, known, about
        )
        if about is not None:
            touched.services[about] = None

    def _knows(self, key: RecordKey) -> bool:
        holding = None if key.service is None else self.holdings.get(key.service)
        known = False
        match key.kind:
            case Kind.CLUSTER:
                known = self.cluster is not _UNKNOWN_CLUSTER
            case Kind.EXPORT:
                known = holding is not None and holding.head is not None
            case Kind.ENDPOINTS:
                known = holding is not None and key.number in holding.numbers
            case Kind.POLICY:
                known = key.service in self.policies
            case Kind.DRAIN:
                known = key.service in self.drains
            case Kind.ACK if key.origin is not None:
                known = (key.origin, key.service) in self.acks
            case _:
                pass
        return known

    def _edit(
        self,
        service: ServiceName,
        edited: Sequence[tuple[int, bytes | None, Tally]],
        edition: int,
    ) -> None:
        holding = self.holdings.get(service)
        if holding is None:
            holding = self.holdings[service] = Holding()
        had = bool(holding.values)
        rows = {
            number: (value, tally)
            for number, value, tally in zip(
                holding.numbers, holding.values, holding.tallies, strict=True
            )
        }
        for number, value, tally in edited:
            if value is None:
                rows.pop(number, None)
            else:
                rows[number] = (value, tally)
        if had and not rows:
            self._keep(service, holding)
        holding.numbers = numbers = tuple(sorted(rows))
        holding.values = tuple(rows[number][0] for number in numbers)
        self._set_tallies(holding, tuple(rows[number][1] for number in numbers))
        holding.edition = edition
        self._sweep(service)

    def _set_tallies(self, holding: Holding, tallies: tuple[Tally, ...]) -> None:
        holding.tallies = tallies
        holding.tally = tallies[0] if len(tallies) == 1 else total_tally(tallies)

    def _sweep(self, service: ServiceName) -> None:
        holding = self.holdings.get(service)
        if holding is not None and holding.is_empty():
            del self.holdings[service]

    def _keep(self, service: ServiceName, holding: Holding) -> None:
        old = self.remains.get(service)
        head = holding.head if holding.head is not None or old is None else old.head
        ports = ports_of(holding.values[0]) if holding.values else (old.ports if old else ())
        self.remains[service] = Remains(head, ports)

    # --- overlays, guards, questions -----------------------------------------------------

    def set_down(self, nodes: frozenset[str], edition: int) -> list[ServiceName]:
        """Take the nodes that are down, all of them; return the services that may differ."""
        changed = [node.encode() for node in sorted(nodes ^ self.down)]
        self.down = nodes
        if not changed:
            return []
        self.edition = edition
        return [
            service
            for service, holding in self.holdings.items()
            if self._recount(holding, changed, edition)
        ]

    def _recount(self, holding: Holding, nodes: Sequence[bytes], edition: int) -> bool:
        tallies = list(holding.tallies)
        touched = False
        for at, value in enumerate(holding.values):
            if any(node in value for node in nodes):
                tallies[at] = tally_endpoints(value, "record", self.down)
                touched = True
        if touched:
            self._set_tallies(holding, tuple(tallies))
            holding.edition = edition
        return touched

    def services(self) -> list[ServiceName]:
        """Return the services that it says anything about, or of which a guard holds some."""
        return [*self.holdings, *(name for name in self.held if name not in self.holdings)]

    def head_of(self, service: ServiceName) -> ExportRecord | None:
        """Return the head that counts: the set's, or the last one where a guard holds some."""
        holding = self.holdings.get(service)
        if holding is not None and holding.head is not None:
            return holding.head
        remains = self.remains.get(service)
        return remains.head if remains is not None and service in self.held else None

    def held_ports(self, service: ServiceName) -> tuple[EndpointPort, ...]:
        """Return the ports on which endpoints that a guard holds are taken to listen."""
        holding, remains = self.holdings.get(service), self.remains.get(service)
        if holding is not None and holding.values:
            return ports_of(holding.values[0])
        if remains is not None and remains.ports:
            return remains.ports
        head = self.head_of(service)
        ports = () if head is None else head.ports
        return tuple(EndpointPort(port.name, port.port, port.protocol) for port in ports)

    def ramp_weight(self, drained: ServiceName | None, now: Instant, acks: Acks) -> int:
        """Return what the drain of a service, or of all of the cluster, leaves, from 1000 to 0.

        One that `acks`, our own word of before, call done leaves nothing at once.
        """
        ramp = self.drains.get(drained)
        if ramp is None:
            return FULL_WEIGHT
        return 0 if is_acknowledged(ramp, self.origin, drained, acks) else ramp.weight(now)

    def drain_weight(self, service: ServiceName, now: Instant, acks: Acks) -> int:
        """Return what drains of the cluster and of the service leave, from 1000 to 0."""
        if not self.drains:
            return FULL_WEIGHT
        return min(self.ramp_weight(each, now, acks) for each in (None, service))
