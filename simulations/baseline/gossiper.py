"""memberlist's gossip loop: news to a few random members at every beat (`state.go`)."""

from failure_detect.clock import NEVER, Instant
from failure_detect.events import Effect
from simulations.baseline.station import Station, Ticker
from simulations.baseline.table import Member
from simulations.baseline.wire import State


class Gossiper:
    """Beats only while there is news: without any, memberlist's beats change nothing either."""

    def __init__(self, station: Station, first: Instant) -> None:
        self._station = station
        self._ticker = Ticker(first, station.config.gossip_interval)
        self._untold: list[Member] = []
        self._is_idle = True
        self._is_stalled = False

    @property
    def deadline(self) -> Instant:
        """When the next beat has something to say."""
        return NEVER if self._is_idle or self._is_stalled else self._ticker.next_at

    def wake(self, now: Instant) -> None:
        """See whether there is news; beats that passed without any are gone."""
        if not self._is_idle or not len(self._station.broadcasts):
            return
        self._is_idle = False
        if self._ticker.next_at < now:
            self._ticker.take(now)

    def advance(self, now: Instant) -> list[Effect]:
        """Do all that is due."""
        effects: list[Effect] = []
        while self.deadline <= now:
            self._ticker.take(now)
            if not len(self._station.broadcasts):
                self._is_idle = True
                break
            count = self._station.config.gossip_nodes
            self._untold = self._station.table.pick(count, self._listener(now))
            effects += self._tell()
        return effects

    def resume(self, now: Instant) -> list[Effect]:
        """Go on with what a closed gate held up."""
        if not self._is_stalled:
            return []
        self._is_stalled = False
        return self._tell() + self.advance(now)

    def _listener(self, now: Instant) -> "_Listener":
        return _Listener(self._station.me, now - self._station.config.gossip_to_the_dead)

    def _tell(self) -> list[Effect]:
        station = self._station
        effects: list[Effect] = []
        while self._untold:
            member = self._untold.pop(0)
            news = station.news()
            if not news:
                self._untold.clear()
                break
            effects += station.gate.send(station.datagram_without_news(member, news))
            if station.gate.closed:
                self._is_stalled = True
                break
        return effects


class _Listener:
    """Tells who is worth telling: whoever lives, is suspected, or died not long ago."""

    __slots__ = ("_dead_since", "_me")

    def __init__(self, me: Member, dead_since: Instant) -> None:
        self._me = me
        self._dead_since = dead_since

    def __call__(self, member: Member) -> bool:
        if member is self._me:
            return False
        if member.state is State.DEAD:
            return member.changed_at >= self._dead_since
        return member.state is not State.LEFT
