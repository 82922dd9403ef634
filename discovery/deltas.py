"""What changed between two sets, as bytes: a packed pair of what is put and what is gone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from discovery.keys import KEY_BYTES_MAX
from discovery.records import RECORD_BYTES_MAX
from discovery.recordset import Change, RecordSet
from discovery.refusals import Refusal, Refused
from failure_detect.packing import Packable


@dataclass(frozen=True, slots=True)
class Delta:
    """Records to put and keys to delete."""

    put: Mapping[bytes, bytes] = field(default_factory=dict)
    delete: tuple[bytes, ...] = ()

    def applied(self, records: RecordSet) -> RecordSet:
        """Return the set that comes of it."""
        return records.updated(self.put, self.delete)


def delta_of(changes: Iterable[Change]) -> Delta:
    """Return the delta of these changes."""
    put: dict[bytes, bytes] = {}
    gone: list[bytes] = []
    for change in changes:
        if change.after is None:
            gone.append(change.key)
        else:
            put[change.key] = change.after
    return Delta(put, tuple(gone))


def read_pairs(value: object, what: str) -> dict[bytes, bytes]:
    """Return an array of (key, value, key, value ...) as a map; `Refused` for all else."""
    if not isinstance(value, tuple) or len(value) % 2:
        raise Refused(Refusal.MALFORMED, f"{what}: must be an array of keys and values in turn")
    pairs: dict[bytes, bytes] = {}
    for key, content in zip(value[::2], value[1::2], strict=True):
        if not (isinstance(key, bytes) and isinstance(content, bytes)):
            raise Refused(Refusal.MALFORMED, f"{what}: keys and values must be bytes")
        if not 0 < len(key) <= KEY_BYTES_MAX or len(content) > RECORD_BYTES_MAX:
            raise Refused(
                Refusal.OVERSIZED,
                f"{what}: a key of {len(key)} or a record of {len(content)} bytes, at most "
                f"{KEY_BYTES_MAX} and {RECORD_BYTES_MAX}",
            )
        pairs[key] = content
    if 2 * len(pairs) < len(value):
        raise Refused(Refusal.MALFORMED, f"{what}: must not have one key twice")
    return pairs


def read_keys(value: object, what: str) -> tuple[bytes, ...]:
    """Return an array of keys; `Refused` for all else."""
    if not isinstance(value, tuple):
        raise Refused(Refusal.MALFORMED, f"{what}: must be an array of keys")
    keys = []
    for key in value:
        if not (isinstance(key, bytes) and 0 < len(key) <= KEY_BYTES_MAX):
            raise Refused(Refusal.MALFORMED, f"{what}: must be an array of keys")
        keys.append(key)
    if len(set(keys)) < len(keys):
        raise Refused(Refusal.MALFORMED, f"{what}: must not have one key twice")
    return tuple(keys)


def read_delta(put: object, delete: object, what: str) -> Delta:
    """Return a delta whose two arrays came over the wire.

    Raises `Refused` for all else, and for a key that is both put and gone.
    """
    delta = Delta(read_pairs(put, what), read_keys(delete, what))
    if not delta.put.keys().isdisjoint(delta.delete):
        raise Refused(Refusal.MALFORMED, f"{what}: must not put a key that it deletes")
    return delta


def flat(pairs: Mapping[bytes, bytes]) -> list[Packable]:
    """Return keys and values in turn, as `read_pairs` reads them."""
    return [part for pair in pairs.items() for part in pair]
