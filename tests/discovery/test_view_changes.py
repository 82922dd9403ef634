"""What became of services between two looks."""

from discovery.view_changes import ViewDiff, diff_of
from tests.discovery.view_world import BANK, CART, SHOP


def test_a_diff_tells_what_came_went_and_differs_by_name() -> None:
    diff = diff_of({SHOP: (None, 1), CART: (1, None), BANK: (1, 2)})
    assert diff == ViewDiff(added=(SHOP,), changed=(BANK,), removed=(CART,))
    assert diff.services == (BANK, CART, SHOP)
    assert diff


def test_what_is_equal_or_was_never_there_is_not_named() -> None:
    diff = diff_of({SHOP: (1, 1), CART: (None, None)})
    assert diff == ViewDiff()
    assert not diff
