"""The document of signed sets has no columns of other configurations."""

from simulations.results import Finding, document, part, summary
from simulations.sets.bench import BENCH


def test_the_table_has_what_the_family_has() -> None:
    target = BENCH.targets[0]
    rumour: dict[str, float] = {
        "median": 570,
        "p99": 580,
        "p99.9": 586,
        "max": 1_200,
        "samples": 500,
    }
    finding = Finding(target, target.study(), [{"configuration": "ours", "rumour_bytes": rumour}])
    text = document(BENCH, "isthmus simulate sets all", [part(BENCH, finding)])
    assert "| what | must reach | ours | known | seeds | verdict |" in text
    assert "| rumour B max <= 1000 | rumour B 570 (1200) | - | 5 | **not met: " in text
    assert f"`{target.study().command()}`" in text
    assert "--configuration" not in text
    assert "\n| rumour B |\n| --- |\n| 570 (1200) |\n" in text
    assert summary(finding).endswith(": rumour B 570 (1200): not met: rumour B max 1200")
