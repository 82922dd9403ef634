"""Who is let in, in what version, and for how long."""

import pytest

from agent.wire.gate import Gate, read_member
from agent.wire.header import Pool
from agent.wire.reasons import Reason, WireRefused
from agent.wire.replay import ReplayWindow
from discovery.names import Origin
from discovery.wall_time import WallClockRead
from failure_detect.clock import MINUTE
from failure_detect.identity import Address, MemberId
from tests.agent.wire.ends import End, certificate_of, key_of
from tests.discovery.trusted import EAST, HOME, NOW_MS

HERE = Address("192.0.2.9:7400")


def gate(end: End, pool: Pool = Pool.LAN) -> Gate:
    return Gate(pool, end.credentials(pool), MINUTE)


def test_a_member_is_read_out_of_its_certificate() -> None:
    one = gate(End("one"))
    assert one.read(certificate_of(HOME, "two", HERE)) == (
        MemberId(key_of(HOME, "two").public),
        1,
    )


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (b"", Reason.CERTIFICATE),
        (certificate_of(EAST, "two", HERE), Reason.CERTIFICATE),
        (certificate_of(Origin("stranger"), "two", HERE), Reason.CERTIFICATE),
        (certificate_of(HOME, "one", HERE), Reason.SELF),
        (certificate_of(HOME, "two", HERE, versions=(2, 9)), Reason.VERSION),
    ],
)
def test_whoever_is_not_let_in_is_refused_by_the_reason(certificate: bytes, reason: Reason) -> None:
    with pytest.raises(WireRefused) as caught:
        read_member(End("one").credentials(Pool.LAN), certificate)
    assert caught.value.reason == reason


def test_a_certified_key_that_is_none_is_refused() -> None:
    with pytest.raises(WireRefused) as caught:
        gate(End("one")).admit(MemberId(bytes(32)), ReplayWindow(), 0, 0)
    assert caught.value.reason == Reason.KEY


def test_who_was_believed_is_believed_for_a_while_and_then_asked_about() -> None:
    end = End("one")
    one = gate(end)
    certificate = certificate_of(HOME, "two", HERE)
    member, version = one.read(certificate)
    peer = one.admit(member, ReplayWindow(), 0, 0)
    one.believe(peer, certificate, version, 0)
    end.book.handle(WallClockRead(NOW_MS + 30 * 3_600_000))
    assert one.is_believed(peer, MINUTE - 1)
    assert not one.is_believed(peer, MINUTE)
    one.distrust()
    assert not one.is_believed(peer, 1)
    end.book.handle(WallClockRead(NOW_MS))
    assert one.is_believed(peer, 1)


def test_our_own_certificate_can_be_renewed() -> None:
    one = gate(End("one"))
    before = one.number
    one.renew(b"other")
    assert (one.certificate, one.number) == (b"other", before + 1)
