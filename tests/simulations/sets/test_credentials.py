"""Whoever holds the objects believes what the keys signed, and nobody else's word."""

import pytest

from discovery.events import TrustChanged
from discovery.names import Origin
from discovery.recordset import RecordSet
from discovery.refusals import Refusal, Refused
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied
from simulations.sets.credentials import Credentials
from simulations.sets.fleet import ClusterPlan, fleet
from simulations.sets.keyring import Keyring

PLAN = fleet(2, ClusterPlan(number=0, nodes=4))
RECORDS = RecordSet.of({})
GRANTED = {"services": ["*/*"]}


def book(credentials: Credentials, document: dict[str, object]) -> TrustBook:
    """Return the trust of another cluster to which this object was applied."""
    own = Origin("elsewhere")
    key = credentials.keyring.signer(own, 1).public
    trust = TrustBook(own, {1: key}, credentials.keyring, "uid")
    assert TrustChanged() in trust.handle(ObjectApplied(document))
    return trust


def test_a_cluster_is_believed_by_its_object_in_the_generations_that_it_names() -> None:
    credentials = Credentials(PLAN, Keyring(1))
    trust = book(credentials, credentials.trust_object(0, GRANTED, (1, 2)))
    trust.judge(credentials.sign(0, RECORDS, epoch=5, generation=1))
    trust.judge(credentials.sign(0, RECORDS, epoch=5, generation=2))
    with pytest.raises(Refused) as refused:
        trust.judge(credentials.sign(0, RECORDS, epoch=5, generation=3))
    assert refused.value.reason is Refusal.KEY
    with pytest.raises(Refused):
        trust.judge(credentials.sign(1, RECORDS, epoch=5))


def test_a_fleet_vouches_for_every_key_that_it_certified_and_for_no_other() -> None:
    credentials = Credentials(PLAN, Keyring(1), certified=True)
    trust = book(credentials, credentials.fleet_object())
    trust.judge(credentials.sign(0, RECORDS, epoch=5))
    trust.judge(credentials.sign(1, RECORDS, epoch=5, generation=7))
    bare = Credentials(PLAN, credentials.keyring)
    with pytest.raises(Refused):
        trust.judge(bare.sign(0, RECORDS, epoch=5))
