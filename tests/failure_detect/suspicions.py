"""Who is asked about a suspect, and what they say."""

from failure_detect.messages import Accuse, Suspect
from tests.failure_detect.harness import Letter, Stage
from tests.failure_detect.peers import Peer


def confirmers(stage: Stage, words: list[Letter[Suspect]]) -> list[Peer]:
    return [stage.by_key[letter.addressee()] for letter in words]


def accuse(stage: Stage, accuser: Peer, target: Peer, incarnation: int = 1) -> None:
    signature = accuser.accusation(target, incarnation)
    stage.hear(accuser, Accuse(target.short, incarnation, signature))
