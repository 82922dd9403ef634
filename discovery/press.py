"""The press: makes manifests of one cluster with its key, and knows the one it made last."""

from dataclasses import dataclass

from discovery.manifest import Body, Intent, Manifest, sign_manifest
from discovery.names import Origin
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import PublishingKey
from discovery.recordset import RecordSet
from failure_detect.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What differs between two manifests of one cluster."""

    epoch: int
    version: int
    records: RecordSet
    intents: tuple[Intent, ...]
    signed_at_ms: int
    departs: bool


class Press:
    """Signs, and remembers its last manifest."""

    def __init__(
        self, own: Origin, uid: str, key: PublishingKey, config: PublisherConfig, now: Instant
    ) -> None:
        """Sign for the cluster `own`, whose kube-system namespace has `uid`, with its key."""
        self.own = own
        self.uid = uid
        self.last: Manifest | None = None
        """What was signed last, None before the first."""
        self.count = 0
        """How many manifests were signed."""
        self.failed: str | None = None
        """Why the last attempt failed, None where it did not."""
        self._key = key
        self._config = config
        self._signed_at = now
        self._is_renewed = False

    @property
    def resign_at(self) -> Instant:
        """When the last manifest is signed anew, though nothing has changed."""
        return self._signed_at + self._config.resign

    def is_due(self, epoch: int | None, *, departs: bool) -> bool:
        """Tell whether the last manifest says the wrong thing: epoch, key or departure."""
        last = self.last
        return (
            last is None
            or self._is_renewed
            or last.body.epoch != epoch
            or last.body.departs != departs
        )

    def rotate(self, key: PublishingKey) -> str | None:
        """Take a successor of the key, or another certificate of it; say why it is neither."""
        ours = self._key
        is_same = (key.generation, key.signer.public) == (ours.generation, ours.signer.public)
        if not is_same and key.generation <= ours.generation:
            return f"a key of generation {key.generation} is no successor of {ours.generation}"
        self._is_renewed |= not is_same or key.certificate != ours.certificate
        self._key = key
        return None

    def sign(self, edition: Edition, now: Instant) -> Manifest | None:
        """Return the manifest of an edition; None, and `failed`, where there can be none.

        Old intents go where the manifest would be too large otherwise.
        """
        manifest = self._made(edition)
        if manifest is not None:
            self.last, self.failed = manifest, None
            self._is_renewed, self._signed_at = False, now
            self.count += 1
        return manifest

    def _made(self, edition: Edition) -> Manifest | None:
        intents, key = edition.intents, self._key
        for skipped in range(len(intents) + 1):
            body = self._body(edition, intents[skipped:])
            try:
                return sign_manifest(body, key.signer, key.certificate)
            except (ValueError, OverflowError) as error:
                self.failed = str(error)
        return None

    def _body(self, edition: Edition, intents: tuple[Intent, ...]) -> Body:
        records = edition.records
        return Body(
            origin=self.own,
            uid=self.uid,
            generation=self._key.generation,
            epoch=edition.epoch,
            version=edition.version,
            root=records.root,
            count=records.count,
            size_bytes=records.size_bytes,
            lifetime_s=self._config.lifetime_s,
            signed_at_ms=edition.signed_at_ms,
            audience=self._config.audience,
            intents=intents,
            departs=edition.departs,
        )
