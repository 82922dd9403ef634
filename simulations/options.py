"""What an experiment can be asked to do differently: options as data, without a command line.

An experiment is a dataclass; each of its fields is declared by one of the functions here.
Every option takes several values, separated by commas: the experiment then runs for each of
them, and for each combination with those of others.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TypeAlias, cast

from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration

Value: TypeAlias = int | float | str
_UNITS: tuple[tuple[str, Duration], ...] = (
    ("us", 1),
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", MINUTE),
    ("h", 60 * MINUTE),
)


@dataclass(frozen=True, slots=True)
class Option:
    """One option: what it is for, how it is read, and what it is when nothing is said."""

    name: str
    help: str
    kind: str
    """What stands for a value in the help: COUNT, DURATION, SHARE or the choices."""
    read: Callable[[str], Value]
    """Reads one value; ValueError says what is wrong with it."""
    default: tuple[Value, ...]

    def label(self) -> str:
        """Return the name with its unit, as it stands in a report."""
        return f"{self.name}_s" if self.kind == "DURATION" else self.name

    def plain(self, value: Value) -> Value:
        """Return a value in the unit that `label` names."""
        return value / SECOND if self.kind == "DURATION" and not isinstance(value, str) else value


def show(option: Option, value: Value) -> str:
    """Write a value as the option reads it."""
    if option.kind == "DURATION" and isinstance(value, int):
        return show_duration(value)
    return str(value)


def count(
    default: int | Sequence[int], help_: str, *, least: int = 1, most: int | None = None
) -> int:
    """Declare a whole number of at least `least`, and at most `most` where there is one."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a whole number") from None
        if number < least:
            raise ValueError(f"{text} is below {least}")
        if most is not None and number > most:
            raise ValueError(f"{text} is above {most}")
        return number

    return cast("int", _declare(default, help_, "COUNT", read))


def duration(
    default: Duration | Sequence[Duration], help_: str, *, least: Duration = MILLISECOND
) -> Duration:
    """Declare a duration: microseconds inside, `64ms`, `20s`, `5m`, `25h` outside.

    One below `least` is refused: what lasts no time would happen without end, or not at all.
    """

    def read(text: str) -> Duration:
        found = read_duration(text)
        if found < least:
            raise ValueError(f"{text} is below {show_duration(least)}")
        return found

    return cast("Duration", _declare(default, help_, "DURATION", read))


def share(default: float | Sequence[float], help_: str) -> float:
    """Declare a share, 0 to 1."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a number") from None
        if not 0.0 <= number <= 1.0:
            raise ValueError(f"{text} does not lie between 0 and 1")
        return number

    return cast("float", _declare(default, help_, "SHARE", read))


def choice(default: str | Sequence[str], choices: Sequence[str], help_: str) -> str:
    """Declare one of some words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is none of {', '.join(choices)}")
        return text

    return cast("str", _declare(default, help_, "|".join(choices), read))


def read_duration(text: str) -> Duration:
    """Read `64ms`, `1.5s`, `5m`, `25h`, or a plain number of seconds, as microseconds."""
    number, factor = text, SECOND
    for unit, size in _UNITS:  # Longer units first: "ms" ends in "s".
        if text.endswith(unit):
            number, factor = text.removesuffix(unit), size
            break
    try:
        found = round(float(number) * factor)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no duration; 64ms, 20s, 5m or 25h would be") from None
    if found < 0:
        raise ValueError(f"{text} is negative")
    return found


def show_duration(value: Duration) -> str:
    """Write a duration as `read_duration` reads it, in the largest unit that fits."""
    for unit, size in reversed(_UNITS):
        if value and value % size == 0 and (unit not in "mh" or value >= 10 * size):
            return f"{value // size}{unit}"
    return f"{value / SECOND:g}s"


def options_of(experiment: type) -> tuple[Option, ...]:
    """Return the options of an experiment, in the order of its fields."""
    return tuple(_option(each) for each in fields(experiment))


def _declare(
    default: Value | Sequence[Value], help_: str, kind: str, read: Callable[[str], Value]
) -> object:
    is_one = isinstance(default, int | float | str)
    defaults = (default,) if is_one else tuple(cast("Sequence[Value]", default))
    option = Option("", help_, kind, read, cast("tuple[Value, ...]", defaults))
    return field(default=defaults[0], metadata={"option": option})


def _option(declared: "Field[object]") -> Option:
    option = declared.metadata.get("option", MISSING)
    if not isinstance(option, Option):
        raise TypeError(f"{declared.name} is no option")
    return Option(declared.name, option.help, option.kind, option.read, option.default)
