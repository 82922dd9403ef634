"""Only what an object says, or a watch tells, is meant; what a list lacks is not."""

import pytest

from agent.objects import Document, ObjectKey
from agent.sources.exports import ExportRead, read_exports
from agent.sources.nodes import NodeBook
from agent.sources.withdrawals import is_going, scaled_down, why_gone
from discovery.manifest import IntentKind
from discovery.names import ServiceName
from tests.agent.sources.test_nodes import heard
from tests.agent.sources.written import (
    WEB,
    WEB_EXPORT,
    endpoint,
    export,
    is_pod,
    mirror_of,
    namespace,
    pod,
    service,
    sliced,
)

NAME = ServiceName("shop", "web")
DELETED = "2026-11-02T00:00:00Z"
MARKED = service(annotations={"isthmus.dev/export": "true"})


def read(*documents: Document) -> ExportRead:
    return read_exports(mirror_of(*documents))[NAME]


BY_EXPORT, BY_MARK = read(service(), export()), read(MARKED)


@pytest.mark.parametrize(
    ("before", "after", "watched", "why"),
    [
        (BY_EXPORT, [export()], [WEB], IntentKind.DELETION),
        (BY_EXPORT, [export()], [], None),
        (BY_EXPORT, [], [WEB_EXPORT], None),
        (BY_EXPORT, [service()], [WEB_EXPORT], IntentKind.UNEXPORT),
        (BY_EXPORT, [service()], [], None),
        (BY_EXPORT, [service(), export(deletionTimestamp=DELETED)], [], IntentKind.UNEXPORT),
        (BY_EXPORT, [service(spec={"type": "ExternalName"}), export()], [], IntentKind.UNEXPORT),
        (BY_MARK, [service()], [], IntentKind.UNEXPORT),
        (BY_MARK, [], [], None),
    ],
)
def test_a_service_is_exported_no_more_because_somebody_did_it(
    before: ExportRead, after: list[Document], watched: list[ObjectKey], why: IntentKind | None
) -> None:
    assert why_gone(before, mirror_of(*after), watched) == why


def test_a_namespace_is_going_where_it_says_so() -> None:
    assert is_going("shop", mirror_of(namespace(deletionTimestamp=DELETED)))
    assert is_going("shop", mirror_of(namespace(status={"phase": "Terminating"})))
    assert not is_going("shop", mirror_of(namespace(status={"phase": "Active"})))
    assert not is_going("shop", mirror_of())


def scaled(
    before: list[Document], after: list[Document], *others: Document, missed: bool = False
) -> int:
    objects = (service(), export(), *others)
    first, second = read(*objects, sliced("a", before)), read(*objects, sliced("a", after))
    assert first.exported is not None
    assert second.exported is not None
    nodes = NodeBook()
    nodes.read([("n1", heard("Unknown" if missed else "True"))])
    mirror = mirror_of(*objects)
    return scaled_down(first, first.exported, second.exported, mirror, nodes)


def there(number: int, **conditions: object) -> Document:
    fields = {"nodeName": "n1", "conditions": conditions, **is_pod(f"p{number}")}
    return endpoint(f"10.0.0.{number}", **fields)


def going(number: int) -> Document:
    return there(number, ready=False, serving=True, terminating=True)


def test_endpoints_that_terminate_are_scaled_down() -> None:
    assert scaled([there(1), there(2), there(3)], [there(1), going(2), going(3)]) == 2


def test_endpoints_that_are_merely_not_there_are_not() -> None:
    assert scaled([there(1), there(2)], [there(1)]) == 0
    assert scaled([there(1), there(2)], [there(1), there(2, ready=False)]) == 0


def test_endpoints_whose_pods_are_being_deleted_are_scaled_down() -> None:
    deleted = pod("p2", deletionTimestamp=DELETED)
    assert scaled([there(1), there(2)], [there(1)], deleted) == 1
    assert scaled([there(1), there(2)], [there(1)], pod("p2")) == 0


def test_what_takes_their_place_is_taken_off() -> None:
    assert scaled([there(1), there(2)], [going(1), going(2), there(3)]) == 1
    assert scaled([there(1), there(2)], [going(1), going(2), there(3), there(4)]) == 0


def test_what_is_deleted_on_a_node_that_nobody_hears_is_a_guess() -> None:
    assert scaled([there(1), there(2)], [there(1), going(2)], missed=True) == 0
    assert scaled([there(1), there(2)], [there(1), going(2)], missed=False) == 1
