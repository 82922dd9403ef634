"""All checks of `isthmus doctor` in their order, and those that ask the store and the agent."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.commands.asking import Agent, agent_at
from agent.commands.changing import ChangeRefusedError, on_store
from agent.commands.checks import (
    Finding,
    check_keys,
    check_port,
    check_seeds,
    check_state,
    fail,
    ok,
    warn,
)
from agent.commands.showing import Document

if TYPE_CHECKING:
    from agent.objects import Kind
    from agent.settings_file import Settings
    from agent.store import Listing, ObjectStore

ASK_S = 2.0


def examined(config: Path) -> list[Finding]:
    """Return what all checks find."""
    from agent.process.clock import wall_ms
    from agent.settings_file import SettingsError, read_settings

    try:
        settings = read_settings(config)
    except SettingsError as error:
        remedy = "correct them: docs/configuration.md has every field"
        lines = str(error).splitlines()
        return [fail("settings", *_split(each), remedy) for each in lines]
    agent = agent_at(settings.config.http, None, ASK_S)
    status = _answered(agent, "/v1/status")
    return [
        ok("settings", config, f"agent {settings.node} of {settings.config.cluster}"),
        *check_keys(settings, wall_ms()),
        *check_state(settings),
        *check_store(settings),
        *check_port(settings, is_running=status is not None),
        *check_seeds(settings),
        *check_agent(settings, status),
        *check_peers(agent if status else None),
    ]


def _split(line: str) -> tuple[str, str]:
    where, _, what = line.partition(": ")
    return where, what


def _answered(agent: Agent, path: str) -> Document | None:
    try:
        return agent.ask(path)
    except click.ClickException:
        return None


# --- the store --------------------------------------------------------------------------


def check_store(settings: "Settings") -> Iterator[Finding]:
    """List every kind, look whether the store can be written, and read the trust objects."""
    import os

    where = settings.config.store.directory
    try:
        listings, faults = on_store(settings, _listed)
    except ChangeRefusedError as error:
        remedy = "correct store: in the settings, or the rights of the directory"
        yield fail("store", where, error.message.removeprefix(f"{where}: "), remedy)
        return
    if where.exists() and not os.access(where, os.W_OK):
        remedy = f"give the user {os.geteuid()} the right to write there"
        yield fail("store", where, "cannot be written: no mesh configuration, no Lease", remedy)
    for fault in faults:
        yield warn("store", where, fault, "correct the file; the last good state counts till then")
    objects = sum(len(each.objects) for each in listings.values())
    yield ok("store", where, f"{len(listings)} kinds, {objects} objects")
    yield from _trust(settings, listings)


async def _listed(store: "ObjectStore") -> "tuple[dict[Kind, Listing], list[str]]":
    listings = {}
    for kind, version in sorted(await store.served()):
        listings[kind] = await store.list(kind, version)
    faults: object = getattr(store, "faults", None)
    found = faults() if callable(faults) else ()
    return listings, [str(each) for each in found]


def _trust(settings: "Settings", listings: "dict[Kind, Listing]") -> Iterator[Finding]:
    """Read the trust objects, and compare what they say of this cluster with its key."""
    from agent.objects import TRUSTED_CLUSTER, TRUSTED_FLEET
    from discovery.refusals import Refused
    from discovery.trust_objects import read_trust_object

    count = 0
    for kind in (TRUSTED_CLUSTER, TRUSTED_FLEET):
        for document in listings[kind].objects if kind in listings else ():
            try:
                read = read_trust_object(document)
            except Refused as refused:
                subject, _, faults = refused.what.partition(": ")
                yield fail("trust", subject, faults, "isthmus trust add with a corrected file")
                continue
            count += 1
            yield from _expiries(read.subject, [each.not_after_ms for each in read.keys])
    if count:
        yield ok("trust", settings.config.cluster, f"trusts by {count} objects")
    else:
        remedy = "isthmus trust add, with what isthmus trust export prints in the other cluster"
        yield warn("trust", settings.config.cluster, "nobody is trusted, so nothing comes", remedy)


def _expiries(subject: str, ends_ms: list[int]) -> Iterator[Finding]:
    from agent.process.clock import wall_ms
    from discovery.wall_time import MS_PER_DAY, shown_time

    latest = 0 if 0 in ends_ms else max(ends_ms)
    if latest and latest < wall_ms() + 14 * MS_PER_DAY:
        what = f"its last key ends at {shown_time(latest)}; what it signed is frozen from then on"
        yield warn("trust", subject, what, "have that cluster rotate its key, or extend notAfter")


# --- the agent --------------------------------------------------------------------------


def check_agent(settings: "Settings", status: Document | None) -> Iterator[Finding]:
    """Ask the running agent what it complains of, and compare it with the settings."""
    from agent.objects import list_at, text_at

    where = settings.config.http
    if status is None:
        remedy = "start it: isthmus agent --config FILE"
        yield warn("agent", where, "does not answer: it is not running, or elsewhere", remedy)
        return
    own = (settings.config.cluster, settings.node)
    found = (text_at(status, "cluster"), text_at(status, "node"))
    if found != own:
        what = f"is the agent {found[1]} of {found[0]}, and not {own[1]} of {own[0]}"
        yield fail("agent", where, what, "another agent has this address: correct http:")
        return
    reasons = [str(each) for each in list_at(status, "readiness", "reasons")]
    if reasons:
        yield warn("agent", where, f"is not ready: {'; '.join(reasons)}", "see isthmus status")
    else:
        yield ok("agent", where, f"runs and is ready, as {text_at(status, 'role')}")
    for each in list_at(status, "alarms"):
        tell = fail if text_at(each, "severity") == "alarm" else warn
        where, name = text_at(each, "subject"), text_at(each, "name")
        yield tell(name, where, text_at(each, "message"), text_at(each, "remedy"))
    for each in list_at(status, "driver", "problems"):
        reason = text_at(each, "reason")
        yield warn("mesh", text_at(each, "service") or reason, text_at(each, "message"), reason)


def check_peers(agent: Agent | None) -> Iterator[Finding]:
    """Ask the running agent how the other clusters are, and whether their meshes fit this one's."""
    from agent.objects import at, list_at, text_at

    answer = _answered(agent, "/v1/clusters") if agent else None
    if answer is None:
        return
    items = list_at(answer, "items")
    own = next((each for each in items if at(each, "own") is True), None)
    for each in items:
        if each is own:
            continue
        name, verdict = text_at(each, "name"), text_at(each, "verdict")
        if verdict in ("live", "draining"):
            yield ok("cluster", name, verdict)
        else:
            what = f"{verdict or 'never heard of'}: {text_at(each, 'why')}"
            yield warn("cluster", name, what, f"isthmus clusters, and isthmus trust show {name}")
        for problem in list_at(each, "trust", "problems"):
            yield warn("trust", name, str(problem), f"isthmus trust show {name}")
        yield from _mesh(name, own, each)


def _mesh(name: str, own: object, other: object) -> Iterator[Finding]:
    from agent.objects import text_at

    for field, words in (("meshRoot", "root certificate"), ("trustDomain", "trust domain")):
        ours, theirs = text_at(own, field), text_at(other, field)
        if ours and theirs and ours != theirs:
            what = f"its mesh has another {words}: {theirs[:24]}, and ours is {ours[:24]}"
            remedy = f"install both meshes with the same {words}; side-cars refuse each other"
            yield fail("mesh", name, what, remedy)
