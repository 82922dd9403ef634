"""The settings file, read: all of its faults at once, each with line, field and remedy.

Nothing is taken of a file that has a fault. What the machines are set to is checked by themselves
and comes out whole, so that whoever has `Settings` needs to judge nothing any more.
"""

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_type_hints

from agent.knobs import Config, SettingsFault, camel, shown, tuned, unknown
from agent.objects import Document, at
from agent.settings import AgentConfig
from agent.yaml_text import Lines, YamlError, read_documents
from discovery.bridge_config import BridgeConfig
from discovery.config import ReplicatorConfig
from discovery.data_path_config import DataPathConfig
from discovery.guard_rules import GuardConfig
from discovery.isolation import IsolationConfig
from discovery.limits import CatalogLimits
from discovery.names import is_subdomain
from discovery.publisher_config import PublisherConfig
from discovery.verdict_config import VerdictConfig
from failure_detect.config import DetectorConfig
from failure_detect.identity import NodeName
from failure_detect.validation import ConfigError

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

BYTES_MAX = 1 << 20
"""A settings file has a few kilobytes."""


class SettingsError(Exception):
    """A settings file that is refused whole; its words have one line for each fault."""

    def __init__(self, file: Path, faults: Iterable[SettingsFault]) -> None:
        """Name the file and all that is wrong with it."""
        self.file = file
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{file}:{_place(each)} {each}" for each in self.faults))


def _place(fault: SettingsFault) -> str:
    return f"{fault.line}:" if fault.line else ""


@dataclass(frozen=True, slots=True)
class Machines:
    """What the machines are made with."""

    lan: DetectorConfig
    wan: DetectorConfig
    publisher: PublisherConfig
    bridge: BridgeConfig


@dataclass(frozen=True, slots=True)
class Settings:
    """A settings file without a fault."""

    file: Path
    config: AgentConfig
    node: NodeName
    """The name of this agent's node, wherever it was said."""
    machines: Machines
    is_dry_run_forced: bool = False
    """Whether nothing is to be written whatever the file says."""

    def with_dry_run(self) -> "Settings":
        """Return the same with nothing to be written, whatever the file says, now or later."""
        config = replace(self.config, dry_run=True)
        return replace(self, config=config, is_dry_run_forced=True)


def read_settings(
    file: Path, environment: Mapping[str, str] | None = None, hostname: str | None = None
) -> Settings:
    """Return what a settings file says. Raises `SettingsError` with all that is wrong with it.

    `environment` and `hostname` are those of this process, where they are not given.
    """
    document, lines = _document(file)
    faults: list[SettingsFault] = []
    config = _config(document, file, faults)
    machines = _machines(document, config, faults)
    if config is None or faults:
        told = {replace(each, line=lines.line(each.path)): None for each in faults}
        raise SettingsError(file, sorted(told, key=lambda each: each.line))
    node = config.node or (os.environ if environment is None else environment).get("NODE_NAME", "")
    node = node or (socket.gethostname() if hostname is None else hostname).lower()
    if not is_subdomain(node):
        what = f"NODE_NAME and the host's name are no name of a node ({shown(node)}); set it here"
        raise SettingsError(file, [SettingsFault("node", what, lines.line("node"))])
    return Settings(file, config, NodeName(node), machines)


def _document(file: Path) -> tuple[Document, Lines]:
    try:
        with file.open("rb") as opened:
            data = opened.read(BYTES_MAX + 1)
        if len(data) > BYTES_MAX:
            raise SettingsError(file, [SettingsFault("", f"has more than {BYTES_MAX} bytes")])
        documents = read_documents(data.decode(), str(file))
    except YamlError as error:
        line, column = error.place
        raise SettingsError(file, [SettingsFault("", f"{column}: {error.what}", line)]) from error
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}; name the settings file by --config"
        raise SettingsError(file, [SettingsFault("", what)]) from error
    except UnicodeError as error:
        raise SettingsError(file, [SettingsFault("", "is no UTF-8 text")]) from error
    if len(documents) != 1:
        what = f"has {len(documents)} documents, must have one, of kind AgentConfig"
        raise SettingsError(file, [SettingsFault("", what)])
    return documents[0]


# --- fields -----------------------------------------------------------------------------


