"""One service out of many exports, as the Kubernetes MCS API has it (KEP-1645).

Precedence: the local export where one is named, then the higher precedence of the import rules,
then the older export, then the origin's name. Whoever comes first wins a conflict; each conflict
is reported on every export of the service that has a part in it, and costs nobody its endpoints.

Ports are united, by name first and then by (protocol, port). A port that only some export is no
conflict; it names those that serve it, so that nobody sends its traffic to others. A port that has
another name in the merged service keeps its endpoints under that name (`Merged.port_name`), and so
does the one that has none, where there are others: of several, Kubernetes wants all named.

`merge` is a pure function of the exports, in any order, and of `local`. With `local=None` all
clusters of one catalog and one trust compute the same; with it, each may differ from the others in
who comes first, and in what follows from that.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from discovery.names import Origin
from discovery.records import ExportRecord, ServicePort, ServiceType

DEFAULT_AFFINITY_TIMEOUT_S = 10_800
"""What Kubernetes takes for ClientIP where nothing is said."""


class ConflictReason(StrEnum):
    """The reasons of the API's condition Conflict; several are joined by commas."""

    PORT = "PortConflict"
    TYPE = "TypeConflict"
    SESSION_AFFINITY = "SessionAffinityConflict"
    SESSION_AFFINITY_CONFIG = "SessionAffinityConfigConflict"
    ANNOTATIONS = "AnnotationsConflict"
    LABELS = "LabelsConflict"
    INTERNAL_TRAFFIC_POLICY = "InternalTrafficPolicyConflict"
    TRAFFIC_DISTRIBUTION = "TrafficDistributionConflict"
    IP_FAMILY = "IPFamilyConflict"


NO_CONFLICTS = "NoConflicts"
"""The reason of the condition Conflict where there is none."""


@dataclass(frozen=True, slots=True)
class Export:
    """What one origin exports under the service's name, and what trust thinks of it."""

    origin: Origin
    head: ExportRecord
    precedence: int = 0
    """`ImportRule.precedence`."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One disagreement between exports."""

    reason: ConflictReason
    winner: Origin
    losers: tuple[Origin, ...]
    """By name."""
    concerned: tuple[Origin, ...]
    """On whose exports it is reported, by name: the winner, the losers, who agrees with them."""
    what: str
    """What is disagreed about, in words."""


@dataclass(frozen=True, slots=True)
class MergedPort:
    """A port of the merged service."""

    port: ServicePort
    origins: tuple[Origin, ...]
    """Who serves it, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One service as all its exports together make it."""

    order: tuple[Origin, ...]
    """The exporters in the order of precedence."""
    ports: tuple[MergedPort, ...]
    type: ServiceType
    session_affinity: str
    session_affinity_timeout_s: int | None
    internal_traffic_policy: str
    traffic_distribution: str
    ip_families: tuple[str, ...]
    """What all have in common, in the order of the first; empty where nobody says."""
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    service_accounts: tuple[tuple[Origin, str], ...]
    """Of each exporter that names one, by origin."""
    conflicts: tuple[Conflict, ...]
    renamed: tuple[tuple[Origin, str, str], ...] = ()
    """(origin, its name of a port, the name of that port here) where these differ."""

    def conflicts_of(self, origin: Origin) -> tuple[Conflict, ...]:
        """Return the conflicts to be reported on the export of `origin`."""
        return tuple(each for each in self.conflicts if origin in each.concerned)

    def reasons_of(self, origin: Origin) -> str:
        """Return the reason of the condition Conflict of the export of `origin`."""
        reasons = dict.fromkeys(each.reason.value for each in self.conflicts_of(origin))
        return ",".join(reasons) or NO_CONFLICTS

    def port_name(self, origin: Origin, name: str) -> str:
        """Return the name here of the port that `origin` calls `name`."""
        for each, own, ours in self.renamed:
            if each == origin and own == name:
                return ours
        return name


