"""Who judges a site by the laws, at every moment, and keeps what was wrong."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agent.drivers.plan import Plan, Reason
from agent.objects import Document, ObjectKey, is_ours
from discovery.names import ServiceName
from failure_detect.clock import SECOND, Instant
from simulations.mesh import Mesh
from simulations.mesh_events import MeshSettings
from simulations.mesh_laws import (
    Looks,
    Question,
    RightNow,
    State,
    finished,
    harm,
    look,
    refused_without,
    right_now,
    untold,
)
from simulations.mesh_traffic import Answer, Call
from tests.simulations.mesh_world import BUYER

DECLINED = frozenset(
    {
        Reason.NAMESPACE_MISSING,
        Reason.NAMESPACE_NOT_MONITORED,
        Reason.NAME_TAKEN,
        Reason.SPLIT_OF_OTHERS,
        Reason.SMI_MODE,
        Reason.HEADLESS,
        Reason.NO_LOCAL_POD,
    }
)
"""For these a driver leaves a service to others, whatever becomes of it."""

PARTED = frozenset({Reason.PORT_MISSING, Reason.SEVERAL_NUMBERS, Reason.SEVERAL_PORTS})
"""For these some port may be served by nobody who is used: its requests must not be sent then."""


class Judged(Protocol):
    """What is judged."""

    now: Instant

    def questions(self) -> list[Question]:
        """Return what is asked of each service: every port that clients know."""
        ...

    def is_served(self, question: Question) -> bool:
        """Tell whether anybody serves a service on a port at this moment."""
        ...

    def peers(self, call: Call) -> Answer:
        """Answer for the other clusters."""
        ...


class Referee:
    """`wrong` fills with what the laws say."""

    def __init__(self, mesh: Mesh, settings: MeshSettings, judged: Judged) -> None:
        self.wrong: list[str] = []
        self._mesh, self._settings, self._judged = mesh, settings, judged
        self._watch = RightNow()
        self._before: tuple[Looks, frozenset[ServiceName]] | None = None
        self._plan = Plan()

    def others_did(self) -> None:
        """Excuse side-cars for what others have done, or who serves now."""
        self._watch.changed(self._looks(), self._right_now())

    def before_write(self, plan: Plan) -> None:
        """Look at what a write of a plan will be compared with."""
        self._before = self._looks(), self._names()
        self._plan = plan

    def after_write(self, words: str) -> None:
        """Judge the write that was done since."""
        assert self._before is not None
        before, names = self._before
        after = self._looks()
        for each in harm(before, after, names & self._names(), self._is_given_up):
            self.complain(f"after {words}: {each}")
        self._watch.left(after)
        self.judge_now()

    def judge_now(self) -> None:
        """Judge what side-cars have right now of what somebody serves."""
        now = self._right_now()
        served = {
            each: found for each, found in now.answers.items() if self._judged.is_served(each)
        }
        for each in self._watch.wrong(State(served, {}, frozenset(), frozenset())):
            self.complain(each)

    def judge_end(self, plan: Plan) -> None:
        """Judge what there is when `plan`, in which nothing is left to do, was made."""
        looks = self._looks()
        served = [each for each in self._judged.questions() if self._is_owed(each, plan, looks)]
        excused = refused_without(self._mesh, self._settings, _is_ours, [BUYER])
        for each in finished(looks, served, excused) + untold(self._mesh, served):
            self.complain(f"at the end: {each} [{_shown(plan.conditions)}]")
        self._watch.told()
        self._watch.left(looks)

    def complain(self, words: str) -> None:
        """Keep what was wrong."""
        self.wrong.append(f"{words} (at {self._judged.now / SECOND:.2f} s)")

    def _is_given_up(self, question: Question) -> bool:
        conditions = self._plan.conditions.get(question.host.service, ())
        return any(each.reason in PARTED for each in conditions)

    def _is_owed(self, question: Question, plan: Plan, looks: Looks) -> bool:
        reasons = {each.reason for each in plan.conditions.get(question.host.service, ())}
        if not self._judged.is_served(question) or reasons & DECLINED:
            return False
        # Somebody serves the port, and not who is to be used: nobody may be sent there.
        return not reasons & PARTED or any(state.astray(question) for state in looks)

    def _looks(self) -> Looks:
        return look(self._mesh, self._judged.questions(), self._judged.peers)

    def _right_now(self) -> State:
        return right_now(self._mesh, self._judged.questions(), self._judged.peers)

    def _names(self) -> frozenset[ServiceName]:
        return frozenset(each.name for each in self._mesh.registry.services())


def _is_ours(_: ObjectKey, document: Document) -> bool:
    return is_ours(document)


def _shown(conditions: Mapping[ServiceName, Sequence[object]]) -> str:
    return "; ".join(f"{name}: {each}" for name, found in conditions.items() for each in found)