@cache
def adapter() -> "TypeAdapter[AgentConfig]":
    """Return what makes an `AgentConfig` of a document; pydantic is loaded when it is needed."""
    from pydantic import TypeAdapter

    return TypeAdapter(AgentConfig)


def _config(document: Document, file: Path, faults: list[SettingsFault]) -> AgentConfig | None:
    from pydantic import ValidationError

    folder = file.absolute().parent
    try:
        return adapter().validate_python(document, context={"folder": folder})
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
        faults += [_fault(each, document) for each in details]
        return None


_WORDS = {
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "path_type": "must be a path",
    "dataclass_type": "must be a mapping of names",
    "mapping_type": "must be a mapping of names",
    "dict_type": "must be a mapping of names",
    "tuple_type": "must be a list",
}


def _fault(error: "ErrorDetails", document: Document) -> SettingsFault:
    steps = error["loc"]
    path = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in steps)[1:]
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return SettingsFault(path, "is missing, and has no default")
        case "unexpected_keyword_argument":
            return unknown(path, _known(steps[:-1]))
        case "value_error":
            what = str(context.get("error", error["msg"]))
            name, colon, rest = what.partition(": ")
            if not path and colon:
                path, what = name, rest  # Of several fields together.
        case "literal_error":
            what = f"must be one of {context.get('expected')}"
        case kind:
            what = _WORDS.get(kind) or error["msg"].replace("Input should be", "must be")
    return SettingsFault(path, f"{what}, is {shown(at(document, *_real(path)))}")


def _real(path: str) -> list[str | int]:
    steps = path.replace("[", ".").replace("]", "").split(".")
    return [int(each) if each.isdigit() else each for each in steps]


def _known(steps: Iterable[str | int]) -> list[str]:
    """Return the names that a mapping of the file may have."""
    found: type = AgentConfig
    for step in steps:
        if isinstance(step, str):
            found = next(each for each in section_types(found).get(step, [found]))
    assert is_dataclass(found)
    return [camel(each.name) for each in fields(found)]


def section_types(config: type) -> dict[str, list[type]]:
    """Return, by its name in the file, the dataclass of each field that is a mapping or a list."""
    return {
        camel(name): found
        for name, hint in get_type_hints(config).items()
        if (found := list(_dataclasses(hint)))
    }


def _dataclasses(hint: object) -> Iterable[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for inner in get_args(hint):
        yield from _dataclasses(inner)


# --- machines ---------------------------------------------------------------------------


def preset(name: str, pool: str) -> DetectorConfig:
    """Return the detector's numbers for a pool, `lan` or `wan`, before anything is tuned.

    Of `loopback` the times are those of one machine, and the rest is the pool's own.
    """
    own = DetectorConfig.wan() if pool == "wan" else DetectorConfig.lan()
    if name != "loopback":
        return own
    fast = DetectorConfig.loopback()
    suspicion = replace(fast.suspicion, by_group=own.suspicion.by_group)
    return replace(fast, pool=own.pool, suspicion=suspicion, gossip=own.gossip)


def _machines(
    document: Document, config: AgentConfig | None, faults: list[SettingsFault]
) -> Machines:
    """Return what the machines are set to; faults that each of them finds are added."""

    def part(default: Config, *path: str) -> Config:
        found, wrong = tuned(default, at(document, *path) or {}, ".".join(path))
        faults.extend(wrong)
        return found

    name = config.detector.preset if config else "lan"
    publisher = part(PublisherConfig(), "publisher")
    try:
        publisher = replace(publisher, audience=config.audience if config else ())
    except ExceptionGroup as group:
        words = [str(e).partition(": ")[2] for e in group.exceptions if isinstance(e, ConfigError)]
        faults.extend(SettingsFault("audience", each) for each in words)
    bridge = BridgeConfig(
        limits=part(CatalogLimits(), "limits"),
        replicator=part(ReplicatorConfig(), "replicator"),
        verdicts=part(VerdictConfig(), "verdicts"),
        guard=part(GuardConfig(), "guard"),
        isolation=part(IsolationConfig(), "isolation"),
        paths=part(DataPathConfig(), "paths"),
    )
    lan = part(preset(name, "lan"), "detector", "lan")
    wan = part(preset(name, "wan"), "detector", "wan")
    return Machines(lan, wan, publisher, bridge)
