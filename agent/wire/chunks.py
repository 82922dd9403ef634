"""One sealed way of a stream: a head, an echo, and one frame in chunks.

Each chunk travels as its sealed length (2 bytes) and its sealed bytes. The first says what the
other end drew at random; the last is marked as such under the seal, so that no stream that was cut
passes for a whole one.
"""

from agent.wire.reasons import Reason, WireRefused
from agent.wire.sealing import STREAM_HEAD_BYTES, STREAM_SEAL_BYTES, Pull, Push

CHUNK_BYTES = 16_384
"""The most of a frame that one chunk holds."""

_LENGTH_BYTES = 2


def opening(push: Push, echo: bytes) -> bytes:
    """Return what a way begins with: its head, and the echo that is wanted."""
    return push.head + _sealed(push, echo)


def frame(push: Push, data: bytes) -> bytes:
    """Return a frame in chunks, the last of them marked; nothing may follow."""
    starts = range(0, max(1, len(data)), CHUNK_BYTES)
    chunks = [data[start : start + CHUNK_BYTES] for start in starts]
    sealed = [_sealed(push, chunk) for chunk in chunks[:-1]]
    return b"".join((*sealed, _sealed(push, chunks[-1], is_last=True)))


def _sealed(push: Push, chunk: bytes, *, is_last: bool = False) -> bytes:
    sealed = push.push(chunk, is_last=is_last)
    return len(sealed).to_bytes(_LENGTH_BYTES) + sealed


class Incoming:
    """The other end of such a way; it holds one frame of at most `most` bytes, and one chunk."""

    def __init__(self, pull: Pull, echo: bytes, most: int) -> None:
        """Want `echo` first."""
        self._pull = pull
        self._echo = echo
        self._most = most
        self._has_begun = False
        self._is_proven = False
        self._chunks: list[bytes] = []
        self._size = 0

    @property
    def is_proven(self) -> bool:
        """Tell whether the other end has echoed what was drawn for it."""
        return self._is_proven

    def feed(self, buffer: bytearray) -> bytes | None:
        """Take what is whole out of `buffer`; return the frame once it is whole.

        Raises `WireRefused`: MALFORMED, SEAL, CHALLENGE, OVERSIZED.
        """
        if not self._has_begun:
            if len(buffer) < STREAM_HEAD_BYTES:
                return None
            self._pull.begin(bytes(buffer[:STREAM_HEAD_BYTES]))
            del buffer[:STREAM_HEAD_BYTES]
            self._has_begun = True
        while (chunk := self._next(buffer)) is not None:
            if self._take(*chunk):
                if buffer:
                    raise WireRefused(Reason.MALFORMED, "goes on after its last chunk")
                return b"".join(self._chunks)
        return None

    def _next(self, buffer: bytearray) -> tuple[bytes, bool] | None:
        if len(buffer) < _LENGTH_BYTES:
            return None
        length = int.from_bytes(buffer[:_LENGTH_BYTES])
        if not STREAM_SEAL_BYTES <= length <= CHUNK_BYTES + STREAM_SEAL_BYTES:
            raise WireRefused(Reason.MALFORMED, "no chunk of the length that it names")
        end = _LENGTH_BYTES + length
        if len(buffer) < end:
            return None
        opened = self._pull.pull(bytes(buffer[_LENGTH_BYTES:end]))
        if opened is None:
            raise WireRefused(Reason.SEAL, "a chunk is not sealed by the other end, or not next")
        del buffer[:end]
        return opened

    def _take(self, chunk: bytes, is_last: bool) -> bool:  # noqa: FBT001 - as it was opened
        """Add a chunk; tell whether it was the last."""
        if not self._is_proven:
            if chunk != self._echo or is_last:
                raise WireRefused(Reason.CHALLENGE, "does not echo what was drawn for it")
            self._is_proven = True
            return False
        self._size += len(chunk)
        if self._size > self._most:
            raise WireRefused(Reason.OVERSIZED, f"a frame of more than {self._most} bytes")
        self._chunks.append(chunk)
        return is_last
