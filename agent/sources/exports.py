"""From Kubernetes objects to the exports of a cluster: service by service, from the mirror.

A service is exported by a `ServiceExport` of its name, or by the annotation
`isthmus.dev/export: "true"` on the Service. What we wrote ourselves is never exported: a Service
that bears our label is made of what others export, and would come back to them as ours, unless
somebody has given it a selector since. A ServiceExport that is being deleted exports nothing any
more.

Behind it stand the EndpointSlices that name the service, or, where there is none, the Endpoints
object of its name (the API server mirrors those that people write; a directory of files does not).
Slices are united: of one address on the same ports, the better condition counts. Only ports that
the Service has are passed on, under its names. In a Service that publishes addresses that are not
ready, all are ready. A zone that an endpoint does not name is its Node's. The ServiceAccount is the
one that an annotation names, else that of the Pods behind it.

`ExportReader` remembers what each service was read from, so that a change of any object leads to
the services that it concerns; what it reads depends on the mirror alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from agent.mirror import Mirror
from agent.objects import (
    ENDPOINT_SLICE,
    ENDPOINTS,
    ISTHMUS_GROUP,
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    SERVICE_EXPORT,
    Document,
    Kind,
    ObjectKey,
    at,
    is_ours,
    map_at,
    text_at,
)
from agent.sources.export_heads import EXPORT_ANNOTATION, Exporter, read_head
from agent.sources.problems import Fault, SourceProblem, fewest, shown
from agent.sources.readers import Readers, account_of, zone_of
from agent.sources.slices import (
    SERVICE_NAME_LABEL,
    Backend,
    Backends,
    SliceRead,
    read_endpoints,
    read_slice,
)
from discovery.assignment import Ports
from discovery.endpoints import Endpoint, EndpointPort
from discovery.exports import Exported
from discovery.names import ServiceName, is_label
from discovery.records import ExportRecord

KINDS = (SERVICE, SERVICE_EXPORT, ENDPOINT_SLICE, ENDPOINTS, POD, NODE, NAMESPACE)
"""What exports are read from."""

_OWN_PREFIX = f"{ISTHMUS_GROUP}/"
_ROLE, _ALIAS = f"{_OWN_PREFIX}role", "alias"
"""How drivers mark Services of theirs that select pods of people's."""


@dataclass(frozen=True, slots=True)
class ExportRead:
    """What became of a service when it was read last."""

    service: ServiceName
    said_by: ObjectKey | None = None
    """The object that says that it is exported; None where nothing does."""
    exported: Exported | None = None
    fault: Fault | None = None
    """Why it is not exported although something says that it is."""
    problems: tuple[SourceProblem, ...] = ()
    pods: Mapping[str, str] = field(default_factory=dict)
    """The Pod behind each address, where its slice names one."""

    @property
    def is_unreadable(self) -> bool:
        """Whether it would be exported if it were written rightly: what was last good stands."""
        return self.fault is Fault.NO_PORTS


