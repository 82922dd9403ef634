"""What the suite does with tests that need something, seen on a small suite of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
CHOOSERS = {"CI", "HYPOTHESIS_PROFILE"}

NEEDY = """
import pytest

@pytest.mark.real("sh")
def test_of_what_is_here():
    pass

@pytest.mark.real("a-program-that-is-nowhere")
def test_of_what_is_missing():
    raise AssertionError("it ran without what it needs")
"""

SHOW_PROFILE = """
import runpy, sys
from hypothesis import settings
runpy.run_path(sys.argv[1])
print(settings().max_examples, settings().derandomize, settings().deadline)
"""


def run(pytester: pytest.Pytester, source: str) -> pytest.RunResult:
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\nmarkers = ["real: needs a program"]')
    pytester.makepyfile(source)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider")


def test_a_missing_program_skips_its_tests_and_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    result = run(pytester, NEEDY)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*NOT RUN: 1*", "*needs a-program-that-is-nowhere*"])


def test_a_missing_program_fails_its_tests_under_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    result = run(pytester, NEEDY)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*needs a-program-that-is-nowhere*under CI that is a failure*"])


@pytest.mark.parametrize(
    ("environment", "profile"),
    [
        ({}, "50 False None"),
        ({"CI": "true"}, "200 True None"),
        ({"CI": "0"}, "50 False None"),
        ({"CI": "true", "HYPOTHESIS_PROFILE": "dev"}, "50 False None"),
        ({"CI": "true", "HYPOTHESIS_PROFILE": "nightly"}, "5000 False None"),
    ],
)
def test_the_environment_chooses_the_profile(environment: dict[str, str], profile: str) -> None:
    inherited = {key: os.environ[key] for key in os.environ if key not in CHOOSERS}
    command = [sys.executable, "-c", SHOW_PROFILE, str(CONFTEST)]
    shown = subprocess.check_output(command, env={**inherited, **environment}, text=True)
    assert shown.strip() == profile
