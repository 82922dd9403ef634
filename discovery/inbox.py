"""Small signed things that others pass on: what each is, and whether it has a place here.

Nothing is told on or counted here: whoever asks does what follows, also where a thing is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from discovery.catalog import Catalog
from discovery.events import ItemReceived
from discovery.messages import Item
from discovery.names import Origin
from discovery.node_watch import Effect as NodeEffect
from discovery.node_watch import NodeWatch
from discovery.overlays import origin_of
from discovery.refusals import Refusal, Refused
from discovery.revocations import decode_revocations
from discovery.trust import TrustBook
from discovery.trust_events import InputRefused, RevocationsReceived, TrustEffect
from failure_detect.clock import Instant

REVOCATIONS = b"r/"


@dataclass(frozen=True, slots=True)
class Taken:
    """What follows from an item: for trust, or for nodes; and why it is refused, if it is."""

    trusted: Sequence[TrustEffect] = ()
    watched: Sequence[NodeEffect] = ()
    refused: Refused | None = None


class Inbox:
    """Gives each item to who understands it."""

    def __init__(self, own: Origin, trust: TrustBook, catalog: Catalog, nodes: NodeWatch) -> None:
        """Be a bridge of the cluster `own`; revocations go to `trust`, overlays to `nodes`."""
        self._own = own
        self._trust = trust
        self._catalog = catalog
        self._nodes = nodes

    def take(self, received: ItemReceived, now: Instant) -> Taken:
        """Take in one item."""
        try:
            if received.item.key.startswith(REVOCATIONS):
                return self._revocations(received.item)
            self._check_origin(received.item)
            return Taken(watched=self._nodes.receive(received, now))
        except Refused as refused:
            return Taken(refused=refused)

    def _check_origin(self, item: Item) -> None:
        origin = origin_of(item.key)
        if not self._trust.knows(origin):
            raise Refused(Refusal.UNTRUSTED, "item: of an origin that no trust object names")
        word = self._catalog.word(origin)
        if word is not None and not word.may_be_told(self._own):
            raise Refused(Refusal.AUDIENCE, f"item: of {origin}, whose set is not for us")

    def _revocations(self, item: Item) -> Taken:
        if decode_revocations(item.raw).item_key != item.key:
            raise Refused(Refusal.MALFORMED, "revocations: under the key of another fleet")
        effects = self._trust.handle(RevocationsReceived(item.raw))
        refused = [each for each in effects if isinstance(each, InputRefused)]
        why = Refused(refused[0].reason, refused[0].what) if refused else None
        return Taken(trusted=effects, refused=why)
