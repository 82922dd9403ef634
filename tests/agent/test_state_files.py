"""The state folder's files as bytes."""

from dataclasses import replace

import pytest

from agent.state_files import (
    FORMAT,
    START_MAX,
    aged,
    digest,
    mark_of,
    opened,
    read_members,
    read_rest,
    read_set,
    read_start,
    rest_of,
    sealed,
)
from discovery.names import Origin
from discovery.recordset import EMPTY
from discovery.refusals import Refused
from discovery.state import KeptState, write_state
from failure_detect.packing import Packable
from tests.agent.kept_states import kept_set, kept_state

EAST = kept_set("east", 3, EMPTY)


def test_the_rest_has_everything_but_the_sets_and_their_ages() -> None:
    old = replace(EAST, silent_s=4, revoked_ms=9)
    state, ages = read_rest(rest_of(kept_state([old, kept_set("west", 1, EMPTY)], 7)))
    assert (state.sets, state.saved_at_ms, len(state.floors)) == ((), 7, 2)
    assert ages == {Origin("east"): (4, 9)}
    assert aged(EAST, ages) == old
    assert aged(EAST, {}) == EAST


def test_a_mark_stands_for_the_content_and_not_for_its_age() -> None:
    assert mark_of(EAST) == mark_of(replace(EAST, silent_s=4))
    assert mark_of(EAST) != mark_of(kept_set("east", 4, EMPTY))
    assert digest(b"a") != digest(b"b")


@pytest.mark.parametrize(
    "value",
    [3, (1,), (b"no state", ()), (b"", ((1, 2, 3),)), (b"", (("east", -1, None),)), None],
)
def test_a_rest_that_is_none_is_refused(value: Packable) -> None:
    good = b"".join(write_state(KeptState()))
    if isinstance(value, tuple) and len(value) == 2 and value[0] == b"":
        value = (good, value[1])
    with pytest.raises(Refused):
        read_rest(sealed(value))


@pytest.mark.parametrize("value", [(), (-1,), (START_MAX + 1,), ("1",), 1])
def test_a_start_that_is_none_is_refused(value: Packable) -> None:
    assert read_start(sealed((START_MAX,))) == START_MAX
    with pytest.raises(Refused):
        read_start(sealed(value))


@pytest.mark.parametrize("value", [(), ((b"x",),), ((b"x",), ("y",)), 1])
def test_members_that_are_none_are_refused(value: Packable) -> None:
    assert read_members(sealed(((b"x",), ()))) == ((b"x",), ())
    with pytest.raises(Refused):
        read_members(sealed(value))


def test_a_set_is_that_of_the_origin_that_the_file_is_named_after() -> None:
    data = b"".join(write_state(KeptState(sets=(EAST,))))
    assert read_set(data, "east") == EAST
    with pytest.raises(Refused, match="is not the set of west"):
        read_set(data, "west")
    with pytest.raises(Refused, match="is not the set of east"):
        read_set(b"".join(write_state(KeptState())), "east")


@pytest.mark.parametrize("at", [0, 9, 11, -1])
def test_any_other_byte_breaks_the_seal(at: int) -> None:
    data = bytearray(sealed(("x", 1)))
    assert opened(bytes(data)) == ("x", 1)
    data[at] ^= 1
    with pytest.raises(Refused, match="damaged, or none of ours"):
        opened(bytes(data))


def test_a_later_format_says_which() -> None:
    body = sealed(1)[:-32]
    later = body[:8] + (FORMAT + 1).to_bytes(2) + body[10:]
    with pytest.raises(Refused, match=f"format {FORMAT + 1}, this version reads {FORMAT}"):
        opened(later + digest(later))
