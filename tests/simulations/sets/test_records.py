"""The sizes of sets, records and rumours are measured as they travel."""

from simulations.sets.records import Records
from simulations.trials import Scene


def test_a_run_measures_the_set_once_and_each_change() -> None:
    sample = Records(services=3, endpoints=20, nodes=5, changes=10).run(Scene(seed=4))
    amounts = sample.amounts
    assert amounts["records"] == [1 + 3 + 3 * 2]
    assert amounts["set_bytes"][0] > amounts["set_zlib_bytes"][0] > 500
    assert len(amounts["rumour_bytes"]) == len(amounts["manifest_bytes"]) == 10
    assert len(amounts["record_bytes"]) == len(amounts["record_zlib_bytes"]) >= 10
    assert all(
        manifest < rumour <= manifest + 2 * (max(amounts["record_bytes"]) + 10)
        for manifest, rumour in zip(amounts["manifest_bytes"], amounts["rumour_bytes"], strict=True)
    )
    assert (sample.durations, sample.counts) == ({}, {})


def test_equal_seeds_measure_the_same() -> None:
    small = Records(services=2, endpoints=20, nodes=5, changes=10)
    one, same, other = (small.run(Scene(seed=seed)).amounts for seed in (1, 1, 2))
    assert one == same != other
