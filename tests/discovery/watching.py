"""A node watch that is driven by hand, and the check that it tells of each change once."""

from collections.abc import Iterable

from discovery.events import ItemAccepted, ItemReceived, MembershipFact
from discovery.messages import Item
from discovery.names import Origin
from discovery.node_watch import Effect, NodesDownChanged, NodeWatch
from discovery.overlays import Overlay, decode_overlay
from discovery.own_overlay import LanFact
from failure_detect.clock import Duration, Instant
from failure_detect.identity import NodeName
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    RING,
    START,
    WEST,
    identity,
    joined,
    member,
)

N7, N8 = NodeName("node-7"), NodeName("node-8")


class Watch:
    """A node watch as bridge 0 of `home`, and its clock."""

    def __init__(self, *facts: MembershipFact) -> None:
        signer = RING.signer(f"{HOME}/bridge/0")
        self.nodes = NodeWatch(identity(HOME), signer, RING)
        self.now: Instant = START
        self.told: dict[Origin, tuple[NodeName, ...]] = {}
        for fact in facts:
            self.member(fact)

    def member(self, fact: MembershipFact) -> list[Effect]:
        return self._heard(self.nodes.on_member(fact, self.now))

    def lan(self, *facts: LanFact) -> list[Effect]:
        return self._heard([each for fact in facts for each in self.nodes.on_lan(fact, self.now)])

    def take(self, overlay: Overlay, age: Duration = 0, *, is_news: bool = True) -> list[Effect]:
        item = Item(overlay.item_key, overlay.raw, age)
        received = ItemReceived(item, member(EAST, 0), is_news=is_news)
        return self._heard(self.nodes.receive(received, self.now))

    def wait(self, duration: Duration) -> list[Effect]:
        end, effects = self.now + duration, list[Effect]()
        while self.nodes.deadline <= end:
            self.now = max(self.now, self.nodes.deadline)
            effects += self._heard(self.nodes.advance(self.now))
            assert self.nodes.deadline > self.now, "what was due is still due"
        self.now = end
        return effects

    def _heard(self, effects: list[Effect]) -> list[Effect]:
        """Check that what is told is news, and that nothing else has changed."""
        self.nodes.check_invariants()
        for effect in effects:
            if isinstance(effect, NodesDownChanged):
                assert self.told.get(effect.origin, ()) != effect.nodes
                self.told[effect.origin] = effect.nodes
        for origin in (HOME, EAST, WEST):
            assert self.nodes.nodes_down(origin) == self.told.get(origin, ())
        return effects

    def forget(self, origin: Origin) -> list[Effect]:
        """An origin is trusted no more: who asks forgets it on its own."""
        self.told.pop(origin, None)
        return self._heard(self.nodes.forget(origin))


def east(count: int) -> Watch:
    """A watch that has met so many bridges of `east`."""
    return Watch(*(joined(EAST, number) for number in range(count)))


def changed(effects: Iterable[Effect]) -> list[tuple[Origin, tuple[NodeName, ...]]]:
    return [(e.origin, e.nodes) for e in effects if isinstance(e, NodesDownChanged)]


def said(effects: Iterable[Effect]) -> list[Overlay]:
    return [decode_overlay(e.item.raw) for e in effects if isinstance(e, ItemAccepted)]
