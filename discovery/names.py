"""What things are called: origins, services, and the checks that a name must pass.

Names come from Kubernetes objects and from peers, so everything here takes any string and says no
to what Kubernetes itself would refuse (RFC 1123 labels). Patterns know one sign, *, and are matched
in time linear in the name for each of their parts: they come from peers as well.
"""

import re
from dataclasses import dataclass
from typing import NewType

Origin = NewType("Origin", str)
"""A cluster's name: an RFC 1123 label. Who may speak in that name is a matter of trust."""

PublicKey = NewType("PublicKey", bytes)
"""32 bytes: an Ed25519 public key of a fleet, a cluster or an agent."""

PUBLIC_KEY_BYTES = 32
LABEL_CHARACTERS_MAX = 63
SUBDOMAIN_CHARACTERS_MAX = 253

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_EMPTY_OR_OPEN = re.compile(r"\.\.|-\.|\.-")
_PATTERN = re.compile(r"[-a-z0-9*]{1,63}")


def is_label(text: str) -> bool:
    """Tell whether `text` is an RFC 1123 label: a cluster, a namespace, a service."""
    return _LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Tell whether `text` could be a node's name: labels with dots between them."""
    return _SUBDOMAIN.fullmatch(text) is not None and _EMPTY_OR_OPEN.search(text) is None


def is_pattern(text: str) -> bool:
    """Tell whether `text` is a pattern of labels: their characters, and * for any of them."""
    return _PATTERN.fullmatch(text) is not None


def matches(text: str, pattern: str) -> bool:
    """Tell whether `text` fits `pattern`, in which each * stands for any characters or none."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    at, end = len(first), len(text) - len(last)
    if at > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for part in middle:  # The earliest place is as good as any: what follows has most room.
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


@dataclass(frozen=True, slots=True, order=True)
class ServiceName:
    """A service by namespace and name, the same in all clusters (namespace sameness)."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Return `namespace/name`, as people and record keys write it."""
        return f"{self.namespace}/{self.name}"


def service_name(namespace: str, name: str) -> ServiceName:
    """Return the service; ValueError, which says what is wrong, where it cannot be one."""
    for part, text in (("namespace", namespace), ("name", name)):
        if not is_label(text):
            raise ValueError(f"{part}: {text[:80]!r} is no RFC 1123 label")
    return ServiceName(namespace, name)
