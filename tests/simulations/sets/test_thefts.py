"""What a cluster itself says stands in the end, and its key's misuse is proven."""

import pytest

from failure_detect.clock import SECOND
from simulations.sets.thefts import Equivocate
from simulations.trials import Scene


@pytest.mark.parametrize("higher", ["stranger", "cluster"])
def test_the_clusters_own_word_stands_above_the_strangers(higher: str) -> None:
    sample = Equivocate(clusters=4, higher=higher).run(Scene(seed=1))
    assert max(sample.durations["healed"]) < 20 * SECOND
    assert sample.counts["proofs"] >= max(1, sample.counts["held_both"])
    # Where the stranger's set is the higher one, the cluster has to go above it.
    assert sample.counts["signed"] == 2 + (higher == "stranger")


def test_a_far_side_of_one_bridge_is_said_before_it_runs() -> None:
    said = "--bridges 1: two are needed in 1 of the clusters"
    assert Equivocate(clusters=3, bridges=1).fault() == said
    assert Equivocate(clusters=4, bridges=1).fault() is None
    assert Equivocate(clusters=2, bridges=2).fault() is None
    assert Equivocate(nodes=2, bridges=3).fault() is not None
