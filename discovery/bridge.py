"""A bridge: what it holds, what it concludes, and what its cluster says, as one machine.

It joins the parts of this package and decides nothing itself: each fact goes to those whom it
concerns, and what one part concludes is the next one's fact. It is driven by whoever runs the
detector of the `wan` pool beside it (`member`), and reads neither clock nor network.
"""

from collections.abc import Iterable
from random import Random
from typing import assert_never

from discovery import (
    data_path,
    guards,
    isolation,
    own_overlay,
    publisher_events,
    trust_events,
    verdict_events,
)
from discovery.bridge_config import Agent, BridgeConfig
from discovery.bridge_events import (
    Effect,
    Event,
    EvidenceKept,
    LanFact,
    OwnEvent,
    PoliciesListed,
    StateRestored,
    ViewTouched,
    Witnessed,
)
from discovery.catalog import Catalog
from discovery.custody import Custody
from discovery.data_path import DataPath, PathDropped, PathTried, PathWanted
from discovery.events import (
    ContradictionFound,
    Doubt,
    GossipFact,
    ItemAccepted,
    ItemLapsed,
    ItemReceived,
    ItemRefused,
    MembershipFact,
    SetAdopted,
    SetExcluded,
    SetForgotten,
    SetPublished,
    SetQuestioned,
    SetVindicated,
    StreamEvent,
    ToAnswer,
    TrustChanged,
)
from discovery.events import Effect as ReplicatorEffect
from discovery.evidence import Evidence, EvidenceLog, evidence_of
from discovery.inbox import Inbox
from discovery.isolation import Effect as IsolationEffect
from discovery.isolation import Isolation
from discovery.keeping import Keeper
from discovery.manifest import Manifest
from discovery.messages import Item
from discovery.names import Origin
from discovery.node_watch import Effect as NodeEffect
from discovery.node_watch import NodesDownChanged, NodeWatch
from discovery.publisher import Publisher
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusals, Refused
from discovery.replicator import Replicator
from discovery.state import KeptState
from discovery.trust import TrustBook
from discovery.verdicts import Verdicts
from discovery.view import View
from discovery.wall_time import WallClockRead
from failure_detect.clock import Instant
from failure_detect.events import IsolationChanged


