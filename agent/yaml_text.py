"""YAML as people write it: read strictly and with line numbers, and written so that it reads back.

Rule 1: what is read is what JSON can say, as the API server would have it: texts for names, no
dates, no tags, no infinities. Rule 2: a scalar means what YAML 1.2 says: `no`, `on` and `12:30` are
texts, and nothing but `true` and `false` is a truth; a whole number with a zero in front is octal,
as the API server reads it. Rule 3: a name that comes twice is refused, whichever was meant. Rule 4:
a text that is broken anywhere is refused whole, with file, line and column.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from agent.objects import Document, is_list

DEPTH_MAX = 64
"""Levels of mappings and sequences within each other."""

NODES_MIN = 200_000
"""So many values a text may have in any case; a longer one as many as characters. More come only
from aliases of aliases."""

_TAG = "tag:yaml.org,2002:"
_STRING, _MERGE = f"{_TAG}str", f"{_TAG}merge"
_PLAIN = {
    _TAG + name for name in ("str", "null", "bool", "int", "float", "timestamp", "value", "merge")
}
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_OCTAL = re.compile(r"[-+]?0[0-7]{1,30}")
_HEX = re.compile(r"[-+]?0x[0-9a-fA-F]{1,30}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")
_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}

Place: TypeAlias = tuple[int, int]
"""Line and column, each from 1."""


class YamlError(ValueError):
    """A text that is no YAML, or more than we read. Its words begin with `file:line:column`."""

    def __init__(self, where: str, place: Place, what: str) -> None:
        """Name the file, the place in it, and `what` is wrong there."""
        super().__init__(f"{where}:{place[0]}:{place[1]}: {what}")
        self.where = where
        self.place = place
        self.what = what


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the fields of one document stand in its text; looked up when somebody asks."""

    text: str
    """All of the file."""
    number: int
    """Which of the file's documents, the empty ones counted."""
    first: int
    """The line that the document begins in, from 1."""

    def line(self, path: str) -> int:
        """Return the line of the field at a path such as `spec.keys[0].key`.

        Where there is no such field it is the line of what should have it.
        """
        nodes = list(yaml.compose_all(self.text, Loader=yaml.CSafeLoader))
        node: object = nodes[self.number]
        line = self.first
        for index, name in _STEP.findall(path):
            found = _within(node, index, name)
            if found is None:
                break
            line, node = found
        return line


def _within(node: object, index: str, name: str) -> tuple[int, object] | None:
    """Return the line and value of one field of a node."""
    if name and isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == name:
                return _place(key)[0], value
    if index and isinstance(node, SequenceNode) and int(index) < len(node.value):
        value = node.value[int(index)]
        return _place(value)[0], value
    return None


def read_documents(text: str, where: str) -> list[tuple[Document, Lines]]:
    """Return the documents of a text, the empty ones left out; raise `YamlError` for anything else.

    `where` is the file's name, for messages.
    """
    reader = _Reader(where, max(NODES_MIN, len(text)))
    documents: list[tuple[Document, Lines]] = []
    try:
        for number, node in enumerate(yaml.compose_all(text, Loader=yaml.CSafeLoader)):
            document = reader.value(node, 0)
            if document is None:
                continue
            if not isinstance(document, dict):
                raise YamlError(where, _place(node), "must be a mapping of names to values")
            documents.append((document, Lines(text, number, _place(node)[0])))
    except (yaml.YAMLError, RecursionError) as error:
        raise _refusal(where, error) from error
    return documents


def to_yaml(document: Document) -> str:
    """Return a document as text, in the order of its fields, which `read_documents` gives back.

    Raises ValueError where it has something that JSON has not.
    """
    plain = _plain(document)
    return yaml.dump(
        plain, Dumper=_Writer, sort_keys=False, allow_unicode=True, default_flow_style=False
    )


# --- reading ----------------------------------------------------------------------------


def _place(node: Node) -> Place:
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1)


def _refusal(where: str, error: Exception) -> YamlError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        what = " ".join(part for part in (error.problem, error.context) if part)
        return YamlError(where, (mark.line + 1, mark.column + 1), what)
    return YamlError(where, (1, 1), " ".join(str(error).split()))


