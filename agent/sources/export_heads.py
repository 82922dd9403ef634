"""The head of an exported service: what its Service and its ServiceExport say to other clusters.

What the API server fills in, and a file may leave out, is filled in here as well (protocol TCP,
session affinity None, internal traffic policy Cluster): or clusters that mean the same would
disagree. Labels and annotations travel where the ServiceExport lists them (`exportedLabels`,
`exportedAnnotations`), and no others. An export is as old as its ServiceExport, one by annotation
as its Service; where neither has a `creationTimestamp` it counts as older than all that have.

What cannot be read of a port, a label or an annotation is left out and told; the rest is exported.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.objects import (
    ISTHMUS_GROUP,
    Document,
    ObjectKey,
    at,
    integer_at,
    list_at,
    map_at,
    text_at,
)
from agent.sources.problems import Fault, SourceProblem, shown
from discovery.endpoints import PORTS_MAX, is_port
from discovery.fields import TEXT_CHARACTERS_MAX
from discovery.names import is_label, is_subdomain
from discovery.records import (
    APP_PROTOCOL_CHARACTERS_MAX,
    IP_FAMILIES,
    LABELS_MAX,
    NUMBER_MAX,
    ExportRecord,
    ServicePort,
    ServiceType,
)
from discovery.wall_time import read_time

EXPORT_ANNOTATION = f"{ISTHMUS_GROUP}/export"
ACCOUNT_ANNOTATION = f"{ISTHMUS_GROUP}/service-account"
CAPACITY_ANNOTATION = f"{ISTHMUS_GROUP}/capacity"
"""What the service can take here, in any unit that all its exporters share."""

AFFINITY_TIMEOUT_S_MAX = 86_400
_WORD_CHARACTERS_MAX = 63

_LABEL_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Exporter:
    """A Service that is exported, and the ServiceExport that says so where it is no annotation."""

    key: ObjectKey
    service: Document
    export_key: ObjectKey | None = None
    export: Document | None = None

    @property
    def said_by(self) -> ObjectKey:
        """The object that says that the service is exported: where conditions and problems go."""
        return self.key if self.export_key is None else self.export_key

    def annotation(self, name: str) -> tuple[ObjectKey, object]:
        """Return an annotation, that of the ServiceExport before that of the Service, and whose."""
        if self.export_key is not None:
            value = at(self.export, "metadata", "annotations", name)
            if value is not None:
                return self.export_key, value
        return self.key, at(self.service, "metadata", "annotations", name)


@dataclass(frozen=True, slots=True)
class HeadRead:
    """A head, and what is wrong with what it was read from."""

    head: ExportRecord
    problems: tuple[SourceProblem, ...]


def read_head(exporter: Exporter) -> HeadRead:
    """Return the head of a service, without a ServiceAccount unless an annotation names one.

    It has no ports where none could be read. Never raises.
    """
    reader, service = _Reader(exporter), exporter.service
    affinity = reader.one_of("sessionAffinity", ("None", "ClientIP"), "None")
    head = ExportRecord(
        ports=reader.ports(),
        type=_type(service),
        service_account=reader.account(),
        exported_at=reader.exported_at(),
        session_affinity=affinity,
        session_affinity_timeout_s=reader.affinity_timeout_s() if affinity == "ClientIP" else None,
        internal_traffic_policy=reader.one_of(
            "internalTrafficPolicy", ("Cluster", "Local"), "Cluster"
        ),
        traffic_distribution=reader.distribution(),
        ip_families=reader.families(),
        labels=reader.metadata("exportedLabels", is_label_value),
        annotations=reader.metadata("exportedAnnotations", _is_text),
        capacity=reader.capacity(),
    )
    return HeadRead(head, tuple(reader.problems))


def _type(service: Document) -> ServiceType:
    is_headless = text_at(service, "spec", "clusterIP") == "None"
    return ServiceType.HEADLESS if is_headless else ServiceType.CLUSTER_SET_IP


@dataclass(slots=True)
class _Reader:
    """Reads one exporter, and notes what is wrong with it."""

    exporter: Exporter
    problems: list[SourceProblem] = field(default_factory=list)

    def fault(self, key: ObjectKey, where: str, fault: Fault, what: str, remedy: str) -> None:
        self.problems.append(SourceProblem(key, where, fault, what, remedy))

    def value_fault(self, where: str, what: str, remedy: str) -> None:
        self.fault(self.exporter.key, where, Fault.VALUE, what, remedy)

    # --- ports ---------------------------------------------------------------------------

    def ports(self) -> tuple[ServicePort, ...]:
        ports: list[ServicePort] = []
        for number, value in enumerate(list_at(self.exporter.service, "spec", "ports")):
            where = f"spec.ports[{number}]"
            port, wrong = _read_port(value), ""
            if port is None:
                wrong = f"{shown(value)} is no port"
            elif len(ports) >= PORTS_MAX:
                wrong = f"more than {PORTS_MAX} ports"
            elif port.name in {each.name for each in ports}:
                wrong = f"the name {shown(port.name)} stands twice"
            elif (port.protocol, port.port) in {(each.protocol, each.port) for each in ports}:
                wrong = f"{port.port}/{port.protocol} stands twice"
            if wrong or port is None:
                remedy = "give each port a number from 1 to 65535, a protocol of TCP, UDP or SCTP"
                remedy += " and, where there are several, a name of its own"
                self.fault(self.exporter.key, where, Fault.PORT, wrong, remedy)
                continue
            ports.append(port)
        return tuple(ports)

    # --- what the Service says besides ----------------------------------------------------

    def one_of(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = at(self.exporter.service, "spec", name)
        if value is None or (isinstance(value, str) and value in choices):
            return default if value is None else str(value)
        what = f"{shown(value)} is not known; {default} is taken"
        self.value_fault(f"spec.{name}", what, f"write one of {', '.join(choices)}")
        return default

    def affinity_timeout_s(self) -> int | None:
        path = ("spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds")
        value = at(self.exporter.service, *path)
        number = integer_at(self.exporter.service, *path)
        if value is None or (number is not None and 0 < number <= AFFINITY_TIMEOUT_S_MAX):
            return number
        what = f"{shown(value)} is no timeout; the default is taken"
        self.value_fault(".".join(path), what, f"write 1 to {AFFINITY_TIMEOUT_S_MAX} seconds")
        return None

    def distribution(self) -> str:
        value = at(self.exporter.service, "spec", "trafficDistribution")
        if value is None or (isinstance(value, str) and len(value) <= _WORD_CHARACTERS_MAX):
            return value or ""
        what = f"{shown(value)} is no preference; none is taken"
        self.value_fault("spec.trafficDistribution", what, "write a word such as PreferClose")
        return ""

    def families(self) -> tuple[str, ...]:
        values = list_at(self.exporter.service, "spec", "ipFamilies")
        known = [each for each in values if isinstance(each, str) and each in IP_FAMILIES]
        if len(known) < len(values) or len(set(known)) < len(known):
            what = f"{shown(list(values))} are no families; what is none is left out"
            remedy = f"write {' or '.join(IP_FAMILIES)}, each once"
            self.value_fault("spec.ipFamilies", what, remedy)
        return tuple(dict.fromkeys(known))

    # --- annotations, labels, age -----------------------------------------------------------

    def account(self) -> str:
        key, value = self.exporter.annotation(ACCOUNT_ANNOTATION)
        if value is None or (isinstance(value, str) and is_subdomain(value)):
            return value or ""
        what = f"{shown(value)} is no name of a ServiceAccount"
        self._annotation_fault(key, ACCOUNT_ANNOTATION, what, "write its name, or nothing")
        return ""

    def capacity(self) -> int | None:
        key, value = self.exporter.annotation(CAPACITY_ANNOTATION)
        if value is None:
            return None
        is_number = isinstance(value, str) and value.isascii() and value.isdigit()
        if is_number and len(str(value)) < 17 and int(str(value)) <= NUMBER_MAX:
            return int(str(value))
        what = f"{shown(value)} is no capacity; its ready endpoints are taken"
        self._annotation_fault(key, CAPACITY_ANNOTATION, what, "write a whole number in quotes")
        return None

    def _annotation_fault(self, key: ObjectKey, name: str, what: str, remedy: str) -> None:
        self.fault(key, f"metadata.annotations[{name}]", Fault.METADATA, what, remedy)

    def exported_at(self) -> int:
        exporter = self.exporter
        stamps = [(exporter.key, at(exporter.service, "metadata", "creationTimestamp"))]
        if exporter.export_key is not None:
            stamp = at(exporter.export, "metadata", "creationTimestamp")
            stamps.insert(0, (exporter.export_key, stamp))
        for key, value in stamps:
            if value is None:
                continue
            ms = read_time(value) if isinstance(value, str) else None
            if ms is not None and ms >= 0:
                return ms // 1_000
            what = f"{shown(value)} is no time, so that its age is not known"
            remedy = 'write an RFC 3339 time in UTC, in quotes, such as "2027-01-31T12:00:00Z"'
            self.fault(key, "metadata.creationTimestamp", Fault.VALUE, what, remedy)
        return 0

    def metadata(self, name: str, fits: Callable[[str], bool]) -> dict[str, str]:
        key = self.exporter.export_key
        taken: dict[str, str] = {}
        if key is None:
            return taken
        for each, value in sorted(map_at(self.exporter.export, "spec", name).items(), key=_text):
            if len(taken) >= LABELS_MAX:
                what = f"more than {LABELS_MAX} entries; the first of them are exported"
                self.fault(key, f"spec.{name}", Fault.METADATA, what, "export fewer")
                break
            if isinstance(value, str) and is_qualified_name(each) and fits(value):
                taken[each] = value
                continue
            what = f"{shown(value)} under {shown(each)} cannot be exported and is left out"
            self.fault(key, f"spec.{name}", Fault.METADATA, what, "write it as Kubernetes has it")
        return taken


def _read_port(value: object) -> ServicePort | None:
    name, app = text_at(value, "name"), text_at(value, "appProtocol")
    number, protocol = integer_at(value, "port"), text_at(value, "protocol") or "TCP"
    if number is None or not is_port(number, protocol) or (name and not is_label(name)):
        return None
    if len(app) > APP_PROTOCOL_CHARACTERS_MAX:
        return None
    return ServicePort(name, number, protocol, app)


def _text(item: tuple[object, object]) -> str:
    return str(item[0])


def _is_text(value: str) -> bool:
    return len(value) <= TEXT_CHARACTERS_MAX


def is_label_value(value: str) -> bool:
    """Tell whether this can be the value of a label: empty, or a name of 63 characters at most."""
    return not value or _LABEL_NAME.fullmatch(value) is not None


def is_qualified_name(name: object) -> bool:
    """Tell whether this can be the name of a label or annotation: `name` or `domain/name`."""
    if not isinstance(name, str):
        return False
    domain, slash, last = name.rpartition("/")
    return _LABEL_NAME.fullmatch(last) is not None and (not slash or is_subdomain(domain))
