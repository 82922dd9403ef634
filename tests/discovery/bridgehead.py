"""A bridge that is driven by hand, and the clusters that it hears of."""

from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

from discovery.bridge import Bridge
from discovery.bridge_config import Agent, BridgeConfig
from discovery.bridge_events import Effect, Event, StateRestored
from discovery.deltas import delta_of
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import endpoints_key, export_key
from discovery.manifest import Body, Intent, Manifest, sign_manifest
from discovery.messages import Item, Rumour
from discovery.names import Origin, ServiceName
from discovery.overlays import Overlay, OverlayBody, issue_overlay
from discovery.publisher import Publisher
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import PublishingKey
from discovery.records import ExportRecord, ServicePort, encode_export
from discovery.recordset import EMPTY, RecordSet
from discovery.revocations import issue_revocations
from discovery.state import KeptSet, KeptState
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied, ObjectDeleted
from discovery.wall_time import WallClockRead, shown_time
from discovery.wire import encode_gossip
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import BroadcastReceived, MemberDied, MemberJoined
from failure_detect.identity import Address, Identity, MemberId, NodeName
from tests.discovery.keyring import Keyring

RING = Keyring(4)
HOME, EAST, WEST = Origin("home"), Origin("east"), Origin("west")
WEB = ServiceName("shop", "web")
API = ServiceName("shop", "api")
START: Instant = 1_000 * SECOND
WALL = 1_800_000_000_000
"""What the wall clock shows at the start (ms)."""


def uid(origin: str) -> str:
    """Return the UID of a cluster."""
    return f"uid-of-{origin}"


def member(origin: str, number: int = 0) -> MemberId:
    """Return the id of a bridge of a cluster."""
    return MemberId(RING.public(f"{origin}/bridge/{number}"))


def identity(origin: str, number: int = 0) -> Identity:
    """Return a bridge of a cluster: number 3 is on `node-3`."""
    node = NodeName(f"node-{number}")
    return Identity(member(origin, number), node, 1, Address(f"{origin}-{number}:1"), origin)


def joined(origin: str, number: int = 0) -> MemberJoined:
    """Return that a bridge was met."""
    return MemberJoined(identity(origin, number), 0)


def died(origin: str, number: int = 0) -> MemberDied:
    """Return that a bridge died."""
    return MemberDied(member(origin, number), 0, ())


def trusted(
    origin: str, *, generations: Iterable[int] = (1,), not_after_ms: int = 0
) -> ObjectApplied:
    """Return the trust object of a cluster, which may serve everything."""
    until = {"notAfter": shown_time(not_after_ms)} if not_after_ms else {}
    keys = [
        {"generation": each, "key": RING.public(f"{origin}/{each}").hex(), **until}
        for each in generations
    ]
    return ObjectApplied(
        {
            "apiVersion": "isthmus.dev/v1alpha1",
            "kind": "TrustedCluster",
            "metadata": {"name": origin},
            "spec": {"uid": uid(origin), "keys": keys, "import": {"services": ["*/*"]}},
        }
    )


def trusted_fleet(*clusters: str) -> ObjectApplied:
    """Return the trust object of a fleet that vouches for these clusters."""
    keys = [{"key": RING.public("fleet").hex()}]
    return ObjectApplied(
        {
            "apiVersion": "isthmus.dev/v1alpha1",
            "kind": "TrustedFleet",
            "metadata": {"name": "fleet"},
            "spec": {"keys": keys, "clusters": list(clusters)},
        }
    )


def revocations(number: int, *revoked: str) -> Item:
    """Return the fleet's list of revoked keys, by their signers' names, as it is passed on."""
    listed = issue_revocations(number, map(RING.public, revoked), RING.signer("fleet"))
    return Item(listed.item_key, listed.raw)


def distrusted(origin: str) -> ObjectDeleted:
    """Return that the trust object of a cluster is gone."""
    return ObjectDeleted("TrustedCluster", origin)


