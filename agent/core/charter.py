"""What an agent is made with: who it is, what it signs with, and how each machine is set."""

from dataclasses import dataclass, field

from agent.core.election import ElectionConfig
from agent.core.events import CertificatesMade, KeyLoaded
from agent.core.lease import LeaseConfig
from agent.drivers.plan import DriverSettings
from agent.drivers.writer_config import WriterConfig
from agent.objects import Document
from agent.sources.acks import AcksConfig
from agent.sources.sources import SourcesConfig
from discovery.authority import Signer, Verifier
from discovery.bridge_config import BridgeConfig
from discovery.names import Origin
from discovery.publisher_config import PublisherConfig
from discovery.state import KeptState
from failure_detect.clock import SECOND, Duration
from failure_detect.config import DetectorConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """One agent. What changes while it runs comes as events."""

    own: Origin
    uid: str
    """Of the cluster: its kube-system namespace's; empty where nobody knows it."""
    holder: str
    """What this process is called in the Lease; no other process ever has the same name."""
    signer: Signer
    """This process's own key."""
    verifier: Verifier
    keys: KeyLoaded
    certificates: CertificatesMade

    lan: DetectorConfig
    wan: DetectorConfig
    bridge: BridgeConfig = field(default_factory=BridgeConfig)
    publisher: PublisherConfig = field(default_factory=PublisherConfig)
    election: ElectionConfig = field(default_factory=ElectionConfig)
    lease: LeaseConfig = field(default_factory=LeaseConfig)
    writer: WriterConfig = field(default_factory=WriterConfig)
    sources: SourcesConfig = field(default_factory=SourcesConfig)
    acks: AcksConfig = field(default_factory=AcksConfig)
    driver: DriverSettings
    driver_name: str = "auto"
    """`auto`: what fits the store; `none`; or one by name."""
    stop_within: Duration = 10 * SECOND

    kept: KeptState = field(default_factory=KeptState)
    """The last good state of an earlier run."""
    trusted: tuple[Document, ...] | None = None
    """The objects that said then whom the cluster trusts; None where nobody knows."""
    lan_claims: tuple[bytes, ...] = ()
    wan_claims: tuple[bytes, ...] = ()
    """Who was alive in both pools then."""
