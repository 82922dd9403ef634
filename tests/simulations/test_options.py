"""Options are read, shown and found on an experiment."""

from dataclasses import dataclass

import pytest

from failure_detect.clock import MILLISECOND, MINUTE, SECOND
from simulations import options
from simulations.options import options_of, read_duration, show, show_duration


@dataclass(frozen=True)
class Sought:
    lives: int = options.count((1, 2), "how many lives", least=0)
    lasting: int = options.duration(20 * SECOND, "for how long")
    pause: int = options.duration(0, "how long between", least=0)
    loss: float = options.share(0.25, "how much is lost")
    bytes_: int = options.count(8, "how many bytes", most=16)
    what: str = options.choice("mute", ("mute", "deaf"), "what it is")


@dataclass(frozen=True)
class Plain:
    number: int = 3


def test_the_first_default_is_the_field_s() -> None:
    assert Sought() == Sought(lives=1, lasting=20 * SECOND, loss=0.25, what="mute")


def test_options_keep_the_order_of_the_fields() -> None:
    found = options_of(Sought)
    assert [option.name for option in found] == [
        "lives",
        "lasting",
        "pause",
        "loss",
        "bytes_",
        "what",
    ]
    assert [option.default for option in found] == [
        (1, 2),
        (20 * SECOND,),
        (0,),
        (0.25,),
        (8,),
        ("mute",),
    ]
    assert [option.kind for option in found] == [
        "COUNT",
        "DURATION",
        "DURATION",
        "SHARE",
        "COUNT",
        "mute|deaf",
    ]


def test_a_field_that_is_no_option_is_an_error() -> None:
    with pytest.raises(TypeError, match="number is no option"):
        options_of(Plain)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("lives", "0", 0),
        ("pause", "0s", 0),
        ("lasting", "64ms", 64_000),
        ("loss", "1", 1.0),
        ("what", "deaf", "deaf"),
    ],
)
def test_values_are_read(name: str, text: str, value: object) -> None:
    (option,) = (option for option in options_of(Sought) if option.name == name)
    assert option.read(text) == value


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("lasting", "999us", "999us is below 1ms"),
        ("lives", "many", "'many' is not a whole number"),
        ("lives", "-1", "-1 is below 0"),
        ("bytes_", "17", "17 is above 16"),
        ("lasting", "long", "'long' is no duration"),
        ("lasting", "-3s", "-3s is negative"),
        ("lasting", "infs", "is no duration"),
        ("loss", "half", "'half' is not a number"),
        ("loss", "25", "25 does not lie between 0 and 1"),
        ("what", "dumb", "'dumb' is none of mute, deaf"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(name: str, text: str, why: str) -> None:
    (option,) = (option for option in options_of(Sought) if option.name == name)
    with pytest.raises(ValueError, match=why):
        option.read(text)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("7us", 7),
        ("64ms", 64 * MILLISECOND),
        ("1.5s", 1_500 * MILLISECOND),
        ("20", 20 * SECOND),
        ("5m", 5 * MINUTE),
        ("25h", 1_500 * MINUTE),
    ],
)
def test_durations_have_units(text: str, duration: int) -> None:
    assert read_duration(text) == duration


@pytest.mark.parametrize("duration", [0, 1, 64_000, 16_384_000, 60 * SECOND, 5 * MINUTE, 10**11])
def test_what_is_shown_is_read_again(duration: int) -> None:
    assert read_duration(show_duration(duration)) == duration


def test_a_report_names_the_unit() -> None:
    lives, lasting, *_ = options_of(Sought)
    assert (lasting.label(), lasting.plain(64_000)) == ("lasting_s", 0.064)
    assert (lives.label(), lives.plain(3)) == ("lives", 3)
    assert (show(lasting, 64_000), show(lives, 3)) == ("64ms", "3")
