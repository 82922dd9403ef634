"""Cells that several tables share: ages, shares, and words that have a colour."""

from collections.abc import Iterable

from agent.commands.showing import Cell, Document, Tone
from agent.objects import integer_at, list_at, text_at
from discovery.wall_time import read_time

_TONES = {
    "live": Tone.GOOD,
    "stale": Tone.DOUBTFUL,
    "draining": Tone.DOUBTFUL,
    "degraded": Tone.DOUBTFUL,
    "unreachable": Tone.BAD,
    "expired": Tone.BAD,
    "departed": Tone.QUIET,
    "alive": Tone.GOOD,
    "suspect": Tone.DOUBTFUL,
    "dead": Tone.BAD,
    "left": Tone.QUIET,
    "retired": Tone.QUIET,
}


def word(text: str) -> Cell:
    """Return a verdict or a status in its colour."""
    return Cell(text, _TONES.get(text, Tone.PLAIN))


def yes_or_no(value: object) -> Cell:
    """Return a truth that had better be one; empty for what is not known."""
    if value is None:
        return Cell("")
    return Cell("yes", Tone.GOOD) if value is True else Cell("no", Tone.BAD)


def age(document: Document, since: str) -> str:
    """Return how long ago `since` was when the document was made: `3m12s`; empty if unknown."""
    made, began = read_time(text_at(document, "asOf")), read_time(since)
    if made is None or began is None:
        return ""
    return shown_seconds(max(0, made - began) // 1_000)


def shown_seconds(seconds: int) -> str:
    """Return a length of time in its two largest units: `2d4h`, `3m12s`, `7s`."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    units = ((days, "d"), (hours, "h"), (minutes, "m"), (rest, "s"))
    first = next((at for at, (count, _) in enumerate(units) if count), len(units) - 1)
    shown = units[first : first + 2]
    return "".join(f"{count}{unit}" for count, unit in shown if count or len(shown) == 1)


def of_total(row: object, part: str, total: str) -> Cell:
    """Return `3/5`, doubtful where some are missing and bad where all are."""
    have, all_of_them = integer_at(row, part) or 0, integer_at(row, total) or 0
    tone = Tone.GOOD if have == all_of_them else Tone.DOUBTFUL if have else Tone.BAD
    return Cell(f"{have}/{all_of_them}", tone if all_of_them else Tone.QUIET)


def percent(weight: int | None) -> str:
    """Return a weight out of 1000 as people read it: `37.5%`."""
    return f"{(weight or 0) / 10:g}%"


def rows(document: object, *path: str | int) -> tuple[Document, ...]:
    """Return the mappings in a list of a document."""
    return tuple(each for each in list_at(document, *path) if isinstance(each, dict))


def joined(words: Iterable[object]) -> str:
    """Return words with commas between them."""
    return ", ".join(str(each) for each in words)
