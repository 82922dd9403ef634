"""The floor under the coverage holds each package, its lines and its branches."""

import json
from pathlib import Path

import pytest

from tests.coverage_floor import File, Summary, main, verdicts


def file(lines: int, branches: int) -> File:
    """A file of 100 lines and 100 branches, of which so many are reached."""
    summary = Summary(
        covered_lines=lines, num_statements=100, covered_branches=branches, num_branches=100
    )
    return File(summary=summary)


def failing(files: dict[str, File]) -> list[str]:
    return [line.split()[0] for line, passes in verdicts(files) if not passes]


def test_the_floor_itself_passes_for_lines_and_for_branches() -> None:
    assert failing({"agent/cli.py": file(90, 90)}) == []
    assert failing({"agent/cli.py": file(89, 100)}) == ["agent"]
    assert failing({"agent/cli.py": file(100, 89)}) == ["agent"]


def test_a_package_does_not_pay_for_another() -> None:
    assert failing({"agent/cli.py": file(100, 100), "discovery/a.py": file(70, 70)}) == [
        "discovery"
    ]


def test_the_files_of_a_package_pay_for_each_other() -> None:
    files = {"agent/cli.py": file(100, 100), "agent/core.py": file(80, 80)}
    assert failing(files) == []


def test_a_package_without_code_passes() -> None:
    nothing = Summary(covered_lines=0, num_statements=0, covered_branches=0, num_branches=0)
    assert failing({"discovery/__init__.py": File(summary=nothing)}) == []


def test_the_exit_code_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": {"agent/cli.py": file(50, 95)}}))
    assert main(str(report)) == 1
    expected = "agent            lines  50.0 %   branches  95.0 %   below 90 %"
    assert capsys.readouterr().out.splitlines()[0] == expected
    report.write_text(json.dumps({"files": {}}))
    assert main(str(report)) == 0
