"""Cookies: what shows that somebody gets what is sent to its source, with nothing kept for it.

The secret is drawn anew every so often, and the one before is good for as long again.
"""

from hmac import compare_digest

from agent.wire.handshake import cookie_of
from agent.wire.sealing import Entropy
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.identity import Address

SECRET_BYTES = 32
LIFETIME: Duration = 15 * SECOND
"""How long a secret makes cookies; a cookie is good for one to two of these."""


class CookieJar:
    """Makes cookies, and knows its own again."""

    __slots__ = ("_at", "_before", "_entropy", "_secret")

    def __init__(self, entropy: Entropy) -> None:
        """Draw the first secret when it is needed."""
        self._entropy = entropy
        self._secret: bytes | None = None
        self._before: bytes | None = None
        self._at: Instant = 0

    def bake(self, source: Address, challenge: bytes, certificate: bytes, now: Instant) -> bytes:
        """Return the cookie of a source that says hello with this challenge and certificate."""
        return cookie_of(self._current(now), source, challenge, certificate)

    def knows(
        self, cookie: bytes, source: Address, challenge: bytes, certificate: bytes, now: Instant
    ) -> bool:
        """Tell whether a cookie was baked here for all of this, not long ago."""
        for secret in (self._current(now), self._before):
            if secret is not None:
                expected = cookie_of(secret, source, challenge, certificate)
                if compare_digest(expected, cookie):
                    return True
        return False

    def _current(self, now: Instant) -> bytes:
        age = now - self._at
        if self._secret is None or age >= LIFETIME:
            self._before = self._secret if age < 2 * LIFETIME else None
            self._secret = self._entropy(SECRET_BYTES)
            self._at = now
        return self._secret
