from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.fields import packed
from discovery.names import Origin
from discovery.refusals import Refusal, Refused
from discovery.reports import (
    REPORT_BYTES_MAX,
    SEEN_MAX,
    SILENCE_S_MAX,
    Path,
    Repeated,
    Report,
    Seen,
    decode_report,
    encode_report,
)
from failure_detect.clock import SECOND

EAST = Origin("east")


def seen(origin: str, silent_s: int, alive: bool, reachable: bool, path: Path) -> Seen:
    return Seen(Origin(origin), alive, alive and reachable, path, silent_s * SECOND)


names = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
sights = st.builds(
    seen,
    names,
    st.integers(0, SILENCE_S_MAX),
    st.booleans(),
    st.booleans(),
    st.sampled_from(Path),
)
reports = st.builds(
    Report,
    st.integers(0, 1 << 40),
    st.booleans(),
    st.lists(sights, max_size=20, unique_by=lambda each: each.origin).map(tuple),
)
repetitions = st.builds(Repeated, st.integers(0, 1 << 40), st.booleans())


@given(reports | repetitions)
def test_reports_come_back_as_they_were(report: Report | Repeated) -> None:
    assert decode_report(encode_report(report), "report") == report


def test_a_repetition_is_a_few_bytes_and_the_largest_report_is_within_its_bounds() -> None:
    assert len(encode_report(Repeated(1_000, True))) < 12
    names = [f"{'c' * 58}{n:05}" for n in range(SEEN_MAX)]
    most = [seen(name, SILENCE_S_MAX, True, True, Path.OPEN) for name in names]
    encoded = encode_report(Report(1 << 40, True, tuple(most)))
    assert len(encoded) <= REPORT_BYTES_MAX
    decoded = decode_report(encoded, "report")
    assert isinstance(decoded, Report)
    assert len(decoded.seen) == SEEN_MAX


def test_silence_is_told_in_whole_seconds() -> None:
    report = Report(1, False, (Seen(EAST, False, False, Path.UNKNOWN, 2 * SECOND - 1),))
    told = decode_report(encode_report(report), "report")
    assert told == Report(1, False, (Seen(EAST, False, False, Path.UNKNOWN, SECOND),))


def test_what_a_later_version_adds_is_ignored() -> None:
    data = packed({"n": 1, "s": [["east", 1 | 2 | 64, 0, "new"]], "z": 5})
    assert decode_report(data, "report") == Report(1, False, (Seen(EAST, True, True),))


def test_nobody_reaches_the_dead() -> None:
    data = packed({"n": 1, "s": [["east", 2, 9]]})
    told = Report(1, False, (Seen(EAST, False, False, Path.UNKNOWN, 9 * SECOND),))
    assert decode_report(data, "report") == told


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "report: size: 0 bytes"),
        (packed({}), "report.n: must be a whole number"),
        (packed({"n": -1}), "report.n"),
        (packed({"n": 1, "i": 2}), "report.i"),
        (packed({"n": 1, "s": 5}), "report.s: must be an array"),
        (packed({"n": 1, "s": [["east", 1]]}), "report.s: must be arrays of a cluster's name"),
        (packed({"n": 1, "s": [["East", 1, 0]]}), "report.s"),
        (packed({"n": 1, "s": [["east", -1, 0]]}), "report.s"),
        (packed({"n": 1, "s": [["east", 1, -1]]}), "report.s"),
        (packed({"n": 1, "s": [["east", 1, SILENCE_S_MAX + 1]]}), "report.s"),
        (packed({"n": 1, "s": [["east", 1, 0], ["east", 1, 0]]}), "must not have one origin twice"),
        (packed({"n": 1, "s": [[0] * 3] * (SEEN_MAX + 1)}), "an array of at most 1024"),
    ],
)
def test_nonsense_is_refused_with_its_name(data: bytes, what: str) -> None:
    with pytest.raises(Refused) as caught:
        decode_report(data, "report")
    assert what in caught.value.what


def test_too_large_a_report_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        decode_report(b"\x80" * (REPORT_BYTES_MAX + 1), "report")
    assert caught.value.reason is Refusal.OVERSIZED


@given(st.binary(max_size=80))
def test_any_bytes_are_a_report_or_refused(data: bytes) -> None:
    with suppress(Refused):
        decode_report(data, "report")