class ExportReader:
    """Reads services from a mirror, and knows which of them an object concerns."""

    def __init__(self, mirror: Mirror, *, allow_loopback: bool = False) -> None:
        """Read from `mirror`, which the caller keeps up to date."""
        self._mirror = mirror
        self._allow_loopback = allow_loopback
        self._service_of: dict[ObjectKey, ServiceName] = {}
        self._slices: dict[ServiceName, dict[ObjectKey, None]] = {}
        self._parsed: dict[ObjectKey, tuple[Document, SliceRead]] = {}
        self._readers = Readers()

    # --- what an object concerns ----------------------------------------------------------

    def concerned(self, key: ObjectKey) -> list[ServiceName]:
        """Return the services that may differ since the mirror has another state of this object.

        To be asked for each object that changed, after the mirror has it.
        """
        if key.kind in (SERVICE, SERVICE_EXPORT, ENDPOINTS):
            return [ServiceName(key.namespace, key.name)]
        if key.kind == ENDPOINT_SLICE:
            return self._relink(key)
        return self._readers.concerned(key, self._mirror.get(key))

    def _relink(self, key: ObjectKey) -> list[ServiceName]:
        document = self._mirror.get(key)
        before, after = self._service_of.get(key), None
        if document is not None:
            name = text_at(document, "metadata", "labels", SERVICE_NAME_LABEL)
            after = ServiceName(key.namespace, name) if name else None
        if document is None:
            self._parsed.pop(key, None)
        if before is not None and before != after:
            del self._service_of[key]
            there = self._slices[before]
            del there[key]
            if not there:
                del self._slices[before]
        if after is not None:
            self._service_of[key] = after
            self._slices.setdefault(after, {})[key] = None
        return [each for each in dict.fromkeys((before, after)) if each is not None]

    def lost(self, kind: Kind) -> list[ObjectKey]:
        """Return the objects of a kind that any service was read from and that are there no more.

        For a list after the mirror had forgotten the kind: what it lacks differs from nothing.
        """
        known = *self._readers.there(kind), *(key for key in self._service_of if key.kind == kind)
        return [key for key in known if self._mirror.get(key) is None]

    # --- reading ---------------------------------------------------------------------------

    def read(self, service: ServiceName) -> ExportRead:
        """Return what the mirror says of a service now. Never raises."""
        lookups = _Lookups(self._mirror)
        for kind in (SERVICE, SERVICE_EXPORT, ENDPOINTS):
            lookups.get(ObjectKey(kind, service.namespace, service.name))
        read = self._read(service, lookups)
        says_something = read.said_by is not None or read.problems
        self._readers.remember(service, lookups.found if says_something else {})
        return read

    def _read(self, service: ServiceName, lookups: "_Lookups") -> ExportRead:
        exporter, problems = _exporter(service, self._mirror)
        if exporter is None:
            return ExportRead(service, problems=fewest(problems))
        said_by = exporter.said_by
        fault = _why_not(exporter)
        if fault is not None:
            return ExportRead(service, said_by, None, fault.fault, (fault,))
        lookups.get(ObjectKey(NAMESPACE, "", service.namespace))
        read = read_head(exporter)
        problems = [*problems, *read.problems]
        if not read.head.ports:
            problems.append(_no_ports(exporter.key))
            return ExportRead(service, said_by, None, Fault.NO_PORTS, fewest(problems))
        publishes_all = at(exporter.service, "spec", "publishNotReadyAddresses") is True
        union = _Union(read.head, lookups, publishes_all)
        for key, sliced in self._slices_of(service):
            problems += sliced.problems
            for part in sliced.parts:
                problems += union.add(key, part)
        head = read.head
        if not head.service_account:
            account, found = _account(union.pods(), service, lookups, said_by)
            head = replace(head, service_account=account)
            problems += found
        exported = Exported(service, head, union.endpoints())
        pods = {address: pod for address, pod in union.pods() if pod}
        return ExportRead(service, said_by, exported, None, fewest(problems), pods)

    def _slices_of(self, service: ServiceName) -> Iterator[tuple[ObjectKey, SliceRead]]:
        keys = sorted(self._slices.get(service, ()))
        found = [(key, document) for key in keys if (document := self._theirs(key)) is not None]
        if not found:
            key = ObjectKey(ENDPOINTS, service.namespace, service.name)
            written = self._theirs(key)
            found = [] if written is None else [(key, written)]
        for key, document in found:
            yield key, self._parse(key, document)

    def _theirs(self, key: ObjectKey) -> Document | None:
        document = self._mirror.get(key)
        return None if document is None or is_ours(document) else document

    def _parse(self, key: ObjectKey, document: Document) -> SliceRead:
        known = self._parsed.get(key)
        if known is not None and known[0] is document:
            return known[1]
        parse = read_slice if key.kind == ENDPOINT_SLICE else read_endpoints
        read = parse(key, document, allow_loopback=self._allow_loopback)
        if key.kind == ENDPOINT_SLICE:
            self._parsed[key] = document, read
        return read

    def check_invariants(self) -> None:
        """Assert that the indices agree with each other."""
        assert {key for keys in self._slices.values() for key in keys} == set(self._service_of)
        assert all(key in self._slices[service] for key, service in self._service_of.items())
        assert self._parsed.keys() <= self._service_of.keys()
        self._readers.check_invariants()


