"""Which version of the protocol two members speak with each other."""

from agent.wire.header import VERSIONS
from agent.wire.reasons import Reason, WireRefused


def agreed(theirs: tuple[int, int], ours: tuple[int, int] = VERSIONS) -> int:
    """Return the highest version that lies within both ranges; `WireRefused` where none does."""
    version = min(theirs[1], ours[1])
    if version < max(theirs[0], ours[0]):
        what = f"speaks versions {theirs[0]} to {theirs[1]}, this agent {ours[0]} to {ours[1]}"
        raise WireRefused(Reason.VERSION, what)
    return version
