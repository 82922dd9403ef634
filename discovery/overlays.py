"""Node overlays: which nodes of its own cluster a bridge finds down, beside the manifest.

An overlay is a `signed` map (Domain.OVERLAY), signed with the bridge's agent key:

    o  origin            b  member id of the bridge, which is its key       s  serial, rising
    d  nodes down, sorted      h  nodes heard, sorted      l  lifetime (s), absent: 30
    u  nodes unheard, sorted

Rule 1: an overlay is all that its bridge has to say; the next serial replaces it whole. Rule 2: the
detector knows the signer and its cluster, so no certificate travels along. Rule 3: a node is down
while a strict majority of its cluster's living bridges say so, and never while one of them has
heard it: a bridge lists among `h` the nodes that others call down and that it heard within 3 s, and
signs anew when that changes (`node_watch` waits for that a while). Among `u` are those of them
whose agents are dead in its sight: no vote, but an answer, for which nobody waits any more. Rule 4:
an overlay lapses when its lifetime is over, counted from when it was made, as far as relays say how
long they held it, or when its signer dies in `wan`; what has lapsed or was replaced never comes
back. Rule 5: of two ages of one overlay the older one counts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from discovery.authority import Domain, Signer, Verifier
from discovery.events import ItemLapsed
from discovery.fields import Fields
from discovery.index import Entry, mark_of
from discovery.names import Origin, PublicKey, is_label, is_subdomain
from discovery.refusals import Refusal, Refused
from discovery.signed import Signed, read_signed, sign_fields
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.identity import MEMBER_ID_BYTES, Identity, MemberId, NodeName

NODES_MAX = 1_000
"""Nodes in one list: a cluster that loses more has other trouble than endpoints."""

OVERLAY_BYTES_MAX = 131_072
LIFETIME_S_MAX = 300
DEFAULT_LIFETIME_S = 30
BRIDGES_PER_ORIGIN_MAX = 64
"""Bridges of one origin that are remembered, those included whose overlay has lapsed."""

NODE_CHARACTERS_MAX = 253
_SERIAL_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayBody:
    """What a bridge says of the nodes of its own cluster."""

    origin: Origin
    bridge: MemberId
    serial: int
    down: tuple[NodeName, ...] = ()
    """All nodes that it finds down, sorted."""
    heard: tuple[NodeName, ...] = ()
    """Nodes that others find down and that it heard within 3 s, sorted."""
    unheard: tuple[NodeName, ...] = ()
    """Nodes that others find down, whose agents it finds dead, and no more than that; sorted."""
    lifetime_s: int = DEFAULT_LIFETIME_S


@dataclass(frozen=True, slots=True)
class Overlay:
    """A body with its signature; verified where it is received."""

    body: OverlayBody
    signed: Signed

    @property
    def raw(self) -> bytes:
        """All of it, as it travels."""
        return self.signed.raw

    @property
    def item_key(self) -> bytes:
        """The key under which it is passed on."""
        return b"o/" + self.body.origin.encode() + b"/" + self.body.bridge

    @property
    def rank(self) -> tuple[int, int]:
        """What decides between two overlays of a bridge: the serial, then the signature."""
        return self.body.serial, int.from_bytes(self.signed.signature[:8])

    @property
    def mark(self) -> bytes:
        """The 8 bytes that stand for it in the catalog's fingerprint."""
        return mark_of(Entry(self.item_key, self.rank)).to_bytes(8)


def origin_of(item_key: bytes) -> Origin:
    """Return the origin that the key of an overlay names, whether or not there is such a one."""
    return Origin(item_key[2:].partition(b"/")[0].decode(errors="replace"))


def next_serial(last: int, wall_ms: int) -> int:
    """Return the serial after `last` (0: none yet): wall time where that is higher.

    So who starts anew, even under the same key, goes on above what it signed before.
    """
    return max(last + 1, wall_ms)


def issue_overlay(body: OverlayBody, bridge: Signer) -> Overlay:
    """Return the overlay, signed with the agent key of the bridge that it names.

    Raises ValueError where it names another, or where anybody would refuse it.
    """
    if PublicKey(body.bridge) != bridge.public:
        raise ValueError("overlay: names another bridge than the one that signs")
    raw = sign_fields(
        {
            "o": body.origin,
            "b": body.bridge,
            "s": body.serial,
            "d": list(body.down) or None,
            "h": list(body.heard) or None,
            "u": list(body.unheard) or None,
            "l": None if body.lifetime_s == DEFAULT_LIFETIME_S else body.lifetime_s,
        },
        Domain.OVERLAY,
        bridge,
    )
    try:
        return decode_overlay(raw)
    except Refused as error:
        raise ValueError(error.what) from error


