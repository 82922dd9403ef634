"""Whatever is written, the model never falls over, and remembers nothing that is not so."""

from hypothesis import given
from hypothesis import strategies as st

from agent.objects import KINDS, Document, ObjectKey, key_of, kind_of
from failure_detect.clock import SECOND
from simulations.mesh import Mesh
from simulations.mesh_events import (
    ControllerManagerStarted,
    MeshEvent,
    MeshSettings,
    ObjectChanged,
    ObjectDeleted,
    OsmStarted,
    SidecarConnected,
    Version,
)
from tests.simulations.mesh_world import (
    BOOTSTRAP,
    BUYER,
    PORT,
    STORE,
    config,
    endpoints,
    lease,
    multi_cluster,
    name,
    namespace,
    node,
    pod,
    port,
    service,
    split,
    subset,
    target,
)

NAMES = st.sampled_from(["store", "store-mc-beta", "other"])
IPS = st.sampled_from(["10.0.0.1", "10.0.0.2", "999.1.1.1", "::5", ""])
NUMBERS = st.sampled_from([PORT, 8_080, 0, 99_999])
PORTS = st.builds(
    port, st.sampled_from(["http-api", "tcp-db", ""]), NUMBERS, st.sampled_from([0, "api"]),
    st.sampled_from(["http", "tcp", "mongo", ""]),
)  # fmt: skip


@st.composite
def services(draw: st.DrawFn) -> Document:
    selector = draw(st.sampled_from([None, {"app": "store"}]))
    ports = draw(st.lists(PORTS, max_size=3))
    return service(
        draw(NAMES), *ports, selector=selector, ip=draw(st.sampled_from(["", "None", "10.96.0.1"]))
    )


@st.composite
def all_endpoints(draw: st.DrawFn) -> Document:
    names = st.tuples(st.sampled_from(["http-api", "tcp-db", ""]), NUMBERS)
    subsets = st.lists(
        st.builds(
            lambda ready, other, ports, hostname: subset(
                *ready, not_ready=other, ports=ports, hostnames=hostname
            ),
            st.lists(IPS, max_size=2),
            st.lists(IPS, max_size=1),
            st.lists(names, max_size=2),
            st.sampled_from([[], ["db-0"]]),
        ),
        max_size=2,
    )
    return endpoints(draw(NAMES), *draw(subsets))


PODS = st.builds(
    pod,
    st.sampled_from(["p1", "p2"]),
    IPS,
    ready=st.booleans(),
    node=st.sampled_from(["n1", ""]),
    phase=st.sampled_from(["Running", "Succeeded", "Pending"]),
    account=st.sampled_from(["store", "other"]),
)
SPLITS = st.builds(
    lambda called, apex, weights: split(called, apex, **weights),
    st.sampled_from(["s", "t"]),
    NAMES,
    st.dictionaries(st.sampled_from(["store", "store_mc_beta"]), st.integers(0, 2)),
)
ENTRY = st.tuples(
    st.sampled_from(["b", "c"]),
    st.sampled_from(["10.1.0.1:1", "999.1.2.3:1", "1.1.1.1:99999", "x"]),
    st.integers(-1, 2),
    st.integers(0, 2),
)
MULTIS = st.builds(lambda entries: multi_cluster("m", *entries), st.lists(ENTRY, max_size=3))
OTHERS = st.one_of(
    st.sampled_from([BOOTSTRAP, node("n1"), target("t", STORE, BUYER), namespace("app", "x")]),
    st.builds(lease, st.just("n1"), st.integers(0, 3)),
    st.just(namespace("app")),
    st.builds(
        lambda permissive, multi: config(permissive=permissive, multi=multi),
        st.booleans(),
        st.booleans(),
    ),
)
WRITTEN = st.one_of(services(), all_endpoints(), PODS, SPLITS, MULTIS, OTHERS)

FIELDS = st.sampled_from(
    ["spec", "ports", "subsets", "addresses", "ip", "port", "name", "backends", "weight",
     "service", "clusters", "address", "selector", "status", "podIPs", "clusterIP", "labels"]
)  # fmt: skip
ANYTHING: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


def key(written: Document) -> ObjectKey:
    found = kind_of(written)
    assert found is not None
    return key_of(found[0], written)


EVENTS: st.SearchStrategy[MeshEvent] = st.one_of(
    WRITTEN.map(lambda each: ObjectChanged(key(each), each)),
    WRITTEN.map(lambda each: ObjectDeleted(key(each))),
    st.sampled_from([OsmStarted(), ControllerManagerStarted(), SidecarConnected(STORE)]),
)
STEPS = st.lists(st.tuples(EVENTS, st.integers(0, 12 * SECOND)), max_size=30)


def started(version: Version) -> Mesh:
    mesh = Mesh(MeshSettings(version=version, watches_nodes=True, assumes_documented_traffic=True))
    for each in (namespace("app"), BOOTSTRAP):
        mesh.handle(ObjectChanged(key(each), each), 0)
    mesh.handle(OsmStarted(), 0)
    mesh.handle(SidecarConnected(BUYER), 0)
    return mesh


def check(mesh: Mesh) -> None:
    mesh.check_invariants()
    for sidecar in (BUYER, mesh.settled(BUYER)[0], mesh.newcomer(BUYER)[0]):
        for called in ("store", "store-mc-beta", "nobody"):
            answers = mesh.send(sidecar, name(called), PORT)
            assert sum(answers.values()) == 1


@given(st.sampled_from(Version), STEPS)
def test_random_writes_never_make_the_model_fall_over(
    version: Version, steps: list[tuple[MeshEvent, int]]
) -> None:
    mesh, now = started(version), 0
    for event, wait in steps:
        now += wait
        mesh.handle(event, now)
        check(mesh)
        assert mesh.deadline > now


@given(st.sampled_from(KINDS), st.dictionaries(FIELDS, ANYTHING, max_size=5))
def test_a_document_of_any_shape_never_makes_it_fall_over(
    kind: object, fields: dict[str, object]
) -> None:
    mesh = started(Version.V1_2)
    for each in KINDS:
        if each is kind:
            mesh.handle(ObjectChanged(ObjectKey(each, "app", "store"), fields), 0)
            mesh.advance(15 * SECOND)
            check(mesh)


@given(STEPS)
def test_a_newcomer_has_what_a_settled_sidecar_has_where_nothing_is_refused(
    steps: list[tuple[MeshEvent, int]],
) -> None:
    mesh, now = started(Version.V1_2), 0
    for event, wait in steps:
        now += wait
        mesh.handle(event, now)
    mesh.handle(OsmStarted(), now)
    newcomer, refused = mesh.newcomer(BUYER)
    if not refused and not mesh.is_down:
        connected = mesh.sidecar(BUYER)
        assert connected.listener == newcomer.listener
        assert connected.routes == newcomer.routes
        assert connected.endpoints == newcomer.endpoints
