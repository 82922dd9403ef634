"""What a request does is a value, and nothing has happened yet."""

import pytest

from agent.objects import ENDPOINTS, SERVICE, ObjectKey, at, resource_version
from agent.store import ConflictError, NotFoundError, NotServedError
from agent.stores.planning import Birth, dropping, plan_apply, plan_delete, plan_status
from agent.stores.shelf import Drop, Put, Shelf
from tests.agent.stores.site import WEB, service

NOW = "2027-01-15T08:00:00Z"


def born() -> Birth:
    return Birth("uid-1", NOW)


def taken(shelf: Shelf, *steps: Put | Drop) -> None:
    shelf.take(shelf.numbered(steps))


def shelf_with_web() -> Shelf:
    shelf = Shelf()
    taken(shelf, *plan_apply(shelf, service(), born).steps)
    return shelf


def test_a_plan_changes_nothing_before_it_is_taken() -> None:
    shelf = Shelf()
    plan = plan_apply(shelf, service(), born)
    assert shelf.version == (0, 0)
    assert at(plan.document, "metadata", "uid") == "uid-1"
    assert at(plan.document, "metadata", "generation") == 1
    (step,) = plan.steps
    assert isinstance(step, Put)


def test_what_changes_nothing_has_no_steps() -> None:
    shelf = shelf_with_web()
    assert plan_apply(shelf, service(), born).steps == ()
    assert plan_apply(shelf, {**service(), "status": {"x": "y"}}, born).steps == ()


def test_a_generation_counts_what_is_wanted_and_not_labels_or_status() -> None:
    shelf = shelf_with_web()
    metadata = {"name": "web", "namespace": "shop", "labels": {"a": "b"}}
    labelled = plan_apply(shelf, {**service(), "metadata": metadata}, born)
    assert at(labelled.document, "metadata", "generation") == 1
    status = plan_status(shelf, WEB, "v1", {"loadBalancer": {}})
    assert at(status.document, "metadata", "generation") == 1
    assert at(plan_apply(shelf, service(type="x"), born).document, "metadata", "generation") == 2


def test_the_status_of_a_kind_without_one_is_a_field_like_any() -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "web", "namespace": "shop"},
        "status": {"x": "y"},
    }
    shelf = Shelf()
    plan = plan_apply(shelf, document, born)
    assert at(plan.document, "status", "x") == "y"
    taken(shelf, *plan.steps)
    with pytest.raises(NotFoundError, match="no status"):
        plan_status(shelf, ObjectKey(ENDPOINTS, "shop", "web"), "v1", {})


def test_a_document_may_say_which_object_and_version_it_expects() -> None:
    shelf = shelf_with_web()
    held = shelf.held(WEB)
    assert held is not None
    named = {"name": "web", "namespace": "shop"}
    version = resource_version(held.document)
    right = {**service(type="x"), "metadata": {**named, "resourceVersion": version, "uid": "uid-1"}}
    assert plan_apply(shelf, right, born).steps
    for wrong in ({"resourceVersion": "99"}, {"uid": "uid-2"}):
        with pytest.raises(ConflictError):
            plan_apply(shelf, {**service(type="x"), "metadata": {**named, **wrong}}, born)


def test_nobody_marks_an_object_by_applying_it() -> None:
    metadata = {"name": "web", "namespace": "shop", "deletionTimestamp": NOW}
    plan = plan_apply(Shelf(), {**service(), "metadata": metadata}, born)
    assert at(plan.document, "metadata", "deletionTimestamp") is None


def test_a_deletion_is_a_drop_or_a_mark() -> None:
    shelf = shelf_with_web()
    assert plan_delete(shelf, WEB, NOW).steps == (Drop(WEB),)
    metadata = {"name": "web", "namespace": "shop", "finalizers": ["a/b"]}
    taken(shelf, *plan_apply(shelf, {**service(), "metadata": metadata}, born).steps)
    (step,) = plan_delete(shelf, WEB, NOW).steps
    assert isinstance(step, Put)
    assert at(step.held.document, "metadata", "deletionTimestamp") == NOW
    taken(shelf, step)
    assert plan_delete(shelf, WEB, NOW).steps == ()
    assert plan_apply(shelf, service(), born).steps == (Drop(WEB),)


def test_what_is_not_there_or_not_served_cannot_be_planned() -> None:
    shelf = Shelf()
    with pytest.raises(NotFoundError):
        plan_delete(shelf, WEB, NOW)
    with pytest.raises(NotFoundError):
        plan_status(shelf, WEB, "v1", {})
    with pytest.raises(NotServedError):
        plan_status(shelf, WEB, "v2", {})
    assert dropping(shelf, [WEB]) == ()
    assert dropping(shelf_with_web(), [WEB, WEB]) == (Drop(ObjectKey(SERVICE, "shop", "web")),)
