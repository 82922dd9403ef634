"""The property that counts: whatever a driver leaves in the store, nobody is the worse for it.

Any sequence of what clusters export, verdicts, drains, local pods and other people's objects, with
single writes, steps of time, crashes between any two writes, wiped Endpoints and restarts.
"""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent.drivers.osm_endpoints import OsmEndpoints
from agent.drivers.osm_multicluster import OsmMulticluster
from agent.drivers.plan import Driver, DriverSettings
from agent.objects import POD, SERVICE, TRAFFIC_SPLIT, Document, ObjectKey, is_ours
from discovery.names import Origin, ServiceName
from discovery.records import ServicePort
from discovery.standing import Verdict
from failure_detect.clock import MILLISECOND, SECOND
from simulations.mesh_events import Version
from simulations.mesh_objects import Identity
from tests.discovery.test_policy import policy_object
from tests.discovery.view_world import A
from tests.simulations.mesh_driven import Driven
from tests.simulations.mesh_remotes import Serving
from tests.simulations.mesh_world import BUYER, config, name, pod, service, split, target

WEB, DB = name("web"), name("db")
HTTP, ADMIN = (
    ServicePort("http-api", 80, "TCP", "http"),
    ServicePort("http-admin", 81, "TCP", "http"),
)
SQL = ServicePort("tcp-sql", 5_432, "TCP", "tcp")
PORTS = {WEB: ((HTTP,), (HTTP, ADMIN)), DB: ((SQL,),)}
OTHERS = (Origin("b"), Origin("c"))
PAUSES = (0, 500 * MILLISECOND, 3 * SECOND, 12 * SECOND, 31 * SECOND)


def any_weight(weights: dict[str, int]) -> bool:
    return any(weights.values())


WEIGHTS = st.fixed_dictionaries({each: st.integers(0, 3) for each in "abc"})
POLICIES: st.SearchStrategy[dict[str, object] | None] = st.one_of(
    st.none(),
    st.just({"mode": "ActiveActive"}),
    st.permutations("abc").map(lambda each: {"mode": "FailOver", "clusters": each}),
    WEIGHTS.filter(any_weight).map(lambda each: {"mode": "ActiveActive", "weights": each}),
)

origins = st.sampled_from(OTHERS)
names = st.sampled_from([WEB, DB])
pauses = st.sampled_from(PAUSES)


def address(origin: Origin, of: ServiceName, number: int) -> str:
    return f"10.{'abc'.index(origin)}.{1 if of == WEB else 2}.{number + 1}"


@st.composite
def servings(draw: st.DrawFn, origin: Origin, of: ServiceName) -> Serving:
    ports = draw(st.sampled_from(PORTS[of]))
    numbers = tuple(draw(st.sampled_from([8_080, 9_090])) + each for each in range(len(ports)))
    count = draw(st.integers(0, 3))
    ready = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    addresses = [address(origin, of, each) for each in range(count)]
    return Serving(
        ports,
        numbers,
        tuple(each for each, is_ready in zip(addresses, ready, strict=True) if is_ready),
        tuple(each for each, is_ready in zip(addresses, ready, strict=True) if not is_ready),
    )


def endpoints_driver() -> Driver:
    return OsmEndpoints(DriverSettings(own=A))


def verifying_driver() -> Driver:
    return OsmEndpoints(DriverSettings(own=A, verify_identities=True))


def smi_driver() -> Driver:
    return OsmEndpoints(DriverSettings(own=A, smi=True))


def multicluster_driver() -> Driver:
    return OsmMulticluster(DriverSettings(own=A))


