"""What costs little to send costs little to refuse, whatever it is said to be."""

import zlib
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from discovery.certificates import decode_agent_certificate
from discovery.compression import believed
from discovery.endpoints import count_endpoints, decode_endpoints
from discovery.evidence import decode_evidence
from discovery.frames import decode_frame, encode_frame
from discovery.manifest import decode_manifest
from discovery.messages import Item, Pulled
from discovery.overlays import decode_overlay
from discovery.records import decode_cluster, decode_export, decode_policy
from discovery.refusals import Refused
from discovery.reports import decode_report
from discovery.revocations import decode_revocations
from discovery.tally import tally_endpoints
from discovery.wire import decode_gossip
from failure_detect.packing import pack
from tests.failure_detect.dear_values import bound, filled, peak_bytes, shapes

MEBIBYTE = 1 << 20

RECORDS: dict[str, Callable[[bytes], object]] = {
    "endpoints": lambda data: decode_endpoints(data, "record"),
    "counts": lambda data: count_endpoints(data, "record"),
    "tally": lambda data: tally_endpoints(data, "record"),
    "cluster": lambda data: decode_cluster(data, "record"),
    "export": lambda data: decode_export(data, "record"),
    "policy": lambda data: decode_policy(data, "record"),
    "report": lambda data: decode_report(data, "report"),
    "manifest": decode_manifest,
    "evidence": decode_evidence,
    "overlay": decode_overlay,
    "revocations": decode_revocations,
    "certificate": decode_agent_certificate,
}


def field(name: str, data: bytes) -> bytes:
    """A map of one field."""
    return b"\x81" + pack(name) + data


@pytest.mark.parametrize("kind", RECORDS)
def test_no_record_takes_more_memory_than_its_size_justifies(kind: str) -> None:
    decode = RECORDS[kind]
    for name, data in shapes(5_000).items():
        signed = pack([field("e", data), bytes(64)])
        for sent in (data, field("e", data), field("s", data), signed):
            peak = peak_bytes(partial(decode, sent), Refused)
            # A record with a fault is read once more, to say which one it is.
            assert peak < 2 * bound(len(sent)), name


def frames(data: bytes) -> Iterator[bytes]:
    """A frame that is this value, and frames of every kind with it where it matters."""
    yield data
    yield b"\x92\x11" + data
    yield b"\x94\x12" + pack(bytes(8)) + pack(bytes(1)) + data
    yield b"\x92\x13\x91" + data
    head = pack(b"k") + pack(b"m") + pack(bytes(32))
    yield b"\x92\x13\x91\x96\x21" + head + data + b"\x90"
    yield b"\x92\x13\x91\x97\x22" + head + b"\x00\x01" + data
    yield b"\x92\x13\x91\x97\x24" + head + pack(bytes(1)) + data + b"\x90"


@pytest.mark.parametrize("size", [1_200, 5_000])
def test_no_frame_takes_more_memory_than_its_size_justifies(size: int) -> None:
    for name, data in shapes(size).items():
        for body in frames(data):
            sent = b"\1\1" + body
            peak = peak_bytes(partial(decode_frame, sent, MEBIBYTE), Refused)
            assert peak < bound(len(sent)), name


def test_a_small_frame_that_expands_takes_no_more_than_is_believed_of_it() -> None:
    # A KiB of them was a MiB of empty maps in clear, and these took 83 MiB.
    for name, data in [("maps", filled(MEBIBYTE, b"\x80")), *shapes(20_000).items()]:
        sent = b"\2\2\1" + zlib.compress(data, 9)
        peak = peak_bytes(partial(decode_frame, sent, MEBIBYTE), Refused)
        assert peak < bound(min(len(data), believed(len(sent)))), name


def test_no_rumour_takes_more_memory_than_is_believed_of_it() -> None:
    for size in (1_200, 10_000):
        for name, data in shapes(size).items():
            delta = zlib.compress(b"\x92" + data + b"\x90", 9)
            told = pack([1, b"manifest", bytes(32), delta])
            peak = peak_bytes(partial(decode_gossip, told), Refused)
            assert peak < bound(believed(len(told))), name
            plain = b"\x92\x02" + data
            peak = peak_bytes(partial(decode_gossip, plain), Refused)
            assert peak < bound(len(plain)), name


def test_what_shrinks_further_than_is_believed_goes_in_clear() -> None:
    message = Pulled((Item(b"k", bytes(100_000)),))
    data = encode_frame(message)
    assert data[:3] == b"\2\2\0"
    assert decode_frame(data, MEBIBYTE).message == message
