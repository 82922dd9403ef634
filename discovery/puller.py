"""Asks for what is lacking: of who told it, several at once, never twice of one at a time.

Rule 1: one provider has one request under way, and there are a few in all; what is late holds up no
place. Rule 2: whoever fails or brings nothing further is left alone for a while that doubles; who
is behind, or was asked before we moved on, is not. Rule 3: what one has not brought in time is
asked of another too. Rule 4: nothing counts before it is whole and verified; what came in parts
goes on with whoever has the same set.
"""

from dataclasses import dataclass

from discovery.assembly import SetAnswer, is_whole, staged
from discovery.events import ItemReceived
from discovery.exchange import Exchange
from discovery.frames import VERSION_MAX, decode_frame, encode_frame
from discovery.index import set_key, set_origin
from discovery.manifest import Manifest, decode_manifest
from discovery.messages import (
    Answer,
    Busy,
    Item,
    Nothing,
    Pull,
    Pulled,
    Request,
    Response,
    Wanted,
)
from discovery.peers import Peer
from discovery.refusals import Refusal, Refused
from discovery.rumours import Rumours
from discovery.serving import FRAME_SLACK_BYTES
from discovery.wants import Staging, Want
from failure_detect.agenda import Timer
from failure_detect.clock import NEVER, Instant
from failure_detect.events import SendRequest

_ASKED_BYTES_MAX = 131_072
"""What one request says of what is had: half of what is read of it there."""

_VAIN_MAX = 4
"""So many answers in a row that bring a want no further are enough of one provider."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is under way."""

    peer: Peer
    message: Request
    keys: dict[bytes, int]
    """What it asks for, and how often that had moved by then (`Want.moves`)."""
    at: Instant


_GARBAGE = frozenset({Refusal.MALFORMED, Refusal.SIGNATURE, Refusal.ROOT, Refusal.UNEXPECTED})
"""What its sender is to blame for."""


