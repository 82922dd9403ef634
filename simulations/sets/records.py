"""How large sets, records and rumours are: what everything else in this family rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from zlib import compress

from discovery.authority import Signer
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.recordset import RecordSet
from failure_detect.packing import pack
from simulations import options
from simulations.experiment import Experiment, Plan
from simulations.randomness import generator
from simulations.samples import Sample
from simulations.sets.exports import Exports, edited
from simulations.sets.fleet import ClusterPlan, size_fault
from simulations.sets.keyring import Keyring
from simulations.trials import Scene

_WALL_MS = 1_760_000_000_000
_ZLIB_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Records(Experiment):
    """The set of one cluster, and changes to it one by one."""

    plan: ClassVar[Plan] = Plan(
        name="records",
        title="how many bytes a set takes, and one change to it",
        columns=(
            "records",
            "set_bytes",
            "set_zlib_bytes",
            "record_bytes",
            "record_zlib_bytes",
            "manifest_bytes",
            "rumour_bytes",
        ),
        configurations=("ours",),
        profile="wan",
        seeds=5,
    )

    services: int = options.count(1, "how many services the cluster exports")
    endpoints: int = options.count(5_000, "how many endpoints each of them has")
    nodes: int = options.count(1_000, "on how many nodes they run", least=3)
    changes: int = options.count(100, "how many times an endpoint changes")

    def fault(self) -> str | None:
        """Say why there can be no such cluster."""
        return size_fault(nodes=self.nodes, services=self.services, endpoints=self.endpoints)

    def run(self, scene: Scene) -> Sample:
        """Fill a cluster, and let endpoints flip or move one after the other."""
        plan = ClusterPlan(
            number=0, nodes=self.nodes, services=self.services, endpoints=self.endpoints
        )
        exports = Exports(plan, generator(scene.seed, "exports", plan.number))
        signer = Keyring(scene.seed).signer(plan.name)
        records = RecordSet.of(exports.records())
        sample = Sample()
        sample.measure("records", records.count)
        sample.measure("set_bytes", records.size_bytes)
        sample.measure("set_zlib_bytes", len(_compressed(dict(records))))
        for version in range(1, self.changes + 1):
            before, records = records, edited(records, exports.churn())
            changed = {each.key: each.after for each in records.changes_since(before)}
            manifest = _manifest(plan, records, version, signer)
            _measure_change(sample, changed, manifest)
        return sample


def _measure_change(
    sample: Sample, changed: Mapping[bytes, bytes | None], manifest: Manifest
) -> None:
    for key, value in changed.items():
        sample.measure("record_bytes", len(key) + len(value or b""))
        sample.measure("record_zlib_bytes", len(_compressed({key: value})))
    sample.measure("manifest_bytes", len(manifest.raw))
    plain = sum(len(pack([key, value])) for key, value in changed.items())
    sample.measure("rumour_bytes", len(manifest.raw) + min(plain, len(_compressed(changed))))


def _compressed(records: Mapping[bytes, bytes | None]) -> bytes:
    return compress(b"".join(pack([key, value]) for key, value in records.items()), _ZLIB_LEVEL)


def _manifest(plan: ClusterPlan, records: RecordSet, version: int, signer: Signer) -> Manifest:
    body = Body(
        origin=plan.name,
        uid=plan.uid,
        generation=1,
        epoch=_WALL_MS,
        version=version,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
        signed_at_ms=_WALL_MS + version,
    )
    return sign_manifest(body, signer)