class _Reader:
    """Makes values of nodes."""

    def __init__(self, where: str, nodes: int) -> None:
        self._where = where
        self._nodes_left = nodes

    def value(self, node: Node, depth: int) -> object:
        self._nodes_left -= 1
        if depth > DEPTH_MAX or self._nodes_left < 0:
            raise self._refuse(node, "is nested too deeply, or grows too large by its aliases")
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if isinstance(node, MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, depth)
        if isinstance(node, SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(each, depth + 1) for each in node.value]
        raise self._refuse(node, f"the tag {node.tag} means nothing here: leave it out")

    def _refuse(self, node: Node, what: str) -> YamlError:
        return YamlError(self._where, _place(node), what)

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, object]:
        merged: dict[str, object] = {}
        fields: dict[str, object] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise self._refuse(key, "a name must be a text")
            if key.tag == _MERGE:
                merged = self._merged(value, depth) | merged
                continue
            name = str(key.value)
            if name in fields:
                first = f"the first is in line {lines[name]}"
                raise self._refuse(key, f"the name {name!r} is there twice; {first}: remove one")
            fields[name] = self.value(value, depth + 1)
            lines[name] = _place(key)[0]
        return merged | fields if merged else fields

    def _merged(self, node: Node, depth: int) -> dict[str, object]:
        parts = node.value if isinstance(node, SequenceNode) else [node]
        merged: dict[str, object] = {}
        for part in parts:
            value = self.value(part, depth + 1)
            if not isinstance(value, dict):
                raise self._refuse(part, "<< must be followed by a mapping, or by several")
            merged = value | merged
        return merged

    def _scalar(self, node: ScalarNode) -> object:
        text = str(node.value)
        if node.style in ("'", '"', "|", ">"):
            if node.tag != _STRING:
                raise self._refuse(node, f"the tag {node.tag} means nothing here: leave it out")
            return text
        if node.tag not in _PLAIN:
            raise self._refuse(node, f"the tag {node.tag} means nothing here: leave it out")
        if node.tag == _STRING and not ("e" in text or "E" in text):
            return text  # Says so, or is no number under any reading.
        return _meaning(text)


def _meaning(text: str) -> object:
    """Return what a plain scalar means."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    for pattern, radix in ((_DECIMAL, 10), (_OCTAL, 8), (_HEX, 16)):
        if pattern.fullmatch(text):
            return int(text, radix)
    if _FLOAT.fullmatch(text) and isfinite(float(text)) and not text.isdigit():
        return float(text)
    return text


# --- writing ----------------------------------------------------------------------------


class _Writer(yaml.CSafeDumper):
    """Quotes what would be read as something else, by us or by readers of YAML 1.1."""

    def ignore_aliases(self, _: object) -> bool:
        return True

    def write_text(self, text: str) -> ScalarNode:
        style = None
        if "\n" in text and _BLOCK.fullmatch(text):
            style = "|"
        elif not isinstance(_meaning(text), str):
            style = '"'
        return self.represent_scalar(_STRING, text, style=style)


_BLOCK = re.compile(r"(?:[!-~][ -~]*[!-~]\n|[!-~]\n|\n)*[!-~]+[ -~]*[!-~]\n?")
_Represent: TypeAlias = Callable[[_Writer, str], Node]
_represent: _Represent = _Writer.write_text
_Writer.add_representer(str, _represent)


def _plain(value: object, depth: int = 0) -> object:
    """Return a copy of dicts, lists and scalars only."""
    if depth > DEPTH_MAX:
        raise ValueError(f"cannot be written: nested in more than {DEPTH_MAX} levels")
    match value:
        case None | bool() | int() | str():
            return value
        case float() if isfinite(value):
            return value
        case Mapping():
            return dict(_plain_fields(value, depth))
        case _ if is_list(value):
            return [_plain(each, depth + 1) for each in value]
        case _:
            raise ValueError(f"cannot be written: a {type(value).__name__}, {str(value)[:40]!r}")


def _plain_fields(mapping: Mapping[object, object], depth: int) -> Iterator[tuple[str, object]]:
    for name, value in mapping.items():
        if not isinstance(name, str):
            raise ValueError(  # noqa: TRY004 - the value of a document, and not our caller's type.
                f"cannot be written: the name {name!r}, which is no text"
            )
        yield name, _plain(value, depth + 1)
