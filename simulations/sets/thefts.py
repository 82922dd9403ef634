"""A stranger has the key of a cluster, and says in its name what suits him.

On one side of a partition the cluster publishes a set; on the other side the stranger signs another
one for the same place in the order. Durations are in microseconds.

It is shown that after healing all bridges hold the same, that whoever held both keeps the proof,
and that what the cluster itself says stands in the end, above the stranger's set.
"""

from dataclasses import dataclass
from typing import ClassVar

from discovery.deltas import delta_of
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import endpoints_key
from discovery.manifest import Manifest
from discovery.messages import Rumour
from discovery.recordset import RecordSet
from discovery.wire import encode_gossip
from failure_detect.clock import SECOND, Duration
from failure_detect.events import BroadcastReceived
from simulations import options
from simulations.experiment import Plan
from simulations.faults import Partition
from simulations.samples import Sample
from simulations.sets.incidents import IncidentExperiment, Signed, conclude, flip, wait
from simulations.sets.safety import UnsafeError, check_exported
from simulations.sets.stage import Stage
from simulations.trials import Scene

_REST: Duration = 3 * SECOND
_RECORD = 9_000
"""The first number of the record that the stranger adds."""

_HIGHER = ("stranger", "cluster")


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivocate(IncidentExperiment):
    """Two sets of the last cluster claim one place, on two sides of a partition."""

    plan: ClassVar[Plan] = Plan(
        name="equivocate",
        title="a stranger signs with a cluster's key: when the cluster's own word stands again",
        columns=("healed_s", "proofs", "held_both", "signed"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    higher: str = options.choice(_HIGHER, _HIGHER, "whose set has the higher root, which decides")
    lasting: int = options.duration(10 * SECOND, "how long the partition lasts when both stand")

    def fault(self) -> str | None:
        """Say why there can be no such fleet, or that its far half is too small to gossip."""
        if self.clusters // 2 * self.bridges < 2:
            return (
                f"--bridges {self.bridges}: two are needed in {self.clusters // 2} of the clusters"
            )
        return IncidentExperiment.fault(self)

    def run(self, scene: Scene) -> Sample:
        """Part the fleet, publish on both sides, and heal it."""
        stage, sample, cluster = self.stage(scene), Sample(), self.struck
        signed, origin = Signed(stage), stage.origin(cluster)
        stage.warm()
        stage.run(_REST)
        far = [p for p in stage.running() if stage.places[p] < self.clusters // 2]
        near = [p for p in stage.running() if p not in far]
        strike = stage.world.strike(Partition(groups=(tuple(far), tuple(near))))
        before = len(signed.of(origin))
        flip(stage, cluster)
        wait(stage, lambda: len(signed.of(origin)) > before, "the cluster publishes")
        wait(stage, lambda: _hold(stage, near, signed.of(origin)[-1]), "the near side has it")
        genuine, old = signed.of(origin)[-1], stage.bridge(far[0]).catalog.get(origin)
        assert old is not None
        forged, records = self._forged(stage, genuine, old.records)
        delta = delta_of(records.changes_since(old.records))
        payload = encode_gossip(Rumour(forged.raw, old.records.root, delta))
        stage.tell(far[0], BroadcastReceived(stage.world.member_id(far[-1]), b"", payload))
        wait(stage, lambda: _hold(stage, far, forged), "the far side has the stranger's")
        stage.run(self.lasting)
        stage.world.mend(strike)
        healed = stage.world.now

        def is_settled() -> bool:
            newest = signed.of(origin)[-1]
            return newest.order > forged.order and _hold(stage, stage.running(), newest)

        wait(stage, is_settled, "what the cluster says stands everywhere")
        sample.add("healed", stage.world.now - healed)
        conclude(stage, sample)
        check_exported(stage, stage.running()[0])
        _check_proofs(stage, forged, genuine, sample)
        sample.count("signed", len(signed.of(origin)))
        return sample

    def _forged(
        self, stage: Stage, genuine: Manifest, base: RecordSet
    ) -> tuple[Manifest, RecordSet]:
        """Return a set for the place of the genuine one, its root on the side that is asked."""
        service, body = stage.exports[self.struck].services[0], genuine.body
        number = _RECORD
        while True:
            endpoint = Endpoint(address="203.0.113.66", ready=True, serving=True)
            record = EndpointRecord((EndpointPort("http", 8_080),), (endpoint,))
            records = base.updated({endpoints_key(service, number): encode_endpoints(record)}, ())
            if (records.root > body.root) is (self.higher == "stranger"):
                manifest = stage.credentials.sign(
                    self.struck,
                    records,
                    epoch=body.epoch,
                    version=body.version,
                    generation=body.generation,
                )
                return manifest, records
            number += 1


def _hold(stage: Stage, places: list[int], manifest: Manifest) -> bool:
    held = (stage.bridge(place).catalog.get(manifest.origin) for place in places)
    return all(each is not None and each.manifest.order == manifest.order for each in held)


def _check_proofs(stage: Stage, forged: Manifest, genuine: Manifest, sample: Sample) -> None:
    """Check that whoever held both sets has the proof, and that there is one at all."""
    held: dict[int, set[bytes]] = {}
    for each in stage.sightings[genuine.origin]:
        if each.order in (forged.order, genuine.order):
            held.setdefault(each.place, set()).add(each.order.root)
    both = [place for place, roots in held.items() if len(roots) > 1]
    proofs = [p for p in stage.running() if stage.bridge(p).evidence.pairs(genuine.origin)]
    if not proofs or any(place not in proofs for place in both):
        raise UnsafeError(f"held by {both} both, proven at {proofs}")
    sample.count("held_both", len(both))
    sample.count("proofs", len(proofs))
