"""The start of an agent, and every way in which it may fail, in words for whoever starts it."""

from typing import TextIO

from agent.credentials import CredentialsError
from agent.key_files import KeyFileError
from agent.local.listening import ListenError as LocalListenError
from agent.process.log import Log
from agent.process.placing import PlaceError
from agent.process.preparing import prepared
from agent.process.running import Running
from agent.settings_file import Settings
from agent.state_folder import StateFolderError
from agent.store import StoreError
from agent.transport.ports import ListenError
from failure_detect.validation import ConfigError

FAILED = 1

_EXPECTED = (
    CredentialsError,
    KeyFileError,
    LocalListenError,
    ListenError,
    PlaceError,
    StateFolderError,
    StoreError,
    ConfigError,
)


async def run(settings: Settings, out: TextIO) -> int:
    """Run one agent, logging to `out`; return the exit code of the process."""
    config = settings.config
    log = Log(
        out,
        level=config.log.level,
        as_json=config.log.format == "json",
        context={"cluster": config.cluster, "node": settings.node},
    )

    def announce(port: str, local: str) -> None:
        log.say("info", "agent_started", {"listens": port, "http": local})

    try:
        async with prepared(settings) as ready:
            for fault in ready.loaded.damaged:
                log.say("warning", "state_damaged", {"file": str(fault.file), "what": str(fault)})
            await Running(ready, log).run(announce)
    except _EXPECTED as error:
        return _failed(log, settings, [error])
    except BaseExceptionGroup as group:
        expected, rest = group.split(_EXPECTED)
        if expected is None or rest is not None:
            raise
        return _failed(log, settings, _leaves(expected))
    log.say("info", "agent_stopped", {})
    return 0


def _failed(log: Log, settings: Settings, errors: "list[BaseException]") -> int:
    for error in errors:
        is_setting = isinstance(error, ListenError | LocalListenError)
        why = f"{settings.file}: {error}" if is_setting else str(error)
        log.say("error", "agent_failed", {"why": why})
    return FAILED


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    leaves: list[BaseException] = []
    for each in group.exceptions:
        leaves += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return leaves
