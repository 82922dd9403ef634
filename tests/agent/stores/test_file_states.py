"""What a store knows of files and objects is the same after the journal."""

import json

import pytest

from agent.objects import MANAGER, SERVICE, Document, Kind, ObjectKey
from agent.stores.faults import Fault, FaultReason
from agent.stores.file_states import (
    MANAGERS,
    Claim,
    FileState,
    Lane,
    Source,
    lane_of,
    packed_key,
    packed_sources,
    packed_state,
    packed_step,
    path_of,
    read_key,
    read_sources,
    read_state,
    read_step,
)
from agent.stores.shelf import Held, Numbered
from agent.stores.yaml_nodes import is_document

WEB = ObjectKey(SERVICE, "shop", "web")
THING = ObjectKey(Kind("x.example", "Thing", "things", ("v1",), is_namespaced=False), "", "one")


def through_json(value: object) -> object:
    return json.loads(json.dumps(value))


def record(value: Document) -> Document:
    found = through_json(value)
    assert is_document(found)
    return found


@pytest.mark.parametrize("key", [WEB, THING])
def test_a_key_is_packed_and_read(key: ObjectKey) -> None:
    assert read_key(through_json(packed_key(key))) == key


def test_a_known_kind_is_the_one_that_this_program_knows() -> None:
    assert read_key(through_json(packed_key(WEB))).kind is SERVICE


@pytest.mark.parametrize("stamp", [None, (1, 2, 3, 4)])
def test_the_state_of_a_file_is_packed_and_read(stamp: tuple[int, int, int, int] | None) -> None:
    fault = Fault("a.yaml", 3, "kind", FaultReason.INVALID, "p", "r")
    claims = (Claim(WEB, "d1", 4), Claim(THING, "d2", 9))
    state = FileState("a.yaml", stamp, "d", claims, claims[:1], (fault,))
    assert read_state(record(packed_state(state))) == state


@pytest.mark.parametrize(
    "held", [None, Held({"kind": "Service"}, {"a": frozenset({("f:x", "f:y")})})]
)
def test_what_became_of_an_object_is_packed_and_read(held: Held | None) -> None:
    sources = {} if held is None else {Lane.STATUS: Source("status/x.yaml", "d")}
    step = Numbered((7, 0), WEB, held)
    assert read_step(record(packed_step(step, sources))) == (step, sources)
    assert read_sources(through_json(packed_sources(sources))) == sources


@pytest.mark.parametrize(
    "broken", [{"version": "7"}, {"key": []}, {"owners": {"a": 7}}, {"sources": {"9": []}}]
)
def test_what_is_no_record_is_refused(broken: Document) -> None:
    good = packed_step(Numbered((7, 0), WEB, Held({}, {})), {})
    with pytest.raises(ValueError, match=r"."):
        read_step({**good, **broken})


def test_who_writes_a_file_is_told_by_its_place() -> None:
    paths = ("web.yaml", "managed.yaml", "a/managed/x.yaml", "managed/x.yaml", "status/a/x.yaml")
    person, managed, status = Lane
    assert [lane_of(path) for path in paths] == [person, person, person, managed, status]
    assert MANAGERS[Lane.MANAGED] == MANAGER
    assert path_of(Lane.MANAGED, WEB) == "managed/Service/shop.web.yaml"
    assert path_of(Lane.STATUS, THING) == "status/Thing.x.example/one.yaml"
    assert lane_of(path_of(Lane.STATUS, WEB)) is Lane.STATUS


def test_no_name_is_too_long_for_a_file() -> None:
    one, two = (ObjectKey(SERVICE, "n" * 63, "x" * 252 + end) for end in "ab")
    paths = {path_of(Lane.MANAGED, one), path_of(Lane.MANAGED, two)}
    assert len(paths) == 2
    assert all(len(path.rpartition("/")[2]) < 220 for path in paths)
