"""Names of leaves: the same on both sides, valid, and no two alike."""

from hypothesis import given
from hypothesis import strategies as st

from agent.drivers.osm_names import leaf_name, leaf_parts, name_stem, parked_name, split_name
from discovery.names import Origin, is_label

PIECES = ("a", "b", "mc", "mc1", "mcx", "-", "-mc-", "-mc8-", "x" * 30)
LABELS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join).filter(is_label)


def test_a_leaf_is_called_by_service_and_cluster() -> None:
    assert leaf_name("store", Origin("beta")) == "store-mc-beta"
    assert leaf_name("store", Origin("beta"), (8_081,)) == "store-mc8081-beta"
    assert leaf_name("store", Origin("beta"), (8_081, 9_090)) == "store-mc8081x9090-beta"
    assert parked_name("store") == "store-mc0-none"
    assert split_name("store") == "store-mc"


def test_a_leaf_tells_its_service_and_cluster() -> None:
    assert leaf_parts("store-mc-beta") == ("store", "beta")
    assert leaf_parts("store-mc8081x9090-be-ta") == ("store", "be-ta")
    for name in ("store", "store-mc", "-mc-beta", "a-mc-b-mc-c", "store-mcx-0123456789ab"):
        assert leaf_parts(name) is None


@given(LABELS, LABELS, st.sampled_from([(), (8,), (8, 9)]))
def test_a_name_is_a_label_whatever_it_is_made_of(
    service: str, origin: str, numbers: tuple[int, ...]
) -> None:
    assert is_label(leaf_name(service, Origin(origin), numbers))
    assert is_label(parked_name(service))
    assert leaf_name(service, Origin(origin), numbers).startswith(name_stem(service))
    assert split_name(service).startswith(name_stem(service))
    assert parked_name(service).startswith(name_stem(service))


@given(st.lists(st.tuples(LABELS, LABELS, st.sampled_from([(), (8,), (8, 9)])), max_size=30))
def test_no_two_leaves_have_one_name(leaves: list[tuple[str, str, tuple[int, ...]]]) -> None:
    names = {leaf_name(service, Origin(o), numbers) for service, o, numbers in leaves}
    assert len(names) == len(set(leaves))


def test_what_could_be_read_in_two_ways_ends_with_a_hash() -> None:
    first, second = leaf_name("a-mc-b", Origin("c")), leaf_name("a", Origin("b-mc-c"))
    assert first != second
    assert first.startswith("a-mcx-")
    assert second.startswith("a-mcx-")
    assert leaf_name("a-mc", Origin("b")) != leaf_name("a", Origin("mc-b"))
