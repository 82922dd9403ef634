"""What is wrong with an object that this cluster's word is made from: where, and what to do.

A problem is a value, kept as long as it stands and shown wherever its object is: in a condition,
in an Event, in `isthmus doctor`. It costs nobody else anything: one bad endpoint hides no other,
one bad service withdraws no other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.objects import ObjectKey

PROBLEMS_MAX = 64
"""Most that are told of one service: whoever mends these finds the rest."""

_SHOWN_MAX = 80


class Fault(StrEnum):
    """The kinds of problem, named as conditions name reasons."""

    NO_SERVICE = "NoService"
    """What is exported does not exist, or is what we made of others' exports ourselves."""
    SERVICE_TYPE = "InvalidServiceType"
    """A Service of type ExternalName has no endpoints of its own."""
    NO_PORTS = "NoPorts"
    """There is no port at which anybody could reach it."""
    PORT = "InvalidPort"
    ADDRESS = "InvalidAddress"
    ADDRESS_TYPE = "UnsupportedAddressType"
    NAME = "InvalidName"
    """A node, zone or hostname that is none: the endpoint is served without it."""
    METADATA = "InvalidMetadata"
    """An annotation or label of ours, or one that is to be exported, that cannot be."""
    VALUE = "InvalidValue"
    """A field that has something else than its kind allows."""
    SERVICE_ACCOUNTS = "SeveralServiceAccounts"
    """The pods of one service run as several: a mesh that verifies identities knows one."""
    DUPLICATE = "Duplicate"
    """Two objects say something about the same thing; the older one counts."""
    CERTIFICATE = "InvalidCertificate"


@dataclass(frozen=True, slots=True, order=True)
class SourceProblem:
    """One thing that is wrong with one object."""

    about: ObjectKey
    field: str
    """Its path in the object: `endpoints[3].addresses[0]`."""
    fault: Fault
    what: str
    """What is there, and why that will not do."""
    remedy: str
    """What somebody can do about it."""

    def __str__(self) -> str:
        return f"{self.about}: {self.field}: {self.what}; {self.remedy}"


def shown(value: object) -> str:
    """Return a value as messages quote it, cut where somebody wrote a book."""
    return repr(value)[:_SHOWN_MAX]


def fewest(problems: Iterable[SourceProblem]) -> tuple[SourceProblem, ...]:
    """Return the problems in order, each once, `PROBLEMS_MAX` at most."""
    return tuple(sorted(set(problems)))[:PROBLEMS_MAX]
