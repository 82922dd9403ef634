"""What is wrong in a store's files, as values: where, which field, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FaultReason(StrEnum):
    """Why something of a file does not count; metrics are counted by it."""

    SYNTAX = "syntax"
    """No YAML or JSON."""
    ENCODING = "encoding"
    """Not UTF-8."""
    DUPLICATE_KEY = "duplicate_key"
    AMBIGUOUS_KEY = "ambiguous_key"
    """A key without quotes that some readers take for something else than text."""
    VALUE = "value"
    """A value that no Kubernetes object can have."""
    INVALID = "invalid"
    """It breaks a rule that all objects keep."""
    NOT_SERVED = "not_served"
    """A kind or version that the store does not serve: nobody reads it."""
    DUPLICATE_OBJECT = "duplicate_object"
    """Another file, earlier by name, has the same object."""
    EMPTY = "empty"
    """A file that had objects has none now, and is still there."""
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    """The file may not be read, or reading it fails."""
    DIRECTORY = "directory"
    """The directory is not there, or is another and empty one."""
    READ_ONLY = "read_only"
    """Nothing can be written, so versions are not shared with other processes."""
    NO_ROOM = "no_room"
    """As above, because the disk is full."""
    JOURNAL = "journal"
    """What the store remembers was damaged, and was made anew from the files."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong; what the file had before stays as it was."""

    where: str
    """The file, from the top of the store's directory; empty for the directory itself."""
    line: int
    """From 1; 0 where it is of the whole file."""
    field: str
    """Dotted, from the top of the object; empty where it is of the whole of it."""
    reason: FaultReason
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.where or 'the directory'}:{self.line}" if self.line else self.where
        place = ": ".join(part for part in (where or "the directory", self.field) if part)
        return f"{place}: {self.problem}; {self.remedy}"


def packed_fault(fault: Fault) -> list[object]:
    """Return a fault as JSON has it, without its file."""
    return [fault.line, fault.field, str(fault.reason), fault.problem, fault.remedy]


def read_fault(where: str, packed: Sequence[object]) -> Fault:
    """Return the fault that `packed_fault` packed; `ValueError` where it is none."""
    line, field, reason, problem, remedy = packed
    if not isinstance(line, int):
        raise ValueError(f"{line!r} is no line")  # noqa: TRY004  one error for all that is no fault
    return Fault(where, line, str(field), FaultReason(str(reason)), str(problem), str(remedy))