class Bridge:
    """The machine."""

    def __init__(
        self,
        agent: Agent,
        trust: TrustBook,
        config: BridgeConfig,
        *,
        now: Instant,
        rng: Random,
        publisher: Publisher | None = None,
    ) -> None:
        """Start as `agent`, believing `trust`; with a `publisher` where it has the cluster key."""
        identity = agent.identity
        self.own = Origin(identity.group)
        self._identity = identity
        self.trust = trust
        self.catalog = Catalog(trust, config.limits, self.own)
        self.replicator = Replicator(
            self.catalog, config.replicator, now=now, rng=rng, own=self.own
        )
        self.verdicts = Verdicts(self.own, config.verdicts)
        self.isolation = Isolation(identity.member, config.isolation)
        self.view = View(self.own, trust, now)
        self.custody = Custody(config.guard, self.view)
        self.guard = self.custody.guard
        self.paths = DataPath(config.paths, self.view.targets, rng=Random(rng.getrandbits(64)))
        self.nodes = NodeWatch(identity, agent.signer, trust.verifier)
        self._inbox = Inbox(self.own, trust, self.catalog, self.nodes)
        self.evidence = EvidenceLog()
        self.publisher = publisher
        self.refusals = Refusals()
        """Items, and kept sets, that were refused; what other sets were the replicator counts."""
        self._keeper = Keeper(self.catalog, trust, self.verdicts, self.evidence, self.custody)
        self._now = now
        self._is_touched = False
        self._out: list[Effect] = []
        self._parts = (
            *(self.replicator, self.verdicts, self.nodes, self.paths),
            *(self.isolation, self.custody, self.view),
        )

    # --- the machine's surface ----------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        soonest = min(part.deadline for part in self._parts)
        return soonest if self.publisher is None else min(soonest, self.publisher.deadline)

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact. Refused input changes nothing and is counted by reason."""
        self._now = now
        if isinstance(event, MembershipFact):
            self._spread(self.replicator.handle(event, now), now)
            self._judged(self.verdicts.handle(event, now), now)
            self._watched(self.nodes.on_member(event, now), now)
        elif isinstance(event, GossipFact | StreamEvent):
            self._spread(self.replicator.handle(event, now), now)
        elif isinstance(event, IsolationChanged | Witnessed):
            self._judged(self.verdicts.handle(event, now), now)
        elif isinstance(event, PathTried):
            self._tried(self.paths.handle(event, now), now)
        elif isinstance(event, OwnEvent):
            self._on_own(event, now)
        elif isinstance(event, trust_events.TrustEvent):
            self._trusted(self.trust.handle(event), now)
        else:
            self._publish(event, now)
        return self._flush()

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due. Being late is fine."""
        self._now = now
        if self.replicator.deadline <= now:
            self._spread(self.replicator.advance(now), now)
        if self.isolation.deadline <= now:
            self._isolated(self.isolation.advance(now), now)
        if self.verdicts.deadline <= now:
            self._judged(self.verdicts.advance(now), now)
        if self.nodes.deadline <= now:
            self._watched(self.nodes.advance(now), now)
        if self.paths.deadline <= now:
            self._tried(self.paths.advance(now), now)
        if self.publisher is not None and self.publisher.deadline <= now:
            self._published(self.publisher.advance(now), now)
        self._advance_view(now)
        return self._flush()

    def _advance_view(self, now: Instant) -> None:
        if self.custody.deadline <= now:
            self._guarded(self.custody.advance(now))
        if self.view.deadline <= now:
            self.view.advance(now)
            self._is_touched = True

    def _flush(self) -> list[Effect]:
        if self._is_touched:
            self._is_touched = False
            self._out.append(ViewTouched())
        effects, self._out = self._out, []
        return effects

    # --- what comes from our own cluster ------------------------------------------------

    def _on_own(self, event: OwnEvent, now: Instant) -> None:
        match event:
            case LanFact(fact):
                if isinstance(fact, isolation.Event):
                    self._isolated(self.isolation.handle(fact, now), now)
                if isinstance(fact, own_overlay.LanFact):
                    self._watched(self.nodes.on_lan(fact, now), now)
            case WallClockRead(wall_ms):
                self.nodes.clock_read(wall_ms)
                for revoked in self._keeper.clock_read(wall_ms, now):
                    self._judged(self.verdicts.handle(revoked, now), now)
                self._trusted(self.trust.handle(event), now)
                self._publish(event, now)
            case PoliciesListed(objects):
                self.view.set_local_policies(objects)
                self._is_touched = True
            case StateRestored(state):
                self._restore(state, now)
            case _:
                assert_never(event)

    def _restore(self, state: KeptState, now: Instant) -> None:
        """Take what was kept: floors first, so that nothing below them comes back with it."""
        for origin, order in state.floors.items():
            self.catalog.raise_floor(origin, order)
        self._trusted(self.trust.handle(trust_events.PinsRestored(state.pins)), now)
        for kept in state.items:
            self._on_item(ItemReceived(kept.item, self._identity.member, is_news=False), now)
        for restored in self._keeper.restored(state, now, self.refusals):
            self._spread(self.replicator.handle(restored, now), now)
        for proof in state.evidence:
            self._keep(proof)

    def _publish(self, event: publisher_events.Event, now: Instant) -> None:
        if self.publisher is not None:
            self._published(self.publisher.handle(event, now), now)

    def _published(self, effects: Iterable[publisher_events.Effect], now: Instant) -> None:
        for effect in effects:
            self._out.append(effect)
            if isinstance(effect, publisher_events.Published):
                published = SetPublished(effect.manifest, effect.records)
                self._spread(self.replicator.handle(published, now), now)

    # --- what others signed -------------------------------------------------------------

    def _spread(self, effects: Iterable[ReplicatorEffect], now: Instant) -> None:
        """Pass on what the replicator orders, and draw conclusions from what it found."""
        for effect in effects:
            if isinstance(effect, ToAnswer):
                self._answer(effect, now)
                continue
            self._out.append(effect)  # First what happened, then what follows from it.
            match effect:
                case SetAdopted():
                    self._on_adopted(effect, now)
                case SetForgotten(origin):
                    self._on_forgotten(origin, now)
                case SetExcluded(manifest, records):
                    self._on_excluded(manifest, records, now)
                case ContradictionFound(first, second):
                    self._keep(evidence_of(first, second, self.trust.signer_of(second)))
                case SetQuestioned() | SetVindicated():
                    self._on_doubt(effect, now)
                case _:
                    pass

    def _on_doubt(self, doubt: Doubt, now: Instant) -> None:
        if isinstance(doubt, SetVindicated):
            self._on_restored(doubt.origin, now)
        elif doubt.is_disowned:
            self._judged(self.verdicts.handle(verdict_events.Revoked(doubt.origin), now), now)

    def _answer(self, effect: ToAnswer, now: Instant) -> None:
        if isinstance(effect, ItemReceived):
            self._on_item(effect, now)
        else:
            self._publish(publisher_events.SetRefused(effect.manifest, effect.why), now)

    def _on_item(self, received: ItemReceived, now: Instant) -> None:
        taken = self._inbox.take(received, now)
        self._trusted(taken.trusted, now)
        self._watched(taken.watched, now)
        if taken.refused is not None:
            self.refusals.add(taken.refused)
            charged = ItemRefused(received.sender, taken.refused.reason)
            self._spread(self.replicator.handle(charged, now), now)

    def _on_adopted(self, adopted: SetAdopted, now: Instant) -> None:
        manifest, origin = adopted.manifest, adopted.manifest.origin
        changes = adopted.after.changes_since(adopted.before)
        self.view.apply(origin, changes, now)
        self._is_touched |= bool(changes)
        if origin == self.own:
            self._publish(publisher_events.SetSeen(manifest, adopted.after), now)
            return
        self._guarded(self.custody.adopted(adopted, now, self._keeper.holds))
        self._tried(self.paths.handle(PathWanted(origin), now), now)
        if not self.verdicts.trusts(origin):
            self._on_restored(origin, now)
        self._judged(self.verdicts.handle(self._keeper.word(manifest, adopted.after), now), now)

    def _on_restored(self, origin: Origin, now: Instant) -> None:
        """Tell the view, which had forgotten it, how an origin stands, even if as before."""
        self._judged(self.verdicts.handle(verdict_events.TrustRestored(origin), now), now)
        if (standing := self.verdicts.standing(origin)) is not None:
            self.view.set_standing(origin, standing)

    def _on_excluded(self, manifest: Manifest, records: RecordSet, now: Instant) -> None:
        origin, changes = manifest.origin, EMPTY.changes_since(records)
        self.view.apply(origin, changes, now)
        self._is_touched |= bool(changes)
        self._watched(self.nodes.forget(origin), now)
        self.view.set_nodes_down(origin, ())
        holds = self._keeper.holds
        if holds:  # What is held of it is served as of who stands as it did.
            self._judged(self.verdicts.handle(self._keeper.word(manifest, EMPTY), now), now)
            self._tried(self.paths.handle(PathWanted(origin), now), now)
        self._guarded(self.custody.excluded(manifest, changes, now, holds))

    def _on_forgotten(self, origin: Origin, now: Instant) -> None:
        self._guarded(self.custody.release(origin, now))
        self._judged(self.verdicts.handle(verdict_events.TrustEnded(origin), now), now)
        self._watched(self.nodes.forget(origin), now)
        self.view.remove(origin)
        self.custody.forget(origin)
        self._tried(self.paths.handle(PathDropped(origin), now), now)
        self._is_touched = True

    def _guarded(self, effects: Iterable[guards.Effect]) -> None:
        before = len(self._out)
        self._out += effects
        self._is_touched |= len(self._out) > before
        for origin in self.custody.take_gone():
            excluded = verdict_events.Excluded(origin)
            self._judged(self.verdicts.handle(excluded, self._now), self._now)
            self._tried(self.paths.handle(PathDropped(origin), self._now), self._now)

    def _tried(self, effects: Iterable[data_path.Effect], now: Instant) -> None:
        for effect in effects:
            if isinstance(effect, verdict_events.DataPathReported):
                self._judged(self.verdicts.handle(effect, now), now)
            else:
                self._out.append(effect)

    # --- whom we trust, and what we conclude --------------------------------------------

    def _trusted(self, effects: Iterable[trust_events.TrustEffect], now: Instant) -> None:
        for effect in effects:
            match effect:
                case TrustChanged() | ItemLapsed():
                    self.view.rules_changed()
                    self._is_touched = True
                    self._spread(self.replicator.handle(effect, now), now)
                case trust_events.RevocationsAdopted(listed):
                    accepted = ItemAccepted(Item(listed.item_key, listed.raw), listed.rank)
                    self._spread(self.replicator.handle(accepted, now), now)
                case trust_events.InputRefused() | trust_events.KeyExpired():
                    self._out.append(effect)
                case _:
                    assert_never(effect)

    def _judged(self, effects: Iterable[verdict_events.Effect], now: Instant) -> None:
        for effect in effects:
            self._out.append(effect)
            if isinstance(effect, verdict_events.EvidenceChanged):
                self.view.set_standing(effect.origin, effect.standing)
            if isinstance(effect, verdict_events.StandingChanged):
                self.view.set_standing(effect.origin, effect.standing)
                self._is_touched = True
                if not effect.standing.verdict.serves:  # Nothing of it is held against its word.
                    self._guarded(self.custody.release(effect.origin, now))

    def _isolated(self, effects: Iterable[IsolationEffect], now: Instant) -> None:
        for effect in effects:
            presumed = isinstance(effect, isolation.CutOffPresumed)
            self._judged(self.verdicts.handle(effect, now), now)
            self._watched(self.nodes.cut_off(now, presumed=presumed), now)
            self._publish(effect, now)

    def _watched(self, effects: Iterable[NodeEffect], now: Instant) -> None:
        for effect in effects:
            match effect:
                case ItemAccepted() | ItemLapsed():
                    self._spread(self.replicator.handle(effect, now), now)
                case NodesDownChanged(origin, nodes):
                    self.view.set_nodes_down(origin, nodes, by=f"bridges of {origin}")
                    self._is_touched = True
                    held = self.catalog.get(origin)
                    self._guarded(self.custody.nodes_down(origin, held, nodes, now))
                case _:
                    assert_never(effect)

    def _keep(self, proof: Evidence) -> None:
        try:
            if self.evidence.add(proof, self.trust.verifier):
                self._out.append(EvidenceKept(proof))
        except Refused as refused:
            self.refusals.add(refused, proof.place.origin)

    # --- what may be read ---------------------------------------------------------------

    def kept(self, wall_ms: int = 0, now: Instant | None = None) -> KeptState:
        """Return what a later run is to have, as of `now` (None: when it was last driven)."""
        return self._keeper.kept(wall_ms, self._now if now is None else now)

    def check_invariants(self) -> None:
        """Assert what each part asserts, and that the parts agree."""
        for part in (*self._parts, self.trust, self.evidence):
            part.check_invariants()
        if self.publisher is not None:
            self.publisher.check_invariants()
