"""The commands: what they print, and what they refuse before they run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simulations.cli import simulate
from simulations.swim.registry import EXPERIMENTS

SMALL = ("--members", "6", "--jobs", "1")


def swim(*words: str) -> Result:
    return CliRunner().invoke(simulate, ["swim", *words])


def figures(*words: str) -> Mapping[str, object]:
    result = swim(*words, "--output", "json")
    assert result.exit_code == 0, result.output
    report: Mapping[str, object] = json.loads(result.stdout)
    return report


def test_json_is_one_object_with_figures_that_name_their_units() -> None:
    report = figures("crash", *SMALL, "--crashes", "1", "--seeds", "2", "--configuration", "ours")
    assert set(report) == {"experiment", "parameters", "results"}
    assert report["experiment"] == "crash"
    (row,) = json.loads(json.dumps(report["results"]))
    assert row["configuration"] == "ours"
    assert {"median", "p99", "max"} <= set(row["first_detection_s"])
    assert {"median", "p99", "max"} <= set(row["full_detection_s"])
    for name in ("false_positives", "false_positives_at_healthy", "missed", "member_hours"):
        assert isinstance(row[name], int | float)
    for name in ("bytes_per_member_s", "sealed_bytes_per_member_s", "messages_per_member_s"):
        assert row[name] > 0


def test_there_is_one_object_for_each_cell_and_configuration() -> None:
    words = ("partition", *SMALL, "--duration", "2s,3s", "--after", "1s", "--seeds", "1")
    report = figures(*words, "--configuration", "ours", "--configuration", "swim")
    rows = json.loads(json.dumps(report["results"]))
    assert [(row["configuration"], row["duration_s"]) for row in rows] == [
        ("ours", 2.0),
        ("swim", 2.0),
        ("ours", 3.0),
        ("swim", 3.0),
    ]


def test_the_outcome_does_not_depend_on_the_number_of_processes() -> None:
    words = ["idle", "--members", "5", "--seeds", "3", "--duration", "5s", "--output", "json"]
    one, two = (swim(*words, "--jobs", jobs) for jobs in ("1", "2"))
    assert one.exit_code == two.exit_code == 0
    assert one.stdout == two.stdout


def test_a_table_says_what_its_columns_mean() -> None:
    result = swim("idle", *SMALL, "--seeds", "1", "--duration", "2s", "--configuration", "ours")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "traffic of a pool in which nothing happens: 6 members, 1 seed"
    assert lines[2].split()[:2] == ["configuration", "B/s"]
    assert lines[3].startswith("ours ")
    assert any(line.startswith("sealed B/s: ") for line in lines)


def test_on_a_terminal_there_is_a_frame_and_progress() -> None:
    inside, outside = os.openpty()
    words = [sys.executable, "-m", "agent", "simulate", "swim", "idle", *SMALL, "--seeds", "2"]
    run = subprocess.run([*words, "--duration", "1s"], stdout=outside, stderr=outside, check=False)
    os.close(outside)
    seen = b""
    with suppress(OSError):  # So a terminal says that nobody writes to it any more.
        while piece := os.read(inside, 4_096):
            seen += piece
    os.close(inside)
    assert run.returncode == 0
    assert "runs," in seen.decode()
    assert "┃ configuration" in re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", seen.decode())


def test_settings_of_ours_take_effect() -> None:
    words = ("idle", *SMALL, "--seeds", "1", "--duration", "10s", "--configuration", "ours")
    slow = figures(*words, "--set", "probe.interval=1s", "--set", "probe.round=800000")
    assert slow["parameters"] == {
        "members": 6,
        "seeds": 1,
        "first_seed": 1,
        "set": {"probe.interval": 1_000_000, "probe.round": 800_000},
        "duration_s": 10.0,
        "fingerprint": 8,
    }


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("crash", "--seeds", "0"), "'--seeds': 0 is not in the range x>=1"),
        (("crash", "--members", "1"), "'--members': 1 is not in the range x>=2"),
        (("crash", "--members", "3"), "--members 3: with these options at least 4 are needed"),
        (("crash", "--members", "5001"), "5000 at most; --set limit.members=5001 raises"),
        (("crash", "--crashes", "1,many"), "'--crashes': 'many' is not a whole number"),
        (("partition", "--duration", "0"), "'--duration': 0 is below 1ms"),
        (("pause", "--pause", "0s"), "'--pause': 0s is below 1ms"),
        (("lifeguard", "--blocked", "1us", "--between", "0"), "'--blocked': 1us is below 1ms"),
        (
            ("deaf-and-mute", "--on", "1ms", "--off", "0"),
            "--duration 200s: more than 10000 turns of 1ms + 0s",
        ),
        (("flip-flop", "--on", "2ms", "--off", "2ms"), "more than 10000 turns of 2ms + 2ms"),
        (("ablation", "--blocked", "1ms", "--between", "1ms"), "turns of 1ms + 1ms"),
        (("wan", "--shortest", "2s"), "--shortest 2s: must not exceed --longest 150ms"),
        (("crash", "--what", "both"), "'both' is none of node, agent"),
        (("crash", "--configuration", "theirs"), "'theirs' is not one of"),
        (("crash", "--set", "probe"), "'probe' lacks a '='; probe.interval=500ms would do"),
        (("crash", "--set", "probe.round=soon"), "'soon' is no duration"),
        (("crash", "--set", "probe.pace=1"), "$.probe.pace: is not an option"),
        (("crash", "--set", "probe.relays=1", "--configuration", "swim"), "not among"),
        (("crash", "--plot", "picture.gif"), "must end in .pdf, .png, .svg"),
        (("crash", "--plot", "nowhere/picture.png"), "no such directory"),
        (("crash", "--jobs", "0"), "'--jobs': 0 is not in the range"),
        (("all", "--only", "no such words"), "no target has"),
        (("all", "--write", "nowhere/RESULTS.md"), "no such directory"),
        (("all", "--missing"), "--missing needs --write FILE"),
        (("nothing",), "No such command 'nothing'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(words: tuple[str, ...], why: str) -> None:
    result = swim(*words)
    assert result.exit_code == 2
    assert why in " ".join(result.output.split())


def test_without_matplotlib_it_says_how_to_install_it(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from simulations.cli import simulate\n"
        f"simulate(['swim', 'crash', '--plot', {str(tmp_path / 'x.png')!r}])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "pip install 'isthmus[plot]'" in run.stderr


def test_a_picture_is_drawn_beside_the_table(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    words = ("--seeds", "1", "--crashes", "1", "--configuration", "ours", "--plot", str(path))
    result = swim("crash", *SMALL, *words)
    assert result.exit_code == 0, result.output
    assert path.read_text().startswith("<?xml")


def test_every_experiment_explains_itself() -> None:
    listed = swim("list").output
    overview = swim("--help").output
    for name in EXPERIMENTS:
        assert name in listed
        assert f"  {name} " in overview
        result = swim(name, "--help")
        assert result.exit_code == 0
        assert "--configuration" in result.output
    assert "configurations: ours, memberlist, lifeguard, swim" in listed


def test_a_run_that_fails_names_its_seed_and_the_command_that_repeats_it() -> None:
    result = swim(
        "loss", *SMALL, "--loss", "1e-9", "--duration", "1s", "--seeds", "1", "--first-seed", "7"
    )
    assert result.exit_code == 1
    assert "without any effect" in result.output or "VacuityError" in result.output
    assert "--first-seed 7 --seeds 1 --members 6" in result.output


def test_all_writes_the_table_of_what_must_be_reached(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    result = swim("all", "--quick", "--only", "N = 3", "--write", str(path), "--jobs", "1")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("crash, N = 3 (quick: 3 members): everyone ")
    text = path.read_text()
    assert "| crash, N = 3 (quick: 3 members) | everyone max <= 5; FP <= 0 |" in text
    assert f"`isthmus simulate swim all --quick --write {path}`" in text


def test_all_runs_no_more_seeds_than_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    words = ("all", "--quick", "--seeds", "1", "--only", "N = 2", "--write", str(path))
    result = swim(*words, "--jobs", "1")
    assert result.exit_code == 0, result.output
    assert "--quick --seeds 1" in path.read_text()
    assert "--seeds 1 --members 2" in path.read_text()


def quick(path: Path, *words: str) -> Result:
    few = ("all", "--quick", "--seeds", "1", "--jobs", "1", "--write", str(path))
    return swim(*few, *words)


def test_a_run_of_some_targets_leaves_the_rows_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    quick(path, "--only", "crash, N = 3")
    alone = path.read_text()
    quick(path, "--only", "crash, N = 2")
    both = path.read_text()
    assert "**2 of 2 targets are met.**" in both
    # In the order of the targets, whichever was measured first.
    two, three = both.index("## crash, N = 2 "), both.index("## crash, N = 3 ")
    assert two < three
    assert alone[alone.index("## crash, N = 3 ") :] == both[three:]


def test_what_a_file_has_is_not_run_again_where_only_the_missing_is_asked_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "RESULTS.md"
    quick(path, "--only", "crash, N = 3")
    marked = path.read_text().replace("FP 0", "FP 7")
    path.write_text(marked)
    result = quick(path, "--missing", "--only", "crash, N = ")
    ran = [line.partition(":")[0] for line in result.output.splitlines()]
    assert ran == [f"crash, N = {size} (quick" for size in ("128", "1,000", "2")]
    assert path.read_text().count("FP 7") == marked.count("FP 7") > 0
    assert " of 4 targets are met.**" in path.read_text()


def test_a_row_that_was_measured_otherwise_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    quick(path, "--only", "crash, N = 3")
    result = quick(path, "--missing", "--only", "crash, N = 3", "--set", "probe.interval=900ms")
    assert result.output.startswith("crash, N = 3 (quick")
    assert quick(path, "--missing", "--only", "crash, N = 3").output.startswith("crash, N = 3")
    last = quick(path, "--missing", "--only", "crash, N = 3")
    assert last.output == f"{path}: nothing is missing\n"


def test_rows_that_a_run_does_not_know_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    quick(path, "--only", "crash, N = 3")
    before = path.read_text()
    result = swim("all", "--seeds", "1", "--only", "crash, N = 2", "--write", str(path))
    assert result.exit_code == 2
    assert "it has 'crash, N = 3 (quick: 3 members)' and 0 more that this run" in result.stderr
    assert path.read_text() == before


def test_only_finds_a_study_without_a_target_too(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    result = quick(path, "--only", "part of Lifeguard")
    assert (result.exit_code, result.output) == (0, "")
    assert "## What each part of Lifeguard is worth\n\n`isthmus simulate" in path.read_text()


def test_all_as_json_is_one_object_too() -> None:
    result = swim("all", "--quick", "--only", "N = 2", "--output", "json", "--jobs", "1")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["experiment"] == "all"
    assert [row["configuration"] for row in report["results"]] == ["ours", "memberlist"]
    assert {row["target"] for row in report["results"]} == {"crash, N = 2 (quick: 2 members)"}


def sets(*words: str) -> Result:
    return CliRunner().invoke(simulate, ["sets", *words])


FEW = ("--nodes", "5", "--changes", "4", "--jobs", "1")


def test_another_family_has_no_members_and_nothing_to_compare() -> None:
    result = sets("records", *FEW, "--endpoints", "20,40", "--seeds", "2", "--output", "json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["parameters"] == {
        "seeds": 2,
        "first_seed": 1,
        "services": 1,
        "endpoints": [20, 40],
        "nodes": 5,
        "changes": 4,
    }
    assert [row["endpoints"] for row in report["results"]] == [20, 40]
    assert all(row["rumour_bytes"]["samples"] == 8 for row in report["results"])


def test_its_table_and_its_picture_tell_cells_apart(tmp_path: Path) -> None:
    path = tmp_path / "records.svg"
    words = ("--endpoints", "20,40", "--seeds", "1", "--plot", str(path))
    result = sets("records", *FEW, *words)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "how many bytes a set takes, and one change to it: 1 seed"
    assert lines[2].split()[:2] == ["endpoints", "records"]
    assert [line.split()[0] for line in lines[3:5]] == ["20", "40"]
    assert "<!-- endpoints 40 -->" in path.read_text()


def test_all_of_another_family_writes_its_own_table(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    few = ("--quick", "--seeds", "1", "--only", "in one datagram")
    result = sets("all", *few, "--write", str(path), "--jobs", "1")
    assert result.exit_code == 0, result.output
    text = path.read_text()
    assert text.startswith("# What signed endpoint sets reach\n")
    assert "`isthmus simulate sets all --quick --seeds 1" in text
    assert "(quick) | rumour B max <= 1000 | " in text
    assert "`isthmus simulate sets records --seeds 1 --services 1 --endpoints 100" in text


def test_what_a_family_lacks_cannot_be_asked_of_it() -> None:
    for words in (("--members", "4"), ("--configuration", "ours"), ("--set", "probe.relays=1")):
        result = sets("records", *words)
        assert result.exit_code == 2
        assert "No such option" in result.output


def test_each_family_lists_its_own() -> None:
    listed = sets("list").output
    assert listed.startswith("records  ")
    assert "  how many bytes a set takes" in listed
    assert "configurations" not in listed
    assert "crash" not in listed
