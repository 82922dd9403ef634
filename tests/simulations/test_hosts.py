from simulations.clocks import MemberClock
from simulations.hosts import Affliction, Host, Traffic


def test_ailments_are_as_many_as_the_faults_behind_them() -> None:
    host = Host(300, "g", MemberClock(0))
    assert host.address == "10.0.1.44:7946"
    pauses = [Affliction("paused"), Affliction("paused")]
    for pause in pauses:
        host.suffer(pause)
    host.recover(pauses[0])
    assert host.hampered
    host.blame("paused")
    assert (pauses[0].touched, pauses[1].touched) == (0, 1)
    host.recover(pauses[1])
    assert not host.hampered


def test_what_slows_multiplies() -> None:
    host = Host(0, "g", MemberClock(0))
    host.suffer(Affliction("slow", 3))
    host.suffer(Affliction("slow", 5))
    assert (host.slowness, host.hampered, host.impeded) == (15, True, False)


def test_the_mute_and_the_deaf_are_impeded_but_not_hampered() -> None:
    for kind in ("mute", "deaf", "mute_streams", "deaf_streams"):
        host = Host(0, "g", MemberClock(0))
        host.suffer(Affliction(kind))
        assert (host.impeded, host.hampered) == (True, False)


def test_traffic_adds_up() -> None:
    total = Traffic(datagrams_sent=1, request_bytes_sent=5)
    total.add(Traffic(datagrams_sent=2, response_bytes_sent=7))
    assert total == Traffic(datagrams_sent=3, request_bytes_sent=5, response_bytes_sent=7)
    assert total.stream_bytes_sent == 12
