"""What the local API is told of an agent."""

from random import Random

from agent.objects import TRUSTED_CLUSTER
from agent.process.observing import Observer, Surroundings
from agent.process.storing import Storing
from agent.stores.memory import MemoryStore
from agent.stores.memory_shelf import MemoryShelf
from agent.transport.settings import TransportSettings
from agent.transport.transport import Transport
from discovery.refusals import Refusal
from failure_detect.identity import Address
from tests.agent.core.townscape import Town


def ignore(*_: object) -> None:
    """Do nothing with what is told."""


def observed(town: Town, site: str) -> Observer:
    process = town.process(site)
    transport = Transport(
        process.member,
        TransportSettings(listen=Address("127.0.0.1:0")),
        lambda _, __: True,
        entropy=bytes,
    )
    store = MemoryStore(MemoryShelf(lambda: 0, Random(1)))
    around = Surroundings(
        clock=lambda: town.agenda.now,
        wall_ms=town.agenda.wall_ms,
        transport=transport.statistics,
        listens="127.0.0.1:7400",
        store="memory",
        faults=tuple,
        store_faults=tuple,
        alarms=tuple,
    )
    storing = Storing(store, site, lambda: 0, ignore, ignore, lambda: True)
    return Observer(process.agent, storing, around, "0.1.0")


def test_certificates_that_are_not_believed_are_told_with_reason_and_cluster() -> None:
    town = Town(agents=1, names=("east", "west"))
    town.start()
    town.until(lambda: all(map(town.publisher, town.clusters)), 30)
    town.api("east").delete(TRUSTED_CLUSTER, "west")
    town.run(1)
    head = town.process("east-1").agent.head
    certificate = town.process("west-1").credentials.wan
    assert head is not None
    assert head.authority.identify(certificate) is None
    assert town.process("east-1").agent.lan_authority.identify(certificate) is None
    told = {(each.origin, each.reason) for each in observed(town, "east-1").facts().refused}
    assert ("west", Refusal.UNTRUSTED) in told
