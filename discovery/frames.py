"""Frames of a stream: a message and the versions that its sender speaks.

A frame is [version] [highest version that the sender speaks] [body]. Version 1 is the body as it
is; version 2 may be compressed, and says so by one more byte. Who is not known yet is spoken to in
the lowest version; what it answers says how far it goes. A body that compression would make larger,
or smaller than is believed, goes as it is, so no frame is longer than what is allowed in clear.
"""

from dataclasses import dataclass

from discovery.compression import deflated, inflated
from discovery.messages import StreamMessage
from discovery.refusals import Refusal, Refused
from discovery.wire import read_message, write_message

VERSION_MIN = 1
VERSION_MAX = 2

_COMPRESS_FROM = 256
_HEAD_BYTES_MAX = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a stream, and the highest version that its sender speaks."""

    message: StreamMessage
    speaks: int


def encode_frame(
    message: StreamMessage, version: int = VERSION_MAX, speaks: int = VERSION_MAX
) -> bytes:
    """Return a message as a frame of a `version` that both ends speak; ours go up to `speaks`."""
    body = write_message(message)
    if version < 2:
        return bytes((1, speaks)) + body
    if len(body) >= _COMPRESS_FROM:
        small = deflated(body)
        if small is not None and len(small) < len(body):
            return bytes((2, speaks, 1)) + small
    return bytes((2, speaks, 0)) + body


def decode_frame(data: bytes, most_bytes: int, speaks: int = VERSION_MAX) -> Frame:
    """Return the message in a frame whose body has at most `most_bytes` in clear.

    Raises `Refused` for all else; what is compressed is not expanded beyond that either.
    """
    if len(data) < 3:
        raise Refused(Refusal.MALFORMED, "frame: shorter than its head")
    if len(data) > most_bytes + _HEAD_BYTES_MAX:
        raise Refused(Refusal.OVERSIZED, f"frame: {len(data)} bytes, at most {most_bytes}")
    version, theirs = data[0], data[1]
    if not VERSION_MIN <= version <= speaks:
        raise Refused(Refusal.UNEXPECTED, f"frame: version {version} is not spoken here")
    body = data[2:] if version == 1 else _expanded(data, most_bytes)
    if len(body) > most_bytes:
        raise Refused(Refusal.OVERSIZED, f"frame: at most {most_bytes} bytes")
    return Frame(read_message(body, most_bytes), max(theirs, version))


def _expanded(data: bytes, most_bytes: int) -> bytes:
    if data[2] == 0:
        return data[3:]
    if data[2] != 1:
        raise Refused(Refusal.UNEXPECTED, f"frame: no compression has the number {data[2]}")
    return inflated("frame", data[3:], most_bytes)
