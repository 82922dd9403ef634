"""What is lacking comes, and is counted."""

from zlib import compress

from failure_detect.packing import pack
from simulations.sets.joins import Join, TwoDiffer, compressed_bytes
from simulations.trials import Scene
from tests.simulations.sets.fleets import small_stage


def test_a_bridge_that_enters_gets_all_for_about_the_compressed_bytes() -> None:
    small = Join(origins=12, providers=2, services=3, endpoints=20, nodes=5)
    sample = small.run(Scene(seed=1))
    (joined,), row = sample.durations["joined"], small.derive(sample.counts)
    assert 0 < joined < 20_000_000
    assert sample.amounts["received_bytes"] == [sample.counts["bytes_came"]]
    assert sample.amounts["catalog_zlib_bytes"] == [sample.counts["bytes_due"]]
    assert sample.amounts["pulls"][0] >= 1
    ratio, wire = row["received_ratio"], row["received_wire_ratio"]
    assert isinstance(ratio, float)
    assert isinstance(wire, float)
    assert 0.3 < ratio < wire < 3


def test_a_catalog_is_compressed_set_by_set() -> None:
    sets = small_stage().first_sets
    packed = [
        pack([each.manifest.raw, [part for pair in each.records for part in pair]]) for each in sets
    ]
    assert compressed_bytes(sets) == sum(len(compress(each, 6)) for each in packed)


def test_one_record_is_found_by_a_comparison_each_and_a_pull() -> None:
    small = TwoDiffer(origins=20, services=2, endpoints=20, nodes=5)
    sample = small.run(Scene(seed=1))
    assert 2 <= sample.amounts["requests"][0] <= 3
    assert 500 < sample.amounts["repair_bytes"][0] < 4_096
    assert len(sample.durations["repaired"]) == 1
