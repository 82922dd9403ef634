"""How much memory a large fleet's catalog and its view take, and how long to take them in.

Nothing is simulated here: a bridge, with real signatures, is handed the packed last good state of
all clusters, as after a restart. What is shown: three million endpoints take a fraction of what
known systems need, a bridge is ready within a minute of one core, and a change costs what changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from discovery.bridge import Bridge
from discovery.bridge_config import Agent, BridgeConfig
from discovery.bridge_events import StateRestored
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import CLUSTER_KEY, endpoints_key, export_key
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.names import Origin
from discovery.records import (
    ClusterRecord,
    ExportRecord,
    ServicePort,
    encode_cluster,
    encode_export,
)
from discovery.recordset import RecordSet
from discovery.signing import NaclVerifier, SigningKey
from discovery.state import KeptSet, KeptState, read_state, write_state
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied
from failure_detect.identity import Address, Identity, MemberId, NodeName
from failure_detect.packing import Packable, pack
from simulations import options
from simulations.experiment import Experiment, Plan
from simulations.randomness import generator
from simulations.samples import Sample
from simulations.sets.fleet import ClusterPlan, service_of, size_fault
from simulations.trials import Scene

_PER_RECORD = 16
_ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")
_PORTS = (EndpointPort("http", 8_080),)
_OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(Experiment):
    """One bridge of a large fleet, restored from its last good state."""

    plan: ClassVar[Plan] = Plan(
        name="capacity",
        title="one bridge that holds a large fleet: memory, time to take it in, one change",
        columns=("endpoints", "state_mb", "resident_mb", "take_in_s", "change_s"),
        configurations=(_OURS,),
        profile="wan",
        seeds=1,
    )

    clusters: int = options.count(200, "how many clusters there are")
    services: int = options.count(750, "how many services each of them exports")
    endpoints: int = options.count(20, "how many endpoints each service has")
    nodes: int = options.count(500, "on how many nodes of each cluster they run")
    changes: int = options.count(50, "how many times one endpoint changes afterwards")

    def fault(self) -> str | None:
        """Say why there can be no such fleet."""
        return size_fault(
            clusters=self.clusters,
            nodes=self.nodes,
            services=self.services,
            endpoints=self.endpoints,
        )

    def run(self, scene: Scene) -> Sample:
        """Restore a bridge, then let endpoints change one by one."""
        packed = b"".join(write_state(KeptState(sets=tuple(self._sets(scene.seed)))))
        sample, meter = Sample(), scene.meter
        sample.measure("endpoints", self.clusters * self.services * self.endpoints)
        sample.measure("state_mb", len(packed) >> 20)
        began = meter.processor_us()
        bridge = _bridge(self.clusters)
        bridge.handle(StateRestored(read_state(packed)), 0)
        seen = bridge.view.take_diff()
        sample.add("take_in", meter.processor_us() - began)
        if len(seen.added) != self.services or len(bridge.catalog) != self.clusters:
            raise AssertionError(f"only {len(seen.added)} services are in the view")
        del packed
        sample.measure("resident_mb", meter.resident_bytes() >> 20)
        self._change(bridge, scene, sample)
        bridge.catalog.check_invariants()
        return sample

    def _sets(self, seed: int) -> Iterator[KeptSet]:
        for number in range(self.clusters):
            plan = ClusterPlan(number=number)
            records = RecordSet.of(dict(self._records(plan, generator(seed, "exports", number))))
            yield KeptSet(_signed(plan, records, 1), records)

    def _records(self, plan: ClusterPlan, rng: Random) -> Iterator[tuple[bytes, bytes]]:
        yield CLUSTER_KEY, encode_cluster(ClusterRecord(region="eu-west-1"))
        head = ExportRecord(
            ports=(ServicePort("http", 80, "TCP", "http"),), exported_at=plan.number
        )
        nodes = [f"{plan.name}-pool-1-{rng.getrandbits(32):08x}" for _ in range(self.nodes)]
        for at in range(self.services):
            service = service_of(at)
            yield export_key(service), encode_export(head)
            for first in range(0, self.endpoints, _PER_RECORD):
                count = min(_PER_RECORD, self.endpoints - first)
                yield endpoints_key(service, first // _PER_RECORD), _packed(plan, nodes, rng, count)

    def _change(self, bridge: Bridge, scene: Scene, sample: Sample) -> None:
        rng = generator(scene.seed, "changes")
        for version in range(2, self.changes + 2):
            plan = ClusterPlan(number=int(rng.random() * self.clusters))
            held = bridge.catalog.get(plan.name)
            assert held is not None
            service = service_of(int(rng.random() * self.services))
            endpoint = Endpoint(f"10.255.{version >> 8}.{version & 255}", node="node-1")
            changed = encode_endpoints(EndpointRecord(_PORTS, (endpoint,)))
            records = held.records.updated({endpoints_key(service, 0): changed})
            manifest = _signed(plan, records, version)
            began = scene.meter.processor_us()
            bridge.handle(StateRestored(KeptState(sets=(KeptSet(manifest, records),))), version)
            diff = bridge.view.take_diff()
            sample.add("change", scene.meter.processor_us() - began)
            if diff.services != (service,):
                raise AssertionError(f"one change of {service} made {diff}")


def _packed(plan: ClusterPlan, nodes: list[str], rng: Random, count: int) -> bytes:
    """Return a record as `encode_endpoints` makes it, without an object for each endpoint."""
    endpoints: dict[bytes, Packable] = {}
    for _ in range(count):
        number = rng.getrandbits(48)
        address = bytes((10, plan.number & 255, number & 255, number >> 8 & 255))
        at = (number >> 16) % len(nodes)
        endpoints[address] = [address, 3, nodes[at], at % len(_ZONES)]
    return pack(
        {
            "p": [[port.name, port.port, port.protocol] for port in _PORTS],
            "z": list(_ZONES),
            "e": list(endpoints.values()),
        }
    )


def _key(number: int) -> SigningKey:
    return SigningKey.from_seed(number.to_bytes(32))


def _signed(plan: ClusterPlan, records: RecordSet, version: int) -> Manifest:
    body = Body(
        origin=plan.name,
        uid=plan.uid,
        generation=1,
        epoch=1,
        version=version,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
    )
    return sign_manifest(body, _key(plan.number))


def _bridge(clusters: int) -> Bridge:
    key = _key(1 << 16)
    own = Origin("importer")
    trust = TrustBook(own, {1: key.public}, NaclVerifier(), "uid-importer")
    identity = Identity(MemberId(key.public), NodeName("node-1"), 1, Address("10.0.0.1:1"), own)
    bridge = Bridge(Agent(identity, key), trust, BridgeConfig(), now=0, rng=Random(1))
    for number in range(clusters):
        plan = ClusterPlan(number=number)
        bridge.handle(ObjectApplied(_trusted(plan)), 0)
    return bridge


def _trusted(plan: ClusterPlan) -> dict[str, object]:
    keys = [{"generation": 1, "key": _key(plan.number).public.hex()}]
    return {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrustedCluster",
        "metadata": {"name": plan.name},
        "spec": {"uid": plan.uid, "keys": keys, "import": {"services": ["*/*"]}},
    }