class Drivers(RuleBasedStateMachine):
    """Everything that may happen to a driver and its mesh."""

    version = Version.V1_2
    make: Callable[[], Driver] = staticmethod(endpoints_driver)
    written: tuple[Document, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.site = Driven(self.version, self.make, *self.written)
        self.local: dict[ServiceName, tuple[ServicePort, ...]] = {}
        self.pods: dict[ServiceName, list[bool]] = {WEB: [], DB: []}
        self.exported: set[ServiceName] = set()
        self.verdicts: dict[Origin, Verdict] = {}

    # --- other clusters ------------------------------------------------------------------

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        for origin in OTHERS:
            self.export(data, origin, WEB)

    @rule(data=st.data(), origin=origins, of=names)
    def export(self, data: st.DataObject, origin: Origin, of: ServiceName) -> None:
        serving = data.draw(servings(origin, of))
        self.site.happens(
            f"{origin} exports {of}: {serving}", lambda: self.site.export(origin, of, serving)
        )

    @rule(origin=origins, of=names)
    def unexport(self, origin: Origin, of: ServiceName) -> None:
        self.site.happens(
            f"{origin} exports {of} no more", lambda: self.site.export(origin, of, None)
        )

    @rule(origin=origins, verdict=st.sampled_from(Verdict), alive=st.booleans())
    def stands(self, origin: Origin, verdict: Verdict, alive: bool) -> None:
        # Who is dead is known to be, and who is gone for good does not serve any more. Of two in
        # the last tier nobody can tell which is alive.
        alive = alive if verdict.is_last_tier else verdict.serves
        other = next(each for each in OTHERS if each != origin)
        if verdict.is_last_tier and self.verdicts.get(other, Verdict.LIVE).is_last_tier:
            alive = self.site.remotes[other].is_alive
        self.verdicts[origin] = verdict
        self.site.happens(
            f"{origin} is {verdict}, alive: {alive}",
            lambda: self.site.verdict(origin, verdict, alive=alive),
        )

    @rule(origin=origins, drained=st.booleans())
    def drains(self, origin: Origin, drained: bool) -> None:
        self.site.happens(
            f"{origin} drains: {drained}", lambda: self.site.drain(origin, drained=drained)
        )

    @rule(there=st.booleans())
    def gateway(self, there: bool) -> None:
        ip = "20.0.0.3" if there else ""
        self.site.happens(f"c's gateway: {ip}", lambda: self.site.behind_gateway(OTHERS[1], ip))

    # --- this cluster --------------------------------------------------------------------

    @rule(data=st.data(), of=names)
    def local_service(self, data: st.DataObject, of: ServiceName) -> None:
        ports = data.draw(st.sampled_from(PORTS[of]))
        self.local[of] = ports
        spec = [
            {"name": each.name, "port": each.port, "targetPort": 7_000 + each.port,
             "appProtocol": each.app_protocol}
            for each in ports
        ]  # fmt: skip
        document = service(of.name, *spec, selector={"app": of.name})
        self.site.happens(f"{of} is here: {ports}", lambda: self.site.write(document))
        self._export_local(of)

    @rule(of=names)
    def local_service_gone(self, of: ServiceName) -> None:
        if self.local.pop(of, None):
            gone = ObjectKey(SERVICE, of.namespace, of.name)
            self.site.happens(f"{of} is here no more", lambda: self.site.drop(gone))
            self._export_local(of)

    @rule(of=names, ready=st.lists(st.booleans(), max_size=2))
    def local_pods(self, of: ServiceName, ready: list[bool]) -> None:
        def written() -> None:
            for number, is_ready in enumerate(ready):
                self.site.write(self._pod(of, number, is_ready))
            for number in range(len(ready), 2):
                self.site.drop(ObjectKey(POD, of.namespace, f"{of.name}-{number}"))

        self.pods[of] = ready
        self.site.happens(f"pods of {of}: {ready}", written)
        self._export_local(of)

    def _pod(self, of: ServiceName, number: int, is_ready: bool) -> Document:
        called = f"{of.name}-{number}"
        found = dict(pod(called, address(A, of, number), ready=is_ready, account=of.name))
        found["metadata"] = {
            "name": called,
            "namespace": of.namespace,
            "labels": {"app": of.name},
        }
        return found

    @rule(of=names, exported=st.booleans())
    def export_local(self, of: ServiceName, exported: bool) -> None:
        (self.exported.add if exported else self.exported.discard)(of)
        self._export_local(of)

    def _export_local(self, of: ServiceName) -> None:
        serving = None
        if of in self.exported and of in self.local:
            found = [(address(A, of, at), ready) for at, ready in enumerate(self.pods[of])]
            serving = Serving(
                self.local[of],
                tuple(7_000 + each.port for each in self.local[of]),
                tuple(each for each, ready in found if ready),
                tuple(each for each, ready in found if not ready),
            )
        self.site.happens(f"a exports {of}: {serving}", lambda: self.site.export(A, of, serving))

    @rule(there=st.booleans(), weight=st.integers(1, 2))
    def users_split(self, there: bool, weight: int) -> None:
        written = split("of-a-user", "web", web=weight)
        gone = ObjectKey(TRAFFIC_SPLIT, "app", "of-a-user")
        if there:
            self.site.happens("a user's split", lambda: self.site.write(written))
        else:
            self.site.happens("no user's split", lambda: self.site.drop(gone))

    @rule(there=st.booleans(), of=st.sampled_from(["web-mc-b", "web-mc-c", "db-mc-b"]))
    def users_service(self, there: bool, of: str) -> None:
        """Somebody else has a Service with the name of a leaf, or has it no more."""
        held = self.site.store.get(ObjectKey(SERVICE, "app", of))
        if held is not None and is_ours(held):
            return
        if there:
            self.site.happens(f"a user's {of}", lambda: self.site.write(service(of)))
        else:
            gone = ObjectKey(SERVICE, "app", of)
            self.site.happens(f"no user's {of}", lambda: self.site.drop(gone))

    @rule(spec=POLICIES)
    def policy(self, spec: dict[str, object] | None) -> None:
        objects = [policy_object(spec, namespace="app")] if spec else []
        self.site.happens(
            f"policy {spec}", lambda: self.site.world.view.set_local_policies(objects)
        )

    @rule()
    def kubernetes_restarts(self) -> None:
        self.site.happens("Kubernetes restarts", self.site.restart_kubernetes)

    @rule()
    def osm_restarts(self) -> None:
        self.site.happens("OSM restarts", self.site.restart_osm)

    # --- the driver ----------------------------------------------------------------------

    @rule(most=st.integers(1, 6), pause=pauses)
    def drive(self, most: int, pause: int) -> None:
        self.site.log.append(f"drive {most}, {pause}")
        self.site.drive(most, pause)

    @rule(pause=pauses)
    def wait(self, pause: int) -> None:
        self.site.log.append(f"wait {pause}")
        self.site.wait(pause)

    @rule()
    def finish(self) -> None:
        self.site.log.append("finish")
        self.site.finish()

    @invariant()
    def nobody_is_the_worse_for_it(self) -> None:
        assert self.site.referee.wrong == [], "\n".join([*self.site.log, *self.site.referee.wrong])

    def teardown(self) -> None:
        if not self.site.referee.wrong:
            self.site.finish()
            self.nobody_is_the_worse_for_it()


class MulticlusterDrivers(Drivers):
    """The same, with OSM v1.1 in multicluster mode."""

    version = Version.V1_1
    make = staticmethod(multicluster_driver)


class VerifyingDrivers(Drivers):
    """The same, with identity Pods, whose coming has Kubernetes wipe what was written."""

    make = staticmethod(verifying_driver)


class SmiDrivers(Drivers):
    """The same in SMI mode, with a Pod for each remote address."""

    make = staticmethod(smi_driver)
    written: tuple[Document, ...] = (
        config(permissive=False),
        target("web", Identity("app", "web"), BUYER),
        target("db", Identity("app", "db"), BUYER),
    )


TestEndpointsDriver = Drivers.TestCase
TestVerifyingDriver = VerifyingDrivers.TestCase
TestSmiDriver = SmiDrivers.TestCase
TestMulticlusterDriver = MulticlusterDrivers.TestCase

for _case in (TestEndpointsDriver, TestVerifyingDriver, TestSmiDriver, TestMulticlusterDriver):
    _case.settings = settings(stateful_step_count=20, deadline=None)