def merge(exports: Sequence[Export], local: Origin | None = None) -> Merged:
    """Return the merged service; the order of `exports`, one or more, does not matter."""
    ranked = sorted(exports, key=lambda each: _rank(each, local))
    first = ranked[0].head
    united = _unite_ports(ranked)
    families, family_conflicts = _common_families(ranked)
    conflicts = [*united.conflicts, *_disagreements(ranked), *family_conflicts]
    by_name = sorted(exports, key=lambda each: each.origin)
    return Merged(
        order=tuple(each.origin for each in ranked),
        ports=tuple(
            MergedPort(port, tuple(sorted(origins))) for port, origins in united.ports.items()
        ),
        type=first.type,
        session_affinity=first.session_affinity,
        session_affinity_timeout_s=first.session_affinity_timeout_s,
        internal_traffic_policy=first.internal_traffic_policy,
        traffic_distribution=first.traffic_distribution,
        ip_families=families,
        labels=tuple(sorted(first.labels.items())),
        annotations=tuple(sorted(first.annotations.items())),
        service_accounts=tuple(
            (each.origin, each.head.service_account)
            for each in by_name
            if each.head.service_account
        ),
        conflicts=tuple(conflicts),
        renamed=tuple(united.renamed),
    )


def _rank(export: Export, local: Origin | None) -> tuple[bool, int, int, Origin]:
    is_local = export.origin == local
    return not is_local, -export.precedence, export.head.exported_at, export.origin


@dataclass(slots=True)
class _United:
    ports: dict[ServicePort, list[Origin]] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    renamed: list[tuple[Origin, str, str]] = field(default_factory=list)


def _unite_ports(ranked: Sequence[Export]) -> _United:
    united = _United()
    by_name: dict[str, ServicePort] = {}
    by_number: dict[tuple[str, int], ServicePort] = {}
    losers: dict[ServicePort, dict[Origin, str]] = {}
    for export in ranked:
        origin, others = export.origin, []
        for port in export.head.ports:
            held = by_name.get(port.name)
            if held is None or held.protocol != port.protocol:
                others.append(port)
                continue
            _serve(united.ports[held], origin)
            if held != port:
                _lose(losers, held, origin, port)
        for port in others:  # By number comes after all that go by name.
            number = (port.protocol, port.port)
            held = by_number.get(number) or by_name.get(port.name)
            if held is None:
                by_name[port.name] = by_number[number] = port
                united.ports[port] = [origin]
                continue
            _lose(losers, held, origin, port)
            if number in by_number and origin not in united.ports[held]:
                _serve(united.ports[held], origin)
                united.renamed.append((origin, port.name, held.name))
    united.conflicts += [
        _port_conflict(held, united.ports[held], theirs) for held, theirs in losers.items()
    ]
    _name_all(united, ranked)
    return united


def _name_all(united: _United, ranked: Sequence[Export]) -> None:
    """Give the unnamed port a name where there are others: Kubernetes takes it only if alone.

    None that another port of anybody has who serves it, lost ports too: they would meet under it.
    """
    unnamed = next((port for port in united.ports if not port.name), None)
    if unnamed is None or len(united.ports) == 1:
        return
    alike = {origin: own for origin, own, ours in united.renamed if not ours}
    taken = {port.name for port in united.ports}
    for each in ranked:
        if each.origin in united.ports[unnamed]:
            own = alike.get(each.origin, "")
            taken.update(port.name for port in each.head.ports if port.name != own)
    aliases = [alias for _, alias, ours in united.renamed if not ours]
    plain = f"{unnamed.protocol.lower()}-{unnamed.port}"
    names = (*aliases, plain, *(f"{plain}-{at}" for at in range(len(taken))))
    name = next(each for each in names if each not in taken)
    united.ports = {
        replace(port, name=name) if port is unnamed else port: origins
        for port, origins in united.ports.items()
    }
    served = [
        (origin, alike.get(origin, "")) for origin in united.ports[replace(unnamed, name=name)]
    ]
    united.renamed = [each for each in united.renamed if each[2]]
    united.renamed += [(origin, own, name) for origin, own in served if own != name]


def _lose(
    losers: dict[ServicePort, dict[Origin, str]],
    held: ServicePort,
    origin: Origin,
    port: ServicePort,
) -> None:
    lost = losers.setdefault(held, {})
    lost[origin] = f"{lost[origin]} and {shown_port(port)}" if origin in lost else shown_port(port)


