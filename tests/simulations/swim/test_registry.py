"""Experiments are found by their names."""

from simulations.swim.registry import EXPERIMENTS


def test_experiments_go_by_the_names_of_their_plans() -> None:
    assert all(kind.plan.name == name for name, kind in EXPERIMENTS.items())


def test_all_that_is_promised_is_there() -> None:
    promised = {"idle", "crash", "mass-crash", "lifeguard", "deaf-and-mute", "partition"}
    promised |= {"join", "loss", "pause", "flip-flop", "wan", "ablation"}
    assert promised == set(EXPERIMENTS)
