"""What clusters sign with, and the trust objects by which others believe them.

Either each cluster is trusted by its name and keys (`TrustedCluster`), or all of them by the
certificates of one fleet (`TrustedFleet`): then a manifest carries its cluster's certificate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from discovery.certificates import ClusterBody, issue_cluster_certificate
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.publisher_events import PublishingKey
from discovery.recordset import RecordSet
from simulations.sets.fleet import FleetPlan
from simulations.sets.keyring import Keyring, KeyringSigner

API_VERSION = "isthmus.dev/v1alpha1"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys of all clusters of a fleet, of any generation, and its own."""

    plan: FleetPlan
    keyring: Keyring
    certified: bool = False
    """Whether the fleet certifies the keys of its clusters."""

    @property
    def fleet(self) -> KeyringSigner:
        """What certifies clusters, and revokes their keys."""
        return self.keyring.signer("fleet")

    def key(self, number: int, generation: int) -> PublishingKey:
        """Return a cluster's key of a generation, with its certificate where there are any."""
        plan = self.plan.clusters[number]
        signer = self.keyring.signer(plan.name, generation)
        if not self.certified:
            return PublishingKey(signer, generation)
        body = ClusterBody(
            cluster=plan.name,
            key=signer.public,
            generation=generation,
            fleet=self.fleet.public,
            uid=plan.uid,
        )
        return PublishingKey(signer, generation, issue_cluster_certificate(body, self.fleet).raw)

    def sign(
        self, number: int, records: RecordSet, *, epoch: int, version: int = 1, generation: int = 1
    ) -> Manifest:
        """Return a manifest with a cluster's key, as whoever has that can make it."""
        plan, key = self.plan.clusters[number], self.key(number, generation)
        body = Body(
            origin=plan.name,
            uid=plan.uid,
            generation=generation,
            epoch=epoch,
            version=version,
            root=records.root,
            count=records.count,
            size_bytes=records.size_bytes,
        )
        return sign_manifest(body, key.signer, key.certificate)

    def trust_object(
        self, cluster: int, granted: Mapping[str, object], generations: Iterable[int] = (1,)
    ) -> dict[str, object]:
        """Return the TrustedCluster object of a cluster, with its keys of these generations."""
        plan = self.plan.clusters[cluster]
        keys = [
            {"generation": each, "key": self.keyring.signer(plan.name, each).public.hex()}
            for each in generations
        ]
        return {
            "apiVersion": API_VERSION,
            "kind": "TrustedCluster",
            "metadata": {"name": plan.name},
            "spec": {"uid": plan.uid, "keys": keys, "import": dict(granted)},
        }

    def fleet_object(self) -> dict[str, object]:
        """Return the TrustedFleet object by which all clusters may serve everything."""
        return {
            "apiVersion": API_VERSION,
            "kind": "TrustedFleet",
            "metadata": {"name": "fleet"},
            "spec": {
                "keys": [{"key": self.fleet.public.hex()}],
                "clusters": ["cluster-*"],
                "import": {"services": ["*/*"], "policies": True},
            },
        }
