"""Why something that came over the wire was refused, or was not sent; each reason is a label.

Refusals of bytes are raised as `WireRefused` by whoever reads them, and caught, counted and
reported where they came in. Nothing has changed then.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why; the value is the label of a metric."""

    MALFORMED = "malformed"
    """These bytes are no datagram and no stream of this protocol."""
    OVERSIZED = "oversized"
    """Larger than is allowed."""
    VERSION = "version"
    """No version that both ends speak."""
    NOT_OURS = "not-ours"
    """For another member, which nobody here knows the way to."""
    NO_POOL = "no-pool"
    """For a pool that this agent is no member of."""
    HOPPED = "hopped"
    """For another member, and passed on once already."""
    HOP_SOURCE = "hop-source"
    """Passed on by somebody who is no agent of our own cluster."""
    BUDGET = "budget"
    """Strangers have asked for more than their share."""
    COOKIE = "cookie"
    """The cookie is not the one that this source was given, or was given long ago."""
    CERTIFICATE = "certificate"
    """The certificate is not to be believed here, not in this pool, or not any more."""
    WRONG_MEMBER = "wrong-member"
    """Somebody else answered than was asked."""
    KEY = "key"
    """The certified key is none that a secret could be shared with."""
    UNEXPECTED = "unexpected"
    """An answer to what was not asked, or no longer."""
    UNKNOWN_TAG = "unknown-tag"
    """Sealed for a session that is not known here, or not any more."""
    SEAL = "seal"
    """Not sealed by the member whose session it names, or altered on the way."""
    REPLAY = "replay"
    """Came before, or too late to tell."""
    SELF = "self"
    """Our own words came back."""
    CHALLENGE = "challenge"
    """The stream does not echo what this end drew for it: an old one, or one that was altered."""
    TRUNCATED = "truncated"
    """The stream ended before its last chunk."""
    SLOW = "slow"
    """Did not say what it had to in time."""
    CROWDED = "crowded"
    """As many are under way as are allowed."""
    QUEUE = "queue"
    """More waited for a handshake than may."""
    NO_ANSWER = "no-answer"
    """The handshake came to nothing; what waited for it was dropped."""
    EXHAUSTED = "exhausted"
    """The counter of a key has come to its end: the process needs another."""


class WireRefused(ValueError):  # noqa: N818 - the protocol's word for it, not an error of ours.
    """Input was refused, and nothing was changed by it."""

    def __init__(self, reason: Reason, what: str) -> None:
        """Say why, and in words what; the words name what was wrong, never its content."""
        super().__init__(what)
        self.reason = reason
        self.what = what
