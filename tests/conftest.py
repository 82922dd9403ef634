"""Profiles of Hypothesis, and what a test that needs a real program does without it."""

import os
import shutil

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

# Each says everything: a profile inherits what Hypothesis itself guesses about its surroundings.
settings.register_profile("dev", max_examples=50, deadline=None, derandomize=False)
settings.register_profile(
    "ci", max_examples=200, deadline=None, derandomize=True, print_blob=True, database=None
)
settings.register_profile(
    "nightly", max_examples=5_000, deadline=None, derandomize=False, print_blob=True
)


def in_ci() -> bool:
    """Whether nothing may be skipped for want of a program."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if in_ci() else "dev"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or under CI fail, what needs a program that is not on the PATH."""
    needed = [program for mark in item.iter_markers("real") for program in mark.args]
    missing = [program for program in needed if shutil.which(program) is None]
    if not missing:
        return
    reason = f"needs {', '.join(missing)}, not found on the PATH"
    if in_ci():
        pytest.fail(f"{reason}; under CI that is a failure", pytrace=False)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name at the end, in colour, whatever was skipped: a quiet skip is a lost test."""
    skipped = terminalreporter.getreports("skipped")
    if not skipped:
        return
    terminalreporter.section(f"NOT RUN: {len(skipped)}", yellow=True, bold=True)
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {reason}", yellow=True)
