"""Which kinds a store serves, in which versions: those built in, ours, and those of its CRDs."""

from collections.abc import Iterable

from agent.objects import (
    BUILT_IN,
    CRD,
    ENDPOINT_SLICE,
    ENDPOINTS,
    EVENT,
    KINDS,
    LEASE,
    OURS,
    SECRET,
    Document,
    Kind,
    at,
    list_at,
    map_at,
    text_at,
)
from agent.store import NotServedError

_WITHOUT_STATUS = frozenset({ENDPOINTS, ENDPOINT_SLICE, EVENT, LEASE, SECRET})


class ServedKinds:
    """What is served while these CustomResourceDefinitions are there. A value: nobody alters it."""

    def __init__(self, definitions: Iterable[Document] = ()) -> None:
        """Serve what is built in, what is ours, and what the definitions say."""
        self._versions: dict[Kind, tuple[str, ...]] = {}
        self._with_status: set[tuple[Kind, str]] = set()
        for kind in (*BUILT_IN, *OURS):
            self._versions[kind] = kind.versions
            if kind not in _WITHOUT_STATUS:
                self._with_status.update((kind, version) for version in kind.versions)
        for definition in definitions:
            self._define(definition)
        self._by_name = {(kind.group, kind.name): kind for kind in self._versions}

    def _define(self, definition: Document) -> None:
        kind = defined_kind(definition)
        if kind in self._versions:
            return
        versions = [each for each in list_at(definition, "spec", "versions") if at(each, "served")]
        self._versions[kind] = tuple(text_at(each, "name") for each in versions)
        for each in versions:
            if at(each, "subresources", "status") is not None:
                self._with_status.add((kind, text_at(each, "name")))

    def find(self, api_version: str, name: str) -> tuple[Kind, str]:
        """Return the kind and version that a document names, or raise `NotServedError`."""
        group, _, version = api_version.rpartition("/")
        kind = self._by_name.get((group, name))
        if kind is None:
            shown = f"{name}.{group}" if group else name
            raise NotServedError(
                f"no kind {shown} is served; put its CustomResourceDefinition into the store"
            )
        self.require(kind, version)
        return kind, version

    def require(self, kind: Kind, version: str) -> None:
        """Raise `NotServedError` where a kind is not served in this version."""
        versions = self._versions.get(kind)
        if versions is None:
            raise NotServedError(
                f"no kind {kind} is served; put its CustomResourceDefinition into the store"
            )
        if version not in versions:
            served = ", ".join(versions) or "none"
            raise NotServedError(f"{kind} is not served as {version!r}; write one of: {served}")

    def serves(self, kind: Kind, version: str) -> bool:
        """Tell whether a kind is served in this version."""
        return version in self._versions.get(kind, ())

    def has(self, kind: Kind) -> bool:
        """Tell whether a kind is served in any version."""
        return bool(self._versions.get(kind))

    def has_status(self, kind: Kind, version: str) -> bool:
        """Tell whether a kind has a status apart from all else (the status subresource)."""
        return (kind, version) in self._with_status

    def known(self) -> frozenset[tuple[Kind, str]]:
        """Return what is served of the kinds that this program knows."""
        return frozenset(
            (kind, version) for kind in KINDS for version in self._versions.get(kind, ())
        )


def defined_kind(definition: Document) -> Kind:
    """Return the kind that a CustomResourceDefinition defines, ours where this program has it."""
    group, names = text_at(definition, "spec", "group"), map_at(definition, "spec", "names")
    name = text_at(names, "kind")
    for kind in KINDS:
        if (kind.group, kind.name) == (group, name):
            return kind
    versions = tuple(text_at(each, "name") for each in list_at(definition, "spec", "versions"))
    is_namespaced = text_at(definition, "spec", "scope") != "Cluster"
    return Kind(group, name, text_at(names, "plural"), versions, is_namespaced)


def is_definition(kind: Kind) -> bool:
    """Tell whether objects of this kind say which kinds are served."""
    return kind == CRD
