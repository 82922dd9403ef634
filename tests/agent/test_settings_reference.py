"""The reference and the schema say what the code does."""

from pathlib import Path

from agent.objects import at
from agent.settings_reference import settings_reference, settings_schema

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_in_the_repository_is_the_one_that_the_code_makes() -> None:
    made = settings_reference()
    kept = (ROOT / "docs" / "configuration.md").read_text()
    assert made == kept, "run: python -m agent.settings_reference > docs/configuration.md"


def test_no_field_is_without_words() -> None:
    rows = [line for line in settings_reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 130
    assert not [row for row in rows if row.endswith("|  |")]


def test_the_schema_has_the_machines_numbers_with_units_and_defaults() -> None:
    schema = settings_schema()
    assert at(schema, "required") == ["apiVersion", "kind", "cluster", "store", "state", "keys"]
    assert at(schema, "properties", "stopWithin", "default") == "10s"
    lan = at(schema, "$defs", "DetectorSettings", "properties", "lan", "properties", "probe")
    assert at(lan, "properties", "interval", "default") == "800ms"
    assert at(lan, "properties", "relays", "type") == "integer"
    assert at(schema, "properties", "publisher", "properties", "guard", "properties", "least")
    assert at(schema, "properties", "publisher", "properties", "audience") is None
