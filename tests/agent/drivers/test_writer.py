"""The writer: order, lease, pace, failures, restarts; what it says, and what it leaves."""

from agent.drivers.writer_config import WriterConfig
from agent.drivers.writer_events import (
    Applied,
    ConditionsChanged,
    DriverChosen,
    FrozenChanged,
    KindListed,
    MayWriteChanged,
    Perform,
    Planned,
    Settled,
    Synchronised,
    Touched,
    WriteError,
)
from agent.objects import ENDPOINTS, SERVICE, ObjectKey
from agent.writes import Apply
from failure_detect.clock import MILLISECOND, NEVER, SECOND
from tests.agent.drivers.bench import API, BANK, DB, EAST, WEB, Bench, documents_of, keys_of


def performed(bench: Bench) -> list[str]:
    return [f"{type(step).__name__} {step.key}" for _, step in bench.begun]


def of_type(bench: Bench, kind: type) -> list[object]:
    return [each for each in bench.effects if isinstance(each, kind)]


def test_the_first_change_of_a_quiet_period_is_written_at_once_and_in_order() -> None:
    bench = Bench()
    bench.now = SECOND
    bench.touch(WEB, "10.0.0.1")
    service, endpoints = zip(keys_of(WEB), documents_of(WEB, ("10.0.0.1",)), strict=True)
    assert bench.take()[:1] == [Perform(1, Apply(*service, "wanted"))]
    bench.answer(1)
    assert Perform(2, Apply(*endpoints, "wanted")) in bench.take()
    bench.now += 40 * MILLISECOND
    bench.answer(2)
    assert bench.take() == [Applied(SECOND), Settled(40 * MILLISECOND)]
    assert bench.stored() == bench.wanted()
    assert bench.writer.deadline == NEVER


def test_what_comes_later_is_written_after_a_silence_as_one_burst() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.answer_all()
    for number in range(20):
        bench.run_to(bench.now + 100 * MILLISECOND)
        bench.touch(WEB, f"10.0.1.{number}")
    count = len(bench.begun)
    assert count == 2
    bench.run_to(2_500 * MILLISECOND)
    assert [at for at, _ in bench.begun[count:]] == [2_500 * MILLISECOND]
    assert bench.stored() == bench.wanted()


def test_groups_do_not_wait_for_each_other_and_each_keeps_its_order() -> None:
    bench = Bench()
    bench.reader.want(API, "10.0.0.2")
    bench.touch(WEB, "10.0.0.1")
    assert performed(bench) == ["Apply Service shop/api", "Apply Service shop/web"]
    bench.answer(2)
    assert performed(bench)[2:] == ["Apply Endpoints shop/web"]
    bench.answer(1, WriteError.CONFLICT, "somebody was faster")
    assert "Apply Endpoints shop/api" not in performed(bench)
    bench.answer_all()
    bench.run_to(SECOND)
    assert performed(bench)[3:] == ["Apply Service shop/api", "Apply Endpoints shop/api"]
    assert bench.stored() == bench.wanted()


def test_no_more_writes_are_at_the_store_than_may_be() -> None:
    bench = Bench(WriterConfig(in_flight=2))
    for name in (WEB, API, DB):
        bench.reader.want(name, "10.0.0.1")
    bench.tell(Touched())
    while bench.at_store:
        assert len(bench.at_store) <= 2
        bench.answer(min(bench.at_store))
    assert bench.stored() == bench.wanted()


def test_who_loses_the_lease_stops_in_the_middle_of_a_group() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.tell(MayWriteChanged(may=False))
    bench.answer_all()
    bench.run_to(60 * SECOND)
    assert performed(bench) == ["Apply Service shop/web"]
    assert not of_type(bench, Applied)


def test_a_lease_that_runs_out_unrenewed_is_lost_by_our_own_clock() -> None:
    bench = Bench()
    bench.tell(MayWriteChanged(may=True, until=10 * SECOND))
    bench.now = 9_999 * MILLISECOND
    bench.touch(WEB, "10.0.0.1")
    bench.now = 10 * SECOND
    bench.answer_all()
    assert performed(bench) == ["Apply Service shop/web"]
    bench.now = 11 * SECOND
    bench.tell(MayWriteChanged(may=True, until=21 * SECOND))
    bench.run_to(20 * SECOND)
    assert bench.stored() == bench.wanted()


def test_a_lease_that_is_renewed_goes_on_as_if_nothing_were() -> None:
    bench = Bench()
    for second in range(0, 50, 5):
        bench.run_to(second * SECOND)
        bench.tell(MayWriteChanged(may=True, until=(second + 10) * SECOND))
    assert bench.driver.planned == [None]


def test_who_gets_the_lease_goes_on_from_what_is_there() -> None:
    first = Bench()
    first.touch(WEB, "10.0.0.1")
    first.answer(1)
    second = Bench(start=False)
    second.reader.wants = first.reader.wants
    for key, document in first.store.items():
        second.others(key, document)
    second.tell(DriverChosen(second.driver))
    second.tell(MayWriteChanged(may=True))
    second.run_to(SECOND)
    assert performed(second) == ["Apply Endpoints shop/web"]
    assert second.stored() == second.wanted()


