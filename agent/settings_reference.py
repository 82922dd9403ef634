"""The reference of the settings file and its JSON schema, made from the code that reads it.

`docs/configuration.md` is what `settings_reference` returns; `python -m agent.settings_reference`
prints it, and with `schema` behind it the JSON schema.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING

from agent.durations import PATTERN, shown_duration
from agent.knobs import camel, documented, knobs_of, parts_of
from agent.settings import AgentConfig
from agent.settings_file import adapter, preset, section_types
from discovery.config import ReplicatorConfig
from discovery.data_path_config import DataPathConfig
from discovery.guard_rules import GuardConfig
from discovery.isolation import IsolationConfig
from discovery.limits import CatalogLimits
from discovery.publisher_config import PublisherConfig
from discovery.verdict_config import VerdictConfig

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

HEAD = """\
# Configuration reference

Made from the code by `python -m agent.settings_reference`; do not edit it by hand.

An agent reads one YAML document, named by `isthmus agent --config FILE`:

```yaml
apiVersion: isthmus.dev/v1alpha1
kind: AgentConfig
cluster: east
store: {directory: store}
state: state/node-1
keys: {cluster: cluster.key}
seeds:
  lan: ["10.0.0.1:7979", "10.0.0.2:7979"]
  wan: ["west.example:7979"]
```

Durations have a unit: `15s`, `500ms`, `1h30m`, `2d`. Paths are relative to the file. A file with
any fault is refused whole, and all of its faults are told at once, each with its line. Numbers of
the machines (from `detector.lan` on below) need no change in ordinary use; each says what it
trades. Agents of one pool should have the same ones.
"""


@dataclass(frozen=True, slots=True)
class _Section:
    path: str
    """In the file."""
    doc: str
    rows: tuple[tuple[str, str, str], ...]
    """Name, default and what it is."""


def machine_sections() -> "dict[str, DataclassInstance]":
    """Return what the machines are set to by default, by the place in the file that tunes it."""
    return {
        "detector.lan": preset("lan", "lan"),
        "detector.wan": preset("lan", "wan"),
        "publisher": PublisherConfig(),
        "replicator": ReplicatorConfig(),
        "verdicts": VerdictConfig(),
        "guard": GuardConfig(),
        "isolation": IsolationConfig(),
        "paths": DataPathConfig(),
        "limits": CatalogLimits(),
    }


def settings_reference() -> str:
    """Return the reference as Markdown."""
    sections = [*_settings(AgentConfig, "")]
    for path, config in machine_sections().items():
        sections += _numbers(config, path)
    return HEAD + "".join(map(_markdown, sections))


def _markdown(section: _Section) -> str:
    title = f"`{section.path}`" if section.path else "The file"
    text = f"\n## {title}\n\n{section.doc}\n"
    if section.rows:
        text += "\n| field | default | what it is |\n|---|---|---|\n"
        text += "".join(
            f"| `{name}` | {default} | {what} |\n" for name, default, what in section.rows
        )
    return text


def _settings(config: type, path: str) -> Iterator[_Section]:
    """Give a dataclass of the file, and then those of its fields."""
    docs = documented(config)
    types = section_types(config)
    inner, rows = [], []
    assert is_dataclass(config)
    for each in fields(config):
        name = camel(each.name)
        here = f"{path}.{name}" if path else name
        what = docs[each.name]
        if name in types:
            is_list = each.default == ()
            where = f"{here}[]" if is_list else here
            inner.append((types[name][0], where))
            what = what or f"See `{where}` below."
        rows.append((name, _default(each), what))
    yield _Section(path, " ".join((config.__doc__ or "").split()), tuple(rows))
    for part, where in inner:
        yield from _settings(part, where)


def _default(of: "Field[object]") -> str:
    if of.default is MISSING and of.default_factory is MISSING:
        return "(must be given)"
    value: object = None if of.default is MISSING else of.default
    match value:
        case None | "" | ():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case int() if "Duration" in str(of.type) or "_duration" in str(of.type):
            return f"`{shown_duration(value)}`"
        case str() | int():
            return f"`{value}`"
        case _:
            return ""


def _numbers(config: "DataclassInstance", path: str) -> Iterator[_Section]:
    rows = [
        (each.name, f"`{each.shown(getattr(config, each.field))}`", each.doc)
        for each in knobs_of(type(config))
    ]
    yield _Section(path, " ".join((type(config).__doc__ or "").split()), tuple(rows))
    for name, part in parts_of(config).items():
        yield from _numbers(part, f"{path}.{camel(name)}")


# --- schema -----------------------------------------------------------------------------


def settings_schema() -> dict[str, object]:
    """Return the JSON schema of the file, for editors and for checks before it is rolled out."""
    schema: dict[str, object] = dict(adapter().json_schema())
    _mend(schema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for path, config in machine_sections().items():
        *outer, name = path.split(".")
        place = _properties(schema, outer)
        place[name] = _numbers_schema(config)
    return schema


def _mend(value: object) -> None:
    """Write defaults as the file has them; those of whole mappings are their fields' own."""
    if isinstance(value, dict):
        default = value.get("default")
        if value.get("pattern") == PATTERN and isinstance(default, int):
            value["default"] = shown_duration(default)
        elif isinstance(default, dict):
            del value["default"]
    for inner in value.values() if isinstance(value, dict) else ():
        _mend(inner)


def _properties(schema: dict[str, object], path: list[str]) -> dict[str, object]:
    """Return the properties of the mapping at a path."""
    found = _mapping(schema, "properties")
    for step in path:
        reference = str(_mapping(found, step).get("$ref", "")).rpartition("/")[2]
        found = _mapping(_mapping(_mapping(schema, "$defs"), reference), "properties")
    return found


def _mapping(of: dict[str, object], name: str) -> dict[str, object]:
    value = of[name]
    assert isinstance(value, dict)
    return value


def _numbers_schema(config: "DataclassInstance") -> Mapping[str, object]:
    properties: dict[str, object] = {}
    for each in knobs_of(type(config)):
        kind: dict[str, object] = {"type": "boolean" if each.is_truth else "integer"}
        if each.scale:
            kind = {"type": "string", "pattern": PATTERN}
        properties[each.name] = {
            **kind,
            "description": each.doc,
            "default": each.in_file(getattr(config, each.field)),
        }
    for name, part in parts_of(config).items():
        properties[camel(name)] = _numbers_schema(part)
    return {
        "type": "object",
        "description": " ".join((type(config).__doc__ or "").split()),
        "additionalProperties": False,
        "properties": properties,
    }


if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.stdout.write(
        json.dumps(settings_schema(), indent=2) + "\n"
        if wanted == ["schema"]
        else settings_reference()
    )
