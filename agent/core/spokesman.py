"""What is said in the status of objects: of exports, of policies, of those whom we trust.

The publisher alone says it. Rule 1: a status is written only where it says something else than what
is there (`conditions`, `trust_status`). Rule 2: what changed is said after `SOON`, several changes
together; everything is looked at again `LATER` after anything changed, and from time to time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.drivers import conditions as spoken
from agent.drivers.findings import Finding
from agent.drivers.trust_status import ClusterSeen, trust_status
from agent.drivers.writer import Writer
from agent.mirror import Mirror
from agent.objects import (
    SERVICE_EXPORT,
    TRAFFIC_POLICY,
    TRUSTED_CLUSTER,
    TRUSTED_FLEET,
    Document,
    ObjectKey,
    list_at,
    text_at,
)
from agent.sources import conditions as exported
from agent.sources.conditions import Publication, Published
from agent.sources.sources import Sources
from agent.writes import ApplyStatus
from discovery.bridge import Bridge
from discovery.keys import export_key
from discovery.names import Origin, ServiceName, matches
from failure_detect.clock import MINUTE, NEVER, SECOND, Duration, Instant

SOON: Duration = 1 * SECOND
LATER: Duration = 10 * SECOND
AGAIN: Duration = 1 * MINUTE


@dataclass(frozen=True, slots=True)
class Speakers:
    """Whose words are said."""

    own: Origin
    mirror: Mirror
    bridge: Bridge
    sources: Sources
    writer: Writer


class Spokesman:
    """Says what is to be said, when it is time."""

    def __init__(self, speakers: Speakers) -> None:
        """Say nothing until it is told that it may."""
        self._of = speakers
        self._may = False
        self._services: dict[ServiceName, None] = {}
        self._soon_at: Instant = NEVER
        self._all_at: Instant = NEVER

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to say; `NEVER` while it may not."""
        return min(self._soon_at, self._all_at) if self._may else NEVER

    def may_speak(self, now: Instant, *, may: bool) -> None:
        """Learn whether this agent is the publisher."""
        if may and not self._may:
            self._all_at = now + SOON
        self._may = may

    def changed(self, services: Iterable[ServiceName], now: Instant) -> None:
        """Learn that something else is to be said of these services, by name."""
        self._services |= dict.fromkeys(services)
        self._soon_at = min(self._soon_at, now + SOON)

    def touched(self, now: Instant) -> None:
        """Learn that anything may have changed."""
        self._all_at = min(self._all_at, now + LATER)

    def advance(self, wall_ms: int, now: Instant) -> list[ApplyStatus]:
        """Return the statuses to write now."""
        if not self._may or min(self._soon_at, self._all_at) > now:
            return []
        services, self._services = self._services, {}
        self._soon_at = NEVER
        if self._all_at > now:
            keys = [ObjectKey(SERVICE_EXPORT, each.namespace, each.name) for each in services]
            return [*self._exports(keys, wall_ms)]
        self._all_at = now + AGAIN
        mirror = self._of.mirror
        every = [key for key, _ in mirror.of(SERVICE_EXPORT)]
        return [*self._exports(every, wall_ms), *self._policies(wall_ms), *self._trust(wall_ms)]

    # --- exports --------------------------------------------------------------------------

    def _exports(self, keys: Iterable[ObjectKey], wall_ms: int) -> Iterator[ApplyStatus]:
        refused = self._refused()
        for key in keys:
            document = self._of.mirror.get(key)
            name = ServiceName(key.namespace, key.name)
            if document is None or (read := self._of.sources.read(name)) is None:
                continue
            view = self._of.bridge.view.service(name)
            found = exported.export_conditions(
                read,
                document,
                self._published(name, refused),
                self._of.own,
                None if view is None else view.merged,
            )
            served = spoken.served_condition(
                self._of.writer.findings(name), spoken.generation_of(document)
            )
            status = exported.status_to_apply(document, [*found, _as_exported(served)], wall_ms)
            if status is not None:
                yield ApplyStatus(key, text_at(document, "apiVersion"), status)

    def _refused(self) -> dict[str, str]:
        publisher = self._of.bridge.publisher
        if publisher is None:
            return {}
        return {each.what.partition(":")[0]: each.what for each in publisher.statistics().refused}

    def _published(self, name: ServiceName, refused: dict[str, str]) -> Published:
        if why := refused.get(f"export/{name}"):
            return Published(Publication.REFUSED, why)
        held = self._of.bridge.catalog.get(self._of.own)
        if held is not None and held.records.get(export_key(name)) is not None:
            return Published(Publication.PUBLISHED)
        return Published(Publication.PENDING)

    # --- policies -------------------------------------------------------------------------

    def _policies(self, wall_ms: int) -> Iterator[ApplyStatus]:
        for key, document in self._of.mirror.of(TRAFFIC_POLICY):
            status = self._of.bridge.view.policy(ServiceName(key.namespace, key.name))
            if status is None:
                continue
            findings: dict[ServiceName, tuple[Finding, ...]] = {
                each: self._of.writer.findings(each) for each in status.holds
            }
            said = spoken.policy_conditions(status, findings, spoken.generation_of(document))
            wanted = spoken.status_to_apply(document, said, wall_ms)
            if wanted is not None:
                yield ApplyStatus(key, text_at(document, "apiVersion"), wanted)

    # --- trust ----------------------------------------------------------------------------

    def _trust(self, wall_ms: int) -> Iterator[ApplyStatus]:
        problems = self._of.bridge.trust.problems()
        floors = self._of.bridge.catalog.floors()
        for kind in (TRUSTED_CLUSTER, TRUSTED_FLEET):
            for _, document in self._of.mirror.of(kind):
                clusters = [
                    ClusterSeen(
                        origin,
                        self._of.bridge.verdicts.standing(origin),
                        floors.get(origin),
                    )
                    for origin in self._named(document, floors)
                ]
                status = trust_status(document, problems, clusters, wall_ms)
                if status is not None:
                    yield status

    def _named(self, document: Document, known: Iterable[Origin]) -> list[Origin]:
        """Return the clusters that a trust object is about, as far as they are known."""
        if text_at(document, "kind") == TRUSTED_CLUSTER.name:
            name = text_at(document, "spec", "cluster") or text_at(document, "metadata", "name")
            return [Origin(name)]
        patterns = [str(each) for each in list_at(document, "spec", "clusters")]
        return [
            each
            for each in known
            if each != self._of.own and any(matches(each, pattern) for pattern in patterns)
        ]


def _as_exported(said: spoken.Said) -> exported.Condition:
    return exported.Condition(
        said.type,
        exported.Status(said.status.value),
        said.reason,
        said.message,
        said.generation,
    )