class Puller:
    """Asks, and takes in what comes."""

    def __init__(self, exchange: Exchange, rumours: Rumours, speaks: int = VERSION_MAX) -> None:
        """Ask through `exchange`, in versions up to `speaks`."""
        self._exchange = exchange
        self._rumours = rumours
        self._speaks = speaks
        self._under_way: dict[int, Asked] = {}
        self._serial = 0
        self._timer: Timer | None = None
        self._seen = -1
        self._is_stirred = False

    def __len__(self) -> int:
        """Return how many requests are under way."""
        return len(self._under_way)

    # --- asking -------------------------------------------------------------------------

    def stir(self) -> None:
        """Look again at what can be asked for: a provider is free, or back, or gone."""
        self._is_stirred = True

    def pump(self, now: Instant) -> None:
        """Ask for what can be asked for now, if anything has changed, and come back later."""
        if self._is_stirred or self._seen != self._exchange.wants.changes:
            self._ask(now)
            self._is_stirred, self._seen = False, self._exchange.wants.changes

    def _ask(self, now: Instant) -> None:
        places, late_at = self._places(now)
        free_at = self._free_at(now)
        again = min((at for at in free_at if at > now), default=NEVER)
        if places <= 0 or now not in free_at:  # Looking through all that is wanted costs most.
            self._come_back(again if places > 0 else late_at, now)
            return
        chosen, hedged_at = self._chosen(now)
        again = min(again, hedged_at)
        for peer, wants in chosen.items():
            if places <= 0:
                again = min(again, self._places(now)[1])
                break
            places -= 1
            self._pull(peer, wants, now)
            again = min(again, *map(self._hedged_at, wants))
        self._come_back(again, now)

    def _free_at(self, now: Instant) -> list[Instant]:
        """Return when each provider may be asked, of those that have no request under way."""
        found = map(self._exchange.peers.get, self._exchange.wants.providers())
        return [max(p.not_before, now) for p in found if p and p.is_alive and not p.busy]

    def _places(self, now: Instant) -> tuple[int, Instant]:
        """Return how many more may be asked, and when the next place is given up as late."""
        hedge = self._exchange.config.hedge
        late = [each.at + hedge for each in self._under_way.values() if now < each.at + hedge]
        return self._exchange.config.pulls - len(late), min(late, default=NEVER)

    def _chosen(self, now: Instant) -> tuple[dict[Peer, list[Want]], Instant]:
        """Return what to ask of whom, and when what is late is to be asked of others."""
        chosen: dict[Peer, list[Want]] = {}
        again: Instant = NEVER
        for want in self._exchange.wants:
            if want.asked and now < (hedged_at := self._hedged_at(want)):
                again = min(again, hedged_at)
                continue
            peer = self._provider(want, chosen, now)
            if peer is not None:
                chosen.setdefault(peer, []).append(want)
        return chosen, again

    def _hedged_at(self, want: Want) -> Instant:
        """Return when to ask another provider as well; NEVER where there is none to ask."""
        others = any(member not in want.asked for member in want.providers)
        return want.asked_at + self._exchange.config.hedge if others and not want.alone else NEVER

    def _provider(self, want: Want, chosen: dict[Peer, list[Want]], now: Instant) -> Peer | None:
        exchange, best = self._exchange, None
        for member in want.providers:
            peer = exchange.peers.get(member)
            if peer is None or member in want.asked or not peer.can_be_asked(now):
                continue
            load = len(chosen.get(peer, ()))
            if load < exchange.config.batch and (best is None or load < best[0]):
                best = (load, peer)
        return None if best is None else best[1]

    def _come_back(self, at: Instant, now: Instant) -> None:
        at = max(at, now + 1)
        if self._timer is not None:
            if self._timer.at == at:
                return
            self._timer.cancel()
        self._timer = None
        if at < NEVER:
            self._timer = self._exchange.agenda.schedule(at, self._tick)

    def _tick(self, _now: Instant) -> None:
        self._timer = None  # The pump follows every turn.
        self.stir()

    def _pull(self, peer: Peer, wants: list[Want], now: Instant) -> None:
        member, size = peer.identity.member, 0
        wanted: list[Wanted] = []
        keys: dict[bytes, int] = {}
        for want in wants[: self._exchange.config.batch]:
            if want.alone and want.staging and list(want.staging.brought_by) != [member]:
                want.restart()
            one = self._exchange.wanted(want)
            size += one.size_bytes
            if wanted and size > _ASKED_BYTES_MAX:
                break
            wanted.append(one)
            keys[want.key] = want.moves
            want.asked[member] = None
            want.asked_at = now
        self._exchange.counts["pulls"] += 1
        self.request(peer, Pull(tuple(wanted), peer.room), keys, now)

    def request(self, peer: Peer, message: Request, keys: dict[bytes, int], now: Instant) -> None:
        """Send a request to a peer that has none under way."""
        self._serial += 1
        peer.busy = True
        self._under_way[self._serial] = Asked(peer, message, keys, now)
        data = encode_frame(message, min(peer.speaks, self._speaks), self._speaks)
        identity, timeout = peer.identity, self._exchange.config.timeout
        order = SendRequest(self._serial, identity.member, identity.address, data, timeout)
        self._exchange.out.append(order)

    # --- what comes ---------------------------------------------------------------------

    def failed(self, request: int, now: Instant) -> None:
        """Learn that a request came to nothing."""
        asked = self._over(request)
        if asked is not None:
            self._exchange.counts["failed"] += 1
            asked.peer.failed(self._exchange.config, self._exchange.rng.random(), now)

    def answered(self, request: int, data: bytes, now: Instant) -> tuple[Asked, Response] | None:
        """Return what was asked and the answer to it; None where it is none of ours, or garbage."""
        asked = self._over(request)
        if asked is None:
            self._exchange.refuse(Refused(Refusal.UNEXPECTED, "answer: nobody asked for it"))
            return None
        config, peer = self._exchange.config, asked.peer
        try:
            frame = decode_frame(data, config.frame_bytes + FRAME_SLACK_BYTES, self._speaks)
        except Refused as refused:
            self._blame(peer, refused, now)
            return None
        peer.speaks = frame.speaks
        if isinstance(frame.message, Busy):
            wait = min(frame.message.wait, config.back_off_max)
            peer.not_before = now + max(wait, config.back_off)
            return None
        if isinstance(frame.message, Request):
            self._blame(peer, Refused(Refusal.UNEXPECTED, "answer: is a question"), now)
            return None
        peer.came_through(now - asked.at, len(data), config)
        return asked, frame.message

    def _over(self, request: int) -> Asked | None:
        asked = self._under_way.pop(request, None)
        if asked is not None:
            self.stir()
            asked.peer.busy = False
            for key in asked.keys:
                want = self._exchange.wants.get(key)
                if want is not None:
                    want.asked.pop(asked.peer.identity.member, None)
        return asked

    def _blame(self, peer: Peer, refused: Refused, now: Instant) -> None:
        self._exchange.refuse(refused)
        peer.failed(self._exchange.config, self._exchange.rng.random(), now)

    def take(self, asked: Asked, pulled: Pulled, now: Instant) -> None:
        """Take in the answers to a pull. Whatever is wrong with them counts as one failure."""
        faults = [self._take_one(asked, answer, now) for answer in pulled.answers]
        if not faults:
            self._exchange.refuse(Refused(Refusal.UNEXPECTED, "answer: to nothing"))
        if any(faults) or not faults:
            asked.peer.failed(self._exchange.config, self._exchange.rng.random(), now)

    def _take_one(self, asked: Asked, answer: Answer, now: Instant) -> bool:
        """Take in one answer; tell whether its sender is to blame for it."""
        wants, peer = self._exchange.wants, asked.peer
        want = wants.get(answer.key)
        if answer.key not in asked.keys:
            self._exchange.refuse(Refused(Refusal.UNEXPECTED, "answer: not asked for"))
            return True
        if want is None:  # Somebody else was quicker.
            return False
        if isinstance(answer, Nothing) and not answer.manifest and self._shows(want, asked):
            return False
        try:
            self._on_answer(peer, want, answer, now)
        except Refused as refused:
            if refused.reason is Refusal.UNEXPECTED and want.moves != asked.keys[want.key]:
                return False  # It is no answer to what we would ask now.
            self._exchange.refuse(refused, set_origin(want.key) or "")
            return self._is_to_blame(peer, want, refused.reason)
        wants.postpone(want.key)
        return False

    def _is_to_blame(self, peer: Peer, want: Want, reason: Refusal) -> bool:
        """Learn that an answer was refused; tell whether its sender is to blame."""
        if self._exchange.wants.get(want.key) is not want:  # It was not for us, and is had by that.
            return reason in _GARBAGE
        if reason is Refusal.UNEXPECTED:
            want.vain[peer.identity.member] += 1
            if want.vain[peer.identity.member] > _VAIN_MAX:
                self._exchange.wants.without(want, peer.identity.member)
            return True
        if reason is not Refusal.ROOT or want.whole:
            self._exchange.wants.without(want, peer.identity.member)
        if reason is Refusal.ROOT:  # What we had does not fit: once more, all of it.
            want.whole = True
            want.restart()
        elif reason not in _GARBAGE:  # It has other trust or other limits than we have.
            peer.pass_over(want.key, want.rank)
        return reason in _GARBAGE

    def _on_answer(self, peer: Peer, want: Want, answer: Answer, now: Instant) -> None:
        match answer:
            case Nothing():
                self._on_nothing(peer, want, answer, now)
            case Item():
                self._on_item(peer, want, answer, now)
            case _:
                manifest = self._manifest(peer, want, answer, now)
                if manifest is None:
                    self._exchange.wants.without(want, peer.identity.member)
                else:
                    self._on_set(peer, want, manifest, answer, now)

    def _on_nothing(self, peer: Peer, want: Want, nothing: Nothing, now: Instant) -> None:
        if nothing.manifest:
            self._manifest(peer, want, nothing, now)  # Raises where it is not for us, as it should.
        peer.pass_over(want.key, want.rank)
        self._exchange.wants.without(want, peer.identity.member)

    def _shows(self, want: Want, asked: Asked) -> bool:
        """Tell whether whoever has nothing for us is to be asked why, and shown what we hold."""
        if want.shows:
            return want.moves != asked.keys[want.key]  # What it answered to did not show it.
        origin = set_origin(want.key)
        if origin is None or self._exchange.catalog.get(origin) is None:
            return False
        want.shows = True
        want.moved_on()
        return True

    def _on_item(self, peer: Peer, want: Want, item: Item, now: Instant) -> None:
        if set_origin(want.key) is not None:
            raise Refused(Refusal.UNEXPECTED, "answer: no set, but an item")
        self._exchange.out.append(ItemReceived(item, peer.identity.member, is_news=want.is_news))
        peer.pass_over(want.key, want.rank)
        self._exchange.wants.without(want, peer.identity.member)
        want.asked[peer.identity.member] = None  # Others only where nobody accepts it by then.
        want.asked_at = now

    def _manifest(
        self, peer: Peer, want: Want, answer: SetAnswer | Nothing, now: Instant
    ) -> Manifest | None:
        """Return the manifest that an answer is about, verified; None where it is no news."""
        if not answer.manifest:
            if want.staging is None:
                raise Refused(Refusal.UNEXPECTED, "answer: goes on with what was not begun")
            return want.staging.manifest
        manifest = decode_manifest(answer.manifest)
        if set_key(manifest.origin) != want.key:
            raise Refused(Refusal.UNEXPECTED, "answer: of another origin than was asked for")
        frozen = self._exchange.is_frozen_at(peer, manifest.origin)
        return manifest if self._rumours.is_worth_having(manifest, now, frozen=frozen) else None

    def _on_set(
        self, peer: Peer, want: Want, manifest: Manifest, answer: SetAnswer, now: Instant
    ) -> None:
        staging = staged(self._exchange.catalog, want, manifest, answer)
        staging.brought_by[peer.identity.member] = None
        try:
            if is_whole(staging, answer):
                self._adopt(peer, want, staging, now)
                return
        except Refused as refused:
            if refused.reason is not Refusal.ROOT or len(staging.brought_by) == 1:
                raise
            # Nobody can tell whose part was wrong: once more, with one of them alone.
            self._exchange.refuse(refused, manifest.origin)
            want.whole = want.alone = True
            want.restart()
            return
        self._go_on(peer, want, staging)

    def _go_on(self, peer: Peer, want: Want, staging: Staging) -> None:
        """Keep a set of which a part has come, if it is the one to go on with."""
        old, begun = want.staging, staging.manifest.order
        is_taken = want.go_on_with(staging, peer.identity.member)
        if not is_taken and old is not None and begun != old.manifest.order:
            if begun < old.manifest.order:  # It is behind those that have the rest of it.
                self._exchange.wants.without(want, peer.identity.member)
            return  # Or somebody else is about to bring more of what was begun.
        if not is_taken or not want.has_advanced():
            raise Refused(Refusal.UNEXPECTED, "answer: brings nothing further")
        want.moved_on()
        peer.brought()
        if self._exchange.wants.staged_bytes > self._exchange.config.staged_bytes:
            self._exchange.counts["unstaged"] += 1
            want.restart()
            self._exchange.wants.without(want, peer.identity.member)

    def _adopt(self, peer: Peer, want: Want, staging: Staging, now: Instant) -> None:
        exchange, manifest = self._exchange, staging.manifest
        held = exchange.catalog.get(manifest.origin)
        frozen = exchange.is_frozen_at(peer, manifest.origin)
        adopted = exchange.adopt(manifest, staging.records, now, frozen=frozen)
        peer.brought()
        # A set of an origin that is new here is no news elsewhere, unless it came as such.
        if adopted is not None and (want.is_news or held is not None):
            exchange.tell(adopted)
