"""All steps of the demonstration, as whoever clones the repository sees them first."""

import json
import subprocess
import sys

import pytest

from agent.demo.steps import STEPS


def test_each_step_says_what_is_expected() -> None:
    assert len({step.title for step in STEPS}) == len(STEPS) == 10
    assert all(step.expected for step in STEPS)


@pytest.mark.alone
@pytest.mark.timeout(400)
def test_everything_goes_as_expected() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "agent", "demo", "--network", "130", "--output", "json"],
        capture_output=True,
        text=True,
        timeout=380,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout)
    assert [each["step"] for each in found] == [step.title for step in STEPS]
    assert all(each["asExpected"] for each in found)
