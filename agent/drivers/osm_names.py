"""What leaves and aliases are called: the same on both sides, without a word between them.

A leaf for the service `store` in cluster `beta` is the Service `store-mc-beta`; the pods in `beta`
answer to that name because `beta` has an alias Service of it. A name that would be too long, or
that could be read in two ways, is cut and ends with a hash. Where the endpoints of one cluster
listen on different numbers each set of numbers has a name of its own, `store-mc8081-beta`.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from discovery.names import LABEL_CHARACTERS_MAX, Origin

_MIDDLE = re.compile(r"(?=-mc(?:\d+(?:x\d+)*)?-)")
_HASH_CHARACTERS = 12
_HASHED = "-mcx-"


def leaf_name(service: str, origin: Origin, numbers: Sequence[int] = ()) -> str:
    """Return the name of the Service that stands for `service` in `origin`.

    `numbers` are the endpoints' ports, where they distinguish it from others.
    """
    middle = f"-mc{'x'.join(map(str, numbers))}-"
    name = f"{service}{middle}{origin}"
    if len(name) <= LABEL_CHARACTERS_MAX and len(_MIDDLE.findall(name)) == 1:
        return name
    return _hashed(service, f"{service}/{origin}/{middle}")


def parked_name(service: str) -> str:
    """Return the name of the leaf for ports of `service` that nobody serves."""
    name = f"{service}-mc0-none"
    return name if len(name) <= LABEL_CHARACTERS_MAX else _hashed(service, f"{service}//parked")


def split_name(service: str) -> str:
    """Return the name of the TrafficSplit of `service`: 253 characters are allowed."""
    return f"{service}-mc"


def leaf_parts(name: str) -> tuple[str, Origin] | None:
    """Return the service and origin of a leaf's name; None for all else, hashed ones too."""
    found = list(_MIDDLE.finditer(name))
    if len(found) != 1:
        return None
    start = found[0].start()
    middle_end = name.index("-", start + 1) + 1
    service, origin = name[:start], name[middle_end:]
    return (service, Origin(origin)) if service and origin else None


def name_stem(service: str) -> str:
    """Return what the names of all objects that are for `service` begin with."""
    room = LABEL_CHARACTERS_MAX - len(_HASHED) - _HASH_CHARACTERS
    return service.partition("-mc")[0][:room].rstrip("-")


def _hashed(service: str, what: str) -> str:
    digest = sha256(what.encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{name_stem(service)}{_HASHED}{digest}"
