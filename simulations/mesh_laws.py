"""The laws that whatever is written to a store is judged by, with a mesh as the judge.

A driver may be stopped after any write, for ever. So each state that it leaves is looked at twice:
as connected side-cars will have it once OSM has told them (`settled`), and as one has it that
connects then (`newcomer`). A write must not

1. have Envoy refuse a configuration that it took before;
2. take away from the share of any service's requests that reach somebody who serves it now;
3. have requests go where nobody has measured what becomes of them;
4. rename the cluster of a service that is called, and is no leaf, to `|0` while the Service stays
   (v1.2.4), or make the service vanish (v1.1.4).

Somebody serves it *now*: addresses that have gone since the last plan was done count for nothing,
so a plan that has begun may leave them where they are, and may not lose anybody else on the way.
When a plan is done all requests to a service that anybody serves have to be served, nothing may be
refused that would not be without us, and connected side-cars must be told all (`finished`). What a
side-car has right now must never be worse than the worst of the states since it had it all
(`RightNow`): in between, some addresses have gone, and OSM takes its time to say so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from agent.objects import Document, ObjectKey
from discovery.names import ServiceName
from simulations.mesh import Mesh
from simulations.mesh_events import (
    EnvoyRefused,
    MeshSettings,
    ObjectChanged,
    OsmStarted,
    Refused,
)
from simulations.mesh_objects import Identity
from simulations.mesh_resources import Host
from simulations.mesh_sidecar import Sidecar
from simulations.mesh_traffic import Answer, Outcome, Peers


class Question(NamedTuple):
    """Asks where a client's requests to a service go."""

    client: Identity
    host: Host

    def __str__(self) -> str:
        """Return `service:port from client`."""
        return f"{self.host.service}:{self.host.port} from {self.client}"


class Refusal(NamedTuple):
    """What a side-car refuses, whatever the words."""

    client: Identity
    what: Refused
    which: str


@dataclass(frozen=True, slots=True)
class State:
    """What comes of the objects that there are."""

    answers: Mapping[Question, Mapping[Answer, Fraction]]
    refused: Mapping[Refusal, str]
    numbered: frozenset[ServiceName]
    """Services whose clusters all have a port's number."""
    plain: frozenset[ServiceName]
    """Services that are no leaf of another."""

    def served(self, question: Question) -> Fraction:
        """Return the share of requests that are served."""
        return self._share(question, Outcome.SERVED)

    def unknown(self, question: Question) -> Fraction:
        """Return the share of requests of which nobody knows what becomes."""
        return self._share(question, Outcome.UNKNOWN)

    def _share(self, question: Question, outcome: Outcome) -> Fraction:
        answers = self.answers.get(question, {})
        shares = (share for answer, share in answers.items() if answer.outcome is outcome)
        return sum(shares, Fraction(0))

    def astray(self, question: Question) -> bool:
        """Tell whether requests are sent to where they are not served, or only some are served."""
        answers = self.answers.get(question, {})
        lost = [each for each in answers if each.outcome is not Outcome.SERVED]
        return any(each.to for each in lost) or 0 < self.served(question) < 1

    def failures(self, question: Question) -> str:
        """Say what becomes of requests that are not served."""
        answers = self.answers.get(question, {})
        found = [
            f"{float(share):.3f} {answer.outcome} {answer.to or ''} {answer.why}".replace("  ", " ")
            for answer, share in answers.items()
            if answer.outcome is not Outcome.SERVED
        ]
        return "; ".join(sorted(found))


class Looks(NamedTuple):
    """One moment, looked at as the laws want it."""

    settled: State
    newcomer: State


def look(mesh: Mesh, questions: Iterable[Question], peers: Peers) -> Looks:
    """Return what comes of what is in the store now, with those who serve now."""
    asked = list(questions)
    clients = sorted({each.client for each in asked})
    settled = {client: mesh.settled(client) for client in clients}
    newcomer = {client: mesh.newcomer(client) for client in clients}
    return Looks(_state(mesh, asked, settled, peers), _state(mesh, asked, newcomer, peers))


def right_now(mesh: Mesh, questions: Iterable[Question], peers: Peers) -> State:
    """Return what connected side-cars have at this moment; what they refused is not in it."""
    asked = list(questions)
    answers = {each: mesh.send(each.client, *each.host, peers) for each in asked}
    return State(answers, {}, frozenset(), frozenset())


_Told = Mapping[Identity, tuple[Sidecar, list[EnvoyRefused]]]


def _state(mesh: Mesh, questions: Iterable[Question], told: _Told, peers: Peers) -> State:
    names = [service.name for service in mesh.registry.services()]
    refused = {
        Refusal(each.identity, each.what, each.which): each.why
        for _, refusals in told.values()
        for each in refusals
    }
    return State(
        {each: mesh.send(told[each.client][0], *each.host, peers) for each in questions},
        refused,
        frozenset(name for name in names if _is_numbered(mesh, name)),
        frozenset(name for name in names if set(mesh.registry.apexes_of(name)) <= {name}),
    )


def _is_numbered(mesh: Mesh, name: ServiceName) -> bool:
    clusters = mesh.piece(name).clusters
    return bool(clusters) and not any(each.name.endswith("|0") for each in clusters)


