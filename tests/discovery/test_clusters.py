from discovery.clusters import Cluster
from discovery.reports import Path
from discovery.sightings import Evidence
from discovery.standing import Standing, Verdict
from failure_detect.clock import NEVER, SECOND
from tests.discovery.courts import CONFIG, EAST, LIFETIME, START, adopted

GOOD = Evidence(1, alive=True, reachable=True, path=Path.UNKNOWN, why_lost="lost")
LOST = Evidence(1, alive=False, reachable=False, path=Path.UNKNOWN, why_lost="lost")


def cluster() -> Cluster:
    made = Cluster(EAST, CONFIG)
    made.said(adopted(EAST), START)
    made.weigh(GOOD, CONFIG.hold_down, NEVER, START)
    return made


def test_word_is_expected_of_who_spoke_and_did_not_depart() -> None:
    assert not Cluster(EAST, CONFIG).is_expected(START)
    known = cluster()
    assert known.is_expected(START)
    known.revoked(START)
    assert known.is_expected(START + CONFIG.revoked_hold - 1)
    assert not known.is_expected(START + CONFIG.revoked_hold)
    known.said(adopted(EAST, departs=True), START)
    assert not known.is_expected(START)


def test_a_path_is_open_for_a_while_and_shut_until_it_is_not() -> None:
    known = cluster()
    known.path_reported(START, is_open=True)
    late = START + CONFIG.path_fresh
    assert known.path(late - 1) is Path.OPEN
    assert not known.lapse_path(late - 1)
    assert known.path(late) is Path.UNKNOWN
    assert known.lapse_path(late)
    assert not known.lapse_path(late)
    known.path_reported(late, is_open=False)
    assert known.path(late + 10 * CONFIG.path_fresh) is Path.SHUT
    assert not known.lapse_path(NEVER - 1)


def test_what_is_due_is_the_first_that_can_change_anything() -> None:
    known = cluster()
    assert known.next_due(START, may_expire=True, barred=False) == START + LIFETIME
    assert known.next_due(START, may_expire=True, barred=True) == NEVER
    known.weigh(LOST, CONFIG.hold_down, NEVER, START + 1)
    assert known.next_due(START, may_expire=True, barred=False) == START + 1 + CONFIG.hold_down
    assert not known.turn(START + CONFIG.hold_down)
    assert known.turn(START + 1 + CONFIG.hold_down)
    late = START + LIFETIME
    assert known.next_due(late, may_expire=True, barred=False) == START + 1 + CONFIG.retention
    assert known.next_due(late, may_expire=False, barred=False) == NEVER


def test_expiry_comes_with_the_retention_and_goes_with_the_loss() -> None:
    known = cluster()
    known.weigh(LOST, CONFIG.hold_down, NEVER, START)
    known.turn(START + CONFIG.hold_down)
    known.expire(START + CONFIG.retention - 1)
    assert known.row(LOST, START, barred=False).verdict is Verdict.UNREACHABLE
    known.expire(START + CONFIG.retention)
    assert known.has_expired
    back = START + CONFIG.retention + SECOND
    known.weigh(GOOD, CONFIG.hold_down, NEVER, back)
    assert known.row(GOOD, back, barred=False).verdict is Verdict.EXPIRED
    assert known.turn(back + CONFIG.better)
    assert known.row(GOOD, back, barred=False).verdict is Verdict.STALE


def test_words_of_a_row_say_what_is_seen() -> None:
    known = cluster()
    known.weigh(LOST, CONFIG.hold_down, NEVER, START)
    live = known.row(LOST, START, barred=False)
    assert live == Standing(Verdict.LIVE, START, "none of it is alive, and that may pass")
    known.turn(START + CONFIG.hold_down)
    lost = Standing(Verdict.UNREACHABLE, START, "lost")
    assert known.row(LOST, START, barred=False) == lost
    back = Standing(Verdict.UNREACHABLE, START, "it is back, and that is not proven yet")
    assert known.row(GOOD, START, barred=False) == back
    other = cluster()
    unreached = Evidence(1, alive=True, reachable=False, path=Path.UNKNOWN, why_lost="")
    other.weigh(unreached, CONFIG.hold_down, NEVER, START)
    other.turn(START + CONFIG.hold_down)
    way = Standing(Verdict.DEGRADED, START, "the way to it was shut, and is not proven yet")
    assert other.row(GOOD, START, barred=False) == way


def test_while_we_are_cut_off_only_what_is_good_counts() -> None:
    known = cluster()
    known.weigh_barred(LOST, START)
    assert known.next_due(START, may_expire=True, barred=True) == NEVER
    assert known.silent_since == NEVER
    known.check_invariants()
