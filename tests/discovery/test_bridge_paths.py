"""A bridge connects to where traffic would go, and what comes of it reaches verdict and view."""

from discovery.data_path import ConnectRequested, PathTried
from discovery.keys import CLUSTER_KEY
from discovery.records import ClusterRecord, Gateway, encode_cluster
from discovery.standing import Standing, Verdict
from discovery.verdict_events import DataPathReported
from failure_detect.clock import MINUTE, SECOND, Duration
from tests.discovery.bridgehead import (
    EAST,
    WEB,
    WEST,
    Bridgehead,
    distrusted,
    joined,
    of_kind,
    pods,
)


def at_work() -> Bridgehead:
    """A bridge that holds the set of `east`, and has met it."""
    made = Bridgehead()
    made.tell(joined(EAST), joined(WEST))
    made.publish(EAST, pods(range(3)))
    return made


def answer(made: Bridgehead, lasting: Duration, *, answered: bool) -> list[ConnectRequested]:
    """Let time pass, and each connection end so at once; return what was tried."""
    begun, end = list[ConnectRequested](), made.now + lasting
    while made.bridge.deadline <= end:
        for effect in made.wait(max(0, made.bridge.deadline - made.now)):
            if isinstance(effect, ConnectRequested):
                begun.append(effect)
                made.tell(PathTried(effect.attempt, answered))
    made.wait(end - made.now)
    return begun


def verdict(made: Bridgehead) -> Verdict:
    standing = made.bridge.verdicts.standing(EAST)
    assert standing is not None
    return standing.verdict


def test_a_path_that_is_shut_puts_a_cluster_into_the_last_tier_until_it_is_open() -> None:
    made = at_work()
    begun = answer(made, 2 * MINUTE, answered=True)
    assert 4 <= len(begun) <= 6
    assert {each.origin for each in begun} == {EAST}
    assert {each.address for each in begun} <= {f"10.1.0.{number}" for number in (1, 2, 3)}
    assert verdict(made) is Verdict.LIVE
    answer(made, MINUTE, answered=False)
    assert verdict(made) is Verdict.DEGRADED
    assert made.reasons() == {"east: last-tier": 3}
    evidence = made.bridge.verdicts.evidence(EAST, made.now)
    assert evidence is not None
    assert evidence.path.value == "shut"
    answer(made, 30 * SECOND, answered=True)
    assert verdict(made) is Verdict.LIVE


def test_what_is_explained_is_why_it_is_so_now_since_it_became_so() -> None:
    made = at_work()
    answer(made, MINUTE, answered=False)
    began = made.bridge.view.explain(WEB).origins[0].standing
    assert began.why == "its data path is shut"
    made.tell(DataPathReported(EAST, is_open=True))
    explained = made.bridge.view.explain(WEB)
    why = "the way to it was shut, and is not proven yet"
    assert explained.origins[0].standing == Standing(Verdict.DEGRADED, began.since, why)
    assert all(why in row.why for row in explained.endpoints)


def test_without_anybody_who_connects_nothing_is_concluded() -> None:
    made = at_work()
    assert len(of_kind(made.wait(5 * MINUTE), ConnectRequested)) > 5
    assert verdict(made) is Verdict.LIVE


def test_of_another_network_the_gateways_are_tried() -> None:
    made = at_work()
    gateway = ClusterRecord(network="blue", gateways=(Gateway("gw.east.example", 15443),))
    made.publish(EAST, {**pods(range(3)), CLUSTER_KEY: encode_cluster(gateway)})
    begun = answer(made, MINUTE, answered=True)
    assert begun
    assert {(each.address, each.port) for each in begun} == {("gw.east.example", 15443)}


def test_who_is_trusted_no_more_is_not_tried_any_more() -> None:
    made = at_work()
    assert answer(made, MINUTE, answered=True)
    made.tell(distrusted(EAST))
    assert answer(made, 5 * MINUTE, answered=True) == []
    assert made.bridge.paths.statistics().open == 0
