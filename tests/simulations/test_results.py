"""The document says what was run, what came out, and what is not met."""

from simulations.results import Finding, document, part, study_part, summary
from simulations.samples import Row
from simulations.swim.bench import BENCH
from simulations.swim.targets import TARGETS
from simulations.targets import Target


def target(words: str) -> Target:
    (found,) = [target for target in TARGETS if target.what == words]
    return found


def crash(configuration: str, first: float, full: float) -> Row:
    return {
        "configuration": configuration,
        "first_detection_s": {"median": first, "max": first + 1, "samples": 20},
        "full_detection_s": {"median": full, "max": full + 1, "samples": 20},
        "false_positives": 0,
        "false_positives_per_member_hour": {"mean": 0.0, "low": 0.0, "high": 0.037},
        "member_hours": 100.0,
    }


def finding(*rows: Row, what: str = "crash, N = 128") -> Finding:
    return Finding(target(what), target(what).study(), rows)


GOOD = finding(crash("ours", 3.0, 3.2), crash("swim", 12.44, 13.0))
BAD = finding(crash("ours", 3.4, 4.5))


def written(*findings: Finding) -> str:
    parts = [part(BENCH, each) for each in findings]
    more = study_part("More", target("idle").study(), [{"configuration": "ours"}])
    return document(BENCH, "isthmus simulate swim all --quick", [*parts, more])


def test_a_target_is_met_when_all_its_limits_are() -> None:
    assert (GOOD.failed, GOOD.verdict) == ([], "met")


def test_what_is_not_met_is_said_with_its_figure() -> None:
    assert BAD.verdict == ("not met: first median 3.4, everyone median 4.5, everyone max 5.5")
    assert summary(BAD).startswith("crash, N = 128: first 3.40 (4.40), everyone 4.50 (5.50), FP 0")


def test_a_figure_that_is_not_there_is_not_met() -> None:
    assert finding({"configuration": "ours"}, what="idle").verdict == (
        "not met: sealed B/s is nothing, FP is nothing"
    )


def test_the_document_holds_the_command_the_table_and_the_details() -> None:
    text = written(GOOD, BAD)
    assert "`isthmus simulate swim all --quick`" in text
    assert "**1 of 2 targets are met.**" in text
    line = next(line for line in text.splitlines() if line.startswith("| crash, N = 128 | first"))
    assert "first 3.00 (4.00), everyone 3.20 (4.20), FP 0" in line
    assert "swim: first 12.44 (13.44)" in line
    assert "| 20 | 100.00 | 0 [0, 0.037] | **met** |" in line
    assert "`isthmus simulate swim crash --seeds 20 --members 128 --configuration ours" in text
    (_, more) = text.split("\n## More\n\n")
    assert more.startswith("`isthmus simulate swim idle --seeds 20 --members 128 ")
    assert text.endswith(".\n")


def test_baselines_are_held_against_what_was_published() -> None:
    lines = part(BENCH, GOOD).beliefs
    assert ("crash, N = 128", "swim", "first median", "12.44", "12.44", "+0.0 %") in [
        line[:6] for line in lines
    ]
    assert [line[3:6] for line in lines if line[2] == "everyone median"] == [
        ("12.9", "13.00", "+0.8 %")
    ]
    assert part(BENCH, BAD).beliefs == ()
    nothing = finding({"configuration": "memberlist"}, what="idle")
    assert [line[3:6] for line in part(BENCH, nothing).beliefs] == [
        ("100.9", "-", "-"),
        ("2", "-", "-"),
    ]
    assert "# Whether the simulator can be believed" not in written(BAD)
    assert "| 12.9 | 13.00 | +0.8 % |" in written(GOOD)
