"""The other end: what the side-car of a Pod makes of a call that reaches it.

The chain is found by SNI and port, the route by Host, and in SMI mode a TrafficTarget has to name
the client. A gateway that passes TLS through (by SNI, L4) is one more hop and changes nothing else.
"""

from collections.abc import Mapping
from typing import Protocol

from discovery.names import ServiceName
from simulations.mesh_objects import Identity, PodSpec
from simulations.mesh_resources import Inbound
from simulations.mesh_traffic import Answer, Call, Outcome


class Server(Protocol):
    """The cluster of the Pod that is called."""

    @property
    def trust_root(self) -> str:
        """The root that its side-cars trust."""
        ...

    @property
    def catalog(self) -> "Admission":
        """Who is let in."""
        ...


class Admission(Protocol):
    """Says who may call whom."""

    def admits(self, client: Identity, server: Identity) -> bool:
        """Tell whether a server's side-car takes a client."""
        ...


def answer_of(
    call: Call,
    pod: PodSpec,
    servers: Mapping[ServiceName, tuple[Inbound, ...]],
    cluster: Server,
) -> Answer:
    """Return what a Pod makes of a call; `servers` is what its side-car was told last."""
    why = _refusal(call, pod, cluster)
    if why:
        return Answer(Outcome.UNAVAILABLE, call.to, why)
    if call.sans and pod.identity not in call.sans:
        return Answer(Outcome.SAN_REFUSED, call.to, f"{pod.identity} answers")
    mine = [
        each
        for inbounds in servers.values()
        for each in inbounds
        if each.port == call.to.port and _selects(each, pod)
    ]
    chain = next((each for each in mine if each.service == call.sni), None)
    if chain is None:
        return Answer(Outcome.UNAVAILABLE, call.to, f"no inbound chain for {call.sni}")
    known = {host for each in mine if not each.is_tcp for host in each.hosts}
    if not chain.is_tcp and call.host not in known:
        return Answer(Outcome.NO_ROUTE, call.to, f"the server has no Host {call.host.service}")
    return Answer(Outcome.SERVED, call.to)


def _refusal(call: Call, pod: PodSpec, cluster: Server) -> str:
    if call.sni is None:
        return "plaintext is refused"
    if call.root != cluster.trust_root:
        return "another root"
    if not cluster.catalog.admits(call.client, pod.identity):
        return f"no TrafficTarget lets {call.client} in"
    return ""


def _selects(inbound: Inbound, pod: PodSpec) -> bool:
    labels = pod.labels
    is_near = inbound.service.namespace == pod.namespace
    return is_near and all(labels.get(key) == value for key, value in inbound.selector)
