"""YAML and JSON texts to documents and back, with file, line and field of whatever is wrong.

What is written survives the readers of YAML 1.1 and 1.2 alike.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from agent.objects import Document, is_list, list_at, text_at
from agent.stores.faults import Fault, FaultReason
from agent.stores.yaml_nodes import (
    QUOTE_IT,
    Builder,
    NodeLoader,
    WrongNodeError,
    field_of,
    finite,
    is_document,
    line_of,
    part_of,
)

_SYNTAX = "mend it; what the file had before is kept"

# What every reader takes for the text that it is. Whatever else there is goes into quotes.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*([ :][A-Za-z0-9_./-]+)*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """One document of a text, and where its fields stand."""

    document: Document
    node: yaml.Node | None
    """What it was made of; None for JSON."""

    def line(self, *path: str | int) -> int:
        """Return the line of a field, or of the nearest there is above it; 0: nobody knows."""
        return 0 if self.node is None else line_of(self.node, path)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text has: its good documents, and what is wrong with the others."""

    documents: tuple[ReadDocument, ...]
    faults: tuple[Fault, ...]


def read_documents(text: str, where: str) -> Reading:
    """Return the documents of a YAML text, those of a `List` each by itself.

    Where the text is no YAML there is no document and one fault; a document with a fault is left
    out, and the others are there. `where` is the file that faults name.
    """
    loader = NodeLoader(text)
    good: list[ReadDocument] = []
    faults: list[Fault] = []
    builder = Builder()
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None, "it has looked"
            found = _built(builder, node, where)
            if isinstance(found, Fault):
                faults.append(found)
            elif found is not None:
                good.append(ReadDocument(found, node))
    except yaml.YAMLError as error:
        return Reading((), (_syntax_fault(error, where, text),))
    finally:
        loader.dispose()
    return _with_lists(good, faults, where)


def read_json(text: str, where: str) -> Reading:
    """Return the document of a JSON text, or those of a `List`; see `read_documents`."""
    try:
        value: object = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=finite
        )
    except json.JSONDecodeError as error:
        fault = Fault(where, error.lineno, "", FaultReason.SYNTAX, error.msg, _SYNTAX)
        return Reading((), (fault,))
    except RecursionError:
        problem = "is nested too deeply"
        return Reading((), (Fault(where, 0, "", FaultReason.SYNTAX, problem, "make it flatter"),))
    except _JsonError as error:
        return Reading((), (Fault(where, 0, "", error.reason, str(error), error.remedy),))
    except ValueError as error:
        fault = Fault(where, 0, "", FaultReason.VALUE, str(error), QUOTE_IT)
        return Reading((), (fault,))
    if not is_document(value):
        return Reading((), (_no_mapping(where, 1),))
    return _with_lists([ReadDocument(value, None)], [], where)


def to_yaml(document: Document) -> str:
    """Return a document as YAML, its keys in their order.

    `ValueError` where it has what YAML cannot say, or a text that UTF-8 cannot.
    """
    try:
        text = yaml.dump(
            _plain(document),
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=False,
            width=2**31 - 1,
        )
        text.encode()
    except yaml.YAMLError as error:
        raise ValueError(f"no YAML can say this: {error}") from None
    return text


class _Dumper(yaml.CSafeDumper):
    """Writes no aliases, and plain only what is a text to everybody."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  PyYAML calls it so
        return True


def _written_text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    style = None if is_plain else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _written_text)


def _plain(value: object) -> object:
    """Return a value made of the very types that PyYAML knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if is_list(value) else value


# --- what is wrong ------------------------------------------------------------------------


def _built(builder: Builder, node: yaml.Node, where: str) -> Document | Fault | None:
    try:
        value = builder.value(node)
    except WrongNodeError as error:
        line = error.node.start_mark.line + 1
        return Fault(
            where, line, field_of(node, error.node), error.reason, error.problem, error.remedy
        )
    if value is None:
        return None
    return value if is_document(value) else _no_mapping(where, node.start_mark.line + 1)


def _no_mapping(where: str, line: int) -> Fault:
    problem, remedy = "is no object", "write apiVersion, kind and metadata"
    return Fault(where, line, "", FaultReason.INVALID, problem, remedy)


def _syntax_fault(error: yaml.YAMLError, where: str, text: str) -> Fault:
    line, problem, remedy = 0, str(error).splitlines()[0], _SYNTAX
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = 0 if mark is None else mark.line + 1
        problem = ", ".join(str(each) for each in (error.context, error.problem) if each)
    elif isinstance(error, yaml.reader.ReaderError):
        line = text[: error.position].count("\n") + 1
    lines = text.splitlines()
    if 0 < line <= len(lines) and "\t" in lines[line - 1][: -len(lines[line - 1].lstrip())]:
        problem, remedy = "a tab indents this line", "indent with spaces"
    return Fault(where, line, "", FaultReason.SYNTAX, problem, remedy)


def _with_lists(good: Sequence[ReadDocument], faults: list[Fault], where: str) -> Reading:
    """Take the items out of `kind: List` (and `ServiceList` and so on, as kubectl prints them)."""
    found: list[ReadDocument] = []
    for each in good:
        document = each.document
        if not text_at(document, "kind").endswith("List") or "items" not in document:
            found.append(each)
            continue
        for index, item in enumerate(list_at(document, "items")):
            if is_document(item):
                found.append(ReadDocument(item, part_of(each.node, "items", index)))
            else:
                faults.append(_no_mapping(where, each.line("items", index)))
    return Reading(tuple(found), tuple(faults))


class _JsonError(ValueError):
    """A JSON text has what no object can have."""

    def __init__(self, problem: str, reason: FaultReason, remedy: str) -> None:
        super().__init__(problem)
        self.reason, self.remedy = reason, remedy


def _unique(pairs: list[tuple[str, object]]) -> Document:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = next(key for key, _ in pairs if sum(key == each for each, _ in pairs) > 1)
        problem = f"the key {twice!r} is there twice in one mapping"
        raise _JsonError(problem, FaultReason.DUPLICATE_KEY, "keep one of the two")
    return result


def _no_constant(text: str) -> object:
    raise _JsonError(f"{text} is no value of JSON", FaultReason.VALUE, QUOTE_IT)
