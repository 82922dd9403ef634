"""Datagrams and streams around memberlist's messages: compounds, checksums, compression.

memberlist compresses with LZW: a datagram where that makes it shorter, a stream always.
LZW in Python would take longer than all the rest of a simulated member together, so the
text is deflated, which is faster and tighter, and a datagram is then filled up to the
length that LZW was measured to give: 6.7 * n ** 0.62 bytes for n bytes of its messages,
within 5 % between 170 and 1,400 bytes. Streams are not filled up: up to a third fewer
bytes than LZW's at 128 members, about as many at 1,000. The difference is in the
baseline's favour.
"""

import zlib
from functools import lru_cache
from struct import pack, unpack_from

from simulations.baseline.wire import (
    Code,
    Message,
    WireError,
    decode_message,
    pack_compressed,
    unpack_compressed,
)

COMPOUND_HEADER_BYTES = 2
COMPOUND_ENTRY_BYTES = 2
_COMPOUND_MOST = 255
_NEST_DEEPEST = 3
_INFLATED_MOST = 4 << 20
_LZW_FACTOR = 6.7
_LZW_POWER = 0.62
_LZW_GAINS_FROM = 168
_WRAPPING_BYTES = 14
_CLAIMS = frozenset((int(Code.SUSPECT), int(Code.ALIVE), int(Code.DEAD)))

# The same claim comes to every member a dozen times; messages are immutable.
_decode_claim = lru_cache(maxsize=1 << 14)(decode_message)


def lzw_length(length: int) -> int:
    """Return about how many bytes memberlist makes of `length` bytes of its messages."""
    return int(_LZW_FACTOR * float(length) ** _LZW_POWER)


def compound(messages: list[bytes]) -> bytes:
    """Return one to 255 encoded messages as one."""
    count = len(messages)
    head = pack(f">BB{count}H", Code.COMPOUND, count, *map(len, messages))
    return head + b"".join(messages)


def checked(data: bytes) -> bytes:
    """Return a datagram with its checksum before it."""
    return bytes((Code.CHECKED,)) + zlib.crc32(data).to_bytes(4, "big") + data


def shrunk_datagram(data: bytes) -> bytes:
    """Return a datagram, compressed where memberlist's compression would make it shorter."""
    if len(data) < _LZW_GAINS_FROM:
        return data
    deflate = zlib.compressobj(1, zlib.DEFLATED, -9, 1)
    text = deflate.compress(data) + deflate.flush()
    length = lzw_length(len(data)) - _WRAPPING_BYTES
    return pack_compressed(text.ljust(length, b"\0"))


def shrunk_stream(data: bytes) -> bytes:
    """Return what goes into a stream: always compressed, even where that makes it longer."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
    return pack_compressed(deflate.compress(data) + deflate.flush())


def open_stream(data: bytes) -> Message:
    """Return the message in a stream's frame; raise `WireError` where it has none."""
    messages = open_datagram(data)
    if len(messages) != 1:
        raise WireError("a stream carries one message")
    return messages[0]


def open_datagram(data: bytes) -> list[Message]:
    """Return the messages in a datagram, in order; raise `WireError` if any is malformed."""
    messages: list[Message] = []
    _open(data, 0, messages)
    return messages


def _open(data: bytes, depth: int, into: list[Message]) -> None:
    if not data or depth > _NEST_DEEPEST:
        raise WireError("empty, or nested too deeply")
    code = data[0]
    if code in _CLAIMS:
        into.append(_decode_claim(data))
    elif code == Code.COMPOUND:
        for part in _parts(data):
            if part and part[0] in _CLAIMS:
                into.append(_decode_claim(part))
            else:
                _open(part, depth + 1, into)
    elif code == Code.CHECKED:
        _open(_verified(data), depth + 1, into)
    elif code == Code.COMPRESSED:
        _open(_inflated(unpack_compressed(data)), depth + 1, into)
    else:
        into.append(decode_message(data))


def _parts(data: bytes) -> list[bytes]:
    count = data[1] if len(data) > 1 else 0
    at = COMPOUND_HEADER_BYTES + COMPOUND_ENTRY_BYTES * count
    if len(data) < at:
        raise WireError("compound shorter than its lengths")
    parts: list[bytes] = []
    for length in unpack_from(f">{count}H", data, COMPOUND_HEADER_BYTES):
        parts.append(data[at : at + length])
        at += length
    if at > len(data):
        raise WireError("compound shorter than its parts")
    return parts


def _verified(data: bytes) -> bytes:
    body = data[5:]
    if zlib.crc32(body).to_bytes(4, "big") != data[1:5]:
        raise WireError("wrong checksum")
    return body


def _inflated(text: bytes) -> bytes:
    inflate = zlib.decompressobj(-15)
    try:
        data = inflate.decompress(text, _INFLATED_MOST)
    except zlib.error as error:
        raise WireError("not compressed") from error
    if not inflate.eof:
        raise WireError("compressed text without an end, or too long")
    return data
