"""Where requests go: what a side-car does with one, and what whoever is there makes of it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from discovery.names import ServiceName
from simulations.mesh_objects import Identity
from simulations.mesh_resources import Destination, Host, Weighted
from simulations.mesh_sidecar import Sidecar


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a side-car sends it on."""

    client: Identity
    to: Destination
    sni: ServiceName | None
    """None: in clear, as one without a side-car sends it."""
    host: Host
    root: str
    sans: tuple[Identity, ...] = ()
    """Whom the client takes for the other end; empty: any workload of the root."""
    is_tcp: bool = False


class Outcome(StrEnum):
    """What came of a request."""

    SERVED = "200"
    NO_ROUTE = "404"
    """The client's side-car, or the server's, knows no such Host."""
    UNAVAILABLE = "503"
    """No cluster, no endpoint, or the other end does not take it."""
    SAN_REFUSED = "503 for the certificate's name"
    """The client's side-car takes the other end for the wrong workload."""
    HANGS = "no answer"
    """Nobody is there; OSM's routes have no timeout."""
    UNSEEN = "not in the mesh"
    """The side-car has no chain for the service: the request is not its business."""
    UNKNOWN = "unknown"
    """Not measured: the model does not say."""


class Answer(NamedTuple):
    """What came of requests, and where."""

    outcome: Outcome
    to: Destination | None = None
    """Where the request went, where it went anywhere."""
    why: str = ""


Peers: TypeAlias = Callable[[Call], Answer]
"""Whoever is at an address: the other end of the network."""


def nobody(call: Call) -> Answer:
    """Answer no call at all, as a black hole does."""
    return Answer(Outcome.HANGS, call.to)


def calls(
    sidecar: Sidecar, host: Host, root: str, measured: str = ""
) -> Iterator[tuple[Call | Answer, Fraction]]:
    """Give the calls that become of a client's requests, or what they end as, and their shares.

    `measured`: why nothing is known of traffic at all; empty where it is.
    """
    why = measured or sidecar.unmeasured.get((host.service, host.port), "")
    if why:
        yield Answer(Outcome.UNKNOWN, None, why), Fraction(1)
        return
    chain = sidecar.chain(*host)
    if chain is None:
        yield Answer(Outcome.UNSEEN, None, "no chain"), Fraction(1)
        return
    shares = sidecar.shares(*host)
    if shares is None:
        yield Answer(Outcome.NO_ROUTE, None, f"no Host {host.service} on {host.port}"), Fraction(1)
        return
    total = sum(each.weight for each in shares)
    for each in shares:
        if each.weight:
            share = Fraction(each.weight, total)
            yield from _into(
                sidecar,
                each,
                Call(sidecar.identity, Destination("", 0), None, host, root, (), chain.is_tcp),
                share,
            )


def _into(
    sidecar: Sidecar, weighted: Weighted, call: Call, share: Fraction
) -> Iterator[tuple[Call | Answer, Fraction]]:
    destinations = sidecar.first(weighted.cluster)
    if not destinations:
        what = "no cluster" if destinations is None else "no endpoint in"
        yield Answer(Outcome.UNAVAILABLE, None, f"{what} {weighted.cluster}"), share
        return
    sni = sidecar.clusters[weighted.cluster].sni
    for to in destinations:
        sent = Call(
            call.client, to, sni, call.host, call.root, sidecar.sans.get(sni, ()), call.is_tcp
        )
        yield sent, share / len(destinations)


def send(
    sidecar: Sidecar, host: Host, root: str, peers: Peers, measured: str = ""
) -> Mapping[Answer, Fraction]:
    """Return what comes of a client's requests: each answer with its share, 1 in all."""
    answers: dict[Answer, Fraction] = defaultdict(Fraction)
    for call, share in calls(sidecar, host, root, measured):
        answers[call if isinstance(call, Answer) else peers(call)] += share
    return dict(answers)
