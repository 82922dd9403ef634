"""The document of the failure detector says how it was made, and has one study without a target."""

from simulations.results import document
from simulations.swim.bench import BENCH
from simulations.swim.registry import SWIM


def test_it_says_what_wrote_it_and_what_its_words_mean() -> None:
    text = document(BENCH, "isthmus simulate swim all --seeds 3", [])
    assert text.startswith("# What the failure detector reaches\n\nWritten by `isthmus simulate")
    assert "`isthmus simulate swim all --seeds 3` from its own output" in text


def test_the_ablation_is_run_besides() -> None:
    ((title, study),) = BENCH.more(quick=True, seeds=1)
    assert title == "What each part of Lifeguard is worth"
    assert (study.family, len(study.seeds)) == (SWIM, 1)


def test_what_was_published_is_of_targets_and_configurations_that_there_are() -> None:
    known = {target.what: target.configurations for target in BENCH.targets}
    assert all(each.who in known[each.what] for each in BENCH.published)
