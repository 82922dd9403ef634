"""What becomes of an object when a document of it comes, changes or goes."""

from collections.abc import Mapping

from agent.objects import ENDPOINTS, SERVICE, SERVICE_EXPORT, Document, ObjectKey, at
from agent.stores.admission import Admitted, admit
from agent.stores.file_states import Lane, Source, Sources
from agent.stores.intake import Outcome, outcome
from agent.stores.planning import Birth
from agent.stores.shelf import Drop, Held, Put, Shelf
from tests.agent.stores.site import WEB, service

BORN = Birth("uid-1", "2027-01-15T08:00:00Z")


class Desk:
    """A shelf, and the documents in the files of one object."""

    def __init__(self, key: ObjectKey = WEB) -> None:
        self.shelf, self.key = Shelf(), key
        self.has: Sources = {}

    def take(self, **documents: Document) -> Outcome | None:
        """Have these documents in their files, and do what comes of it."""
        lanes = {Lane[name.upper()]: each for name, each in documents.items()}
        admitted: Mapping[str, Admitted] = {
            str(lane): admit(self.key.kind, "v1", document) for lane, document in lanes.items()
        }
        wanted = {lane: Source(str(lane), admitted[str(lane)].digest) for lane in lanes}
        found = outcome(
            self.shelf,
            self.key,
            self.has,
            wanted,
            lambda path, _: admitted.get(path),
            lambda: BORN,
        )
        if found is not None:
            self.shelf.take(self.shelf.numbered(found.steps))
            self.has = found.sources
        return found

    @property
    def object(self) -> Document:
        held = self.shelf.held(self.key)
        return {} if held is None else held.document


def status(uid: str = "", **fields: object) -> Document:
    metadata = {"name": "web", "namespace": "shop", "uid": uid}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "status": fields}


def test_a_persons_document_makes_an_object_with_its_status() -> None:
    desk = Desk()
    desk.take(person={**service(), "status": {"x": 1}})
    assert at(desk.object, "metadata", "uid") == "uid-1"
    assert at(desk.object, "status", "x") == 1
    held = desk.shelf.held(WEB)
    assert held is not None
    assert set(held.owners) == {"directory", "directory/status"}


def test_what_a_document_states_of_its_identity_is_taken() -> None:
    metadata = {"name": "web", "namespace": "shop", "uid": "mine"}
    desk = Desk()
    desk.take(person={**service(), "metadata": metadata})
    assert at(desk.object, "metadata", "uid") == "mine"
    assert at(desk.object, "metadata", "creationTimestamp") == BORN.created


def test_ours_is_applied_over_the_persons_and_ends_with_it() -> None:
    desk = Desk()
    person, ours = service(type="ClusterIP"), service(type="NodePort")
    desk.take(person=person)
    desk.take(person=person, managed=ours)
    assert at(desk.object, "spec", "type") == "NodePort"
    desk.take(person=service(type="ExternalName"), managed=ours)
    assert at(desk.object, "spec", "type") == "ExternalName", "the later edit counts"
    found = desk.take(managed=ours)
    assert found is not None
    assert found.is_over
    assert found.steps == (Drop(WEB),)


def test_without_ours_the_persons_is_left() -> None:
    desk = Desk()
    desk.take(person=service())
    desk.take(person=service(), managed=service(type="NodePort"), status=status("uid-1", x=1))
    desk.take(person=service())
    assert at(desk.object, "spec") == service()["spec"]
    assert at(desk.object, "status", "x") is None


def test_a_status_is_given_to_its_own_object_alone() -> None:
    desk = Desk()
    desk.take(person=service(), status=status("uid-0", x=1))
    assert at(desk.object, "status") is None
    assert Lane.STATUS not in desk.has
    desk.take(person=service(), status=status("uid-1", x=1))
    assert at(desk.object, "status", "x") == 1
    metadata = {"name": "web", "namespace": "shop", "uid": "mine"}
    other = Desk()
    other.take(managed={**service(), "metadata": metadata}, status=status("mine", x=2))
    assert at(other.object, "status", "x") == 2, "made anew out of both files"


def test_a_status_alone_is_nothing_and_over() -> None:
    found = Desk().take(status=status("uid-1", x=1))
    assert found == Outcome((), {}, is_over=True)
    assert Desk().take() is None


def test_the_status_of_a_kind_without_one_is_a_field_like_any() -> None:
    desk = Desk(ObjectKey(ENDPOINTS, "shop", "web"))
    document = {**service(), "kind": "Endpoints", "status": {"x": 1}}
    desk.take(managed=document)
    assert at(desk.object, "status", "x") == 1


def test_the_same_document_in_another_file_changes_nothing() -> None:
    desk = Desk()
    desk.take(person=service())
    digest = desk.has[Lane.PERSON].digest
    wanted = {Lane.PERSON: Source("elsewhere", digest)}
    found = outcome(desk.shelf, WEB, desk.has, wanted, lambda *_: None, lambda: BORN)
    assert found == Outcome((), wanted)


def test_what_cannot_be_read_now_waits() -> None:
    desk = Desk()
    wanted = {Lane.PERSON: Source("a.yaml", "d")}
    assert outcome(desk.shelf, WEB, {}, wanted, lambda *_: None, lambda: BORN) is None
    other = admit(SERVICE, "v1", service())
    assert outcome(desk.shelf, WEB, {}, wanted, lambda *_: other, lambda: BORN) is None


def test_an_object_of_a_kind_that_is_no_more_goes_quietly() -> None:
    shelf = Shelf()
    key = ObjectKey(SERVICE_EXPORT, "shop", "web")
    put = Put(key, Held({"metadata": {"name": "web"}}, {}))
    shelf.take(shelf.numbered([put]))
    has = {Lane.PERSON: Source("a.yaml", "d")}
    found = outcome(shelf, key, has, {}, lambda *_: None, lambda: BORN)
    assert found == Outcome((Drop(key),), {}, is_over=True)
