"""An alarm is raised once while it lasts."""

from discovery.alarms import Alarm, AlarmRaised, Alarms


def test_an_alarm_is_raised_when_it_begins_and_not_while_it_lasts() -> None:
    alarms = Alarms()
    assert alarms.judge(Alarm.CLONE, "one") == [AlarmRaised(Alarm.CLONE, "one")]
    assert alarms.judge(Alarm.CLONE, "two") == []
    assert alarms.standing() == {Alarm.CLONE: "two"}


def test_an_alarm_that_was_over_is_raised_again() -> None:
    alarms = Alarms()
    alarms.judge(Alarm.KEY, "one")
    assert alarms.judge(Alarm.KEY, None) == []
    assert alarms.judge(Alarm.KEY, None) == []
    assert alarms.standing() == {}
    assert alarms.judge(Alarm.KEY, "one") == [AlarmRaised(Alarm.KEY, "one")]


def test_what_stands_is_sorted() -> None:
    alarms = Alarms()
    for alarm in (Alarm.UID, Alarm.CLONE, Alarm.LIMITS):
        alarms.judge(alarm, alarm.value)
    assert list(alarms.standing()) == [Alarm.CLONE, Alarm.LIMITS, Alarm.UID]
