"""Which file counts for an object, and the same ledger out of the journal."""

import json

import pytest

from agent.objects import SERVICE, Document, ObjectKey, at
from agent.stores.faults import Fault, FaultReason
from agent.stores.file_states import Claim, FileState, Lane, Source
from agent.stores.ledger import Ledger, UnknownFormatError
from agent.stores.shelf import Drop, Held, Put
from agent.stores.yaml_nodes import is_document
from tests.agent.stores.site import WEB, service

API = ObjectKey(SERVICE, "shop", "api")


def state(path: str, *claims: Claim, lingering: tuple[Claim, ...] = ()) -> FileState:
    return FileState(path, (1, 2, 3, 4), "digest", claims, lingering, ())


def claim(key: ObjectKey = WEB, digest: str = "d") -> Claim:
    return Claim(key, digest, 3)


def gone(path: str) -> FileState:
    return FileState(path, None, "", (), (), ())


def filled() -> Ledger:
    ledger = Ledger()
    ledger.identity = "east"
    for key in (WEB, API):
        put = Put(key, Held(service(key.name), {"a": frozenset({("f:spec",)})}))
        source = {key: {Lane.PERSON: Source("a.yaml", "d")}}
        ledger.take_steps(ledger.shelf.numbered([put]), source)
    ledger.take_file(state("a.yaml", claim(WEB), claim(API)))
    ledger.take_file(state("b.yaml", claim(WEB, "other")))
    return ledger


def through_json(records: list[Document]) -> list[Document]:
    found = json.loads(json.dumps(records))
    assert isinstance(found, list)
    return [each for each in found if is_document(each)]


def told(ledger: Ledger) -> list[object]:
    kinds = {kind: ledger.shelf.keys(kind) for kind in ledger.shelf.kinds()}
    held = [ledger.shelf.held(key) for keys in kinds.values() for key in keys]
    return [held, ledger.files, ledger.sources, ledger.identity, sorted(ledger.faults())]


def test_the_first_file_by_name_counts_and_the_others_are_shown() -> None:
    ledger = filled()
    assert ledger.claimant(Lane.PERSON, WEB) == "a.yaml"
    (fault,) = ledger.faults()
    assert (fault.where, fault.line) == ("b.yaml", 3)
    ledger.take_file(gone("a.yaml"))
    assert ledger.claimant(Lane.PERSON, WEB) == "b.yaml"
    assert ledger.wanted(WEB) == {Lane.PERSON: Source("b.yaml", "other")}
    assert ledger.wanted(API) == {}
    assert list(ledger.faults()) == []


def test_a_file_that_only_had_an_object_gives_way() -> None:
    ledger = filled()
    ledger.take_file(state("a.yaml", lingering=(claim(WEB), claim(API))))
    assert ledger.claimant(Lane.PERSON, WEB) == "b.yaml"
    assert ledger.claimant(Lane.PERSON, API) == "a.yaml"
    assert ledger.lingering == {"a.yaml"}
    assert list(ledger.faults()) == []
    assert ledger.keys_of("a.yaml") == {WEB, API}
    ledger.take_file(gone("a.yaml"))
    assert ledger.lingering == set()
    assert "a.yaml" not in ledger.files


def test_files_of_different_lanes_do_not_contend() -> None:
    ledger = filled()
    ledger.take_file(state("managed/x.yaml", claim(API, "m")))
    assert ledger.wanted(API) == {
        Lane.PERSON: Source("a.yaml", "d"),
        Lane.MANAGED: Source("managed/x.yaml", "m"),
    }
    assert len(list(ledger.faults())) == 1


def test_what_is_wrong_in_a_file_is_told_until_it_is_not() -> None:
    ledger = Ledger()
    fault = Fault("a.yaml", 1, "", FaultReason.SYNTAX, "p", "r")
    ledger.take_file(FileState("a.yaml", (1, 2, 3, 4), "d", (), (), (fault,)))
    edition = ledger.edition
    assert list(ledger.faults()) == [fault]
    ledger.take_file(state("a.yaml"))
    assert list(ledger.faults()) == []
    assert ledger.edition != edition


def test_a_journal_that_was_begun_with_it_gives_the_same_ledger() -> None:
    ledger = filled()
    other = Ledger()
    other.read(through_json(list(ledger.packed(2))))
    assert told(other) == told(ledger)
    assert other.shelf.version == (2, 0)


def test_changes_give_the_same_ledger_too() -> None:
    ledger = filled()
    other = Ledger()
    other.read(through_json(list(ledger.packed(2))))
    put = Put(WEB, Held({**service(), "spec": {}}, {}))
    steps = ledger.shelf.numbered([put, Drop(API)])
    sources = {WEB: {Lane.PERSON: Source("b.yaml", "other")}}
    lines = list(ledger.packed_changes(steps, sources, [gone("a.yaml")]))
    ledger.take_steps(steps, sources)
    ledger.take_file(gone("a.yaml"))
    other.read(through_json(lines))
    assert told(other) == told(ledger)
    assert API not in other.sources
    assert at(other.shelf.changes(SERVICE, "v1", (2, 0))[0].document, "spec") == {}


def test_other_sources_of_the_same_object_are_a_change_too() -> None:
    ledger, other = filled(), Ledger()
    other.read(through_json(list(ledger.packed(2))))
    sources = {WEB: {Lane.PERSON: Source("b.yaml", "d")}}
    other.read(through_json(list(ledger.packed_changes([], sources, []))))
    assert other.sources[WEB] == sources[WEB]
    assert other.shelf.version == (2, 0)


def test_a_beginning_that_is_known_already_loses_no_history() -> None:
    ledger = filled()
    ledger.read(through_json(list(ledger.packed(2))))
    assert len(ledger.shelf.changes(SERVICE, "v1", (0, 0))) == 2


def test_a_beginning_that_was_read_in_part_is_forgotten() -> None:
    lines = through_json(list(filled().packed(2)))
    other = Ledger()
    other.read(lines[:2])
    other.begin_anew()
    other.read(lines)
    assert told(other) == told(filled())


def test_lines_of_later_versions_are_passed_over_and_other_formats_refused() -> None:
    ledger = Ledger()
    ledger.read([{"t": "something new"}])
    with pytest.raises(UnknownFormatError):
        ledger.read([{"t": "head", "format": 99}])