def decode_overlay(raw: bytes) -> Overlay:
    """Return the overlay, unverified. Raises `Refused` for all other bytes."""
    signed = read_signed("overlay", raw, OVERLAY_BYTES_MAX)
    fields = Fields("overlay", signed.body, OVERLAY_BYTES_MAX)
    origin = fields.text("o", most=63)
    if not is_label(origin):
        raise fields.refuse("o", "must be the name of a cluster, an RFC 1123 label")
    body = OverlayBody(
        origin=Origin(origin),
        bridge=MemberId(fields.octets("b", exactly=MEMBER_ID_BYTES)),
        serial=fields.integer("s", least=1, most=_SERIAL_MAX),
        down=_nodes(fields, "d"),
        heard=_nodes(fields, "h"),
        unheard=_nodes(fields, "u"),
        lifetime_s=fields.integer("l", least=1, most=LIFETIME_S_MAX, default=DEFAULT_LIFETIME_S),
    )
    if not frozenset(body.down).isdisjoint(body.heard):
        raise fields.refuse("h", "must have no node that is down")
    if not frozenset(body.unheard).isdisjoint((*body.down, *body.heard)):
        raise fields.refuse("u", "must have no node that is down, or heard")
    return Overlay(body, signed)


def _nodes(fields: Fields, name: str) -> tuple[NodeName, ...]:
    nodes = fields.texts(name, most=NODES_MAX)
    for each in nodes:
        if len(each) > NODE_CHARACTERS_MAX or not is_subdomain(each):
            raise fields.refuse(name, "must be names of nodes")
    if any(one >= two for one, two in pairwise(nodes)):
        raise fields.refuse(name, "must be sorted, and have each node once")
    return tuple(NodeName(each) for each in nodes)


@dataclass(frozen=True, slots=True)
class _Held:
    rank: tuple[int, int]
    overlay: Overlay | None
    """None: lapsed, and only its rank is remembered."""
    made_at: Instant

    @property
    def lapses_at(self) -> Instant:
        if self.overlay is None:
            return NEVER
        return self.made_at + self.overlay.body.lifetime_s * SECOND


@dataclass(frozen=True, slots=True)
class OverlayStatistics:
    """How much there is."""

    held: int
    remembered: int
    """Ranks of overlays that have lapsed."""


