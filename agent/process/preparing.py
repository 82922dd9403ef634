"""What an agent needs before it may say a word: its folder, its keys, its cluster's objects.

A store that does not answer stops nobody: what it would have said about this node comes later.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed_version

import trio

from agent.core.agent import Agent
from agent.credentials import Credentials, first_start, read_key_ring
from agent.objects import NAMESPACE, NODE, Document, ObjectKey, text_at
from agent.process import clock, entropy
from agent.process.chartering import charter_of
from agent.process.placing import host_address, place_of
from agent.settings_file import Settings
from agent.state_folder import LoadedState, StateFolder
from agent.store import ObjectStore, StoreError
from agent.stores.directory import DirectoryStore, opened
from agent.stores.disk import Disk
from agent.stores.folder import Surroundings
from discovery.names import Origin

STORE_WITHIN_S = 3.0
"""How long the start waits for what the store says about this node."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that an agent begins with."""

    settings: Settings
    folder: StateFolder
    loaded: LoadedState
    credentials: Credentials
    store: DirectoryStore
    agent: Agent
    version: str


@asynccontextmanager
async def prepared(settings: Settings) -> AsyncIterator[Prepared]:
    """Prepare an agent.

    Raises `StateFolderError`, `KeyFileError`, `CredentialsError`, `PlaceError`, `ConfigError` and
    `StoreError`, whose words are for whoever starts it.
    """
    config = settings.config
    ring = read_key_ring(
        Origin(config.cluster),
        config.keys.cluster,
        config.keys.fleet_certificate,
        config.keys.revocations,
    )
    with StateFolder(config.state) as folder:
        loaded = folder.load()
        around = Surroundings(
            clock.wall_ms, entropy.dice(), Disk(), is_known=bool(loaded.state.sets)
        )
        start = first_start(loaded.start, clock.wall_ms())
        folder.save_start(start)
        async with opened(config.store.directory, around) as store:
            node = await _found(store, ObjectKey(NODE, "", settings.node))
            place = place_of(settings, node, host_address())
            seed = entropy.secret(32)
            credentials = Credentials(seed, ring, place, start, clock.wall_ms())
            version = installed_version("isthmus")
            uid = config.uid or await _uid(store) or _kept_uid(loaded, config.cluster)
            charter = charter_of(settings, credentials, loaded, uid, version)
            agent = Agent(charter, clock.now(), entropy.dice())
            yield Prepared(settings, folder, loaded, credentials, store, agent, version)


async def _uid(store: ObjectStore) -> str:
    """Return the UID of the namespace that every cluster has, empty where it is not known."""
    namespace = await _found(store, ObjectKey(NAMESPACE, "", "kube-system"))
    return text_at(namespace, "metadata", "uid")


def _kept_uid(loaded: LoadedState, cluster: str) -> str:
    """Return the UID with which this cluster's last set was signed, empty where none is known.

    Others refuse a cluster that has another one by now.
    """
    manifests = (each.manifest for each in loaded.state.sets)
    return next((each.body.uid for each in manifests if each.origin == cluster), "")


async def _found(store: ObjectStore, key: ObjectKey) -> Document | None:
    """Return an object; None where there is none, or the store does not answer in time."""
    with trio.move_on_after(STORE_WITHIN_S):
        try:
            return await store.get(key, key.kind.versions[0])
        except StoreError:
            return None
    return None
