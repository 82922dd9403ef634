"""What a new publisher may not withdraw."""

from agent.drivers.plan import Group
from agent.drivers.start_guard import ORIGINS_ANNOTATION, origins_of, why_held
from agent.mirror import Mirror
from agent.objects import ENDPOINTS, MULTI_CLUSTER_SERVICE, Document, ObjectKey
from agent.writes import Apply, Delete
from discovery.names import Origin
from tests.agent.drivers.bench import EAST, WEB, ToyReader, documents_of, keys_of

SERVICE, ENDPOINTS_KEY = keys_of(WEB)
MCS = ObjectKey(MULTI_CLUSTER_SERVICE, "shop", "isthmus-web")
WEST = Origin("west")


def mirror_of(*found: tuple[ObjectKey, Document]) -> Mirror:
    mirror = Mirror()
    for key, document in found:
        mirror.put(key, document)
    return mirror


def held(
    group: Group,
    mirror: Mirror,
    reader: ToyReader | None = None,
    *,
    is_synchronised: bool = False,
    is_settled: bool = False,
) -> str:
    return why_held(
        group,
        mirror,
        reader or ToyReader(),
        is_synchronised=is_synchronised,
        is_settled=is_settled,
    )


def entries(*names: str) -> Document:
    clusters = [{"name": name, "address": name.partition("/")[2]} for name in names]
    return {"spec": {"clusters": clusters}}


def applied(key: ObjectKey, document: Document) -> Group:
    return Group((WEB,), (Apply(key, document, "test"),))


def test_additions_are_never_held() -> None:
    before, after = (documents_of(WEB, each)[1] for each in (("1",), ("1", "2")))
    assert held(applied(ENDPOINTS_KEY, after), mirror_of((ENDPOINTS_KEY, before))) == ""
    assert held(applied(ENDPOINTS_KEY, after), mirror_of()) == ""


def test_a_withdrawal_waits_until_the_view_is_synchronised() -> None:
    before, after = (documents_of(WEB, each)[1] for each in (("1", "2"), ("2",)))
    group, mirror = applied(ENDPOINTS_KEY, after), mirror_of((ENDPOINTS_KEY, before))
    assert "no other cluster was heard yet" in held(group, mirror)
    assert held(group, mirror, is_synchronised=True) == ""


def test_a_withdrawal_of_whom_nobody_has_heard_waits_for_the_settle_time() -> None:
    group = Group((WEB,), (Delete(MCS, "test"),))
    mirror = mirror_of((MCS, entries("east/10.0.0.1:80", "west/10.0.0.2:80")))
    reader = ToyReader(awaited={WEST})
    assert "west, not heard of yet" in held(group, mirror, reader, is_synchronised=True)
    assert held(group, mirror, reader, is_synchronised=True, is_settled=True) == ""


def test_of_an_object_of_several_only_those_that_lose_something_count() -> None:
    mirror = mirror_of((MCS, entries("east/10.0.0.1:80", "west/10.0.0.2:80")))
    group = applied(MCS, entries("west/10.0.0.2:80"))
    assert held(group, mirror, ToyReader(gone={EAST})) == ""
    assert held(group, mirror, ToyReader(gone={WEST})) != ""


def test_an_address_that_moves_to_another_object_of_the_group_is_not_withdrawn() -> None:
    document = documents_of(WEB, ("1",))[1]
    other = ObjectKey(ENDPOINTS, "shop", "web-mc-east")
    steps = (Apply(other, document, "test"), Delete(ENDPOINTS_KEY, "test"))
    assert held(Group((WEB,), steps), mirror_of((ENDPOINTS_KEY, document))) == ""


def test_a_deletion_of_what_lists_nothing_is_a_withdrawal_by_its_annotation() -> None:
    document = documents_of(WEB, ())[0]
    group, mirror = Group((WEB,), (Delete(SERVICE, "test"),)), mirror_of((SERVICE, document))
    assert held(group, mirror) != ""
    assert held(group, mirror, ToyReader(gone={EAST})) == ""
    assert held(group, mirror_of()) == ""
    bare = {"metadata": {"name": "web", "namespace": "shop"}}
    assert held(group, mirror_of((SERVICE, bare)), ToyReader(gone={EAST})) != ""


def test_origins_are_read_from_the_annotation() -> None:
    document = {"metadata": {"annotations": {ORIGINS_ANNOTATION: "east,west"}}}
    assert origins_of(document) == {EAST, WEST}
    assert origins_of({}) == set()
