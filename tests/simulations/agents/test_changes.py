"""The experiment with changes says what cannot be measured before it starts anything."""

import pytest
from click.testing import CliRunner

from simulations.cli import simulate


@pytest.mark.parametrize(
    ("option", "value"), [("--pause", "2s"), ("--network", "201"), ("--pace", "wan")]
)
def test_what_cannot_be_measured_is_refused(option: str, value: str) -> None:
    run = CliRunner().invoke(simulate, ["agents", "changes", option, value])
    assert run.exit_code == 2
    assert option in run.stderr
