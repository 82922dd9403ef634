"""The detectors that are compared, by name, and worlds in which they know each other already.

`ours` takes overrides by path (`DetectorConfig.with_overrides`); the others are the
baselines, memberlist's state machine with different parts of Lifeguard switched on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from failure_detect.claims import alive_message
from failure_detect.clock import Duration
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import MembersRestored, SeedsResolved
from failure_detect.identity import Address
from failure_detect.wire import encode_alive
from simulations.baseline.config import (
    MemberlistConfig,
    buddy,
    lha_probe,
    lha_suspicion,
    lifeguard,
    memberlist_lan,
    memberlist_wan,
    swim,
)
from simulations.baseline.directory import Directory
from simulations.baseline.memberlist import Acquaintance, Memberlist
from simulations.baseline.wire import Name
from simulations.config import WorldConfig
from simulations.machine import Machine, MemberContext
from simulations.world import World

OURS = "ours"

_BASELINES: Mapping[str, Callable[[], MemberlistConfig]] = {
    "memberlist": memberlist_lan,
    "lifeguard": lifeguard,
    "swim": swim,
    "swim+lha-probe": lha_probe,
    "swim+lha-suspicion": lha_suspicion,
    "swim+buddy": buddy,
}
FLAVOURS: tuple[str, ...] = (OURS, *_BASELINES)
"""Every name that a `Setting` may have."""

_PROFILES: Mapping[str, Callable[[], DetectorConfig]] = {
    "lan": DetectorConfig.lan,
    "wan": DetectorConfig.wan,
    "loopback": DetectorConfig.loopback,
}
PROFILES: tuple[str, ...] = tuple(_PROFILES)

SEEDS = 3
"""How many members are seeds where all know each other from the beginning."""

Overrides: TypeAlias = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """Which detector runs, and how it is set."""

    flavour: str = OURS
    """One of `FLAVOURS`."""

    profile: str = "lan"
    """One of `PROFILES`; the baselines know no third one and take `loopback` for `lan`."""

    overrides: Overrides = ()
    """Paths and values for `DetectorConfig.with_overrides`; the baselines have none of them."""


def detector_config(setting: Setting) -> DetectorConfig:
    """Return what `ours` runs with; an `ExceptionGroup` of `ConfigError` where it cannot."""
    return _PROFILES[setting.profile]().with_overrides(dict(setting.overrides))


def faults_of(setting: Setting) -> list[str]:
    """Say what is wrong with what is set of ours; nothing where it could run."""
    try:
        detector_config(setting)
    except ExceptionGroup as group:
        return [str(fault) for fault in group.exceptions]
    return []


def most_members(setting: Setting) -> int:
    """Return how many members ours can know with a setting that could run."""
    return detector_config(setting).limit.members


def memberlist_config(setting: Setting) -> MemberlistConfig:
    """Return what a baseline runs with."""
    config = _BASELINES[setting.flavour]()
    if setting.profile != "wan":
        return config
    wan = memberlist_wan()
    if setting.flavour == "memberlist":
        return wan
    return replace(  # Lifeguard's switches, at the pace that memberlist has on such links.
        config,
        probe_interval=wan.probe_interval,
        probe_timeout=wan.probe_timeout,
        gossip_interval=wan.gossip_interval,
        gossip_nodes=wan.gossip_nodes,
        gossip_to_the_dead=wan.gossip_to_the_dead,
        push_pull_interval=wan.push_pull_interval,
        stream_timeout=wan.stream_timeout,
    )


def cast_of(setting: Setting) -> "Ours | Baseline":
    """Return the machines that a setting asks for."""
    return Ours(setting) if setting.flavour == OURS else Baseline(setting)


class Ours:
    """Makes our detectors; keeps what each of them says of itself, for the others to know."""

    def __init__(self, setting: Setting) -> None:
        self.config = detector_config(setting)
        self._claims: dict[int, bytes] = {}

    @property
    def probe_interval(self) -> Duration:
        """How often each member is probed, in microseconds."""
        return self.config.probe.interval

    def world(self, config: WorldConfig) -> World:
        """Return a world of our detectors in which nothing runs yet."""
        return World(config, self._make)

    def start(self, world: World) -> None:
        """Start all at once, and let each have everybody's claim to be alive.

        The world should have no seeds of its own; the first three members become them.
        """
        world.start_all()
        claims = MembersRestored(tuple(self._claims.values()))
        # Seeds come last: whoever knows nobody asks them at once, and all would.
        seeds = SeedsResolved(tuple(world.address(member) for member in world.members[:SEEDS]))
        for member in world.members:
            world.deliver(member, claims)
            world.deliver(member, seeds)
        world.run_until(world.now)

    def _make(self, context: MemberContext) -> Machine:
        member, certificate = context.identity.member, context.certificate
        message = alive_message(self.config.pool, member, 1, certificate)
        claim = encode_alive(certificate, 1, context.authority.sign(message))
        self._claims[context.index] = claim.raw
        return FailureDetector(
            certificate,
            self.config,
            authority=context.authority,
            now=context.now,
            rng=context.rng,
        )


class Baseline:
    """Makes members of memberlist, by names as short as in the published measurements."""

    def __init__(self, setting: Setting) -> None:
        self.config = memberlist_config(setting)
        self._directory = Directory()
        self._known: tuple[tuple[Name, Address], ...] = ()

    @property
    def probe_interval(self) -> Duration:
        """How often each member probes, in microseconds."""
        return self.config.probe_interval

    def world(self, config: WorldConfig) -> World:
        """Return a world of memberlists in which nothing runs yet."""
        return World(config, self._make)

    def start(self, world: World) -> None:
        """Start all at once, each with everybody in its list."""
        self._known = tuple((_name(member), world.address(member)) for member in world.members)
        world.start_all()

    def _make(self, context: MemberContext) -> Machine:
        acquaintance = Acquaintance(
            name=_name(context.index),
            identity=context.identity,
            directory=self._directory,
            known=self._known,
        )
        return Memberlist(acquaintance, self.config, now=context.now, rng=context.rng)


def _name(index: int) -> Name:
    return f"n{index}".encode()