# --- one write ---------------------------------------------------------------------------


def harm(
    before: Looks,
    after: Looks,
    kept: frozenset[ServiceName],
    given_up: Callable[[Question], bool] = lambda _: False,
) -> list[str]:
    """Say what a write has made worse; both are looked at with those who serve now.

    `kept`: the services whose Service is there before and after. `given_up`: of which ports it was
    said that nobody who is to be used serves them. These may go, and nobody be sent elsewhere.
    """
    wrong: list[str] = []
    # A write may bring about the push that tells of what somebody else has done before.
    wrong += [f"settled: {each}" for each in _harm(before, after.settled, given_up)]
    wrong += [f"newcomer: {each}" for each in _harm(before[1:], after.newcomer, given_up)]
    called = {each.host.service for each in after.newcomer.answers}
    renamed = (before.newcomer.numbered - after.newcomer.numbered) & kept & after.newcomer.plain
    renamed &= called
    wrong += [f"{name}: its cluster has lost its port's number" for name in sorted(renamed)]
    return wrong


def _harm(
    before: Sequence[State], after: State, given_up: Callable[[Question], bool]
) -> Iterator[str]:
    """Say what is worse after than in each of the states before."""
    known = {refusal for state in before for refusal in state.refused}
    for refusal, why in after.refused.items():
        if refusal not in known:
            yield f"{refusal.client} refuses {refusal.what} {refusal.which}: {why}"
    for question in after.answers:
        if not all(question in state.answers for state in before):
            continue
        old, new = min(state.served(question) for state in before), after.served(question)
        if new < old and (after.astray(question) or not given_up(question)):
            lost = after.failures(question)
            yield f"{question}: {float(old):.3f} were served, now {float(new):.3f}: {lost}"
        if after.unknown(question) > max(state.unknown(question) for state in before):
            yield f"{question}: {after.failures(question)}"


# --- a plan that is done -----------------------------------------------------------------


def finished(looks: Looks, served: Sequence[Question], excused: Iterable[Refusal]) -> list[str]:
    """Say what is wrong when all is written; `served` are those that somebody serves.

    `excused`: what is refused without anything of ours.
    """
    wrong: list[str] = []
    known = set(excused)
    for how, state in zip(Looks._fields, looks, strict=True):
        wrong += [
            f"{how}: {question}: {state.failures(question)}"
            for question in served
            if state.served(question) != 1
        ]
        for refusal in sorted(state.refused.keys() - known):
            why = state.refused[refusal]
            wrong.append(f"{how}: {refusal.client} refuses {refusal.what} {refusal.which}: {why}")
    return wrong


def untold(mesh: Mesh, questions: Iterable[Question]) -> list[str]:
    """Say what connected side-cars will never be told of services that somebody serves.

    Nothing, where anything is refused: then they differ from one that connects now for that.
    """
    wrong: list[str] = []
    for question in questions:
        settled, refused = mesh.settled(question.client)
        newcomer, refused_too = mesh.newcomer(question.client)
        if not refused and not refused_too and _of(settled, question) != _of(newcomer, question):
            wrong.append(f"{question}: connected side-cars are never told how it is now")
    return wrong


def _of(sidecar: Sidecar, question: Question) -> tuple[object, ...]:
    shares = sidecar.shares(*question.host) or ()
    behind = [sidecar.localities(each.cluster) for each in shares]
    return sidecar.chain(*question.host), shares, behind


def refused_without(
    mesh: Mesh,
    settings: MeshSettings,
    is_ours: Callable[[ObjectKey, Document], bool],
    clients: Iterable[Identity],
) -> list[Refusal]:
    """Return what would be refused if there were nothing of ours."""
    other = Mesh(settings)
    for key, document in mesh.registry.documents().items():
        if not is_ours(key, document):
            other.handle(ObjectChanged(key, document), 0)
    other.handle(OsmStarted(), 0)
    refused = [each for client in clients for each in other.newcomer(client)[1]]
    return [Refusal(each.identity, each.what, each.which) for each in refused]


# --- right now ---------------------------------------------------------------------------


class RightNow:
    """Whether connected side-cars are worse off than any state that they may have been told."""

    def __init__(self) -> None:
        """Start with everybody told."""
        self._least: dict[Question, Fraction] = {}

    def told(self) -> None:
        """Forget the states before: side-cars have it all, and the plan is done."""
        self._least.clear()

    def left(self, looks: Looks) -> None:
        """Note a state that was left in the store, with those who serve now."""
        for question in looks.settled.answers:
            for state in looks:
                self._note(question, state)

    def changed(self, looks: Looks, now: State) -> None:
        """Note that somebody else has changed what there is, or who serves.

        What side-cars have at this moment is excused, however they fare by it.
        """
        self.left(looks)
        for question in now.answers:
            self._note(question, now)

    def _note(self, question: Question, state: State) -> None:
        share = state.served(question)
        self._least[question] = min(self._least.get(question, share), share)

    def wrong(self, now: State) -> list[str]:
        """Say which requests fare worse at this moment than in any state since all was told."""
        return [
            f"right now: {question}: {now.failures(question)}"
            for question, least in self._least.items()
            if question in now.answers and now.served(question) < least
        ]