def test_nothing_is_planned_while_the_mirror_lacks_a_kind() -> None:
    bench = Bench(start=False)
    bench.mirror.serve([])
    bench.mirror.serve([(SERVICE, "v1"), (ENDPOINTS, "v1")])
    bench.mirror.replace(SERVICE, [])
    bench.tell(DriverChosen(bench.driver))
    bench.tell(MayWriteChanged(may=True))
    bench.touch(WEB, "10.0.0.1")
    bench.run_to(SECOND)
    assert bench.driver.planned == []
    bench.mirror.replace(ENDPOINTS, [])
    bench.show()
    bench.run_to(2 * SECOND)
    assert bench.stored() == bench.wanted()


def test_while_frozen_nothing_is_written_and_what_would_be_shows() -> None:
    bench = Bench()
    bench.tell(FrozenChanged(is_frozen=True, why="an audit"))
    bench.touch(WEB, "10.0.0.1")
    bench.run_to(SECOND)
    assert performed(bench) == []
    [planned] = of_type(bench, Planned)
    assert planned == Planned(bench.writer.planned())
    assert [group.services for group in bench.writer.planned()] == [(WEB,)]
    assert not of_type(bench, Applied)
    bench.tell(FrozenChanged(is_frozen=False))
    bench.run_to(10 * SECOND)
    assert bench.writer.planned() == ()
    assert bench.stored() == bench.wanted()


def test_who_freezes_in_the_middle_of_a_group_stops_there() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.tell(FrozenChanged(is_frozen=True))
    bench.answer_all()
    bench.run_to(10 * SECOND)
    assert performed(bench) == ["Apply Service shop/web"]
    assert [str(each.key) for each in bench.writer.planned()[0].writes] == ["Endpoints shop/web"]


def test_a_dry_run_needs_no_lease_and_writes_nothing() -> None:
    bench = Bench(WriterConfig(is_dry_run=True), start=False)
    bench.tell(DriverChosen(bench.driver))
    bench.touch(WEB, "10.0.0.1")
    bench.touch(BANK, "10.0.0.9")
    bench.run_to(SECOND)
    assert {each.services for each in bench.writer.planned()} == {(WEB,), (BANK,)}
    bench.touch(WEB)
    bench.run_to(2 * SECOND)
    assert {each.services for each in bench.writer.planned()} == {(BANK,)}
    assert performed(bench) == []


def test_without_a_driver_nothing_happens_and_the_reason_is_known() -> None:
    bench = Bench()
    bench.tell(DriverChosen(None, "no mesh is known here"))
    bench.touch(WEB, "10.0.0.1")
    bench.run_to(60 * SECOND)
    assert performed(bench) == []
    assert bench.writer.why_no_driver == "no mesh is known here"


def test_what_is_refused_is_said_and_not_tried_again_until_it_differs() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.answer(1, WriteError.INVALID, "spec.ports: Required value")
    bench.run_to(3_600 * SECOND)
    assert performed(bench) == ["Apply Service shop/web"]
    [finding] = bench.writer.findings(WEB)
    assert bench.writer.concerns() == {WEB: (finding,)}
    assert finding.reason == "WriteRefused"
    assert finding.what == "invalid: Service shop/web: spec.ports: Required value"
    assert ConditionsChanged((WEB,)) in bench.effects
    assert of_type(bench, Applied)[-1] == Applied(0, missing=(WEB,))
    bench.others(keys_of(API)[0], documents_of(API, ())[0])
    bench.run_to(3_700 * SECOND)
    assert bench.stored()[keys_of(WEB)[1]] == bench.wanted()[keys_of(WEB)[1]]
    assert bench.writer.findings(WEB) == ()
    assert bench.writer.concerns() == {}


def test_a_store_that_does_not_answer_is_asked_ever_more_seldom() -> None:
    bench = Bench()
    bench.reader.want(API, "10.0.0.2")
    bench.touch(WEB, "10.0.0.1")
    bench.answer(1, WriteError.UNAVAILABLE, "timed out")
    bench.answer(2, WriteError.UNAVAILABLE, "timed out")
    while bench.now < 600 * SECOND:
        bench.run_to(bench.now + SECOND, answers=False)
        for number in sorted(bench.at_store):
            bench.answer(number, WriteError.UNAVAILABLE, "timed out")
    assert 10 < len(bench.begun) < 60
    bench.run_to(bench.now + 100 * SECOND)
    assert bench.stored() == bench.wanted()
    assert bench.writer.findings(WEB) == bench.writer.findings(API) == ()


def test_steps_that_a_burst_has_no_time_for_are_planned_anew_in_the_next() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.run_to(2_100 * MILLISECOND, answers=False)
    bench.answer(1)
    assert performed(bench) == ["Apply Service shop/web"]
    bench.run_to(4_599 * MILLISECOND)
    assert len(bench.begun) == 1
    bench.run_to(4_600 * MILLISECOND)
    assert performed(bench)[1:] == ["Apply Endpoints shop/web"]
    assert of_type(bench, Settled) == [Settled(4_600 * MILLISECOND)]