def _serve(origins: list[Origin], origin: Origin) -> None:
    if origin not in origins:
        origins.append(origin)


def _port_conflict(
    held: ServicePort, origins: Sequence[Origin], theirs: dict[Origin, str]
) -> Conflict:
    winner = origins[0]
    losers = tuple(sorted(theirs))
    words = ", ".join(f"{origin} has {theirs[origin]}" for origin in losers)
    what = f"port {shown_port(held)} of {winner} holds; {words}"
    return Conflict(ConflictReason.PORT, winner, losers, tuple(sorted({*origins, *losers})), what)


def shown_port(port: ServicePort) -> str:
    """Return a port as people write it: `http 80/TCP (http2)`."""
    protocol = f" ({port.app_protocol})" if port.app_protocol else ""
    return f"{port.name or 'unnamed'} {port.port}/{port.protocol}{protocol}"


def _affinity_timeout(head: ExportRecord) -> int | None:
    if head.session_affinity != "ClientIP":
        return None
    return head.session_affinity_timeout_s or DEFAULT_AFFINITY_TIMEOUT_S


_PROPERTIES: tuple[tuple[ConflictReason, str, Callable[[ExportRecord], Hashable]], ...] = (
    (ConflictReason.TYPE, "type", lambda head: head.type.value),
    (ConflictReason.SESSION_AFFINITY, "session affinity", lambda head: head.session_affinity),
    (
        ConflictReason.ANNOTATIONS,
        "annotations",
        lambda head: tuple(sorted(head.annotations.items())),
    ),
    (ConflictReason.LABELS, "labels", lambda head: tuple(sorted(head.labels.items()))),
    (
        ConflictReason.INTERNAL_TRAFFIC_POLICY,
        "internal traffic policy",
        lambda head: head.internal_traffic_policy,
    ),
    (
        ConflictReason.TRAFFIC_DISTRIBUTION,
        "traffic distribution",
        lambda head: head.traffic_distribution,
    ),
)


def _disagreements(ranked: Sequence[Export]) -> list[Conflict]:
    found = []
    for reason, name, value in _PROPERTIES:
        found += _disagreement(ranked, reason, name, value)
        # What lost by its affinity takes its timeout with it: where none holds, none is at odds.
        holds = _affinity_timeout(ranked[0].head) is not None
        if reason is ConflictReason.SESSION_AFFINITY and holds:
            alike = [each for each in ranked if _affinity_timeout(each.head) is not None]
            found += _disagreement(
                alike, ConflictReason.SESSION_AFFINITY_CONFIG, "affinity timeout", _affinity_timeout
            )
    return found


def _disagreement(
    ranked: Sequence[Export],
    reason: ConflictReason,
    name: str,
    value: Callable[[ExportRecord], Hashable],
) -> list[Conflict]:
    values = {each.origin: value(each.head) for each in ranked}
    if len(set(values.values())) < 2:
        return []
    winner = ranked[0].origin
    losers = tuple(sorted(each for each in values if values[each] != values[winner]))
    what = f"{name}: {values[winner]!r} of {winner} holds, {', '.join(losers)} differ"
    return [Conflict(reason, winner, losers, tuple(sorted(values)), what)]


def _common_families(ranked: Sequence[Export]) -> tuple[tuple[str, ...], list[Conflict]]:
    said = [each for each in ranked if each.head.ip_families]
    if not said:
        return (), []
    common, losers = tuple(dict.fromkeys(said[0].head.ip_families)), []
    for each in said[1:]:
        shared = tuple(family for family in common if family in each.head.ip_families)
        if shared:
            common = shared
        else:
            losers.append(each.origin)
    if not losers:
        return common, []
    winner, names = said[0].origin, sorted(losers)
    what = (
        f"IP families: {', '.join(common)} of {winner} hold, {', '.join(names)} have none of them"
    )
    concerned = tuple(sorted(each.origin for each in said))
    return common, [Conflict(ConflictReason.IP_FAMILY, winner, tuple(names), concerned, what)]
