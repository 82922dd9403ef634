"""Asks for what is lacking: of who told it, several at once, never twice of one at a time.

Rule 1: one provider has one request under way, and there are a few in all, so that a slow one
holds up one place. Rule 2: whoever fails or answers with garbage is left alone for a while that
doubles. Rule 3: what one has not brought in time is asked of another too. Rule 4: nothing counts
before it is whole and verified; what came in parts goes on with whoever has the same set.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from discovery.events import ItemReceived
from discovery.exchange import Exchange
from discovery.frames import VERSION_MAX, decode_frame, encode_frame
from discovery.index import set_key, set_origin
from discovery.manifest import Manifest, decode_manifest
from discovery.messages import (
    Answer,
    Buckets,
    Busy,
    Changes,
    Digests,
    Item,
    Nothing,
    Part,
    Pull,
    Pulled,
    Request,
    Response,
    Wanted,
)
from discovery.peers import Peer
from discovery.recordset import EMPTY, FANOUT, RecordSet
from discovery.refusals import Refusal, Refused
from discovery.rumours import Rumours
from discovery.wants import Staging, Want
from discovery.wire import SHORT_DIGEST_BYTES
from failure_detect.agenda import Timer
from failure_detect.clock import NEVER, Instant
from failure_detect.events import SendRequest

_FEW_RECORDS = 16
"""A set of so few records is asked for without digests: they would be most of the bytes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that is under way."""

    peer: Peer
    message: Request
    keys: tuple[bytes, ...]
    at: Instant


_VAIN_MAX = 4
"""So many answers in a row that bring a want no further are enough of one provider."""

_SetAnswer: TypeAlias = Changes | Part | Digests | Buckets


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
        exchange, config = self._exchange, self._exchange.config
        chosen: dict[Peer, list[Want]] = {}
        again: Instant = NEVER
        for want in exchange.wants:
            if want.asked and now < want.asked_at + config.hedge:
                again = min(again, want.asked_at + config.hedge)
                continue
            peer = self._provider(want, chosen, now)
            if peer is not None:
                chosen.setdefault(peer, []).append(want)
            else:
                again = min(again, self._free_at(want, now))
        for peer, wants in chosen.items():
            if len(self._under_way) >= config.pulls:
                break
            self._pull(peer, wants[: config.batch], now)
        self._come_back(again, now)

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

    def _free_at(self, want: Want, now: Instant) -> Instant:
        peers = (self._exchange.peers.get(member) for member in want.providers)
        waits = (peer.not_before for peer in peers if peer is not None and peer.is_alive)
        return min((each for each in waits if each > now), default=NEVER)

    def _come_back(self, at: Instant, now: Instant) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if at != NEVER:
            self._timer = self._exchange.agenda.schedule(max(at, now + 1), self._tick)

    def _tick(self, now: Instant) -> None:
        del now  # The pump follows every turn.
        self._timer = None
        self.stir()

    def _pull(self, peer: Peer, wants: list[Want], now: Instant) -> None:
        for want in wants:
            want.asked[peer.identity.member] = None
            want.asked_at = now
        message = Pull(tuple(self._wanted(want) for want in wants), peer.room)
        self._exchange.counts["pulls"] += 1
        self.request(peer, message, tuple(want.key for want in wants), now)

    def _wanted(self, want: Want) -> Wanted:
        origin, staging = set_origin(want.key), want.staging
        held = None if origin is None else self._exchange.catalog.get(origin)
        if held is None or want.whole or not held.records.count:
            have: bytes = b""
            branches: tuple[bytes, ...] = ()
        else:
            have, digests = held.records.root, held.records.branch_digests()
            short = tuple(each[:SHORT_DIGEST_BYTES] for each in digests)
            branches = short if held.records.count > _FEW_RECORDS else ()
        return Wanted(
            key=want.key,
            have=have,
            branches=branches,
            target=b"" if staging is None else staging.manifest.body.root,
            first=0 if staging is None else staging.next_bucket,
            buckets=() if staging is None else staging.pending,
        )

    def request(self, peer: Peer, message: Request, keys: tuple[bytes, ...], now: Instant) -> None:
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
            frame = decode_frame(data, config.frame_bytes + 4_096, self._speaks)
        except Refused as refused:
            self._blame(peer, refused, now)
            return None
        peer.speaks = frame.speaks
        if isinstance(frame.message, Busy):
            peer.not_before = now + min(frame.message.wait, config.back_off_max)
            return None
        if isinstance(frame.message, Request):
            self._blame(peer, Refused(Refusal.UNEXPECTED, "answer: is a question"), now)
            return None
        peer.came_through(now - asked.at, config)
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

    def _blame(self, peer: Peer, refused: Refused, now: Instant, origin: str = "") -> None:
        self._exchange.refuse(refused, origin)
        peer.failed(self._exchange.config, self._exchange.rng.random(), now)

    def take(self, asked: Asked, pulled: Pulled, now: Instant) -> None:
        """Take in the answers to a pull."""
        if not pulled.answers:
            self._blame(asked.peer, Refused(Refusal.UNEXPECTED, "answer: to nothing"), now)
        for answer in pulled.answers:
            want = self._exchange.wants.get(answer.key)
            if answer.key not in asked.keys:
                self._blame(asked.peer, Refused(Refusal.UNEXPECTED, "answer: not asked for"), now)
            elif want is not None:  # Else somebody else was quicker.
                self._take_one(asked.peer, want, answer, now)

    def _take_one(self, peer: Peer, want: Want, answer: Answer, now: Instant) -> None:
        try:
            self._on_answer(peer, want, answer, now)
        except Refused as refused:
            origin = set_origin(want.key) or ""
            want.staging = None
            if refused.reason is Refusal.ROOT and not want.whole:
                # What we had, or what several brought, does not fit: once more, all of it.
                want.whole = True
            else:
                self._without(peer, want)
            self._blame(peer, refused, now, origin)

    def _without(self, peer: Peer, want: Want) -> None:
        self._exchange.wants.without(want, peer.identity.member)

    def _on_answer(self, peer: Peer, want: Want, answer: Answer, now: Instant) -> None:
        match answer:
            case Nothing():
                self._without(peer, want)
            case Item():
                fact = ItemReceived(answer, peer.identity.member, is_news=want.is_news)
                self._exchange.out.append(fact)
                self._exchange.wants.drop(want.key)
            case _:
                manifest = self._manifest(want, answer)
                if manifest is None:
                    self._without(peer, want)
                else:
                    self._on_set(peer, want, manifest, answer, now)

    def _manifest(self, want: Want, answer: _SetAnswer) -> Manifest | None:
        """Return the manifest that an answer is about, verified; None where it is no news."""
        if not answer.manifest:
            if want.staging is None:
                raise Refused(Refusal.UNEXPECTED, "answer: goes on with what was not begun")
            return want.staging.manifest
        manifest = decode_manifest(answer.manifest)
        if set_key(manifest.origin) != want.key:
            raise Refused(Refusal.UNEXPECTED, "answer: of another origin than was asked for")
        return manifest if self._rumours.is_worth_having(manifest) else None

    def _on_set(
        self, peer: Peer, want: Want, manifest: Manifest, answer: _SetAnswer, now: Instant
    ) -> None:
        before = _progress(want)
        staging, is_whole = self._staged(want, manifest, answer)
        if is_whole:
            self._adopt(want, staging, now)
        elif _progress(want) != before:
            want.vain = 0
        else:  # We had moved on, or another was quicker; or it leads us round in circles.
            want.vain += 1
            if want.vain > _VAIN_MAX:
                self._without(peer, want)
        self._bound_staging(want)

    def _staged(self, want: Want, manifest: Manifest, answer: _SetAnswer) -> tuple[Staging, bool]:
        """Return how far a set has come with an answer, and whether it is whole."""
        held = self._exchange.catalog.get(manifest.origin)
        records = EMPTY if held is None else held.records
        match answer:
            case Changes():
                # What we had when we asked, though we may have moved on since.
                base = self._exchange.catalog.version(manifest.origin, answer.base)
                staging = Staging(manifest, answer.delta.applied(base or EMPTY))
                return staging, base is not None
            case Digests():
                pending = _differing(records.bucket_digests, answer.branches)
                if not pending:
                    raise Refused(Refusal.ROOT, "digests: name no bucket that differs")
                want.staging = Staging(manifest, records, pending=pending)
                return want.staging, False
            case Part():
                staging = self._staging(want, manifest, answer, EMPTY)
                return staging, staging.take_part(answer.first, answer.until, dict(answer.put))
            case Buckets():
                staging = self._staging(want, manifest, answer, records)
                return staging, staging.take_buckets(_covered(answer), dict(answer.put))

    def _staging(
        self, want: Want, manifest: Manifest, answer: Part | Buckets, base: RecordSet
    ) -> Staging:
        """Return what an answer goes on with, or the beginning of it."""
        staging = want.staging
        if answer.manifest or staging is None:
            staging = want.staging = Staging(manifest, base)
        if answer.root != staging.manifest.body.root:
            raise Refused(Refusal.UNEXPECTED, "answer: goes on with another set")
        return staging

    def _adopt(self, want: Want, staging: Staging, now: Instant) -> None:
        exchange, manifest = self._exchange, staging.manifest
        held = exchange.catalog.get(manifest.origin)
        adopted = exchange.adopt(manifest, staging.records, now)
        want.staging = None
        # A set of an origin that is new here is no news elsewhere, unless it came as such.
        if adopted is not None and (want.is_news or held is not None):
            exchange.tell(adopted)

    def _bound_staging(self, want: Want) -> None:
        if want.staging and self._exchange.wants.staged_bytes > self._exchange.config.staged_bytes:
            want.staging = None
            self._exchange.counts["unstaged"] += 1


def _progress(want: Want) -> tuple[bytes, int, int]:
    """Return how far a want has come: equal where an answer brought nothing."""
    staging = want.staging
    if staging is None:
        return b"", 0, 0
    return staging.manifest.body.root, staging.next_bucket, len(staging.pending)


def _buckets_of(branch: int) -> range:
    return range(branch * FANOUT, (branch + 1) * FANOUT)


def _covered(answer: Buckets) -> frozenset[int]:
    whole = {bucket for branch in answer.branches for bucket in _buckets_of(branch)}
    return frozenset(whole.union(answer.buckets))


def _differing(
    ours: Callable[[int], tuple[bytes, ...]], branches: tuple[tuple[int, tuple[bytes, ...]], ...]
) -> tuple[int, ...]:
    differ = []
    for number, theirs in branches:
        pairs = zip(_buckets_of(number), ours(number), theirs, strict=False)
        differ += [at for at, mine, its in pairs if mine[:SHORT_DIGEST_BYTES] != its]
    return tuple(differ)