def pods(
    numbers: Iterable[int], service: ServiceName = WEB, *, ready: bool = True
) -> dict[bytes, bytes]:
    """Return a service with these pods, 16 in each record; pod 7 is on `node-7`."""
    records: dict[int, list[Endpoint]] = {}
    for number in numbers:
        one = Endpoint(f"10.1.0.{number + 1}", ready=ready, node=f"node-{number}")
        records.setdefault(number // 16, []).append(one)
    head = encode_export(ExportRecord(ports=(ServicePort("http", 80),), exported_at=1))
    port = EndpointPort("http", 8080)
    return {
        export_key(service): head,
        **{
            endpoints_key(service, at): encode_endpoints(EndpointRecord((port,), tuple(each)))
            for at, each in records.items()
        },
    }


def manifest_of(origin: Origin, records: RecordSet, version: int = 1, **body: object) -> Manifest:
    """Return the manifest of a set, signed by its origin; `body`: other fields of the body."""
    fields: dict[str, object] = {"generation": 1, "epoch": 1, **body}
    made = Body(
        origin=origin,
        uid=uid(origin),
        version=version,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
        **fields,  # type: ignore[arg-type]  # Fields by name.
    )
    return sign_manifest(made, RING.signer(f"{origin}/{made.generation}"))


def kept(origin: Origin, records: Mapping[bytes, bytes], version: int = 1) -> KeptSet:
    """Return a set as it is kept."""
    packed = RecordSet.of(records)
    return KeptSet(manifest_of(origin, packed, version), packed)


def overlay_of(
    origin: Origin,
    number: int,
    *down: str,
    heard: Iterable[str] = (),
    serial: int = 1,
    lifetime_s: int = 30,
) -> Overlay:
    """Return what a bridge says of its nodes."""
    body = OverlayBody(
        origin=origin,
        bridge=member(origin, number),
        serial=serial,
        down=tuple(map(NodeName, sorted(down))),
        heard=tuple(map(NodeName, sorted(heard))),
        lifetime_s=lifetime_s,
    )
    return issue_overlay(body, RING.signer(f"{origin}/bridge/{number}"))


class Bridgehead:
    """Bridge 0 of `home`, and its clock."""

    def __init__(
        self,
        config: BridgeConfig | None = None,
        *,
        publishes: bool = False,
        trusts: Iterable[Origin] = (EAST, WEST),
        wall_ms: int | None = WALL,
    ) -> None:
        """Start it; it trusts these clusters, and knows what time it is."""
        self.now: Instant = START
        self.versions: dict[Origin, int] = {}
        self.sets: dict[Origin, RecordSet] = {}
        key = PublishingKey(RING.signer(f"{HOME}/1"), 1)
        self.bridge = Bridge(
            Agent(identity(HOME), RING.signer(f"{HOME}/bridge/0")),
            TrustBook(HOME, {1: key.signer.public}, RING, uid(HOME)),
            config or BridgeConfig(),
            now=self.now,
            rng=Random(1),
            publisher=Publisher(HOME, uid(HOME), key, PublisherConfig(), self.now)
            if publishes
            else None,
        )
        if wall_ms is not None:
            self.tell(WallClockRead(wall_ms))
        self.tell(*map(trusted, trusts))

    def tell(self, *events: Event) -> list[Effect]:
        """Tell it things that all come now."""
        effects: list[Effect] = []
        for event in events:
            effects += self.bridge.handle(event, self.now)
            self.bridge.check_invariants()
        return effects

    def wait(self, duration: Duration) -> list[Effect]:
        """Let time pass, with every deadline met; each of them must bring it on."""
        end, effects, late = self.now + duration, list[Effect](), 0
        while self.bridge.deadline <= end:
            due = max(self.now, self.bridge.deadline)
            late = late + 1 if due == self.now else 0
            assert late < 100, "what was due is due for ever"
            self.now = due
            effects += self.bridge.advance(self.now)
            self.bridge.check_invariants()
        self.now = end
        return effects

    def hear(
        self,
        origin: Origin,
        manifest: Manifest,
        records: RecordSet,
        by: MemberId | None = None,
    ) -> list[Effect]:
        """Let bridge 0 of a cluster (of ours bridge 1), which it has met, tell of a set whole."""
        catalog = self.bridge.catalog.get(origin)
        before = EMPTY if catalog is None else catalog.records
        delta = delta_of(records.changes_since(before))
        payload = encode_gossip(Rumour(manifest.raw, before.root, delta))
        sender = by or member(origin, 1 if origin == HOME else 0)
        return self.tell(BroadcastReceived(sender, b"rumour", payload))

    def publish(
        self, origin: Origin, records: Mapping[bytes, bytes], *intents: Intent, **body: object
    ) -> list[Effect]:
        """Let a cluster say that this is its set now."""
        version = self.versions[origin] = self.versions.get(origin, 0) + 1
        packed = RecordSet.of(records)
        return self.hear(
            origin, manifest_of(origin, packed, version, intents=intents, **body), packed
        )

    def overlay(self, overlay: Overlay, sender: MemberId, age: Duration = 0) -> list[Effect]:
        """Let a bridge that it has met pass on an overlay."""
        return self.pass_on(Item(overlay.item_key, overlay.raw, age), sender)

    def pass_on(self, item: Item, sender: MemberId) -> list[Effect]:
        """Let a bridge that it has met pass on an item."""
        return self.tell(BroadcastReceived(sender, b"item", encode_gossip(item)))

    def restore(self, state: KeptState) -> list[Effect]:
        """Give it back what an earlier run had kept."""
        return self.tell(StateRestored(state))

    def kept(self, wall_ms: int = 0) -> KeptState:
        """Return what it would keep now."""
        return self.bridge.kept(wall_ms, self.now)

    def reasons(self, service: ServiceName = WEB) -> dict[str, int]:
        """Return how many endpoints of a service are where they are for which reason."""
        rows = self.bridge.view.explain(service).endpoints
        return dict(sorted(Counter(f"{row.origin}: {row.reason}" for row in rows).items()))


def of_kind(effects: Iterable[object], *kinds: type) -> list[object]:
    """Return the effects of these kinds."""
    return [each for each in effects if isinstance(each, kinds)]