def read_exports(mirror: Mirror, *, allow_loopback: bool = False) -> dict[ServiceName, ExportRead]:
    """Return every service that something exports, or is wrong with, read from scratch."""
    reader = ExportReader(mirror, allow_loopback=allow_loopback)
    services: dict[ServiceName, None] = {}
    for kind in (SERVICE, SERVICE_EXPORT, ENDPOINT_SLICE):
        for key, _ in mirror.of(kind):
            services |= dict.fromkeys(reader.concerned(key))
    read = {service: reader.read(service) for service in sorted(services)}
    return {
        service: each for service, each in read.items() if each.said_by is not None or each.problems
    }


class _Lookups:
    """Gets objects from a mirror, and remembers which were asked for, there or not."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self.found: dict[ObjectKey, Document | None] = {}

    def get(self, key: ObjectKey) -> Document | None:
        found = self.found[key] = self._mirror.get(key)
        return found


# --- who exports it ------------------------------------------------------------------------


def _exporter(service: ServiceName, mirror: Mirror) -> tuple[Exporter | None, list[SourceProblem]]:
    key = ObjectKey(SERVICE, service.namespace, service.name)
    export_key = ObjectKey(SERVICE_EXPORT, service.namespace, service.name)
    document, export = mirror.get(key), mirror.get(export_key)
    if export is not None and at(export, "metadata", "deletionTimestamp") is None:
        return Exporter(key, document or {}, export_key, export), []
    if document is None or _is_import(document):
        return None, []
    value = at(document, "metadata", "annotations", EXPORT_ANNOTATION)
    if value == "true":
        return Exporter(key, document), []
    if value in (None, "false"):
        return None, []
    where = f"metadata.annotations[{EXPORT_ANNOTATION}]"
    what, remedy = f"{shown(value)} exports nothing", 'write "true", in quotes, to export it'
    return None, [SourceProblem(key, where, Fault.METADATA, what, remedy)]


def _is_import(service: Document) -> bool:
    """Tell whether a Service is made of what others export, or is an alias of ours.

    Whoever gives one of ours a selector of his own has made it his, as drivers see it too.
    """
    if not is_ours(service):
        return False
    selector = map_at(service, "spec", "selector")
    is_theirs = any(not str(label).startswith(_OWN_PREFIX) for label in selector)
    return not is_theirs or text_at(service, "metadata", "annotations", _ROLE) == _ALIAS


def _why_not(exporter: Exporter) -> SourceProblem | None:
    said_by, service = exporter.said_by, exporter.service
    if not service or _is_import(service):
        about = f"Service {exporter.key.namespace}/{exporter.key.name}"
        words = "is made of what other clusters export" if service else "does not exist"
        remedy = "create the Service, or delete the ServiceExport"
        return SourceProblem(said_by, "metadata.name", Fault.NO_SERVICE, f"{about} {words}", remedy)
    if not (is_label(exporter.key.namespace) and is_label(exporter.key.name)):
        what = f"{exporter.key.namespace}/{exporter.key.name} is no name of a service"
        remedy = "name it by an RFC 1123 label"
        return SourceProblem(said_by, "metadata.name", Fault.NAME, what, remedy)
    if text_at(service, "spec", "type") == "ExternalName":
        what = "a Service of type ExternalName has no endpoints that could be exported"
        remedy = "export a Service of type ClusterIP, NodePort or LoadBalancer, or a headless one"
        return SourceProblem(exporter.key, "spec.type", Fault.SERVICE_TYPE, what, remedy)
    return None


def _no_ports(key: ObjectKey) -> SourceProblem:
    what = "no port can be read, so that nobody could reach it"
    remedy = "give it one with a number from 1 to 65535"
    return SourceProblem(key, "spec.ports", Fault.NO_PORTS, what, remedy)


# --- what stands behind it -----------------------------------------------------------------


class _Placed(NamedTuple):
    condition: tuple[bool, bool, bool, Endpoint]
    backend: Backend


class _Union:
    """The endpoints of all slices of a service, each address once for the same ports."""

    def __init__(self, head: ExportRecord, lookups: _Lookups, publishes_all: bool) -> None:  # noqa: FBT001 - one caller, in this module.
        self._served = {(port.name, port.protocol) for port in head.ports}
        self._lookups = lookups
        self._publishes_all = publishes_all
        self._found: dict[Ports, dict[str, _Placed]] = {}
        self._zones: dict[str, str] = {}

    def add(self, key: ObjectKey, part: Backends) -> Iterator[SourceProblem]:
        """Take what one slice says; give what is wrong with its ports."""
        ports = tuple(port for port in part.ports if (port.name, port.protocol) in self._served)
        if len(ports) < len(part.ports) or not ports:
            yield _strange_ports(key, part.ports, self._served, is_lost=not ports)
        if not ports:
            return
        there = self._found.setdefault(ports, {})
        for each in part.backends:
            backend = self._completed(each)
            endpoint = backend.endpoint
            condition = (endpoint.ready, endpoint.serving, not endpoint.terminating, endpoint)
            other = there.get(endpoint.address)
            if other is None or other.condition < condition:
                there[endpoint.address] = _Placed(condition, backend)

    def _completed(self, backend: Backend) -> Backend:
        endpoint = backend.endpoint
        if self._publishes_all and not endpoint.ready:
            endpoint = replace(endpoint, ready=True)
        if endpoint.node and not endpoint.zone:
            zone = self._zone(endpoint.node)
            endpoint = replace(endpoint, zone=zone) if zone else endpoint
        return backend if endpoint is backend.endpoint else Backend(endpoint, backend.pod)

    def _zone(self, node: str) -> str:
        if node not in self._zones:
            self._zones[node] = zone_of(self._lookups.get(ObjectKey(NODE, "", node)))
        return self._zones[node]

    def endpoints(self) -> dict[Ports, tuple[Endpoint, ...]]:
        """Return the endpoints by the ports that they listen on, by address."""
        return {
            ports: tuple(there[address].backend.endpoint for address in sorted(there))
            for ports, there in sorted(self._found.items())
            if there
        }

    def pods(self) -> list[tuple[str, str]]:
        """Return each address with its Pod, in order; the Pod is empty where none is named."""
        return [
            (address, there[address].backend.pod)
            for _, there in sorted(self._found.items())
            for address in sorted(there)
        ]


def _strange_ports(
    key: ObjectKey,
    ports: tuple[EndpointPort, ...],
    served: Iterable[tuple[str, str]],
    *,
    is_lost: bool,
) -> SourceProblem:
    field = "ports" if key.kind == ENDPOINT_SLICE else "subsets"
    known = ", ".join(sorted(f"{name or 'unnamed'}/{protocol}" for name, protocol in served))
    strange = ", ".join(
        f"{port.name or 'unnamed'}/{port.protocol}"
        for port in ports
        if (port.name, port.protocol) not in served
    )
    what = f"{strange} is no port of the Service" if ports else "there is no port"
    what += ": none of these endpoints is exported" if is_lost else ", and is left out"
    remedy = f"name its ports as the Service does: {known}"
    return SourceProblem(key, field, Fault.PORT, what, remedy)


def _account(
    pods: Iterable[tuple[str, str]], service: ServiceName, lookups: _Lookups, said_by: ObjectKey
) -> tuple[str, list[SourceProblem]]:
    """Return the ServiceAccount of most Pods, of equals the first by name."""
    counts: dict[str, int] = {}
    for name in dict.fromkeys(pod for _, pod in pods if pod):
        pod = lookups.get(ObjectKey(POD, service.namespace, name))
        if pod is not None:
            account = account_of(pod)
            counts[account] = counts.get(account, 0) + 1
    if not counts:
        return "", []
    names = sorted(counts, key=lambda each: (-counts[each], each))
    if len(names) == 1:
        return names[0], []
    what = f"its Pods run as {', '.join(sorted(names))}; {names[0]} is exported"
    remedy = "run them as one ServiceAccount, or name one by isthmus.dev/service-account"
    return names[0], [SourceProblem(said_by, "spec", Fault.SERVICE_ACCOUNTS, what, remedy)]
