"""The numbers of the machines as fields of the settings file, made from the machines' own code.

Each machine has a dataclass that says what can be tuned, with a docstring below each number that
says what it trades, and that checks itself. So a number is written once: here it gets the name that
the file has for it (`try_timeout` is `tryTimeout`), its unit (durations are `350ms`, also where the
machine counts seconds or milliseconds), and its faults get the path that it has in the file.
"""

import ast
import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from agent.durations import read_duration, shown_duration
from failure_detect.clock import MILLISECOND, SECOND, Duration
from failure_detect.validation import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SCALES = {"_ms": MILLISECOND, "_s": SECOND}
_REFERENCE = re.compile(r"\$\.([A-Za-z_.]+)")
_SHOWN_MAX = 60


Config = TypeVar("Config", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class SettingsFault:
    """What is wrong with one field of the settings."""

    path: str
    """`detector.lan.probe.interval`; empty: the file itself."""
    what: str
    """What must hold there, what it is, and what to do."""
    line: int = 0
    """In the file, from 1; 0 where nobody knows it."""

    def __str__(self) -> str:
        """Return path and fault, without the file."""
        return f"{self.path}: {self.what}" if self.path else self.what


@dataclass(frozen=True, slots=True)
class Knob:
    """One number that can be tuned."""

    field: str
    """Its name in the dataclass."""
    scale: Duration
    """For a duration the microseconds of the machine's unit; 0 for any other number."""
    is_truth: bool
    doc: str
    """What the machine's code says of it."""

    @property
    def name(self) -> str:
        """Its name in the file."""
        return _file_name(self.field)

    def in_file(self, value: int) -> int | str:
        """Return a value as the file would have it."""
        return shown_duration(value * self.scale) if self.scale else value

    def shown(self, value: int) -> str:
        """Return a value as text of YAML."""
        return str(value).lower() if self.is_truth else str(self.in_file(value))


def camel(name: str) -> str:
    """Return the name that the file has for a field: `tryTimeout` for `try_timeout`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def _declared(config: type) -> dict[str, tuple[str, str]]:
    """Return annotation and docstring of each field of a dataclass, as its code has them."""
    (module,) = ast.parse(inspect.getsource(config)).body
    assert isinstance(module, ast.ClassDef)
    return {
        line.target.id: (ast.unparse(line.annotation), _doc(after))
        for line, after in zip(module.body, [*module.body[1:], None], strict=True)
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def documented(config: type) -> dict[str, str]:
    """Return the docstring below each field of a dataclass, empty where there is none."""
    return {name: doc for name, (_, doc) in _declared(config).items()}


def knobs_of(config: type) -> tuple[Knob, ...]:
    """Return what of a machine's dataclass can be tuned, in its order; parts of it left out."""
    return tuple(
        Knob(name, _scale(kind, name), kind == "bool", doc)
        for name, (kind, doc) in _declared(config).items()
        if kind in ("int", "bool", "Duration")
    )


def _scale(kind: str, name: str) -> Duration:
    if kind == "Duration":
        return 1
    return next((scale for end, scale in _SCALES.items() if name.endswith(end)), 0)


def _doc(line: ast.stmt | None) -> str:
    if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
        return " ".join(str(line.value.value).split())
    return ""


def parts_of(config: "DataclassInstance") -> "dict[str, DataclassInstance]":
    """Return, by field, the parts of a configuration that are such dataclasses themselves."""
    values = {each.name: getattr(config, each.name) for each in fields(config)}
    return {
        name: value
        for name, value in values.items()
        if is_dataclass(value) and not isinstance(value, type)
    }


def tuned(config: Config, values: object, path: str) -> tuple[Config, list[SettingsFault]]:
    """Return `config` with what a mapping of the file sets, and all that is wrong with it.

    `path` is where the mapping stands in the file. Where there is a fault `config` is as it was.
    """
    if not isinstance(values, Mapping):
        return config, [SettingsFault(path, f"must be a mapping of names, is {shown(values)}")]
    changes: dict[str, object] = {}
    faults: list[SettingsFault] = []
    parts = parts_of(config)
    names = {camel(each): each for each in parts}
    knobs = {each.name: each for each in knobs_of(type(config))}
    for name, value in values.items():
        here = f"{path}.{name}"
        if name in names:
            part, found = tuned(parts[names[name]], value, here)
            changes[names[name]] = part
            faults += found
        elif name in knobs:
            try:
                changes[knobs[name].field] = _number(knobs[name], value)
            except ValueError as error:
                faults.append(SettingsFault(here, f"{error}, is {shown(value)}"))
        else:
            faults.append(unknown(here, [*names, *knobs]))
    try:
        return replace(config, **changes), faults
    except ExceptionGroup as group:
        return config, faults + [_translated(each, config, path) for each in group.exceptions]


def _number(knob: Knob, value: object) -> int:
    """Return a value of the file in the machine's unit."""
    if knob.scale:
        number, rest = divmod(read_duration(value), knob.scale)
        if rest:
            raise ValueError(f"must be whole steps of {shown_duration(knob.scale)}")
        return number
    if knob.is_truth != isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be true or false" if knob.is_truth else "must be a whole number")
    return value


def _translated(error: Exception, config: "DataclassInstance", path: str) -> SettingsFault:
    """Return a machine's own fault with the paths that the file has."""
    if not isinstance(error, ConfigError):
        return SettingsFault(path, str(error))
    own = {each.name for each in fields(config)}

    def in_file(name: str) -> str:
        steps = name.removeprefix("$.").split(".")
        while len(steps) > 1 and steps[0] not in own:
            del steps[0]  # The name of the machine.
        return ".".join([path, *map(_file_name, steps)])

    what = str(error).removeprefix(f"{error.path}: ")
    what = _REFERENCE.sub(lambda found: in_file(found.group(1).rstrip(".")), what)
    return SettingsFault(in_file(error.path), what)


def _file_name(field: str) -> str:
    return camel(re.sub("_m?s$", "", field))


def unknown(path: str, known: Iterable[str]) -> SettingsFault:
    """Return the fault of a name that means nothing, with what was meant perhaps."""
    names = sorted(known)
    close = get_close_matches(path.rpartition(".")[2], names, n=1)
    meant = f"did you mean {close[0]}?" if close else f"known are {', '.join(names)}"
    return SettingsFault(path, f"is not known; {meant}")


def shown(value: object) -> str:
    """Return a value of a file as messages have it: not too long, and on one line."""
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."
