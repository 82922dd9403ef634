"""Whom this cluster believes: the answer to every manifest and certificate that anybody passes on.

Rule 1: a name is bound to its keys by the trust objects here, or by the certificate of a fleet that
they name, and a generation to its key; a `TrustedCluster` comes before every fleet. Rule 2: a name
is bound to one UID: what an object states, or a certificate, or was seen first; only a fleet's
certificate of a higher generation moves it. Rule 3: what an expired key signed is frozen, not
removed: no newer manifest of it is taken, and while it is the latest key of its cluster agents with
its certificate are known, so that a cluster does not seem dead for a date that passed. Rule 4: a
fleet revokes keys of clusters that its patterns name, and not those of this cluster, which would
fall silent at another's word; but it is told. Rule 5: answers depend on the objects, the lists, the
pins and the clock's last reading, not on what was refused before.
"""

from collections.abc import Mapping
from functools import partial
from math import inf
from typing import assert_never

from discovery.authority import Verifier
from discovery.certificates import (
    AgentCertificate,
    ClusterCertificate,
    decode_agent_certificate,
    decode_cluster_certificate,
    identity_of,
)
from discovery.events import ItemLapsed, TrustChanged
from discovery.importing import OWN_RULE, ImportRule
from discovery.manifest import Manifest
from discovery.names import Origin, PublicKey
from discovery.pins import Pin, Pins
from discovery.problems import Problem, expiry_problems
from discovery.refusals import Refusal, Refused
from discovery.revocations import RevocationList, Revocations, decode_revocations
from discovery.trust_events import (
    InputRefused,
    KeyExpired,
    ObjectApplied,
    ObjectDeleted,
    OwnKeysChanged,
    PinsRestored,
    RevocationsAdopted,
    RevocationsReceived,
    TrustEffect,
    TrustEvent,
    TrustStatistics,
)
from discovery.trust_register import CLUSTERS_MAX, TrustRegister
from discovery.vouching import Vouch, cluster_vouches, fleet_vouch, own_vouches, pick
from discovery.wall_time import WallClockRead, shown_time
from failure_detect.identity import Identity


