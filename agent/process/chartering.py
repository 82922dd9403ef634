"""From the settings, the keys and the last good state to what the core is made with."""

from dataclasses import replace

from agent.core.charter import Charter
from agent.core.election import ElectionConfig
from agent.core.events import CertificatesMade, KeyLoaded
from agent.core.lease import LeaseConfig
from agent.credentials import Credentials, KeyRing
from agent.drivers.plan import DriverSettings
from agent.drivers.writer_config import WriterConfig
from agent.settings_file import Settings
from agent.sources.acks import AcksConfig
from agent.sources.cluster_facts import ClusterSettings
from agent.sources.sources import SourcesConfig
from agent.state_folder import LoadedState
from discovery.names import Origin
from discovery.records import Gateway
from discovery.signing import NaclVerifier
from failure_detect.clock import SECOND, Duration
from failure_detect.config import DetectorConfig

SEALED_MAX = 1_190
"""Bytes of a datagram before it is sealed: with 42 of the seal and 48 of IPv6 and UDP it is within
the least MTU of IPv6 (1,280)."""

LOOPBACK_SETTLE: Duration = 1 * SECOND
"""How long the start of an agent on one machine listens before it takes a seat: gossip takes a
tenth of what it takes elsewhere."""


def charter_of(
    settings: Settings, credentials: Credentials, loaded: LoadedState, uid: str, version: str
) -> Charter:
    """Return what the core is made with."""
    config, machines = settings.config, settings.machines
    own = Origin(config.cluster)
    return Charter(
        own=own,
        uid=uid,
        holder=holder_of(settings, credentials),
        signer=credentials.signer,
        verifier=NaclVerifier(),
        keys=keys_of(credentials.ring),
        certificates=CertificatesMade(credentials.lan, credentials.wan),
        lan=_sealed(machines.lan),
        wan=_sealed(machines.wan),
        bridge=machines.bridge,
        publisher=machines.publisher,
        election=_election(settings),
        lease=_lease(settings),
        writer=_writer(settings),
        sources=SourcesConfig(
            settings=cluster_settings(settings, version),
            allow_loopback=config.allow_loopback_endpoints,
        ),
        acks=AcksConfig(mesh_bound=config.mesh.push_bound, grace=config.mesh.connection_grace),
        driver=_driver(settings),
        driver_name=config.mesh.driver,
        stop_within=config.stop_within,
        kept=loaded.state,
        trusted=loaded.trusted,
        lan_claims=loaded.members.lan,
        wan_claims=loaded.members.wan,
    )


def holder_of(settings: Settings, credentials: Credentials) -> str:
    """Return what this process is called in the Lease: node and key, so that none is called so."""
    return f"{settings.node}-{credentials.member[:8].hex()}"


def keys_of(ring: KeyRing) -> KeyLoaded:
    """Return what the core is told of key files."""
    listed = ring.revocations
    return KeyLoaded(ring.publishing_key, dict(ring.own_keys), listed.raw if listed else b"")


def _sealed(config: DetectorConfig) -> DetectorConfig:
    """Return a detector's numbers with datagrams that are small enough when they are sealed."""
    size = min(config.gossip.datagram_bytes, SEALED_MAX)
    return replace(config, gossip=replace(config.gossip, datagram_bytes=size))


def _election(settings: Settings) -> ElectionConfig:
    config = settings.config
    if config.detector.preset == "loopback":
        return ElectionConfig(
            bridges=config.bridges, settle=LOOPBACK_SETTLE, stagger=LOOPBACK_SETTLE
        )
    return ElectionConfig(bridges=config.bridges)


def _lease(settings: Settings) -> LeaseConfig:
    wanted = settings.config.lease
    usual = LeaseConfig()
    return LeaseConfig(
        duration=wanted.duration,
        renew=wanted.renew,
        margin=min(usual.margin, (wanted.duration - wanted.renew) // 2),
    )


def _writer(settings: Settings) -> WriterConfig:
    # A cluster of which nothing was heard is given as long as one that has fallen silent.
    retention = settings.machines.bridge.verdicts.retention
    return WriterConfig(is_dry_run=settings.config.dry_run, settle=retention)


def cluster_settings(settings: Settings, version: str) -> ClusterSettings:
    """Return what the settings say of the cluster; `version` is this program's."""
    config = settings.config
    return ClusterSettings(
        region=config.region,
        network=config.network,
        gateways=tuple(Gateway(each.address, each.port) for each in config.gateways),
        capacity=config.capacity,
        version=version,
        trust_domain=config.mesh.trust_domain,
        mesh_namespace=config.mesh.namespace,
    )


def _driver(settings: Settings) -> DriverSettings:
    mesh = settings.config.mesh
    return DriverSettings(
        own=Origin(settings.config.cluster),
        mesh_name=mesh.name,
        mesh_namespace=mesh.namespace,
        verify_identities=mesh.verify_identities,
        smi=mesh.smi,
    )
