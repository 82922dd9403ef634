"""The way to a view does not matter, a diff misses nothing, and any record is taken or refused."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import Endpoint, decode_endpoints
from discovery.importing import ImportRule
from discovery.keys import (
    CLUSTER_KEY,
    DRAIN_KEY,
    Kind,
    ack_key,
    drain_key,
    endpoints_key,
    export_key,
    parse_key,
    policy_key,
)
from discovery.names import Origin, ServiceName
from discovery.policy import TrafficPolicy, packed_spec
from discovery.records import (
    AckRecord,
    PolicyRecord,
    encode_ack,
    encode_export,
    encode_policy,
)
from discovery.recordset import EMPTY, Change
from discovery.service_view import ViewEndpoint
from discovery.standing import Standing, Verdict
from discovery.view import View
from tests.discovery.test_policy import policy_object
from tests.discovery.view_world import (
    BANK,
    CART,
    GATEWAY,
    SHOP,
    A,
    B,
    C,
    World,
    canonical,
    cluster,
    drain,
    endpoints,
    export,
    exported,
)

NAMES = st.sampled_from([SHOP, SHOP, SHOP, CART, BANK])
ORIGINS = st.sampled_from([A, B, C])
ADDRESSES = st.integers(1, 9)
RECORDS = st.builds(
    lambda last, ready, node, zone: endpoints(
        f"10.0.0.{last}", f"10.0.1.{last}", ready=ready, node=node, zone=zone
    ),
    ADDRESSES,
    st.booleans(),
    st.sampled_from(["", "n1", "n2"]),
    st.sampled_from(["", "eu-1", "us-1"]),
)
RARE = st.one_of(
    st.tuples(
        st.just(CLUSTER_KEY),
        st.builds(
            lambda region, network, gateways: cluster(
                region=region, network=network, gateways=gateways
            ),
            st.sampled_from(["eu", "us"]),
            st.sampled_from(["", "n2"]),
            st.sampled_from([(), (GATEWAY,)]),
        ),
    ),
    st.tuples(st.just(DRAIN_KEY), st.sampled_from([0, 20]).map(lambda s: drain(ramp_s=s))),
    st.tuples(st.builds(drain_key, NAMES), st.just(drain(ramp_s=0))),
    st.tuples(st.just(ack_key(B)), st.just(encode_ack(AckRecord(drain="d1")))),
    st.tuples(
        st.builds(policy_key, st.just("shop"), st.sampled_from(["p", "q"])),
        st.builds(
            lambda service, percent: encode_policy(
                PolicyRecord(
                    spec=packed_spec(
                        TrafficPolicy(
                            namespace="shop",
                            name="p",
                            service=service,
                            minimum_healthy_percent=percent,
                        )
                    )
                )
            ),
            st.sampled_from(["", "checkout"]),
            st.sampled_from([10, 90]),
        ),
    ),
)
USUAL = st.one_of(
    st.tuples(
        st.builds(export_key, NAMES), st.integers(0, 3).map(lambda at: encode_export(export(at=at)))
    ),
    st.tuples(st.builds(endpoints_key, NAMES, st.integers(0, 1)), RECORDS),
)
PUTS = st.one_of(USUAL, USUAL, RARE)

RULES = st.sampled_from(
    [
        None,
        ImportRule(),
        ImportRule(policies=True, precedence=1),
        ImportRule(services=(("shop", "c*"),)),
        ImportRule(relay_only=True, policies=True),
    ]
)


@dataclass
class Told:
    """All that a view was told, as it stands at the end."""

    world: World = field(default_factory=World)
    standings: dict[Origin, Verdict] = field(default_factory=dict)
    down: dict[Origin, list[str]] = field(default_factory=dict)
    held: dict[tuple[Origin, ServiceName], list[Endpoint]] = field(default_factory=dict)
    policies: list[dict[str, object]] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)

    @classmethod
    def populated(cls) -> "Told":
        """Start with a service in three clusters, so that every step meets something."""
        told = cls()
        for number, origin in enumerate((A, B, C)):
            addresses = [f"10.0.{at}.{number}" for at in (2, 3)]
            told.world.put(origin, exported(SHOP, endpoints(*addresses, node="n1", zone="eu-1")))
        return told

    def rebuilt(self) -> View:
        """A view that is told only how it all ended."""
        view = View(A, self.world.rules, 0, zones=self.zones)
        view.set_local_policies(self.policies)
        for origin, records in sorted(self.world.sets.items(), reverse=True):
            view.apply(origin, records.changes_since(EMPTY), 0)
        for (origin, service), each in self.held.items():
            view.set_held(origin, service, each, "held")
        for origin, verdict in self.standings.items():
            view.set_standing(origin, Standing(verdict, 0, ""))
        for origin, nodes in self.down.items():
            view.set_nodes_down(origin, nodes)
        return view


Step = Callable[[Told], None]


def put_all(origin: Origin, records: list[tuple[bytes, bytes]], drop: list[bytes]) -> Step:
    def step(told: Told) -> None:
        told.world.put(origin, dict(records), drop)

    return step


def stand(origin: Origin, verdict: Verdict) -> Step:
    def step(told: Told) -> None:
        told.standings[origin] = verdict
        told.world.stands(origin, verdict)

    return step


def nodes_down(origin: Origin, nodes: list[str]) -> Step:
    def step(told: Told) -> None:
        told.down[origin] = nodes
        told.world.view.set_nodes_down(origin, nodes)

    return step


def hold(origin: Origin, service: ServiceName, last: int) -> Step:
    def step(told: Told) -> None:
        # What a view remembers of a head that is gone depends on when it went.
        records = told.world.sets.get(origin, EMPTY)
        if records.get(export_key(service)) and records.get(endpoints_key(service, 0)):
            held = [Endpoint(f"10.0.0.{last}"), Endpoint("10.9.9.9", ready=False)]
            told.held[origin, service] = held
            told.world.view.set_held(origin, service, held, "held")

    return step


def let_go(origin: Origin, service: ServiceName) -> Step:
    def step(told: Told) -> None:
        told.held.pop((origin, service), None)
        told.world.view.clear_held(origin, service)

    return step


def trust(origin: Origin, rule: ImportRule | None) -> Step:
    def step(told: Told) -> None:
        told.world.rules.table[origin] = rule
        told.world.view.rules_changed()

    return step


def configure(objects: list[dict[str, object]]) -> Step:
    def step(told: Told) -> None:
        told.policies = objects
        told.world.view.set_local_policies(objects)

    return step


def move(zones: list[str]) -> Step:
    def step(told: Told) -> None:
        told.zones = zones
        told.world.view.set_zones(zones)

    return step


def leave(origin: Origin) -> Step:
    def step(told: Told) -> None:
        told.world.sets.pop(origin, None)
        told.standings.pop(origin, None)
        told.down.pop(origin, None)
        for key in [key for key in told.held if key[0] == origin]:
            del told.held[key]
        told.world.view.remove(origin)

    return step


def look(told: Told) -> None:
    told.world.view.services()


OBJECTS = st.sampled_from(
    [
        policy_object({"mode": "FailOver", "clusters": ["c", "b"], "service": "cart"}, name="x"),
        policy_object({"mode": "ActiveActive", "weights": {"a": 1, "b": 2}}, name="y"),
        policy_object({"minimumHealthyPercent": 100, "service": "checkout"}, name="z"),
    ]
)


def replaced(last: int) -> bytes:
    return endpoints(f"10.0.2.{last}", f"10.0.3.{last}", node="n1", zone="eu-1")


PUBLISH = st.builds(
    put_all,
    ORIGINS,
    st.lists(PUTS, min_size=1, max_size=8),
    st.lists(PUTS.map(lambda each: each[0]), max_size=2),
)
# One record that alone decides: nothing else in the same step can cover for it.
REPLACE = st.builds(
    lambda origin, last: put_all(origin, [(endpoints_key(SHOP, 0), replaced(last))], []),
    ORIGINS,
    ADDRESSES,
)
ONE = st.builds(lambda origin, put: put_all(origin, [put], []), ORIGINS, PUTS)
STEPS = st.one_of(
    PUBLISH,
    REPLACE,
    ONE,
    st.builds(lambda put: put_all(A, [put], []), RARE),
    st.builds(lambda put: put_all(B, [put], []), RARE),
    st.builds(stand, ORIGINS, st.sampled_from(Verdict)),
    st.builds(nodes_down, ORIGINS, st.lists(st.sampled_from(["n1", "n2"]), unique=True)),
    st.builds(hold, ORIGINS, NAMES, ADDRESSES),
    st.builds(let_go, ORIGINS, NAMES),
    st.builds(trust, ORIGINS, RULES),
    st.builds(configure, st.lists(OBJECTS, max_size=2, unique_by=str)),
    st.builds(move, st.lists(st.sampled_from(["eu-1", "us-1"]), unique=True)),
    st.builds(leave, ORIGINS),
    st.just(look),
)


def without_held_heads(told: Told) -> bool:
    """Whether every head that is held on to is still in the set, so that a rebuilt view has it."""
    return all(
        told.world.sets.get(origin, EMPTY).get(export_key(service))
        and told.world.sets.get(origin, EMPTY).get(endpoints_key(service, 0))
        for origin, service in told.held
    )


@given(st.lists(STEPS, min_size=8, max_size=24))
def test_step_by_step_or_at_once_the_view_is_the_same(steps: list[Step]) -> None:
    told = Told.populated()
    told.world.view.take_diff()
    seen = canonical(told.world.view)
    for step in steps:
        step(told)
        diff = told.world.view.take_diff()
        now = canonical(told.world.view)
        # What the diff does not name is the same as before; what it names came, went or differs.
        assert {name for name in seen.keys() | now.keys() if seen.get(name) != now.get(name)} <= {
            *diff.services
        }
        assert set(diff.added) == now.keys() - seen.keys()
        assert set(diff.removed) == seen.keys() - now.keys()
        told.world.view.check_invariants()
        seen = now
    if without_held_heads(told):
        assert canonical(told.rebuilt()) == seen


@given(st.lists(STEPS, min_size=8, max_size=20))
def test_a_naive_look_at_the_sets_finds_the_same_addresses(steps: list[Step]) -> None:
    told = Told.populated()
    for step in steps:
        step(told)
    for service in (SHOP, CART, BANK):
        for origin, verdict in ((each, told.standings.get(each)) for each in (A, B, C)):
            used = {
                endpoint.address
                for endpoint in all_endpoints(told.world, service)
                if endpoint.origin == origin
            }
            held = {each.address for each in told.held.get((origin, service), []) if each.ready}
            expected = healthy(told, origin, service) if may(told, origin, service) else set()
            if verdict in (Verdict.EXPIRED, Verdict.DEPARTED):
                expected, held = set(), set()
            if not through_gateway(told, origin) and is_exported(told, origin, service):
                drained = drained_away(told, origin, service)
                assert used - held <= expected
                assert drained or expected <= used


def all_endpoints(world: World, service: ServiceName) -> list[ViewEndpoint]:
    view = world.view.service(service)
    if view is None:
        return []
    return [
        endpoint
        for tier in view.tiers
        for target in tier.targets
        for endpoint in view.endpoints(target)
    ]


def is_exported(told: Told, origin: Origin, service: ServiceName) -> bool:
    return told.world.sets.get(origin, EMPTY).get(export_key(service)) is not None


def may(told: Told, origin: Origin, service: ServiceName) -> bool:
    rule = told.world.rules.rule(origin)
    return origin == A or (rule is not None and rule.may_serve(service))


def through_gateway(told: Told, origin: Origin) -> bool:
    ours, theirs = told.world.view.cluster(A), told.world.view.cluster(origin)
    return (ours.network if ours else "") != (theirs.network if theirs else "") and origin != A


def drained_away(told: Told, origin: Origin, service: ServiceName) -> bool:
    return any(
        each.origin == origin and each.service in (None, service) and each.weight == 0
        for each in told.world.view.drains()
    )


def healthy(told: Told, origin: Origin, service: ServiceName) -> set[str]:
    found = set()
    for key, value in told.world.sets.get(origin, EMPTY):
        parsed = parse_key(key)
        if parsed.kind is Kind.ENDPOINTS and parsed.service == service:
            found |= {
                each.address
                for each in decode_endpoints(value, "record").endpoints
                if each.ready and each.node not in told.down.get(origin, [])
            }
    return found


KEYS = st.one_of(
    PUTS.map(lambda each: each[0]),
    st.binary(max_size=12),
    st.sampled_from([b"endpoints/shop/checkout/01", b"export/shop", b"later/kind", b"drain/x"]),
)


@given(st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=12) | RECORDS), max_size=10))
def test_any_records_are_taken_or_shown_as_refused(pairs: list[tuple[bytes, bytes | None]]) -> None:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1")))
    for key, value in pairs:
        world.view.apply(B, [Change(key, None, value)], 0)
        world.view.check_invariants()
        refused = {fault.key for fault in world.view.health().records}
        assert value is not None or key not in refused
    world.view.remove(B)
    assert world.view.health().records == ()
