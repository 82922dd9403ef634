"""The settings file, read again at SIGHUP: what may change while the agent runs, changes.

Rule 1: a file with a fault changes nothing, and its faults are shown until it is read without.
Rule 2: what may change (`LIVE`) is applied at once. Rule 3: what else has changed since the agent
started is shown, field by field, until the agent is restarted or the field is as it was.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace

import trio

from agent.knobs import camel
from agent.local.facts import Fault
from agent.settings import AgentConfig
from agent.settings_file import Settings, SettingsError, read_settings

LIVE = frozenset(
    {
        *("seeds.lan", "seeds.wan", "region", "network", "gateways", "capacity"),
        *("mesh.trustDomain", "log.level"),
    }
)
"""Fields that may change without a restart."""

RESTART = "restart the agent to have it; until then it goes on as it started"
REFUSED = "correct it and send SIGHUP again; until then the settings that were read last hold"


class Reloading:
    """Reads one settings file again, whenever it is asked to."""

    def __init__(
        self,
        settings: Settings,
        apply: Callable[[Settings], Awaitable[None]],
        say: Callable[[str, str, Mapping[str, object]], None],
    ) -> None:
        """Go on from `settings`, as the agent started with them.

        `apply` is given settings of which nothing but what may change differs from those before;
        `say(level, event, values)` writes the log.
        """
        self._settings = settings
        self._apply = apply
        self._say = say
        self.faults: tuple[Fault, ...] = ()
        """What is wrong with the file, or needs a restart."""

    async def read_again(self) -> None:
        """Read the file, and take what may change."""
        file = self._settings.file
        try:
            found = await trio.to_thread.run_sync(self._read)
        except SettingsError as error:
            self.faults = tuple(_refused(error))
            whats = [f"{each.where}: {each.what}" for each in self.faults]
            self._say("error", "settings_refused", {"file": str(file), "why": whats})
            return
        changed = list(differences(self._settings.config, found.config))
        stuck = [each for each in changed if each not in LIVE]
        if found.node != self._settings.node and "node" not in stuck:
            stuck.append("node")
        live = [each for each in changed if each in LIVE]
        self.faults = tuple(
            Fault(f"{file}: {each}", "has changed since the agent started", RESTART)
            for each in stuck
        )
        if live:
            self._settings = replace(
                self._settings, config=merged(self._settings.config, found.config)
            )
            await self._apply(self._settings)
        self._say("info", "settings_read_again", {"applied": live, "need_restart": stuck})

    def _read(self) -> Settings:
        found = read_settings(self._settings.file)
        # What the command line asks for does not change by the file.
        return found.with_dry_run() if self._settings.is_dry_run_forced else found


def _refused(error: SettingsError) -> Iterator[Fault]:
    for each in error.faults:
        line = f":{each.line}" if each.line else ""
        where = f"{error.file}{line}" + (f": {each.path}" if each.path else "")
        yield Fault(where, each.what, REFUSED)


def merged(old: AgentConfig, new: AgentConfig) -> AgentConfig:
    """Return `old` with what may change as it is in `new`."""
    return replace(
        old,
        seeds=new.seeds,
        region=new.region,
        network=new.network,
        gateways=new.gateways,
        capacity=new.capacity,
        mesh=replace(old.mesh, trust_domain=new.mesh.trust_domain),
        log=replace(old.log, level=new.log.level),
    )


def differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """Give the fields in which two settings differ, as the file names them: `seeds.lan`."""
    assert is_dataclass(old)
    for each in fields(old):
        before, after = getattr(old, each.name), getattr(new, each.name)
        name = f"{path}.{camel(each.name)}" if path else camel(each.name)
        if is_dataclass(before) and type(before) is type(after):
            yield from differences(before, after, name)
        elif before != after:
            yield name
