"""A bridge on its way out."""

from agent.core.events import LeaseWriteRequested, ToPool
from agent.core.lease_events import ClockShown, LeaseWanted, LeaseWritten
from agent.core.parting import LINGER, Parting
from agent.objects import Document, text_at
from failure_detect.clock import SECOND
from failure_detect.events import SendDatagram
from tests.agent.core.townscape import Town


def publisher() -> tuple[Town, str]:
    town = Town(agents=2, names=("east", "west"))
    town.start()
    town.until(lambda: all(map(town.publisher, town.clusters)), 90)
    town.run(3)
    return town, town.publisher("east")


def parting(town: Town, site: str) -> Parting:
    process = town.process(site)
    assert process.agent.head is not None
    head = process.agent.head
    return Parting(head.wan, head.lease, process.member, town.agenda.now)


def stored(update: LeaseWriteRequested) -> Document:
    metadata = update.write.document["metadata"]
    assert isinstance(metadata, dict)
    return {**update.write.document, "metadata": {**metadata, "resourceVersion": "999"}}


def test_it_says_that_it_leaves_and_gives_up_the_lease() -> None:
    town, site = publisher()
    going, now = parting(town, site), town.agenda.now
    [update] = [each for each in going.begin(now) if isinstance(each, LeaseWriteRequested)]
    assert text_at(update.write.document, "spec", "holderIdentity") == ""
    assert going.lease_written(LeaseWritten(update.number, stored(update)), now) == []
    sent = []
    while not going.is_over(now):
        now = going.deadline
        sent += going.advance(now)
    assert [each for each in sent if isinstance(each, ToPool)]
    assert all(isinstance(each.order, SendDatagram) for each in sent if isinstance(each, ToPool))


def test_an_update_that_is_under_way_is_waited_for_and_then_the_lease_is_given_up() -> None:
    town, site = publisher()
    head = town.process(site).agent.head
    assert head is not None
    now = town.agenda.now
    renewals: list[LeaseWriteRequested] = []
    while not renewals:  # Until one is under way; the store answers nothing any more.
        now += SECOND // 10
        told = head.advance(now)
        renewals = [each for each in told if isinstance(each, LeaseWriteRequested)]
    going = Parting(head.wan, head.lease, town.process(site).member, now)
    assert not [each for each in going.begin(now) if isinstance(each, LeaseWriteRequested)]
    assert not head.lease.holds(now)
    assert not going.is_over(now + 3 * LINGER)
    late = now + 3 * LINGER
    for _ in range(20):
        going.advance(late)
    assert going.deadline > late
    said = going.lease_written(LeaseWritten(renewals[0].number, stored(renewals[0])), late)
    [update] = [each for each in said if isinstance(each, LeaseWriteRequested)]
    assert text_at(update.write.document, "spec", "holderIdentity") == ""
    going.lease_written(LeaseWritten(update.number, stored(update)), late)
    assert going.is_over(late)


def test_its_lease_is_wanted_no_more_by_whatever_it_is_told() -> None:
    town, site = publisher()
    head = town.process(site).agent.head
    assert head is not None
    now = town.agenda.now
    head.lease.handle(LeaseWanted(wanted=False), now)
    head.lease.handle(ClockShown(1), now)
    assert not head.lease.holds(now)
