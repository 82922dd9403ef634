"""UIDs: one name, one cluster. Two clusters of one name are noticed, and the second is refused.

What an object states holds. Else it is what a fleet's certificate states, and what was seen first
with a verified signature; only a certificate of a higher generation than was seen moves that, as
when a cluster is made anew and its fleet says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from discovery.names import Origin
from discovery.refusals import Refusal, Refused
from discovery.vouching import Vouch


@dataclass(frozen=True, slots=True)
class Pin:
    """The UID by which a cluster's name is known here, and the highest generation it came with."""

    uid: str
    generation: int


class Pins:
    """The UID of each cluster that was believed, and of the last one that was refused for it."""

    def __init__(self) -> None:
        """Know none."""
        self._pins: dict[Origin, Pin] = {}
        self._rivals: dict[Origin, str] = {}

    def check(self, uid: str, vouch: Vouch, what: str) -> None:
        """Raise `Refused` where `what`, signed with the vouched key, is of another cluster."""
        for expected in self._expected(vouch):
            if uid != expected:
                self._rivals[vouch.origin] = uid
                raise Refused(
                    Refusal.UID,
                    f"{what}: of another cluster of that name, UID {uid or 'unknown'}; known is "
                    f"{expected}",
                )

    def _expected(self, vouch: Vouch) -> list[str]:
        stated = [vouch.uid] if vouch.uid else []
        pin = self._pins.get(vouch.origin)
        is_moved = vouch.fleet is None or (pin is not None and vouch.generation > pin.generation)
        if pin is None or (stated and is_moved):
            return stated
        return [*stated, pin.uid]

    def remember(self, uid: str, vouch: Vouch) -> None:
        """Pin the UID that was believed, if there is one."""
        pin = self._pins.get(vouch.origin)
        if uid and (pin is None or pin.uid != uid or vouch.generation > pin.generation):
            self._pins[vouch.origin] = Pin(uid, vouch.generation)

    def restore(self, pins: Mapping[Origin, Pin]) -> None:
        """Take over what an earlier run had seen; what was seen since then stays."""
        for origin, pin in pins.items():
            self._pins.setdefault(origin, pin)

    def forget(self, origin: Origin) -> None:
        """Drop what was learnt of a cluster: it is not trusted any more."""
        self._pins.pop(origin, None)
        self._rivals.pop(origin, None)

    def all(self) -> dict[Origin, Pin]:
        """Return the pins, by name."""
        return dict(sorted(self._pins.items()))

    def rivals(self) -> dict[Origin, str]:
        """Return the UID that was refused last, of each cluster of whose name there are two."""
        return dict(sorted(self._rivals.items()))
