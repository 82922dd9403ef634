"""The log says what happened in the machines' own words, bounded, and stops nothing."""

import io
import json
from dataclasses import dataclass

import pytest

from agent.process.log import LEVELS, LIST_MAX, TEXT_MAX, Log, event_name, level_of, shown
from discovery.bridge_events import ViewTouched
from discovery.names import Origin, ServiceName
from discovery.recordset import EMPTY
from failure_detect.events import MemberDied, MemberJoined, MemberSuspected
from failure_detect.identity import Address, Identity, MemberId, NodeName

MEMBER = MemberId(bytes(range(32)))
IDENTITY = Identity(MEMBER, NodeName("n1"), 3, Address("n1:7000"), "east")


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def a_log(level: str = "debug", *, as_json: bool = True) -> tuple[Log, io.StringIO]:
    out = io.StringIO()
    return Log(out, level=level, as_json=as_json, context={"node": "n1"}), out


def test_a_fact_stands_there_by_its_name_with_its_fields() -> None:
    log, out = a_log()
    log.fact(MemberDied(MEMBER, 4, (MEMBER,)))
    [line] = lines(out)
    assert line.pop("timestamp")
    assert line == {
        "event": "member_died",
        "level": "warning",
        "node": "n1",
        "member": "0001020304050607",
        "incarnation": 4,
        "accusers": ["0001020304050607"],
    }


def test_facts_are_as_loud_as_they_concern_an_operator() -> None:
    assert level_of(MemberDied(MEMBER, 1, ())) == "warning"
    assert level_of(MemberJoined(IDENTITY, 1)) == "info"
    assert level_of(MemberSuspected(MEMBER, 1)) == "debug"
    assert event_name(ViewTouched()) == "view_touched"


def test_what_is_below_the_level_is_not_written() -> None:
    log, out = a_log("info")
    log.fact(ViewTouched())
    log.fact(MemberJoined(IDENTITY, 1))
    assert [line["event"] for line in lines(out)] == ["member_joined"]
    assert LEVELS == ("debug", "info", "warning", "error")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (IDENTITY, "east/n1#3"),
        (EMPTY, 0),
        (ServiceName("shop", "web"), "shop/web"),
        ({Origin("east"): {1: b"\1\2"}}, {"east": {"1": "0102"}}),
        (None, None),
        (1.5, 1.5),
    ],
)
def test_values_are_shown_as_people_know_them(value: object, expected: object) -> None:
    assert shown(value) == expected


def test_what_others_say_is_cut() -> None:
    text = shown("x" * 10_000)
    assert isinstance(text, str)
    assert len(text) == TEXT_MAX
    many = shown(list(range(1_000)))
    assert isinstance(many, list)
    assert len(many) == LIST_MAX


@dataclass
class Rude:
    words: str


def test_what_others_say_makes_no_line_of_its_own() -> None:
    log, out = a_log()
    log.fact(Rude('x\n{"event": "member_died"}\x1b[31m'))
    assert [line["event"] for line in lines(out)] == ["rude"]


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    log = Log(Broken(), level="info", as_json=True, context={})
    log.fact(MemberJoined(IDENTITY, 1))
    assert log.lost == 1


def test_people_get_lines_for_people() -> None:
    log, out = a_log(as_json=False)
    log.say("info", "agent_started", {"listen": "127.0.0.1:7700"})
    assert "agent_started" in out.getvalue()
    assert "listen=127.0.0.1:7700" in out.getvalue()


def test_the_level_may_change_while_it_writes() -> None:
    log, out = a_log("info")
    log.say("debug", "noise_made", {})
    log.use_level("debug")
    log.say("debug", "noise_heard", {})
    log.use_level("error")
    log.say("info", "word_said", {})
    assert [line["event"] for line in lines(out)] == ["noise_heard"]
    assert lines(out)[0]["node"] == "n1", "what stands in each line still does"
