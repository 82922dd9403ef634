import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from discovery.guard_rules import GuardConfig
from discovery.guards import Effect, HoldStarted, OriginForgotten
from discovery.names import ServiceName
from failure_detect.clock import MINUTE, NEVER, SECOND, Instant
from tests.discovery.desks import API, CONFIG, EAST, START, WEB, Desk, Endpoints, pods

services = st.sampled_from([WEB, API])
counts = st.integers(0, 14)
firsts = st.integers(0, 30)


class AnyOrder(RuleBasedStateMachine):
    """Manifests, overlays and time in any order: the guard against what must always hold."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(GuardConfig(least=3))
        self.now = START
        self.held: dict[ServiceName, dict[str, Instant]] = {}
        self.down: dict[ServiceName, Endpoints] = {}

    def follow(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, HoldStarted):
                assert effect.until == self.now + CONFIG.hold
                for service, endpoints in effect.held.items():
                    for endpoint in endpoints:
                        mine = self.held.setdefault(service, {})
                        assert endpoint.address not in mine
                        mine[endpoint.address] = effect.until
            else:
                for service, endpoints in effect.services.items():
                    for endpoint in endpoints:
                        del self.held[service][endpoint.address]

    @rule(service=services, first=firsts, count=counts, intent=st.sampled_from(["", "web", "no"]))
    def publish(self, service: ServiceName, first: int, count: int, intent: str) -> None:
        subject = "shop/web" if intent else ""
        intents = [] if intent == "no" else [self.desk.intent(subject, 3)]
        self.follow(self.desk.publish(self.now, {service: pods(first, count)}, *intents))

    @rule(service=services, first=firsts, count=counts)
    def overlay(self, service: ServiceName, first: int, count: int) -> None:
        wanted = {endpoint.address for endpoint in pods(first, count)}
        mine = self.desk.served.get(service, {})
        self.down[service] = tuple(e for a, e in mine.items() if a in wanted)
        self.follow(self.desk.overlay(self.now, dict(self.down)))

    @rule(step=st.sampled_from([1, SECOND, 20 * SECOND, MINUTE, 5 * MINUTE]))
    def wait(self, step: Instant) -> None:
        self.now += step
        self.follow(self.desk.guard.advance(self.now))

    @rule()
    def forget(self) -> None:
        self.follow(self.desk.guard.handle(OriginForgotten(EAST), self.now))
        self.desk.served.clear()
        assert not any(self.held.values())

    @invariant()
    def effects_tell_all_that_is_held(self) -> None:
        told = {service: set(mine) for service, mine in self.held.items() if mine}
        now = {s: {e.address for e in held} for s, held in self.desk.guard.held(EAST).items()}
        assert told == now

    @invariant()
    def nothing_is_held_beyond_its_time(self) -> None:
        ends = [until for mine in self.held.values() for until in mine.values()]
        assert all(until > self.now for until in ends)
        assert self.desk.guard.deadline == min(ends, default=NEVER)

    @invariant()
    def what_is_served_and_up_is_not_held(self) -> None:
        down = {(s, e.address) for s, downs in self.down.items() for e in downs}
        for service, mine in self.held.items():
            served = self.desk.served.get(service, {})
            assert all(a not in served or (service, a) in down for a in mine)

    @invariant()
    def the_books_balance(self) -> None:
        self.desk.guard.check_invariants()


TestAnyOrder = pytest.mark.filterwarnings("error")(AnyOrder.TestCase)
