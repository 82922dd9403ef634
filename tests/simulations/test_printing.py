"""What the command prints."""

import json

import pytest

from simulations.printing import print_json, print_table
from tests.simulations.test_study import study


def test_a_report_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    print_json("crash", {"members": 4}, [{"configuration": "ours", "missed": 0}])
    assert json.loads(capsys.readouterr().out) == {
        "experiment": "crash",
        "parameters": {"members": 4},
        "results": [{"configuration": "ours", "missed": 0}],
    }


def test_a_table_in_a_pipe_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(study(), [{"configuration": "ours", "low": 1, "sum": 633}])
    out = capsys.readouterr().out
    assert out.startswith("numbers: 4 members, 3 seeds\n\nconfiguration")
    assert "633" in out
    assert "\x1b" not in out
