"""What a store says when it cannot: one family of errors, so that callers can catch it."""

import pytest

from agent import store


@pytest.mark.parametrize(
    "error",
    [
        store.NotFoundError,
        store.ConflictError,
        store.InvalidError,
        store.NotServedError,
        store.GoneError,
        store.ForbiddenError,
        store.UnavailableError,
    ],
)
def test_every_refusal_of_a_store_is_a_store_error(error: type[store.StoreError]) -> None:
    with pytest.raises(store.StoreError, match="shop/web"):
        raise error("Service shop/web")


def test_the_types_of_a_change_are_those_of_the_api() -> None:
    assert [str(each) for each in store.ChangeType] == ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