def test_plans_are_made_from_our_own_writes_though_the_mirror_lags() -> None:
    bench = Bench(is_lagging=True)
    bench.touch(WEB, "10.0.0.1")
    bench.answer_all()
    bench.run_to(5 * SECOND)
    bench.touch(WEB, "10.0.0.2")
    bench.answer_all()
    assert performed(bench)[2:] == ["Apply Endpoints shop/web"]
    bench.show()
    bench.run_to(30 * SECOND)
    assert len(bench.begun) == 3
    assert bench.writer.statistics().restored == 0


def test_what_others_wipe_is_restored_at_once_in_the_midst_of_silence() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.answer_all()
    bench.run_to(2_200 * MILLISECOND)
    bench.others(keys_of(WEB)[1], None)
    assert bench.begun[-1][0] == 2_200 * MILLISECOND
    bench.answer_all()
    assert bench.stored() == bench.wanted()
    assert bench.writer.statistics().restored == 1


def test_what_was_wiped_while_the_watch_was_broken_is_restored_after_the_next_list() -> None:
    bench = Bench(is_lagging=True)
    bench.touch(WEB, "10.0.0.1")
    bench.answer_all()
    bench.run_to(5 * SECOND)
    bench.store.clear()
    bench.tell(KindListed(SERVICE, 4 * SECOND))
    bench.tell(KindListed(ENDPOINTS, 4 * SECOND))
    bench.answer_all()
    bench.run_to(8 * SECOND)
    assert bench.stored() == bench.wanted()


def test_who_goes_on_wiping_is_answered_ever_more_seldom_and_named() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.answer_all()
    while bench.now < 600 * SECOND:
        bench.run_to(bench.now + SECOND)
        if keys_of(WEB)[1] in bench.store:
            bench.others(keys_of(WEB)[1], None)
            bench.answer_all()
    assert 3 <= bench.writer.statistics().restored <= 12
    assert [each.reason for each in bench.writer.findings(WEB)] == ["Contested"]
    assert "Endpoints shop/web" in bench.writer.findings(WEB)[0].what


def test_an_alteration_that_changes_nothing_of_ours_is_no_contest() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.answer_all()
    key = ObjectKey(ENDPOINTS, "shop", "web")
    for _ in range(20):
        bench.run_to(bench.now + 10 * SECOND)
        bench.others(key, bench.stored()[key])
    bench.run_to(bench.now + 10 * SECOND)
    bench.touch(WEB, "10.0.0.2")
    bench.run_to(bench.now + 10 * SECOND)
    assert bench.writer.statistics().restored == 0
    assert bench.stored() == bench.wanted()


def found_objects() -> Bench:
    bench = Bench(start=False)
    for key, document in zip(keys_of(WEB), documents_of(WEB, ("10.0.0.1",)), strict=True):
        bench.others(key, document)
    bench.tell(DriverChosen(bench.driver))
    bench.tell(MayWriteChanged(may=True))
    return bench


def test_a_new_publisher_withdraws_nothing_before_it_is_synchronised() -> None:
    bench = found_objects()
    bench.touch(API, "10.0.0.2")
    bench.run_to(3_600 * SECOND)
    assert set(bench.stored()) == {*keys_of(WEB), *keys_of(API)}
    assert [each.reason for each in bench.writer.findings(WEB)] == ["WithdrawalHeld"]
    bench.tell(Synchronised())
    bench.run_to(3_610 * SECOND)
    assert bench.stored() == bench.wanted()
    assert bench.writer.findings(WEB) == ()


def test_within_the_settle_time_nothing_is_withdrawn_of_a_cluster_not_heard_of() -> None:
    bench = found_objects()
    bench.reader.awaited.add(EAST)
    bench.tell(Synchronised())
    bench.run_to(29 * SECOND)
    assert set(bench.stored()) == set(keys_of(WEB))
    bench.run_to(31 * SECOND)
    assert bench.stored() == {}


def test_what_is_gone_by_word_is_withdrawn_at_once() -> None:
    bench = found_objects()
    bench.reader.gone.add(EAST)
    bench.touch(WEB)
    bench.run_to(3 * SECOND)
    assert bench.stored() == {}


def test_a_group_that_is_to_ripen_is_written_when_it_was_in_every_plan_for_so_long() -> None:
    bench = Bench()
    bench.driver.after_s = 20
    bench.touch(WEB, "10.0.0.1")
    bench.run_to(10 * SECOND)
    bench.touch(WEB)
    bench.run_to(20 * SECOND)
    bench.touch(WEB, "10.0.0.1")
    bench.run_to(25 * SECOND)
    bench.touch(WEB)
    bench.run_to(44 * SECOND)
    assert set(bench.stored()) == set(keys_of(WEB))
    bench.run_to(46 * SECOND)
    assert bench.stored() == {}


def test_each_touch_of_the_view_is_applied_though_nothing_is_to_be_written() -> None:
    bench = Bench()
    bench.now = 7 * SECOND
    bench.tell(Touched())
    assert bench.take() == [Applied(7 * SECOND)]
