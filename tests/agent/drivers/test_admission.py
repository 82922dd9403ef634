"""Who may begin, and who waits for what."""

from random import Random

from agent.drivers.admission import Admission, TroubleReason
from agent.drivers.plan import Group
from agent.drivers.writer_events import WriteError
from agent.mirror import Mirror
from agent.writes import Apply, Delete
from failure_detect.clock import NEVER, SECOND
from tests.agent.drivers.bench import API, WEB, ToyReader, documents_of, keys_of

KEY = keys_of(WEB)[1]
DOCUMENT = documents_of(WEB, ("10.0.0.1",))[1]
STEP = Apply(KEY, DOCUMENT, "test")
GROUP = Group((WEB,), (STEP,))


def admission(mirror: Mirror | None = None) -> Admission:
    return Admission(mirror or Mirror(), ToyReader(), Random(1))


def admit(
    which: Admission,
    *groups: Group,
    now: int = 0,
    planned: frozenset[object] | None = None,
    is_new: bool = False,
) -> list[Group]:
    names = None if planned is None else frozenset({WEB, API} & planned)
    return which.admit(groups, names, now, is_synchronised=not is_new, is_settled=not is_new)


def test_what_nothing_speaks_against_may_begin() -> None:
    found = admission()
    assert admit(found, GROUP) == [GROUP]
    assert found.waiting == frozenset()
    assert found.deadline == NEVER
    assert found.troubles() == {}


def test_a_withdrawal_that_is_held_waits_with_a_reason_until_it_may() -> None:
    mirror = Mirror()
    mirror.put(KEY, DOCUMENT)
    found = admission(mirror)
    group = Group((WEB,), (Delete(KEY, "test"),))
    assert admit(found, group, is_new=True) == []
    assert found.held == found.waiting == {WEB}
    assert found.troubles()[WEB][0].reason is TroubleReason.WITHDRAWAL_HELD
    assert admit(found, group) == [group]
    assert found.held == frozenset()


def test_a_failure_waits_and_is_forgotten_once_it_is_done_or_not_wanted() -> None:
    for ending in ("done", "not wanted"):
        found = admission()
        found.failed(GROUP, STEP, WriteError.CONFLICT, "no", 0)
        assert admit(found, GROUP) == []
        assert found.troubles()[WEB][0].reason is TroubleReason.WRITE_FAILING
        at = found.deadline
        assert found.due(at) == {WEB}
        assert admit(found, GROUP, now=at) == [GROUP]
        if ending == "done":
            found.done(GROUP)
        else:
            assert admit(found, now=at, planned=frozenset({API})) == []
            assert found.waiting == {WEB}
            assert admit(found, now=at, planned=frozenset({WEB})) == []
        assert found.waiting == frozenset()


def test_what_was_refused_may_be_tried_after_a_change() -> None:
    found = admission()
    found.failed(GROUP, STEP, WriteError.INVALID, "no", 0)
    assert admit(found, GROUP, now=NEVER - 1) == []
    assert found.troubles()[WEB][0].reason is TroubleReason.WRITE_REFUSED
    found.changed("shop")
    assert admit(found, GROUP) == [GROUP]


def test_an_object_that_others_alter_again_waits_longer_each_time() -> None:
    found = admission()
    assert found.altered(KEY, [WEB], 0) == 0
    assert admit(found, GROUP) == [GROUP]
    found.begun(STEP, 0)
    assert found.restored == 1
    at = found.altered(KEY, [WEB], SECOND)
    assert at == 5 * SECOND
    assert admit(found, GROUP, now=SECOND) == []
    assert found.waiting == {WEB}
    assert found.troubles()[WEB][0].reason is TroubleReason.CONTESTED
    assert found.due(at) == {WEB}
    assert admit(found, GROUP, now=at) == [GROUP]
    assert found.expiry < NEVER
    found.expire(found.expiry)
    assert found.expiry == NEVER


def test_an_alteration_of_which_no_plan_wants_anything_is_forgotten() -> None:
    found = admission()
    found.altered(KEY, [WEB], 0)
    assert admit(found, planned=frozenset({WEB})) == []
    found.begun(STEP, 0)
    assert found.restored == 0


def test_a_group_ripens_only_while_every_plan_has_it() -> None:
    found = admission()
    group = Group((WEB,), (STEP,), after_s=10)
    assert admit(found, group) == []
    assert found.deadline == 10 * SECOND
    assert found.waiting == frozenset()
    assert admit(found, planned=frozenset({API}), now=SECOND) == []
    assert found.deadline == 10 * SECOND
    assert admit(found, planned=frozenset({WEB}), now=2 * SECOND) == []
    assert found.deadline == NEVER
    assert admit(found, group, now=3 * SECOND) == []
    assert found.due(13 * SECOND) == {WEB}
    assert admit(found, group, now=13 * SECOND) == [group]
    found.done(group)
    assert found.deadline == NEVER


def test_who_is_cleared_waits_for_nothing() -> None:
    found = admission()
    found.failed(GROUP, STEP, WriteError.UNAVAILABLE, "no", 0)
    admit(found, Group((API,), (STEP,), after_s=10))
    found.clear()
    assert found.deadline == NEVER
    assert found.waiting == frozenset()