class TrustBook:
    """Believes or refuses: an `ImportRules`, and the catalog's `Judge`."""

    def __init__(
        self, own: Origin, own_keys: Mapping[int, PublicKey], verifier: Verifier, uid: str = ""
    ) -> None:
        """Trust `own` by its keys, which are given by generation, and nobody else yet.

        `uid` is that of this cluster's kube-system namespace, empty where nobody knows it.
        """
        self.own = own
        self._own_keys = dict(own_keys)
        self._uid = uid
        self._verifier = verifier
        self._register = TrustRegister(own)
        self._revocations = Revocations()
        self._pins = Pins()
        self._latest: dict[Origin, Vouch] = {}
        self._expired: dict[tuple[Origin, int, PublicKey], Vouch] = {}
        self._untimely: dict[Origin, Vouch] = {}
        """Whose manifests were refused for the time: to be asked for again when that is right."""
        self._wall_ms: int | None = None
        self.changes = 0
        """How often it came to believe otherwise."""

    # --- what changes -------------------------------------------------------------------

    def handle(self, event: TrustEvent) -> list[TrustEffect]:
        """Take in one fact; whatever is malformed changes nothing and comes out as refused."""
        believed = [each for each in (self._latest | self._pins.all()) if self.knows(each)]
        try:
            effects = self._take(event)
        except Refused as refused:
            return [InputRefused(refused.reason, refused.what)]
        if effects:
            self.changes += 1
            effects += self._forget_strangers(believed)
        return self._with_expiries(effects)

    def _take(self, event: TrustEvent) -> list[TrustEffect]:
        match event:
            case ObjectApplied(document):
                return [TrustChanged()] if self._register.apply(document) else []
            case ObjectDeleted(kind, name):
                return [TrustChanged()] if self._register.delete(kind, name) else []
            case RevocationsReceived(raw):
                return self._take_revocations(decode_revocations(raw))
            case WallClockRead(wall_ms):
                self._wall_ms = wall_ms
                return []
            case OwnKeysChanged(keys):
                changed = self._own_keys != dict(keys)
                self._own_keys = dict(keys)
                return [TrustChanged()] if changed else []
            case PinsRestored(pins):
                self._pins.restore(pins)
                return []
            case _:
                assert_never(event)

    def _take_revocations(self, listed: RevocationList) -> list[TrustEffect]:
        fleets = self._register.all_fleets()
        keys = [each for fleet in fleets for each in fleet.keys if each.key == listed.fleet]
        if not keys:
            raise Refused(Refusal.UNTRUSTED, "revocations: of a fleet that no trust object names")
        if self._wall_ms is not None and all(0 < k.not_after_ms < self._wall_ms for k in keys):
            raise Refused(Refusal.EXPIRED, f"revocations {listed.number}: the fleet's key expired")
        if not self._revocations.merge(listed, self._verifier):
            return []
        return [RevocationsAdopted(listed), TrustChanged()]

    def _forget_strangers(self, believed: list[Origin]) -> list[ItemLapsed]:
        """Drop what was learnt of those who are trusted no more; return which lists went.

        Who passes them on drops them too: kept there, they would not be asked for again.
        """
        trusted = {each.key for fleet in self._register.all_fleets() for each in fleet.keys}
        gone = [each for each in self._revocations.lists() if each.fleet not in trusted]
        for listed in gone:
            self._revocations.drop(listed.fleet)
        for origin in believed:
            if not self.knows(origin):
                self._latest.pop(origin, None)
                self._pins.forget(origin)
        return [ItemLapsed(each.item_key) for each in gone]

    def _with_expiries(self, effects: list[TrustEffect]) -> list[TrustEffect]:
        """Tell of keys that expired since the last event, or whose time has come."""
        expired = {
            (each.origin, each.generation, each.key): each
            for each in self._bindings()
            if each.is_expired(self._wall_ms)
        }
        news = [each for key, each in expired.items() if key not in self._expired]
        timely = [each for each, v in self._untimely.items() if v.is_timely(self._wall_ms)]
        is_news = bool(timely) or expired.keys() != self._expired.keys()
        if is_news and TrustChanged() not in effects:
            effects.append(TrustChanged())
        if TrustChanged() in effects:
            self._untimely.clear()  # Everything is asked for again.
        self._expired = expired
        alarms = [KeyExpired(v.origin, v.generation, v.key, v.not_after_ms) for v in news]
        return [*effects, *alarms]

    def _bindings(self) -> list[Vouch]:
        """Return what trust objects and adopted certificates say of keys of others."""
        stated = [each for trust in self._register.clusters() for each in cluster_vouches(trust)]
        keys = {each.key for each in stated}
        return stated + [each for each in self._latest.values() if each.key not in keys]

    @property
    def verifier(self) -> Verifier:
        """What verifies signatures here."""
        return self._verifier

    # --- what is believed ---------------------------------------------------------------

    def knows(self, origin: Origin) -> bool:
        """Tell whether any manifest of `origin` could be believed."""
        return self.rule(origin) is not None

    def rule(self, origin: Origin) -> ImportRule | None:
        """Return what `origin` may do here, None where it is not trusted (any more)."""
        if origin == self.own:
            return OWN_RULE
        trust = self._register.cluster(origin)
        if trust is not None:
            return trust.rule
        fleets = self._register.fleets(origin)
        return fleets[0].rule if fleets else None

    def named(self) -> list[Origin]:
        """Return the other clusters that a trust object names one by one, heard of or not."""
        return [each.cluster for each in self._register.clusters()]

    def judge(self, manifest: Manifest) -> None:
        """Return where a manifest is to be believed; raise `Refused` elsewhere.

        Reasons: UNTRUSTED, MALFORMED (its certificate), KEY, GENERATION, SIGNATURE, UID, AUDIENCE,
        REVOKED, EXPIRED, in this order.
        """
        vouch, what = self._vouch_for(manifest), f"manifest of {manifest.origin}"
        if not manifest.may_be_told(self.own):
            raise Refused(Refusal.AUDIENCE, f"{what}: not meant for {self.own}")
        self._judge_now(manifest, vouch, what)

    def judge_exclusion(self, manifest: Manifest) -> None:
        """Judge a manifest that is not for us, as `judge` does but for that."""
        vouch, what = self._vouch_for(manifest), f"manifest of {manifest.origin}"
        if manifest.may_be_told(self.own):
            raise Refused(Refusal.UNEXPECTED, f"{what}: is meant for {self.own}")
        self._judge_now(manifest, vouch, what)

    def _judge_now(self, manifest: Manifest, vouch: Vouch, what: str) -> None:
        self._check_revoked(vouch, what)
        if not vouch.is_timely(self._wall_ms) and len(self._untimely) < CLUSTERS_MAX:
            self._untimely[vouch.origin] = vouch
        self._check_time(vouch, what)
        self._remember(manifest.body.uid, vouch)

    def signer_of(self, manifest: Manifest) -> PublicKey:
        """Return the key that signed a manifest which is believed, or was once.

        Raises `Refused` as `judge_kept` does.
        """
        return self._vouch_for(manifest).key

    def judge_kept(self, manifest: Manifest) -> None:
        """Judge what was adopted in an earlier run: as `judge`, but that was while its key counted.

        It may have expired or been revoked since. Whoever asks knows that it was adopted then.
        """
        vouch = self._vouch_for(manifest)
        if not manifest.may_be_told(self.own):
            raise Refused(Refusal.AUDIENCE, f"manifest of {manifest.origin}: not for {self.own}")
        self._remember(manifest.body.uid, vouch)

    def is_genuine(self, manifest: Manifest) -> bool:
        """Tell whether a key of its origin signed it, whomever it is for; the key may be over."""
        try:
            self._vouch_for(manifest)
        except Refused:
            return False
        return True

    def has_revoked_key(self, manifest: Manifest) -> bool:
        """Tell whether nothing but a revocation speaks against what was kept of an earlier run."""
        if not self._revocations.lists():  # Spares a signature, mostly.
            return False
        try:
            vouch = self._vouch_for(manifest)
        except Refused:
            return False
        return manifest.may_be_told(self.own) and self._is_vouch_revoked(vouch)

    def _vouch_for(self, manifest: Manifest) -> Vouch:
        """Return who speaks for a manifest, or did once, whomever it is for; else `Refused`."""
        origin, what = manifest.origin, f"manifest of {manifest.origin}"
        self._check_known(origin, what)
        carried = None
        if manifest.certificate:
            carried = decode_cluster_certificate(manifest.certificate)
        has_signed = partial(manifest.is_signed_by, verifier=self._verifier)
        generation = manifest.body.generation
        vouch = pick(self._vouches(origin, carried), generation, has_signed, what)
        self._pins.check(manifest.body.uid, vouch, what)
        return vouch

    def verify_agent(self, raw: bytes) -> AgentCertificate:
        """Return an agent's certificate that is to be believed; raise `Refused` elsewhere.

        Reasons: MALFORMED, OVERSIZED, UNTRUSTED, KEY, GENERATION, SIGNATURE, UID, REVOKED, EXPIRED.
        """
        certificate = decode_agent_certificate(raw)
        body, cluster = certificate.body, certificate.cluster
        what = f"certificate of {body.node} of {body.origin}"
        self._check_known(body.origin, what)
        has_signed = partial(certificate.is_signed_by, verifier=self._verifier)
        vouch = pick(self._vouches(body.origin, cluster), body.generation, has_signed, what)
        if cluster is not None and cluster.body.uid:
            self._pins.check(cluster.body.uid, vouch, what)
        self._check_revoked(vouch, what)
        if not vouch.is_expired(self._wall_ms) or self._has_successor(vouch):
            self._check_time(vouch, what)
        if self._wall_ms is not None and 0 < body.not_after_ms < self._wall_ms:
            raise Refused(Refusal.EXPIRED, f"{what}: expired at {shown_time(body.not_after_ms)}")
        return certificate

    def identify(self, certificate: bytes) -> Identity | None:
        """Return what a valid certificate says, or None where it is not to be believed."""
        try:
            return identity_of(self.verify_agent(certificate))
        except Refused:
            return None

    def _check_known(self, origin: Origin, what: str) -> None:
        if not self.knows(origin):
            raise Refused(Refusal.UNTRUSTED, f"{what}: no trust object names it")

    def _vouches(self, origin: Origin, carried: ClusterCertificate | None) -> list[Vouch]:
        if origin == self.own:
            return own_vouches(origin, self._own_keys, self._uid)
        trust = self._register.cluster(origin)
        if trust is not None:
            return cluster_vouches(trust)
        fleet = self._register.fleets(origin)[0]
        return [fleet_vouch(fleet, origin, carried, self._verifier)]

    def _check_revoked(self, vouch: Vouch, what: str) -> None:
        if self._is_vouch_revoked(vouch):
            raise Refused(
                Refusal.REVOKED,
                f"{what}: the key of generation {vouch.generation} is revoked by its fleet",
            )

    def _is_vouch_revoked(self, vouch: Vouch) -> bool:
        keys = [each for each in (vouch.key, vouch.fleet) if each is not None]
        return any(self.is_revoked(key, vouch.origin) for key in keys)

    def _check_time(self, vouch: Vouch, what: str) -> None:
        if vouch.is_expired(self._wall_ms):
            raise Refused(
                Refusal.EXPIRED,
                f"{what}: the key of generation {vouch.generation} expired at "
                f"{shown_time(vouch.not_after_ms)}; rotate it, or extend it in {vouch.subject}",
            )
        if vouch.is_early(self._wall_ms):
            raise Refused(
                Refusal.EXPIRED,
                f"{what}: its key is valid from {shown_time(vouch.not_before_ms)} on",
            )

    def _has_successor(self, vouch: Vouch) -> bool:
        trust = self._register.cluster(vouch.origin)
        if trust is not None:
            return trust.keys[-1].generation > vouch.generation
        latest = self._latest.get(vouch.origin)
        return latest is not None and latest.generation > vouch.generation

    def _remember(self, uid: str, vouch: Vouch) -> None:
        if vouch.origin == self.own:
            return
        self._pins.remember(uid, vouch)
        latest = self._latest.get(vouch.origin)
        if latest is None or _span(vouch) >= _span(latest):
            self._latest[vouch.origin] = vouch

    def is_revoked(self, key: PublicKey, origin: Origin | None = None) -> bool:
        """Tell whether a fleet that has a say about `origin`, or any fleet, has revoked a key."""
        register = self._register
        fleets = register.all_fleets() if origin is None else register.fleets(origin)
        keys = [each.key for fleet in fleets for each in fleet.keys]
        return any(self._revocations.revokes(fleet, key) for fleet in keys)

    # --- what is shown, and kept -----------------------------------------------------------

    def pins(self) -> dict[Origin, Pin]:
        """Return the UIDs by which clusters are known, to be kept over restarts."""
        return self._pins.all()

    def revocations(self) -> list[RevocationList]:
        """Return the lists in force, to be kept and passed on."""
        return self._revocations.lists()

    def rival_revocations(self) -> list[RevocationList]:
        """Return lists that contradict those in force, to be kept as evidence."""
        return [low for low, _ in self._revocations.contradictions()]

    def problems(self) -> list[Problem]:
        """Return everything about trust that somebody should look at, sorted by subject."""
        found = self._register.problems(self._own_keys)
        found += expiry_problems(self._bindings(), self._wall_ms)
        for origin, uid in self._pins.rivals().items():
            what = f"there is another cluster of this name, refused: UID {uid or 'unknown'}"
            found.append(Problem(f"cluster {origin}", what))
        for generation, key in self._own_keys.items():
            if self.is_revoked(key):
                what = f"our key of generation {generation} is revoked: others refuse it"
                found.append(Problem(f"cluster {self.own}", what))
        for low, high in self._revocations.contradictions():
            what = f"signed two lists with the number {high.number}: {low.rank} and {high.rank}"
            found.append(Problem(f"fleet key {high.fleet.hex()}", what))
        return sorted(found)

    def statistics(self) -> TrustStatistics:
        """Return how much there is."""
        return TrustStatistics(
            objects=len(self._register),
            pins=len(self._pins.all()),
            revoked_keys=sum(len(listed.keys) for listed in self._revocations.lists()),
            expired_keys=len(self._expired),
        )

    def check_invariants(self) -> None:
        """Assert that bounds hold, and that nothing is known of who is not trusted."""
        self._register.check_invariants()
        assert self.own not in self._latest
        assert all(self.knows(origin) for origin in self._latest)
        trusted = {each.key for fleet in self._register.all_fleets() for each in fleet.keys}
        assert all(listed.fleet in trusted for listed in self._revocations.lists())


def _span(vouch: Vouch) -> tuple[int, float]:
    return vouch.generation, vouch.not_after_ms or inf
