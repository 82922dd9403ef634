"""What becomes of the claim that somebody lives."""

from enum import Enum, auto


class Outcome(Enum):
    """What became of an `alive` claim."""

    ADMITTED = auto()
    """Somebody new, or somebody who had left or been retired, is a member."""
    RAISED = auto()
    """A living member says something newer of itself."""
    RETURNED = auto()
    """A dead member lives again."""
    KNOWN = auto()
    """It says nothing new."""
    REFUSED = auto()
    UNVOUCHED = auto()
    """A dead member may live again; a living one has to vouch for it first."""
