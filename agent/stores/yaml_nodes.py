"""The nodes of a YAML text to values, as Kubernetes reads them, and the line of each.

Times and `12:30` are texts, `yes` and `no` are booleans. A key is a text: one without quotes that
some reader takes for something else is refused, as is a key that a mapping has twice.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TypeGuard

import yaml

from agent.objects import Document, is_list
from agent.stores.faults import FaultReason

DEPTH_MAX = 100
NODES_MAX = 500_000
"""Values in one text, with its aliases written out: an alias costs nothing to write."""
INTEGERS = range(-(2**63), 2**64)
QUOTE_IT = "put it in quotes"

_BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float"))
_NULL, _STR, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("null", "str", "merge"))

_SCALARS = (
    (
        _BOOL,
        r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        tuple("yYnNtTfFoO"),
    ),
    (
        _INT,
        r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)",
        tuple("-+0123456789"),
    ),
    (
        _FLOAT,
        (
            r"[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
            r"|\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\.(inf|Inf|INF))|\.(nan|NaN|NAN)"
        ),
        tuple("-+0123456789."),
    ),
    (_NULL, r"~|null|Null|NULL|", ("~", "n", "N", "")),
    (_MERGE, r"<<", ("<",)),
)
"""Which plain scalars are no texts: tag, pattern, and the characters that they begin with."""

_COLLECTIONS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("map", "seq"))
_TRUE = frozenset(("yes", "true", "on"))
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_SORTS = {_BOOL: "a boolean", _INT: "a number", _FLOAT: "a number", _NULL: "nothing at all"}


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for tag, pattern, firsts in _SCALARS:
        for first in firsts:
            found.setdefault(first, []).append((tag, re.compile(rf"(?:{pattern})\Z")))
    return found


class NodeLoader(yaml.CSafeLoader):
    """Composes nodes, with the scalars of Kubernetes instead of all those of YAML 1.1."""

    yaml_implicit_resolvers = _resolvers()


def is_document(value: object) -> TypeGuard[Document]:
    """Tell whether a value is a mapping, all of whose keys are texts."""
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


class WrongNodeError(Exception):
    """A document cannot be made: at this node, for this reason."""

    def __init__(self, node: yaml.Node, reason: FaultReason, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.node, self.reason, self.problem, self.remedy = node, reason, problem, remedy


class Builder:
    """Makes values of nodes, and counts them."""

    def __init__(self) -> None:
        """Begin a text: values are counted over all its documents."""
        self._count = 0

    def value(self, node: yaml.Node, depth: int = 0) -> object:
        """Return the value of a node; raise `WrongNodeError` where it is none."""
        self._count += 1
        if self._count > NODES_MAX:
            problem = f"has more than {NODES_MAX:,} values, aliases written out"
            raise WrongNodeError(node, FaultReason.TOO_LARGE, problem, "use fewer aliases")
        if depth > DEPTH_MAX:
            problem = f"has more than {DEPTH_MAX} levels"
            raise WrongNodeError(node, FaultReason.VALUE, problem, "make it flatter")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if node.tag not in _COLLECTIONS:
            problem = f"the tag {node.tag} means nothing here"
            raise WrongNodeError(node, FaultReason.VALUE, problem, "take it away")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, depth + 1) for each in node.value]
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node, depth)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> Document:
        result: dict[str, object] = {}
        inherited: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                inherited = {**self._inherited(value_node, depth), **inherited}
                continue
            key = _key(key_node)
            if key in result:
                problem = f"the key {key!r} is there twice in one mapping"
                remedy = "keep one of the two"
                raise WrongNodeError(key_node, FaultReason.DUPLICATE_KEY, problem, remedy)
            result[key] = self.value(value_node, depth + 1)
        return {**inherited, **result}

    def _inherited(self, node: yaml.Node, depth: int) -> Document:
        value = self.value(node, depth + 1)
        values = list(value) if is_list(value) else [value]
        result: dict[str, object] = {}
        for each in reversed(values):
            if not is_document(each):
                problem = "`<<` merges no mapping"
                raise WrongNodeError(node, FaultReason.VALUE, problem, "name an anchored mapping")
            result.update(each)
        return result


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        problem = "a key is no text but a mapping or a list"
        raise WrongNodeError(node, FaultReason.AMBIGUOUS_KEY, problem, QUOTE_IT)
    text = str(node.value)
    is_plain = not node.style
    sort = _SORTS.get(node.tag)
    if sort is None and is_plain and _SEXAGESIMAL.fullmatch(text):
        sort = "a number to base 60"
    if sort is not None:
        problem = f"the key {text or '(empty)'} reads as {sort}"
        raise WrongNodeError(node, FaultReason.AMBIGUOUS_KEY, problem, QUOTE_IT)
    return text


def _scalar(node: yaml.ScalarNode) -> object:
    text, tag = str(node.value), node.tag
    if tag in (_STR, _MERGE):
        return text
    if tag == _NULL:
        return None
    if tag == _BOOL:
        return text.lower() in _TRUE
    try:
        return _integer(text) if tag == _INT else _float(text, tag)
    except ValueError:
        problem = f"{text[:40]!r} is no value that an object can have"
        raise WrongNodeError(node, FaultReason.VALUE, problem, QUOTE_IT) from None


def _integer(text: str) -> int:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("-+").replace("_", "")
    base = {"0b": 2, "0x": 16, "0o": 8}.get(digits[:2].lower())
    if base is None:
        base = 8 if len(digits) > 1 and digits[0] == "0" else 10
    number = sign * int(digits, base)
    if number not in INTEGERS:
        raise ValueError("has more than 64 bits")
    return number


def _float(text: str, tag: str) -> float:
    if tag != _FLOAT or text.lower().lstrip("-+") in (".inf", ".nan"):
        raise ValueError("is none of JSON's values")
    return finite(text.replace("_", ""))


def finite(text: str) -> float:
    """Return a number; `ValueError` where it is too large to be one."""
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


# --- where it stands ----------------------------------------------------------------------


def part_of(node: yaml.Node | None, *path: str | int) -> yaml.Node | None:
    """Return the node at a path, None where there is none."""
    for step in path:
        found = None if node is None else _step(node, step)
        node = None if found is None else found[1]
    return node


def _step(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line of a part of a node, and the part."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        part = node.value[step]
        return part.start_mark.line + 1, part
    return None


def line_of(node: yaml.Node, path: Sequence[str | int]) -> int:
    """Return the line of a field, or of the nearest above it."""
    line = node.start_mark.line + 1
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        line, node = found
    return line


def field_of(node: yaml.Node, wrong: yaml.Node) -> str:
    """Return the path from a document to what is wrong in it, as far as keys lead there."""
    names: list[str] = []
    mark = wrong.start_mark.index
    while isinstance(node, yaml.CollectionNode) and node is not wrong:
        parts = _parts(node)
        below = [each for each in parts if each[1].start_mark.index <= mark]
        if not below or below[-1][1].end_mark.index <= mark:
            break
        name, node = below[-1]
        names.append(name)
    return ".".join(names)


def _parts(node: yaml.CollectionNode) -> list[tuple[str, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        return [(str(key.value), value) for key, value in node.value if value is not None]
    return [(str(index), part) for index, part in enumerate(node.value)]
