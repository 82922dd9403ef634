"""Rows of figures as a table of words, and what its columns mean."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulations.samples import Figure, Row

_EVERYWHERE: Mapping[str, tuple[str, str]] = {
    "configuration": ("configuration", ""),
    "bytes_per_member_s": ("B/s", "payload of datagrams and streams, in clear, per member"),
    "sealed_bytes_per_member_s": ("sealed B/s", "the same with 32 B for sealing each datagram"),
    "messages_per_member_s": ("msg/s", "datagrams and stream frames sent, per member"),
    "processor_s_per_simulated_s": ("pace", "seconds of one processor for one simulated second"),
    "member_hours": ("member-h", "simulated hours, summed over members"),
}


@dataclass(frozen=True, slots=True)
class Glossary:
    """What the columns of a family of experiments are called, and what they mean."""

    words: Mapping[str, tuple[str, str]]
    """What stands above a column, and in a few words what it holds; empty where that says all."""

    @classmethod
    def of(cls, words: Mapping[str, tuple[str, str]]) -> "Glossary":
        """Return a glossary of these columns and of those that every family has."""
        return cls({**_EVERYWHERE, **words})

    def head(self, column: str) -> str:
        """Return what stands above a column."""
        if column in self.words:
            return self.words[column][0]
        return column.removesuffix("_s").replace("_", " ")

    def meaning(self, column: str) -> str:
        """Return in a few words what a column holds; its head where that says all."""
        return (self.words[column][1] if column in self.words else "") or self.head(column)

    def meanings(self, columns: Iterable[str]) -> list[str]:
        """Explain the columns, a line each; spreads are `median (worst)`."""
        known = [self.words[column] for column in columns if column in self.words]
        lines = [f"{name}: {meaning}" for name, meaning in known if meaning]
        return [*lines, "Two numbers are the median and, in brackets, the worst."]


def cells(columns: Sequence[str], rows: Iterable[Row]) -> list[list[str]]:
    """Return each row as words, one for each column."""
    return [[show(row.get(column)) for column in columns] for row in rows]


def show(figure: Figure) -> str:
    """Write one figure."""
    match figure:
        case None:
            return "-"
        case {"median": int() | float() as median, "max": int() | float() as worst}:
            return f"{_number(median)} ({_number(worst)})"
        case {"mean": mean, "low": low, "high": high}:
            return f"{mean:.3g} [{low:.2g}, {high:.2g}]"
        case dict():
            return "-"
        case float():
            return f"{figure:.2f}" if abs(figure) < 1_000 else f"{figure:.0f}"
        case _:
            return str(figure)


def _number(number: int | float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.2f}"


def aligned(heads: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of columns that stand below each other, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    lines = []
    for line in (heads, *body):
        first, *rest = (
            word.ljust(width) if not number else word.rjust(width)
            for number, (word, width) in enumerate(zip(line, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return lines


def columns_of(named: Iterable[str], labels: Iterable[str], rows: Sequence[Row]) -> list[str]:
    """Return the columns to show: what tells rows apart, and those figures that somebody has."""
    return [
        column
        for column in dict.fromkeys((*labels, *named))
        if any(row.get(column) is not None for row in rows)
    ]
