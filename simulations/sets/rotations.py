"""A cluster's key is followed by another: in peace, or because its fleet has revoked it.

`rotate`: those who trust the cluster by its name learn the new key first (generations 1 and 2
overlap), some only afterwards; a fleet's certificate needs nothing of the kind. `revoke`: the list
of revoked keys is given to one bridge; the agents of all who import may restart while the set waits
for its successor. Durations are in microseconds.

It is shown that a rotation loses nothing at any instant, even where the object comes late, and that
a revoked key's set goes to the last tier everywhere and comes back by its successor's word; without
one it is removed after the hold, which a restart neither ends nor begins anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from discovery.bridge_config import BridgeConfig
from discovery.publisher_events import KeyRotated
from discovery.revocations import issue_revocations
from discovery.standing import Verdict
from discovery.trust_events import ObjectApplied, OwnKeysChanged, RevocationsReceived
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import StandingChanged
from failure_detect.clock import SECOND, Duration, Instant
from simulations import options
from simulations.experiment import Plan
from simulations.samples import Sample
from simulations.sets.incidents import (
    IncidentExperiment,
    Signed,
    add_last,
    conclude,
    draw,
    flip,
    others,
    wait,
)
from simulations.sets.safety import UnsafeError, check_equal, check_machines
from simulations.sets.served import ServedLog, ready
from simulations.sets.stage import Stage, trusts_all
from simulations.trials import Scene

_REST: Duration = 3 * SECOND
_SPREAD: Duration = 1 * SECOND
"""Over how long all bridges of a cluster, or all clusters, are told of the same."""

_OLD, _NEW = 1, 2
"""Generations of the key."""

_TRUST = ("names", "fleet")
_SUCCESSOR = ("comes", "never")
_RESTART = ("never", "half-way")
_DOWN: Duration = 1 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate(IncidentExperiment):
    """The last cluster gets a new key."""

    plan: ClassVar[Plan] = Plan(
        name="rotate",
        title="the key of a cluster is rotated: when all believe the new one",
        columns=("rotated_s", "rotated_everywhere_s", "late_s", "signed"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    trust: str = options.choice(_TRUST, _TRUST, "whether keys stand in objects or certificates")
    late: int = options.count(
        1, "how many clusters get the object with both keys too late", least=0
    )

    def fault(self) -> str | None:
        """Say why there can be no such fleet, or that fewer clusters can be late."""
        most = self.clusters - 2
        if self.trust == "names" and self.late > most:
            return f"--late {self.late}: beside the first and the last cluster there are {most}"
        return IncidentExperiment.fault(self)

    def run(self, scene: Scene) -> Sample:
        """Overlap, rotate, and end the overlap."""
        stage = self.stage(scene, certified=self.trust == "fleet")
        sample, signed, cluster = Sample(), Signed(stage), self.struck
        stage.warm()
        log, healthy = ServedLog(stage, [cluster]), ready(stage.exports[cluster])
        late = range(self.late if self.trust == "names" else 0)
        in_time = [each for each in range(self.clusters) if each not in (*late, cluster)]
        self._apply(stage, in_time, (_OLD, _NEW))
        rotate(stage, cluster)
        places = [place for place in others(stage, cluster) if stage.places[place] in in_time]
        wait(stage, lambda: _has_generation(stage, places, cluster), "all believe the new key")
        began = next(at for at, each in signed.manifests if each.body.generation == _NEW)
        add_last(
            sample,
            "rotated",
            "rotated_everywhere",
            (at - began for at in _first_of_generation(stage, cluster, places)),
        )
        stage.run(_REST)
        applied = stage.world.now
        self._apply(stage, late, (_OLD, _NEW))
        slow = [place for place in others(stage, cluster) if stage.places[place] in late]
        wait(stage, lambda: _has_generation(stage, slow, cluster), "the late believe it too")
        for at in _first_of_generation(stage, cluster, slow):
            sample.add("late", at - applied)
        self._apply(stage, (*late, *in_time), (_NEW,))
        _tell_own_keys(stage, cluster, (_NEW,))
        flipped = flip(stage, cluster)
        stage.run(_REST)
        log.require_kept({cluster: healthy - flipped}, others(stage, cluster))
        conclude(stage, sample)
        signed.require_rising(stage.origin(cluster))
        signed.require_no_evidence()
        sample.count("signed", len(signed.of(stage.origin(cluster))))
        return sample

    def _apply(self, stage: Stage, clusters: Iterable[int], generations: tuple[int, ...]) -> None:
        """Let clusters apply the object of the one that rotates, each at its time, and wait."""
        if self.trust == "fleet":
            return
        for viewer in clusters:
            granted = trusts_all(viewer, self.struck) or {}
            document = stage.credentials.trust_object(self.struck, granted, generations)
            at = stage.world.now + draw(stage, _SPREAD)
            for place in stage.bridges_of(viewer):
                stage.world.at(at, partial(stage.tell, place, ObjectApplied(document)))
        stage.run(_SPREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke(IncidentExperiment):
    """The fleet revokes the key of the last cluster."""

    plan: ClassVar[Plan] = Plan(
        name="revoke",
        title="a fleet revokes the key of a cluster: when nobody relies on it any more",
        columns=(
            "revoked_s",
            "revoked_everywhere_s",
            "restored_s",
            "restored_everywhere_s",
            "removed_s",
            "hold_short_s",
            "hold_over_s",
            "restarted",
        ),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    successor: str = options.choice(_SUCCESSOR, _SUCCESSOR, "whether the cluster gets a new key")
    restart: str = options.choice(
        "never", _RESTART, "whether the agents of all others restart in the middle of the hold"
    )
    hold: int = options.duration(30 * SECOND, "how long the set waits for its successor's word")

    def fault(self) -> str | None:
        """Say why there can be no such fleet, or that nothing could restart within the hold."""
        if self.restart == "half-way" and self.hold < 4 * _REST:
            return f"--hold {self.hold // SECOND}: at least {4 * _REST // SECOND} s for a restart"
        return IncidentExperiment.fault(self)

    def run(self, scene: Scene) -> Sample:
        """Revoke the key, and replace it or not."""
        config = BridgeConfig(verdicts=VerdictConfig(revoked_hold=self.hold))
        stage = self.stage(scene, certified=True, config=config)
        sample, cluster = Sample(), self.struck
        stage.warm()
        log, healthy = ServedLog(stage, [cluster]), ready(stage.exports[cluster])
        places, key = others(stage, cluster), stage.keys[cluster].signer.public
        judged = _Judged(stage, cluster, places)
        listed = issue_revocations(1, [key], stage.credentials.fleet)
        stage.tell(0, RevocationsReceived(listed.raw))
        add_last(sample, "revoked", "revoked_everywhere", judged.after(Verdict.DEGRADED))
        if not all(log.has(place, cluster, healthy) for place in places):
            raise UnsafeError("a revoked key's set is to be served in the last tier")
        revoked = judged.times(Verdict.DEGRADED)
        stage.run(_REST)
        if self.restart == "half-way":
            stage.run(self.hold // 2 - _REST)
            self._restart(stage, places, sample)
            if not all(log.has(place, cluster, healthy) for place in places):
                raise UnsafeError("a restart ends no hold of a revoked key's set")
        if self.successor == "comes":
            judged.begin()
            rotate(stage, cluster)
            add_last(sample, "restored", "restored_everywhere", judged.after(Verdict.LIVE))
            log.require_kept({cluster: healthy}, places)
            return conclude(stage, sample)
        self._measure_removal(judged, revoked, sample)
        self._check_gone(stage, log)
        sample.count("simulated_us", stage.world.now)
        return sample

    def _measure_removal(
        self, judged: "_Judged", revoked: Mapping[int, Instant], sample: Sample
    ) -> None:
        """Wait until all have removed it, and compare how long each held it with the hold."""
        for lag in judged.after(Verdict.DEPARTED, self.hold):
            sample.add("removed", lag)
        for place, at in judged.times(Verdict.DEPARTED).items():
            over = at - revoked[place] - self.hold
            sample.add("hold_short", max(0, -over))
            sample.add("hold_over", max(0, over))

    def _restart(self, stage: Stage, places: Iterable[int], sample: Sample) -> None:
        """Stop the bridges at these places, and start new processes with what they had kept."""
        stage.world.crash(*places)
        stage.run(_DOWN)
        for place in places:
            stage.revive(place)
            sample.count("restarted")
        stage.run(_REST)

    def _check_gone(self, stage: Stage, log: ServedLog) -> None:
        """Check that nothing of the key is served or taken, whatever is signed with it."""
        cluster = self.struck
        places, origin = others(stage, cluster), stage.origin(cluster)
        before = [stage.bridge(place).catalog.floor(origin) for place in places]
        flip(stage, cluster)
        stage.run(_REST)
        if any(log.now(place, cluster) for place in places):
            raise UnsafeError(f"endpoints of {origin} are served, whose key was revoked")
        if before != [stage.bridge(place).catalog.floor(origin) for place in places]:
            raise UnsafeError(f"what a revoked key of {origin} signed was adopted")
        check_machines(stage)
        check_equal(stage, places)


class _Judged:
    """When bridges change their verdict of a cluster."""

    def __init__(self, stage: Stage, cluster: int, places: Iterable[int]) -> None:
        self._stage, self._origin = stage, stage.origin(cluster)
        self._places = frozenset(places)
        self._began = stage.world.now

    def begin(self) -> None:
        """Count from now."""
        self._began = self._stage.world.now

    def after(self, verdict: Verdict, allowance: Duration = 0) -> list[Duration]:
        """Wait until all have this verdict; return how long each took (us)."""
        stage = self._stage
        limit = allowance + 60 * SECOND
        wait(stage, lambda: len(self.times(verdict)) == len(self._places), f"{verdict}", limit)
        return [at - self._began for at in self.times(verdict).values()]

    def times(self, verdict: Verdict) -> dict[int, Instant]:
        """Return when each of those that have come to this verdict did so first, by place."""
        found: dict[int, Instant] = {}
        for at, place, fact in reversed(self._stage.said):
            if at < self._began:
                break
            if not isinstance(fact, StandingChanged) or place not in self._places:
                continue
            if (fact.origin, fact.standing.verdict) == (self._origin, verdict):
                found[place] = at
        return found


def rotate(stage: Stage, cluster: int) -> None:
    """Give a cluster a key of the next generation; its bridges learn of it within a second."""
    stage.keys[cluster] = stage.credentials.key(cluster, _NEW)
    _tell_own_keys(stage, cluster, (_OLD, _NEW))
    for place in stage.bridges_of(cluster):
        rotated = KeyRotated(stage.keys[cluster])
        at = stage.world.now + draw(stage, _SPREAD)
        stage.world.at(at, partial(stage.tell, place, rotated))


def _tell_own_keys(stage: Stage, cluster: int, generations: tuple[int, ...]) -> None:
    keys = {each: stage.credentials.key(cluster, each).signer.public for each in generations}
    for place in stage.bridges_of(cluster):
        stage.tell(place, OwnKeysChanged(keys))


def _has_generation(stage: Stage, places: Iterable[int], cluster: int) -> bool:
    held = (stage.bridge(place).catalog.get(stage.origin(cluster)) for place in places)
    return all(each is not None and each.manifest.body.generation == _NEW for each in held)


def _first_of_generation(stage: Stage, cluster: int, places: Iterable[int]) -> list[Instant]:
    """Return when each place adopted a set of the new key, those of no place that is not asked."""
    found: dict[int, Instant] = {}
    for each in stage.sightings[stage.origin(cluster)]:
        if each.order.generation == _NEW:
            found.setdefault(each.place, each.at)
    return [found[place] for place in places]