class OverlayBook:
    """The latest overlay of each bridge: a join semilattice of ranks, bounded by origin."""

    def __init__(self) -> None:
        """Hold none."""
        self._held: dict[Origin, dict[MemberId, _Held]] = {}
        self.deadline: Instant = NEVER
        """When the next overlay may lapse: one that was replaced may have left it too early."""

    def receive(
        self,
        overlay: Overlay,
        age: Duration,
        identify: Callable[[MemberId], Identity | None],
        verifier: Verifier,
        now: Instant,
    ) -> bool:
        """Hold an overlay that relays have held for `age` (us); tell whether it is news.

        `identify` returns what the detector knows of a living member of `wan`. Raises `Refused`
        where that is nothing, or another cluster's, where the signature is not the bridge's, where
        its lifetime is over, or where too many are held; nothing has changed then.
        """
        body = overlay.body
        what = f"overlay of {body.origin}"
        held = self._held.get(body.origin, {}).get(body.bridge)
        made_at = now - max(0, age)
        if held is not None and (
            held.rank > overlay.rank or (held.overlay is None and held.rank == overlay.rank)
        ):
            return False
        identity = identify(body.bridge)
        if identity is None or identity.group != body.origin:
            raise Refused(Refusal.UNTRUSTED, f"{what}: its signer is no living bridge of it")
        if not overlay.signed.is_by(PublicKey(body.bridge), Domain.OVERLAY, verifier):
            raise Refused(Refusal.SIGNATURE, f"{what}: not signed by the bridge that it names")
        if made_at + body.lifetime_s * SECOND <= now:
            raise Refused(Refusal.STALE, f"{what}: its lifetime of {body.lifetime_s} s is over")
        is_news = held is None or overlay.rank > held.rank
        if held is not None and not is_news:
            made_at = min(made_at, held.made_at)
        self._put(body, _Held(overlay.rank, overlay, made_at))
        return is_news

    def _put(self, body: OverlayBody, held: _Held) -> None:
        of_origin = self._held.setdefault(body.origin, {})
        if body.bridge not in of_origin and len(of_origin) >= BRIDGES_PER_ORIGIN_MAX:
            lapsed = next((each for each, old in of_origin.items() if old.overlay is None), None)
            if lapsed is None:
                raise Refused(
                    Refusal.OVERSIZED,
                    f"overlay of {body.origin}: {BRIDGES_PER_ORIGIN_MAX} of its bridges have one",
                )
            del of_origin[lapsed]
        of_origin[body.bridge] = held
        self.deadline = min(self.deadline, held.lapses_at)

    def _time(self) -> None:
        all_held = (held for of_origin in self._held.values() for held in of_origin.values())
        self.deadline = min((held.lapses_at for held in all_held), default=NEVER)

    def advance(self, now: Instant) -> list[ItemLapsed]:
        """Let lapse what is due, in the order in which it came."""
        if now < self.deadline:
            return []
        return self._lapse(lambda _, held: held.lapses_at <= now)

    def signer_gone(self, bridge: MemberId) -> list[ItemLapsed]:
        """Let lapse what a bridge said, which is dead in `wan`, has left or was retired."""
        return self._lapse(lambda member, _: member == bridge)

    def forget(self, origin: Origin) -> list[ItemLapsed]:
        """Drop everything of an origin, ranks as well: it is not trusted any more."""
        gone = self._held.pop(origin, {})
        return [ItemLapsed(each.overlay.item_key) for each in gone.values() if each.overlay]

    def _lapse(self, is_due: Callable[[MemberId, _Held], bool]) -> list[ItemLapsed]:
        lapsed = []
        for of_origin in self._held.values():
            for member, held in list(of_origin.items()):
                if held.overlay is not None and is_due(member, held):
                    of_origin[member] = _Held(held.rank, None, held.made_at)
                    lapsed.append(ItemLapsed(held.overlay.item_key))
        self._time()
        return lapsed

    def nodes_down(
        self, origin: Origin, living_bridges: Iterable[MemberId], now: Instant
    ) -> tuple[NodeName, ...]:
        """Return the nodes of an origin that count as down, sorted.

        `living_bridges` are all bridges of the origin that live in `wan`, whether or not they have
        said anything: silence is a vote for nothing, and a sole bridge decides alone.
        """
        of_origin = self._held.get(origin, {})
        living = list(dict.fromkeys(living_bridges))
        votes: dict[NodeName, int] = {}
        heard: dict[NodeName, None] = {}
        for member in living:
            held = of_origin.get(member)
            if held is None or held.overlay is None or held.lapses_at <= now:
                continue
            for node in held.overlay.body.down:
                votes[node] = votes.get(node, 0) + 1
            heard |= dict.fromkeys(held.overlay.body.heard)
        down = (node for node, count in votes.items() if 2 * count > len(living))
        return tuple(sorted(node for node in down if node not in heard))

    def unanswered(
        self, origin: Origin, nodes: Iterable[NodeName], bridges: Iterable[MemberId], now: Instant
    ) -> tuple[NodeName, ...]:
        """Return those of `nodes` of which one of these bridges says nothing at all."""
        of_origin = self._held.get(origin, {})
        spoken = []
        for member in bridges:
            held = of_origin.get(member)
            if held is None or held.overlay is None or held.lapses_at <= now:
                return tuple(nodes)
            body = held.overlay.body
            spoken.append(frozenset((*body.down, *body.heard, *body.unheard)))
        return tuple(node for node in nodes if not all(node in each for each in spoken))

    def overlays(self, origin: Origin | None = None) -> list[Overlay]:
        """Return what is held of one origin, or of all, in the order in which it came."""
        return [
            held.overlay
            for each, of_origin in self._held.items()
            for held in of_origin.values()
            if held.overlay is not None and origin in (None, each)
        ]

    @property
    def fingerprint(self) -> bytes:
        """8 bytes that are equal for equal contents: the sum of all marks."""
        marks = (int.from_bytes(each.mark) for each in self.overlays())
        return (sum(marks) & ((1 << 64) - 1)).to_bytes(8)

    def statistics(self) -> OverlayStatistics:
        """Return how much there is."""
        held = len(self.overlays())
        return OverlayStatistics(held, sum(map(len, self._held.values())) - held)

    def check_invariants(self) -> None:
        """Assert that bounds hold, and that nothing lapses before the deadline."""
        for origin, of_origin in self._held.items():
            assert len(of_origin) <= BRIDGES_PER_ORIGIN_MAX
            for member, held in of_origin.items():
                assert held.overlay is None or (
                    (held.overlay.body.origin, held.overlay.body.bridge) == (origin, member)
                    and held.overlay.rank == held.rank
                )
        ends = [each.lapses_at for held in self._held.values() for each in held.values()]
        assert self.deadline <= min(ends, default=NEVER)
