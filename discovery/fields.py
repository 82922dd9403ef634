"""Packed maps, read strictly: each field has a type and bounds, and what is unknown is let be.

A record or body is one msgpack map from short names to values. Whoever decodes reads the fields
that he knows; the bytes are kept and passed on as they came, so that fields of later versions
survive every relay. A name that comes twice is refused: whoever reads it otherwise would read
another record.

What we write ourselves is read back before it leaves (`proven`): no peer is to be the first to
find out that a record of ours is none.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from discovery.refusals import Refusal, Refused
from failure_detect.packing import MalformedMessage, Packable, pack, unpack_one

INTEGER_MAX = (1 << 64) - 1
TEXT_CHARACTERS_MAX = 1_024

PackedMap: TypeAlias = Mapping[str, Packable]


def packed(fields: PackedMap) -> bytes:
    """Return a map as bytes; None stands for a field that is left out.

    Raises ValueError for numbers beyond 64 bits and for text that is no Unicode.
    """
    try:
        return pack({name: value for name, value in fields.items() if value is not None})
    except (OverflowError, ValueError) as error:
        raise ValueError(f"cannot be packed: {error}") from error


def proven(data: bytes, decode: Callable[[bytes, str], object], what: str) -> bytes:
    """Return `data` if it decodes; ValueError, which says what a peer would refuse, if not."""
    try:
        decode(data, what)
    except Refused as error:
        raise ValueError(error.what) from error
    return data


def _declared(data: bytes) -> int:
    # How many fields a packed map says that it has: its first byte, or the two or four after it.
    head = data[0]
    return head & 15 if head < 0xDE else int.from_bytes(data[1 : 3 if head == 0xDE else 5])


class Fields:
    """The fields of one packed map; every getter raises `Refused` that names object and field."""

    __slots__ = ("_fields", "what")

    def __init__(self, what: str, data: bytes, most_bytes: int) -> None:
        """Read `data`, which must be one map with names; `what` names it in refusals."""
        self.what = what
        if len(data) > most_bytes:
            raise Refused(Refusal.OVERSIZED, f"{what}: {len(data)} bytes, at most {most_bytes}")
        try:
            value = unpack_one(data, most_bytes)
        except MalformedMessage as error:
            raise Refused(Refusal.MALFORMED, f"{what}: {error}") from error
        if not isinstance(value, dict):
            raise Refused(Refusal.MALFORMED, f"{what}: must be one map")
        self._fields: dict[object, object] = value
        if len(self._fields) != _declared(data):
            raise Refused(Refusal.MALFORMED, f"{what}: must not have one name twice")

    def refuse(self, name: str, must: str) -> Refused:
        """Return the refusal of one field, to be raised."""
        return Refused(Refusal.MALFORMED, f"{self.what}.{name}: {must}")

    def has(self, name: str) -> bool:
        """Tell whether the field is there."""
        return name in self._fields

    def value(self, name: str) -> object:
        """Return the field as it is, None where it is absent."""
        return self._fields.get(name)

    def names(self) -> tuple[str, ...]:
        """Return, sorted, the names of all fields that have text for one, unknown ones too."""
        return tuple(sorted(name for name in self._fields if isinstance(name, str)))

    def integer(
        self, name: str, *, least: int = 0, most: int = INTEGER_MAX, default: int | None = None
    ) -> int:
        """Return a whole number from `least` to `most`; `default` where it is absent."""
        value = self._fields.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.refuse(name, f"must be a whole number from {least} to {most}")
        return value

    def text(
        self, name: str, *, most: int = TEXT_CHARACTERS_MAX, default: str | None = None
    ) -> str:
        """Return a text of at most `most` characters; `default` where it is absent."""
        value = self._fields.get(name, default)
        if not isinstance(value, str) or len(value) > most:
            raise self.refuse(name, f"must be a text of at most {most} characters")
        return value

    def octets(
        self,
        name: str,
        *,
        exactly: int | None = None,
        most: int = 1 << 20,
        default: bytes | None = None,
    ) -> bytes:
        """Return bytes, `exactly` so many or at most `most`; `default` where it is absent."""
        value = self._fields.get(name, default)
        if not isinstance(value, bytes):
            raise self.refuse(name, "must be bytes")
        if exactly is not None and len(value) != exactly:
            raise self.refuse(name, f"must be {exactly} bytes")
        if len(value) > most:
            raise self.refuse(name, f"must be at most {most} bytes")
        return value

    def sequence(self, name: str, *, most: int) -> tuple[object, ...]:
        """Return an array of at most `most` values; empty where it is absent."""
        value = self._fields.get(name, ())
        if not isinstance(value, tuple) or len(value) > most:
            raise self.refuse(name, f"must be an array of at most {most}")
        return value

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        """Return an array of texts; empty where it is absent."""
        values = self.sequence(name, most=most)
        texts = [each for each in values if isinstance(each, str)]
        if len(texts) < len(values):
            raise self.refuse(name, "must be an array of texts")
        if texts and max(map(len, texts)) > TEXT_CHARACTERS_MAX:
            raise self.refuse(name, f"must have texts of at most {TEXT_CHARACTERS_MAX} characters")
        return tuple(texts)

    def mapping(self, name: str, *, most: int) -> dict[str, str]:
        """Return a map from text to text, of at most `most` entries; empty where it is absent."""
        value = self._fields.get(name, {})
        if not isinstance(value, dict) or len(value) > most:
            raise self.refuse(name, f"must be a map of at most {most}")
        for key, content in value.items():
            if not (isinstance(key, str) and isinstance(content, str)):
                raise self.refuse(name, "must be a map from text to text")
            if len(key) > TEXT_CHARACTERS_MAX or len(content) > TEXT_CHARACTERS_MAX:
                must = f"must have texts of at most {TEXT_CHARACTERS_MAX} characters"
                raise self.refuse(name, must)
        return {str(key): str(content) for key, content in value.items()}
