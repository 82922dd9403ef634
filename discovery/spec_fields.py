"""The fields of an object that a person wrote, read strictly: every fault found, with its path.

A getter returns something of its type in any case, and notes a fault where that is made up; whoever
reads looks at `faults` at the end and refuses the object whole.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from discovery.names import PUBLIC_KEY_BYTES, PublicKey
from discovery.wall_time import read_time

FAULTS_MAX = 32
"""Faults that are told of one object; the rest after these are mended."""

_SHOWN_MAX = 40
_HEX = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class SpecFault:
    """What is wrong with one field."""

    field: str
    """Its path in the object: `spec.keys[0].generation`."""
    must: str
    """What must hold there."""

    def __str__(self) -> str:
        """Return both, for people."""
        return f"{self.field}: {self.must}"


class SpecFields:
    """A mapping from names to values, at a path within its object."""

    __slots__ = ("_fields", "_path", "faults")

    def __init__(self, fields: Mapping[str, object], path: str = "") -> None:
        """Read `fields`; `path` is where they stand, empty for the object itself."""
        self._fields = fields
        self._path = path
        self.faults: list[SpecFault] = []
        """Those of all parts."""

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _within(self, value: object, path: str) -> "SpecFields":
        part = SpecFields(value if isinstance(value, Mapping) else {}, path)
        part.faults = self.faults
        return part

    def fault(self, name: str, must: str) -> None:
        """Note what is wrong with one field."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(SpecFault(self._at(name), must))

    def want(self, name: str, holds: object, must: str) -> None:
        """Note what is wrong with one field unless that `holds`."""
        if not holds:
            self.fault(name, must)

    def has(self, name: str) -> bool:
        """Tell whether the field is there."""
        return name in self._fields

    def value(self, name: str) -> object:
        """Return the field as it is, None where it is absent."""
        return self._fields.get(name)

    def only(self, *names: str) -> None:
        """Note every field that is none of these."""
        unknown = sorted(str(each)[:_SHOWN_MAX] for each in self._fields if each not in names)
        for each in unknown:
            self.fault(each, f"is not known; known are {', '.join(names)}")

    def part(self, name: str, default: Mapping[str, object] | None = None) -> "SpecFields":
        """Return a mapping within; `default` where it is absent."""
        value = self._fields.get(name, default)
        if not isinstance(value, Mapping):
            self.fault(name, "must be a mapping")
        return self._within(value, self._at(name))

    def parts(self, name: str, *, least: int, most: int) -> "list[SpecFields]":
        """Return a list of mappings within."""
        parts = []
        for number, each in enumerate(self._sequence(name, least, most)):
            if not isinstance(each, Mapping):
                self.fault(f"{name}[{number}]", "must be a mapping")
            parts.append(self._within(each, self._at(f"{name}[{number}]")))
        return parts

    def texts(self, name: str, *, least: int, most: int) -> tuple[str, ...]:
        """Return a list of texts; empty where it is absent."""
        texts = []
        for number, each in enumerate(self._sequence(name, least, most)):
            if not isinstance(each, str):
                self.fault(f"{name}[{number}]", "must be a text")
            texts.append(each if isinstance(each, str) else "")
        return tuple(texts)

    def _sequence(self, name: str, least: int, most: int) -> list[object]:
        value = self._fields.get(name, [])
        values = list(value) if isinstance(value, list | tuple) else None
        if values is None or not least <= len(values) <= most:
            self.fault(name, f"must be a list of {least} to {most}")
        return (values or [])[:most]

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; `default` where it is absent."""
        value = self._fields.get(name, default)
        if isinstance(value, str):
            return value
        self.fault(name, "must be a text")
        return ""

    def integer(self, name: str, *, least: int, most: int, default: int | None = None) -> int:
        """Return a whole number from `least` to `most`; `default` where it is absent."""
        value = self._fields.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.fault(name, f"must be a whole number from {least} to {most}")
        return least

    def truth(self, name: str) -> bool:
        """Return true or false; false where it is absent."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            self.fault(name, "must be true or false")
        return value is True

    def time(self, name: str) -> int:
        """Return a time in milliseconds since 1970; 0 where it is absent."""
        value = self._fields.get(name)
        if name not in self._fields:
            return 0
        ms = read_time(value) if isinstance(value, str) else None
        if ms is None or ms <= 0:
            self.fault(name, 'must be a text such as "2027-01-31T00:00:00Z", in quotes')
        return ms or 0


def read_key(fields: SpecFields) -> PublicKey:
    """Return the field `key`: 32 bytes as base64 or hex; empty where it is neither."""
    text = fields.value("key")
    octets = b""
    if isinstance(text, str) and _HEX.fullmatch(text):
        octets = bytes.fromhex(text)
    elif isinstance(text, str) and len(text) == 44 and text.isascii():
        octets = _from_base64(text)
    if len(octets) != PUBLIC_KEY_BYTES or not any(octets):
        fields.fault("key", "must be the 32 bytes of a public key as base64 or hex")
        return PublicKey(b"")
    return PublicKey(octets)


def _from_base64(text: str) -> bytes:
    try:
        octets = b64decode(text, validate=True)
    except ValueError:
        return b""
    return octets if b64encode(octets).decode() == text else b""
