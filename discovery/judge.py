"""Who decides whether a manifest is to be believed: trust, as the catalog sees it."""

from typing import Protocol

from discovery.manifest import Manifest
from discovery.names import Origin


class Judge(Protocol):
    """Decides whether a manifest is to be believed."""

    def judge(self, manifest: Manifest) -> None:
        """Return where the origin is trusted and its key has signed; raise `Refused` elsewhere."""
        ...

    def judge_kept(self, manifest: Manifest) -> None:
        """Judge what was adopted in an earlier run: as `judge`, but its key counted then.

        It may have expired or been revoked since.
        """
        ...

    def judge_exclusion(self, manifest: Manifest) -> None:
        """Judge a manifest that is not for us, as `judge` does but for that."""
        ...

    def is_genuine(self, manifest: Manifest) -> bool:
        """Tell whether a key of its origin signed it, whomever it is for."""
        ...

    def knows(self, origin: Origin) -> bool:
        """Tell whether any manifest of `origin` could be believed."""
        ...
