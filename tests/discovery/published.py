"""What publishers' tests share: services, endpoints, and a set read back as what was wanted."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from discovery.assignment import Placement, Ports
from discovery.endpoints import Endpoint, EndpointPort, decode_endpoints
from discovery.exports import Desired, Exported, Statements
from discovery.keys import Kind, RecordKey, parse_key
from discovery.names import Origin, ServiceName
from discovery.records import (
    ClusterRecord,
    ExportRecord,
    ServicePort,
    decode_ack,
    decode_cluster,
    decode_drain,
    decode_export,
    decode_policy,
)
from discovery.recordset import RecordSet

WEB, API, DB = (ServiceName("shop", name) for name in ("web", "api", "db"))
HTTP: Ports = (EndpointPort("http", 8080),)
BOTH: Ports = (EndpointPort("http", 8080), EndpointPort("metrics", 9090))
HEAD = ExportRecord(ports=(ServicePort("http", 80),), service_account="web", exported_at=1_700)


def address(number: int) -> str:
    """Return the address of the endpoint of that number; addresses sort as numbers do."""
    return f"10.{100 + number // 10_000}.{100 + number // 100 % 100}.{100 + number % 100}"


def endpoint(number: int, *, ready: bool = True) -> Endpoint:
    """Return a typical endpoint: a pod on a node in a zone."""
    node = f"ip-10-0-{number // 30 % 256}-{number % 7}.eu-central-1.compute.internal"
    zone = f"eu-central-1{'abc'[number % 3]}"
    return Endpoint(address(number), ready=ready, serving=ready, node=node, zone=zone)


def endpoints(numbers: Iterable[int]) -> tuple[Endpoint, ...]:
    """Return typical endpoints."""
    return tuple(endpoint(number) for number in numbers)


def exported(
    service: ServiceName, numbers: Iterable[int], *, ports: Ports = HTTP, head: ExportRecord = HEAD
) -> Exported:
    """Return a service with these endpoints, all on the same ports."""
    return Exported(service, head, {ports: endpoints(numbers)})


def state(services: Mapping[ServiceName, Iterable[int]]) -> Desired:
    """Return a desired state of services with numbered endpoints."""
    return Desired.of(exported(service, numbers) for service, numbers in services.items())


def canonical(desired: Desired) -> Desired:
    """Return the state with ports and endpoints in order, and no empty lists of endpoints."""
    exports: list[Exported] = []
    for each in desired.exports.values():
        lists = {
            tuple(sorted(ports)): tuple(sorted(there))
            for ports, there in sorted(each.endpoints.items())
            if there
        }
        exports.append(replace(each, endpoints=lists))
    return Desired.of(sorted(exports, key=lambda each: each.service), desired.statements)


def read(records: RecordSet) -> Desired:
    """Return what a set says, as the state that is to have been wanted."""
    heads: dict[ServiceName, ExportRecord] = {}
    lists: dict[ServiceName, dict[Ports, list[Endpoint]]] = {}
    statements = Statements()
    for key, value in records:
        parsed = parse_key(key)
        service = parsed.service
        if parsed.kind is Kind.EXPORT and service is not None:
            heads[service] = decode_export(value, "head")
        elif parsed.kind is Kind.ENDPOINTS and service is not None:
            record = decode_endpoints(value, "record")
            assert record.endpoints
            lists.setdefault(service, {}).setdefault(record.ports, []).extend(record.endpoints)
        else:
            statements = _with(statements, parsed, value)
    assert lists.keys() <= heads.keys()
    return canonical(
        Desired.of(
            (
                Exported(
                    service,
                    head,
                    {ports: tuple(each) for ports, each in lists.get(service, {}).items()},
                )
                for service, head in heads.items()
            ),
            statements,
        )
    )


def _with(statements: Statements, parsed: RecordKey, value: bytes) -> Statements:
    match parsed:
        case RecordKey(Kind.CLUSTER):
            return replace(statements, cluster=decode_cluster(value, "cluster"))
        case RecordKey(Kind.POLICY, ServiceName(namespace, name)):
            policies = {**statements.policies, (namespace, name): decode_policy(value, "policy")}
            return replace(statements, policies=policies)
        case RecordKey(Kind.DRAIN, service):
            drains = {**statements.drains, service: decode_drain(value, "drain")}
            return replace(statements, drains=drains)
        case RecordKey(Kind.ACK, ServiceName() as service, _, str() as origin):
            ack = decode_ack(value, "ack")
            service_acks = {**statements.service_acks, (Origin(origin), service): ack}
            return replace(statements, service_acks=service_acks)
        case RecordKey(Kind.ACK, _, _, str() as origin):
            acks = {**statements.acks, Origin(origin): decode_ack(value, "ack")}
            return replace(statements, acks=acks)
        case _:
            raise AssertionError(parsed)


def where(placement: Placement) -> dict[tuple[Ports, str], int]:
    """Return the number of the record of each endpoint, by ports and address."""
    return {
        (record.ports, each.address): number
        for number, record in placement.items()
        for each in record.endpoints
    }


# --- strategies --------------------------------------------------------------------------

CLUSTER = ClusterRecord(region="eu", network="one", version="0.1.0")
NUMBERS: SearchStrategy[frozenset[int]] = st.one_of(
    st.frozensets(st.integers(0, 60), max_size=8),
    st.integers(0, 120).map(lambda most: frozenset(range(most))),
    st.tuples(st.integers(0, 60), st.integers(1, 5)).map(
        lambda pair: frozenset(range(pair[0], 120, pair[1]))
    ),
)
CONDITIONS = st.tuples(st.booleans(), st.booleans(), st.booleans())


@st.composite
def endpoint_lists(draw: st.DrawFn) -> dict[Ports, tuple[Endpoint, ...]]:
    """One service's endpoints by ports, with conditions of any kind."""
    lists: dict[Ports, tuple[Endpoint, ...]] = {}
    for ports in draw(st.lists(st.sampled_from([HTTP, BOTH]), max_size=2, unique=True)):
        ready, serving, terminating = draw(CONDITIONS)
        odd = draw(st.integers(0, 120))
        lists[ports] = tuple(
            replace(endpoint(each), ready=ready, serving=serving, terminating=terminating)
            if each == odd
            else endpoint(each)
            for each in sorted(draw(NUMBERS))
        )
    return lists


@st.composite
def desired_states(draw: st.DrawFn) -> Desired:
    """A whole desired state of up to three services."""
    services = draw(st.lists(st.sampled_from([WEB, API, DB]), unique=True))
    return Desired.of(
        (Exported(each, HEAD, draw(endpoint_lists())) for each in services),
        Statements(cluster=draw(st.sampled_from([CLUSTER, ClusterRecord()]))),
    )
