"""What every object must have, whatever its kind, and what of it a store takes from others.

Names are those of RFC 1123 (DNS), as the API server wants them; labels and annotations are texts.
What the server alone gives (version, generation, managedFields) is dropped, and so is a field that
is null: it reads as nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from agent.objects import (
    CRD,
    NAMESPACE,
    SERVICE,
    Document,
    Kind,
    ObjectKey,
    at,
    is_list,
    list_at,
    text_at,
)
from agent.store import InvalidError
from agent.stores.fields import repeated_item, shown_path

NAME_MAX, LABEL_MAX = 253, 63
DEPTH_MAX = 100
"""How deep a document may be; libyaml reads no more than 1,000 levels."""
ANNOTATIONS_MAX_BYTES = 256 * 1024

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_NAME = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")

_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
# What a definition names becomes part of the name of a file.
_DEFINED = (
    (("group",), _NAME, "group, such as x.example"),
    (("names", "kind"), _KIND, "kind, such as Thing"),
    (("names", "plural"), _LABEL, "plural, such as things"),
)

_SERVERS_OWN = frozenset(
    (
        *("apiVersion", "kind", "name", "namespace", "uid", "resourceVersion", "generation"),
        *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
        *("managedFields", "selfLink"),
    )
)
_READABLE_NAMES = (
    "lower case letters, digits, '-' and '.', beginning and ending with one of the first"
)


class RefusedFieldError(InvalidError):
    """A field of a document breaks a rule; the words end with what to do."""

    def __init__(self, path: tuple[str, ...], problem: str, remedy: str) -> None:
        super().__init__(f"{'.'.join(path)}: {problem}; {remedy}")
        self.path = path
        """To the field, from the top of the document."""
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Admitted:
    """A document that keeps the rules: which object, and the fields that it states."""

    key: ObjectKey
    version: str
    fields: Document
    """Without apiVersion, kind and what identifies it; nothing in them is null."""
    uid: str
    created: str
    """As the document states them; empty where it does not."""
    deleted: str = ""
    """The deletionTimestamp that it states."""
    expected: str = ""
    """The resourceVersion that it states, empty where it states none."""
    digest: str = ""
    """Of all that it states: two documents with equal ones are the same."""


def admit(kind: Kind, version: str, document: Document, *, default_namespace: str = "") -> Admitted:
    """Return what a document states; raise `RefusedFieldError` where it breaks a rule.

    Where it states no namespace and needs one, `default_namespace` is taken if there is one.
    """
    bare = _bare(document, 0)
    metadata = bare.get("metadata", {})
    if not isinstance(metadata, Mapping):
        raise RefusedFieldError(("metadata",), "is not a mapping", "give it a name in it")
    key = _key(kind, document, default_namespace)
    for path, problem, remedy in _problems(metadata):
        raise RefusedFieldError(path, problem, remedy)
    own = {name: value for name, value in metadata.items() if name not in _SERVERS_OWN}
    fields = {name: value for name, value in bare.items() if name not in ("apiVersion", "kind")}
    fields = {**fields, "metadata": own} if own else {**fields}
    if not own:
        fields.pop("metadata", None)
    _check_lists(kind, fields)
    if kind == CRD:
        _check_definition(key.name, document)
    return Admitted(
        key,
        version,
        fields,
        uid=text_at(metadata, "uid"),
        created=text_at(metadata, "creationTimestamp"),
        deleted=text_at(metadata, "deletionTimestamp"),
        expected=text_at(metadata, "resourceVersion"),
        digest=_digest(bare),
    )


def split_status(fields: Document) -> tuple[Document, Document]:
    """Return the fields without the status, and those of the status, each under its own name."""
    status = {name: value for name, value in fields.items() if name == "status"}
    return {name: value for name, value in fields.items() if name != "status"}, status


def _digest(document: Document) -> str:
    try:
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise RefusedFieldError((), f"no JSON can say it: {error}", "take it away") from None
    return blake2b(text, digest_size=16).hexdigest()


def _bare(document: Document, depth: int) -> Document:
    if depth > DEPTH_MAX:
        problem = f"has more than {DEPTH_MAX} levels"
        raise RefusedFieldError((), f"the document {problem}", "make it flatter")
    return {
        name: _bare_value(value, depth + 1) for name, value in document.items() if value is not None
    }


def _bare_value(value: object, depth: int) -> object:
    if isinstance(value, Mapping):
        return _bare(value, depth)
    if is_list(value):
        if depth > DEPTH_MAX:
            return _bare({}, depth)
        return [_bare_value(item, depth + 1) for item in value]
    return value


def _key(kind: Kind, document: Document, default_namespace: str) -> ObjectKey:
    name = at(document, "metadata", "name")
    if not isinstance(name, str) or not name:
        problem = "is not there" if name is None or name == "" else f"is not a text: {name!r}"
        raise RefusedFieldError(("metadata", "name"), problem, "give the object a name, quoted")
    _check_name(kind, name)
    if not kind.is_namespaced:
        return ObjectKey(kind, "", name)
    namespace = at(document, "metadata", "namespace")
    namespace = default_namespace if namespace is None or namespace == "" else namespace
    path = ("metadata", "namespace")
    if not isinstance(namespace, str) or not namespace:
        problem = "is not a text" if namespace else f"is not there, and a {kind.name} needs one"
        raise RefusedFieldError(path, problem, "name the namespace that the object is in")
    if not _LABEL.fullmatch(namespace) or len(namespace) > LABEL_MAX:
        raise RefusedFieldError(path, f"{namespace!r} is no name of a namespace", _spelling(path))
    return ObjectKey(kind, namespace, name)


def _check_name(kind: Kind, name: str) -> None:
    path = ("metadata", "name")
    if kind in (SERVICE, NAMESPACE):
        if not _LABEL.fullmatch(name) or len(name) > LABEL_MAX:
            raise RefusedFieldError(path, f"{name!r} is no name of a {kind.name}", _spelling(path))
    elif not _NAME.fullmatch(name) or len(name) > NAME_MAX:
        raise RefusedFieldError(path, f"{name!r} is no name of an object", _spelling(()))


def _spelling(path: tuple[str, ...]) -> str:
    if path:
        return (
            f"at most {LABEL_MAX} lower case letters, digits and '-', a letter or digit at each end"
        )
    return f"at most {NAME_MAX} of {_READABLE_NAMES}"


def _problems(metadata: Document) -> Iterator[tuple[tuple[str, ...], str, str]]:
    for name in ("labels", "annotations"):
        pairs = metadata.get(name, {})
        if not isinstance(pairs, Mapping):
            yield ("metadata", name), "is not a mapping", "write KEY: VALUE pairs"
            return
        for key, value in pairs.items():
            path = ("metadata", name, key)
            if not isinstance(value, str):
                yield path, f"is not a text but {value!r}", "put the value in quotes"
            elif not _is_qualified(key):
                yield path, "is no key of a label or annotation", "write NAME or DOMAIN/NAME"
            elif name == "labels" and not _is_label_value(value):
                remedy = f"at most {LABEL_MAX} letters, digits, '-', '_' and '.'"
                yield path, f"{value!r} is no value of a label", remedy
    size = sum(len(str(value).encode()) for value in _annotations(metadata))
    if size > ANNOTATIONS_MAX_BYTES:
        problem = f"have {size:,} bytes, at most {ANNOTATIONS_MAX_BYTES:,}"
        yield ("metadata", "annotations"), problem, "make them smaller"


def _annotations(metadata: Document) -> Iterator[object]:
    pairs = metadata.get("annotations", {})
    if isinstance(pairs, Mapping):
        yield from pairs.values()


def _is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and (not _NAME.fullmatch(prefix) or len(prefix) > NAME_MAX):
        return False
    return len(name) <= LABEL_MAX and _QUALIFIED.fullmatch(name) is not None


def _is_label_value(value: str) -> bool:
    return not value or (len(value) <= LABEL_MAX and _QUALIFIED.fullmatch(value) is not None)


def _check_lists(kind: Kind, fields: Document) -> None:
    found = repeated_item(kind, fields)
    if found is not None:
        names = tuple(step.partition(":")[2] for step in found if step[:2] == "f:")
        problem = f"has {shown_path(found)} twice, or without its key"
        raise RefusedFieldError(names, problem, "items of this list are told apart by their key")


def _check_definition(name: str, document: Document) -> None:
    for path, pattern, what in _DEFINED:
        text = text_at(document, "spec", *path)
        if not pattern.fullmatch(text) or len(text) > NAME_MAX:
            problem = f"{text!r} is no {what}" if text else "is not there"
            raise RefusedFieldError(("spec", *path), problem, f"state the {what}")
    if not list_at(document, "spec", "versions"):
        raise RefusedFieldError(("spec", "versions"), "names no version", "name what is served")
    plural = text_at(document, "spec", "names", "plural")
    wanted = f"{plural}.{text_at(document, 'spec', 'group')}"
    if name != wanted:
        remedy = f"name it {wanted}"
        raise RefusedFieldError(("metadata", "name"), f"{name!r} is not PLURAL.GROUP", remedy)
