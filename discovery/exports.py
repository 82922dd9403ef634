"""What a cluster wants to publish, and how it is packed into records: pure, and by service.

Rule 1: a packing is exactly what was wanted. Each record is decoded again before it is taken; what
a peer would refuse, or would read as anything else, is refused here, whole, by service or record,
and the last good one stays. Rule 2: only what changed is encoded: a service costs its endpoints
once and its changed records, the set the branches that they lie in. Rule 3: a packing is recovered
from any set of our own, whoever signed it. What this version would not write in it, unknown kinds
and fields included, does not survive the first whole packing: nobody here could vouch for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, TypeVar

from discovery.assignment import Placement, Ports, count_placed, placed, with_vanished
from discovery.endpoints import Endpoint, EndpointRecord, decode_endpoints, encode_endpoints
from discovery.keys import (
    CLUSTER_KEY,
    Kind,
    ack_key,
    drain_key,
    endpoints_key,
    export_key,
    parse_key,
    policy_key,
)
from discovery.names import Origin, ServiceName
from discovery.records import (
    AckRecord,
    ClusterRecord,
    DrainRecord,
    ExportRecord,
    PolicyRecord,
    decode_ack,
    decode_cluster,
    decode_drain,
    decode_export,
    decode_policy,
    encode_ack,
    encode_cluster,
    encode_drain,
    encode_export,
    encode_policy,
)
from discovery.recordset import BUCKET_BYTES_MAX, EMPTY, RecordSet
from discovery.refusals import Refusal, Refused

Edits: TypeAlias = dict[bytes, bytes | None]
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Exported:
    """A service that is exported: its head, and its endpoints by the ports they listen on."""

    service: ServiceName
    head: ExportRecord
    endpoints: Mapping[Ports, tuple[Endpoint, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What a cluster says beside its exports."""

    cluster: ClusterRecord = field(default_factory=ClusterRecord)
    policies: Mapping[tuple[str, str], PolicyRecord] = field(default_factory=dict)
    """By namespace and name."""
    drains: Mapping[ServiceName | None, DrainRecord] = field(default_factory=dict)
    """By service; None is the whole cluster."""
    acks: Mapping[Origin, AckRecord] = field(default_factory=dict)
    """By the origin whose drain is obeyed."""
    service_acks: Mapping[tuple[Origin, ServiceName], AckRecord] = field(default_factory=dict)
    """By the origin, and by the service of which its drain is obeyed."""


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything that a cluster wants to publish."""

    exports: Mapping[ServiceName, Exported]
    statements: Statements

    @classmethod
    def of(cls, exports: Iterable[Exported], statements: Statements | None = None) -> "Desired":
        """Return the state with these exports; of two of one service the later counts."""
        return cls({each.service: each for each in exports}, statements or Statements())


NOTHING = Desired({}, Statements())


@dataclass(frozen=True, slots=True)
class Packing:
    """A set of records together with what its publisher has to know of it."""

    records: RecordSet
    placements: Mapping[ServiceName, Placement]
    """Of each exported service, which record holds which endpoint."""
    others: frozenset[bytes]
    """The keys of all records that belong to no service."""
    endpoints: int
    """How many endpoints there are."""


NO_PACKING = Packing(EMPTY, {}, frozenset(), 0)


@dataclass(frozen=True, slots=True)
class Repacked:
    """The next packing, and what was refused on the way: its record, and why."""

    packing: Packing
    statements: tuple[Refused, ...]
    """Of statements, all that were looked at."""
    exports: Mapping[ServiceName, Refused]
    """Of services, those that were looked at."""
    crowded: Mapping[ServiceName | None, Refused] = field(default_factory=dict)
    """Services, and statements under None, that would make a bucket too large for everybody: to be
    tried again when others have made room."""

    @property
    def refused(self) -> tuple[Refused, ...]:
        """All that was refused, but for want of room."""
        return (*self.statements, *self.exports.values())


def recovered(records: RecordSet) -> Packing:
    """Return the packing of a set of our own, so that whoever goes on keeps its assignment.

    What is no record of ours, or not as this version writes it, counts as one of the others, which
    go or are written anew with the next whole packing.
    """
    placements: dict[ServiceName, dict[int, EndpointRecord]] = {}
    others: list[bytes] = []
    rewritten: Edits = {}
    for key, value in records:
        try:
            parsed = parse_key(key)
            if parsed.service is not None and parsed.kind is Kind.EXPORT:
                placements.setdefault(parsed.service, {})
            elif parsed.service is not None and parsed.kind is Kind.ENDPOINTS:
                record = decode_endpoints(value, "endpoints")
                placements.setdefault(parsed.service, {})[parsed.number] = record
                rewritten[key] = encode_endpoints(record)
            else:
                others.append(key)
        except Refused:
            others.append(key)
    count = sum(map(count_placed, placements.values()))
    return Packing(_edited(records, rewritten), placements, frozenset(others), count)


def repacked(
    held: Packing,
    exports: Mapping[ServiceName, Exported | None],
    statements: Statements | None = None,
) -> Repacked:
    """Return `held` with some services changed (None: exported no more), and all statements.

    Statements that are None stay as they are. What is refused leaves its service, or its record,
    as it was. Never raises.
    """
    done = _repacked(held, exports, statements)
    if done.packing.records.overfull(held.records) is None:
        return done
    return _one_by_one(held, exports, statements)


def _one_by_one(
    held: Packing, exports: Mapping[ServiceName, Exported | None], statements: Statements | None
) -> Repacked:
    """Do the same, slowly: what would overfill a bucket is refused, what makes room comes first."""
    gone = {service: None for service, exported in exports.items() if exported is None}
    done = _repacked(held, gone, None)
    packing, refused = done.packing, dict(done.exports)
    stated: list[Refused] = []
    crowded: dict[ServiceName | None, Refused] = {}
    if statements is not None:
        packing, full = _stated_one_by_one(packing, statements, stated)
        crowded |= {None: full} if full else {}
    for service, exported in exports.items():
        if exported is None:
            continue
        done = _repacked(packing, {service: exported}, None)
        found = done.packing.records.overfull(packing.records)
        if found is None:
            packing = done.packing
            refused |= done.exports
        else:
            crowded[service] = _no_room(f"export/{service}", *found)
    return Repacked(packing, tuple(stated), refused, crowded)


def _stated_one_by_one(
    held: Packing, statements: Statements, refused: list[Refused]
) -> tuple[Packing, Refused | None]:
    """Return `held` with those statements for which there is room, and why not with all."""
    others, edits = _statement_edits(held, statements, refused)
    records, full = held.records, None
    for key in sorted(edits, key=lambda each: (edits[each] is not None, each)):
        stated = _edited(records, {key: edits[key]})
        found = stated.overfull(records)
        if found is None:
            records = stated
            continue
        full = _no_room(key.decode(errors="replace"), *found)
        if key not in held.others:
            others -= {key}
    return Packing(records, held.placements, others, held.endpoints), full


def _no_room(what: str, bucket: int, size: int) -> Refused:
    return Refused(
        Refusal.OVERSIZED,
        f"{what}: bucket {bucket} would have {size} bytes, peers take {BUCKET_BYTES_MAX}: publish "
        "smaller records there, or under another name",
    )


def _repacked(
    held: Packing,
    exports: Mapping[ServiceName, Exported | None],
    statements: Statements | None,
) -> Repacked:
    edits: Edits = {}
    stated: list[Refused] = []
    refused: dict[ServiceName, Refused] = {}
    placements = dict(held.placements)
    count, others = held.endpoints, held.others
    if statements is not None:  # First: a key among the others may belong to a service by now.
        others, edits = _statement_edits(held, statements, stated)
    for service, exported in exports.items():
        before = held.placements.get(service, {})
        try:
            after, changed = _service_edits(service, before, exported)
        except Refused as error:
            refused[service] = error
            continue
        edits |= changed
        count += count_placed(after) - count_placed(before)
        placements[service] = after
        if exported is None:
            del placements[service]
    packing = Packing(_edited(held.records, edits), placements, others, count)
    return Repacked(packing, tuple(stated), refused)


def held_back(held: Placement, exported: Exported) -> Exported:
    """Return `exported` with all endpoints that are held and would vanish, as they were."""
    both = with_vanished(held, exported.endpoints)
    return Exported(
        exported.service, exported.head, {ports: tuple(each) for ports, each in both.items()}
    )


def _edited(records: RecordSet, edits: Edits) -> RecordSet:
    new = {key: value for key, value in edits.items() if records.get(key) != value}
    put = {key: value for key, value in new.items() if value is not None}
    gone = [key for key, value in new.items() if value is None]
    return records.updated(put, gone) if put or gone else records


def _service_edits(
    service: ServiceName, held: Placement, exported: Exported | None
) -> tuple[Placement, Edits]:
    service = ServiceName(_ascii(service.namespace), _ascii(service.name))
    try:
        head = export_key(service)
    except ValueError as error:
        raise Refused(Refusal.MALFORMED, f"export/{service}: {error}") from error
    edits: Edits = {}
    after: Placement = {}
    if exported is not None:
        try:
            after = placed(held, exported.endpoints)
        except ValueError as error:
            raise Refused(Refusal.MALFORMED, f"endpoints/{service}: {error}") from error
    for number in held.keys() - after.keys():
        edits[endpoints_key(service, number)] = None
    for number, record in after.items():
        if held.get(number) is not record:
            key = endpoints_key(service, number)
            edits[key] = _checked(key, record, encode_endpoints, decode_endpoints)
    edits[head] = None
    if exported is not None:
        edits[head] = _checked(head, exported.head, encode_export, decode_export)
    return after, edits


def _statement_edits(
    held: Packing, statements: Statements, refused: list[Refused]
) -> tuple[frozenset[bytes], Edits]:
    edits: Edits = dict.fromkeys(held.others)
    kept: list[bytes] = []
    for key, encoded in _statements(statements):
        kept.append(key)
        try:
            edits[key] = encoded()
        except Refused as error:
            refused.append(error)
            edits.pop(key, None)
            if key not in held.others:
                kept.pop()
    return frozenset(kept), edits


def _statements(statements: Statements) -> Iterator[tuple[bytes, Callable[[], bytes]]]:
    cluster = statements.cluster
    yield CLUSTER_KEY, lambda: _checked(CLUSTER_KEY, cluster, encode_cluster, decode_cluster)
    for (namespace, name), policy in statements.policies.items():
        key = partial(policy_key, _ascii(namespace), _ascii(name))
        yield _stated(key, policy, encode_policy, decode_policy)
    for service, drain in statements.drains.items():
        about = service and _ascii_service(service)
        yield _stated(partial(drain_key, about), drain, encode_drain, decode_drain)
    for origin, ack in statements.acks.items():
        yield _stated(partial(ack_key, Origin(_ascii(origin))), ack, encode_ack, decode_ack)
    for (origin, obeyed), ack in statements.service_acks.items():
        key = partial(ack_key, Origin(_ascii(origin)), _ascii_service(obeyed))
        yield _stated(key, ack, encode_ack, decode_ack)


def _ascii_service(service: ServiceName) -> ServiceName:
    return ServiceName(_ascii(service.namespace), _ascii(service.name))


def _ascii(name: str) -> str:
    """Return a name as it is, or as something that can be written and is refused as a name."""
    return name.encode("ascii", "replace").decode()


def _stated(
    write_key: Callable[[], bytes],
    record: _Record,
    encode: Callable[[_Record], bytes],
    decode: Callable[[bytes, str], _Record],
) -> tuple[bytes, Callable[[], bytes]]:
    """Return the key of a statement and what encodes it; of a name that is none, what refuses."""
    try:
        key = write_key()
    except ValueError as error:
        refused = Refused(Refusal.MALFORMED, str(error))
        return b"", partial(_refuse, refused)
    return key, lambda: _checked(key, record, encode, decode)


def _refuse(refused: Refused) -> bytes:
    raise refused


def _checked(
    key: bytes,
    record: _Record,
    encode: Callable[[_Record], bytes],
    decode: Callable[[bytes, str], _Record],
) -> bytes:
    """Return the record as bytes that every peer reads as this very record; else `Refused`."""
    what = key.decode(errors="replace")
    try:
        parse_key(key)
        value = encode(record)
    except (ValueError, OverflowError, TypeError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(Refusal.MALFORMED, f"{what}: {error}") from error
    if decode(value, what) != record:
        raise Refused(Refusal.MALFORMED, f"{what}: peers would read it as something else")
    return value
