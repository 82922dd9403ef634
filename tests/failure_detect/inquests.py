"""Stages on which the agent of a node dies, and the node is looked into."""

from failure_detect.clock import SECOND
from failure_detect.events import ConnectFinished, ConnectNode, Effect, NodeAnswered, NodeSilent
from failure_detect.messages import Gossip
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import LAN, Peer, accusations

NODE = LAN.node
FEW = NODE.checkers + 1
"""With so few members everybody checks everybody else's node."""


def answer(stage: Stage, connects: list[ConnectNode], *, answered: bool) -> None:
    for connect in connects:
        stage.tell(ConnectFinished(connect.connect, answered))


def prepared(peers: int = FEW - 1) -> tuple[Stage, Peer]:
    """A stage on which all nodes have answered lately; and the peer whose agent will die."""
    stage = Stage(peers=peers, nodes=True, known=False)
    stage.introduce(*stage.peers)
    stage.run(4 * SECOND)
    answer(stage, stage.connects(), answered=True)
    stage.log.clear()
    return stage, stage.peers[0]


def kill(stage: Stage, subject: Peer) -> list[ConnectNode]:
    """Have the agent die; return the connects that this leads to."""
    since = stage.now
    stage.silence(subject)
    stage.run(10_000)
    bundle = accusations(subject, stage.own, *stage.peers[1:])
    stage.hear(stage.peers[1], Gossip(), bundle)
    stage.run(LAN.suspicion.last_call)
    assert stage.detector.statistics().dead == 1
    return [each for each in stage.connects(since=since) if each.address == address_of(subject)]


def address_of(peer: Peer) -> str:
    assert peer.identity.node_address is not None
    return peer.identity.node_address


def is_silent(stage: Stage, connects: list[ConnectNode]) -> None:
    """Let so many tries in a row be met with silence as it takes."""
    for _ in range(NODE.tries):
        answer(stage, connects, answered=False)
        connects = stage.connects()[-1:]


def told(stage: Stage) -> list[Effect]:
    return [fact for fact in stage.facts() if isinstance(fact, NodeSilent | NodeAnswered)]
