"""A dead node is out everywhere, and what lives is in every view at every instant."""

import pytest

from discovery.silences import REST
from failure_detect.clock import SECOND
from simulations.sets.nodes import NodeDown, Split
from simulations.trials import Scene


@pytest.mark.parametrize("without", ["nothing", "publisher", "api-server", "the-bridge-there"])
def test_a_node_that_falls_silent_is_out_soon_and_comes_back(without: str) -> None:
    sample = NodeDown(clusters=4, incidents=2, without=without).run(Scene(seed=1))
    assert sample.counts["nodes_down"] == 2
    assert len(sample.durations["node_out"]) == 2 * 3 * 3
    assert max(sample.durations["node_out_everywhere"]) < 2 * SECOND
    assert max(sample.durations["back_everywhere"]) < SECOND


def test_the_word_of_a_sole_bridge_counts() -> None:
    sample = NodeDown(clusters=3, bridges=1, incidents=1).run(Scene(seed=2))
    # To whom nobody objects, it waits until its losses rest.
    assert min(sample.durations["node_out"]) > REST
    assert max(sample.durations["node_out"]) < REST + SECOND


@pytest.mark.parametrize("share", [50, 34, 67])
@pytest.mark.parametrize("wan", ["whole", "split"])
def test_neither_half_of_a_pool_withdraws_what_lives(share: int, wan: str) -> None:
    counts = Split(clusters=4, share=share, wan=wan, lasting=15 * SECOND).run(Scene(seed=1)).counts
    assert counts["withdrawn"] == counts["called_down"] == 0
    # The half that has lost more than half of the pool takes itself for what is cut off.
    assert counts["cut_off"] == {50: 0, 34: 2, 67: 1}[share]


def test_a_split_has_bridges_in_both_halves() -> None:
    assert Split(bridges=2).fault() is None
    assert Split(bridges=1).fault() == (
        "--bridges 1: there are bridges in both halves, and nobody objects to a sole one"
    )
    assert Split(bridges=30).fault() == "--bridges 30: each has a node, and there are 20"


def test_what_nobody_reaches_is_withdrawn_and_comes_back() -> None:
    sample = Split(clusters=4, share=67, wan="severed", lasting=30 * SECOND).run(Scene(seed=1))
    assert sample.counts["withdrawn"] > 0
    assert sample.counts["called_down"] > 0
    assert max(sample.durations["back_everywhere"]) < 10 * SECOND
