"""Pictures are drawn, of curves and of bars."""

from pathlib import Path

import pytest

from failure_detect.clock import SECOND
from simulations.plots import draw
from simulations.samples import Sample
from simulations.sets.records import Records
from simulations.sets.registry import SETS
from simulations.study import Outcome
from simulations.swim.crashes import Crash, MassCrash
from simulations.swim.registry import SWIM


def sample(*firsts: int, false_positives: int = 0) -> Sample:
    durations = {"first_detection": [first * SECOND for first in firsts]} if firsts else {}
    traffic = {"datagrams": 10, "datagram_bytes": 900, "streams": 0, "stream_bytes": 0}
    counts = {"false_positives": false_positives, "member_us": 10 * SECOND, **traffic}
    return Sample(durations, counts)


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_picture_has_a_title_axes_with_units_and_a_legend(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"crash.{suffix}"
    outcomes = [
        Outcome("ours", Crash(), {}, [sample(1, 2), sample(3)]),
        Outcome("swim", Crash(), {}, [sample(5), sample(6, false_positives=4)]),
    ]
    draw("one member crashes", SWIM, outcomes, str(path))
    assert path.stat().st_size > 5_000
    if suffix == "svg":
        drawn = path.read_text()
        for words in ("One member crashes", "seconds", "share of samples", "swim", "B/s"):
            assert f"<!-- {words}" in drawn


def test_cells_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "mass.svg"
    outcomes = [
        Outcome("ours", MassCrash(crashes=number), {"crashes": number}, [each])
        for number, each in ((20, sample(1)), (32, sample()))
    ]
    draw("many crash", SWIM, outcomes, str(path))
    assert "<!-- ours, crashes 20 -->" in path.read_text()


def test_amounts_are_curves_in_their_own_unit_and_nothing_is_an_empty_picture(
    tmp_path: Path,
) -> None:
    path = tmp_path / "records.svg"
    amounts = Sample(amounts={"rumour_bytes": [500, 600]})
    cells = [
        Outcome("ours", Records(endpoints=number), {"endpoints": number}, [each])
        for number, each in ((20, amounts), (40, Sample(amounts={"rumour_bytes": [700]})))
    ]
    draw("sizes", SETS, cells, str(path))
    drawn = path.read_text()
    for words in ("rumour B", "share of samples", "endpoints 20", "endpoints 40"):
        assert f"<!-- {words} -->" in drawn
    assert "<!-- seconds -->" not in drawn
    draw("nothing", SETS, [Outcome("ours", Records(), {}, [Sample()])], str(path))
    assert "<!-- Nothing -->" in path.read_text()
