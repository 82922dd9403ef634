"""Items go to who understands them; what has no place here is refused, with its reason."""

from discovery.events import ItemAccepted, ItemReceived
from discovery.inbox import Inbox, Taken
from discovery.messages import Item
from discovery.names import Origin
from discovery.refusals import Refusal
from discovery.trust_events import InputRefused, RevocationsAdopted
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    START,
    WEST,
    Bridgehead,
    joined,
    member,
    of_kind,
    overlay_of,
    pods,
    revocations,
    trusted_fleet,
)


def opened(*, audience: tuple[str, ...] = ()) -> tuple[Bridgehead, Inbox]:
    """A bridge that knows a set of east for this audience, and what it does with items."""
    made = Bridgehead()
    made.tell(joined(EAST), trusted_fleet(WEST))
    made.publish(EAST, pods(range(5)))
    if audience:
        made.publish(EAST, pods(range(5)), audience=audience)
    bridge = made.bridge
    return made, Inbox(HOME, bridge.trust, bridge.catalog, bridge.nodes)


def take(inbox: Inbox, item: Item) -> Taken:
    return inbox.take(ItemReceived(item, member(EAST), is_news=True), START)


def of_east() -> Item:
    overlay = overlay_of(EAST, 0, "node-3")
    return Item(overlay.item_key, overlay.raw)


def why(taken: Taken) -> Refusal | None:
    return None if taken.refused is None else taken.refused.reason


def test_overlays_are_for_who_watches_nodes() -> None:
    _, inbox = opened()
    taken = take(inbox, of_east())
    assert of_kind(taken.watched, ItemAccepted)
    assert (taken.trusted, taken.refused) == ((), None)


def test_overlays_of_strangers_and_of_who_has_no_set_for_us_are_refused() -> None:
    _, inbox = opened(audience=("west",))
    assert why(take(inbox, of_east())) is Refusal.AUDIENCE
    stranger = overlay_of(Origin("nobody"), 0, "node-3")
    taken = take(inbox, Item(stranger.item_key, stranger.raw))
    assert why(taken) is Refusal.UNTRUSTED
    assert taken.watched == ()


def test_revocations_are_for_trust_which_says_what_it_refuses() -> None:
    _, inbox = opened()
    item = revocations(1, "west/1")
    taken = take(inbox, item)
    assert of_kind(taken.trusted, RevocationsAdopted)
    assert taken.refused is None
    assert why(take(inbox, Item(b"r/another", item.raw))) is Refusal.MALFORMED
    made = Bridgehead()  # It trusts no fleet.
    inbox = Inbox(HOME, made.bridge.trust, made.bridge.catalog, made.bridge.nodes)
    taken = take(inbox, item)
    [refused] = of_kind(taken.trusted, InputRefused)
    assert isinstance(refused, InputRefused)
    assert why(taken) is refused.reason


def test_what_is_no_item_is_refused() -> None:
    _, inbox = opened()
    assert why(take(inbox, Item(of_east().key, b"nothing"))) is Refusal.MALFORMED
