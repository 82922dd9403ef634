"""Rows of figures as a table of words, and what its columns mean."""

from collections.abc import Iterable, Mapping, Sequence

from simulations.samples import Figure, Row

_HEADS: Mapping[str, tuple[str, str]] = {
    "configuration": ("configuration", ""),
    "first_detection_s": ("first", "seconds until the first healthy member knows"),
    "full_detection_s": ("everyone", "seconds until every healthy member knows"),
    "heal_s": ("whole again", "seconds from the repair until everyone sees everyone alive"),
    "join_s": ("joined", "seconds until everyone knows everyone"),
    "false_positives": ("FP", "deaths declared of members that nothing ails, at any observer"),
    "false_positives_at_healthy": ("FP-", "the same at observers that nothing ails"),
    "false_positives_per_member_hour": ("FP/h", "FP per member-hour, and its 95 % interval"),
    "late_false_deaths": ("late", "false deaths later than the grace after the repair"),
    "same_side_deaths": ("same side", "deaths of members that the partition did not cut off"),
    "never_healed": ("never", "runs in which the sides had not found each other in time"),
    "false_positives_per_run": ("FP/run", "FP per run"),
    "never_joined": ("never", "runs in which not all knew all in time"),
    "troubled_deaths": ("about the troubled", "deaths declared of troubled members"),
    "share_declared_dead": ("share", "share of the pauses after which somebody declared a death"),
    "missed": ("missed", "failures that some healthy member never noticed"),
    "found": ("found", "troubled members that somebody healthy found"),
    "bytes_per_member_s": ("B/s", "payload of datagrams and streams, in clear, per member"),
    "sealed_bytes_per_member_s": ("sealed B/s", "the same with 32 B for sealing each datagram"),
    "messages_per_member_s": ("msg/s", "datagrams and stream frames sent, per member"),
    "processor_s_per_simulated_s": ("pace", "seconds of one processor for one simulated second"),
    "member_hours": ("member-h", "simulated hours, summed over members"),
}


def head(column: str) -> str:
    """Return what stands above a column."""
    return _HEADS[column][0] if column in _HEADS else column.removesuffix("_s").replace("_", " ")


def meaning(column: str) -> str:
    """Return in a few words what a column holds; its head where that says all."""
    return (_HEADS[column][1] if column in _HEADS else "") or head(column)


def meanings(columns: Iterable[str]) -> list[str]:
    """Explain the columns, a line each; spreads are `median (worst)`."""
    known = [(head(column), _HEADS[column][1]) for column in columns if column in _HEADS]
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
        case {"median": median, "max": worst}:
            return f"{median:.2f} ({worst:.2f})"
        case {"mean": mean, "low": low, "high": high}:
            return f"{mean:.3g} [{low:.2g}, {high:.2g}]"
        case dict():
            return "-"
        case float():
            return f"{figure:.2f}" if abs(figure) < 1_000 else f"{figure:.0f}"
        case _:
            return str(figure)


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
    """Return the columns to show: who, in which cell, and those figures that somebody has."""
    wanted = ["configuration", *labels, *named]
    return [
        column
        for column in dict.fromkeys(wanted)
        if any(row.get(column) is not None for row in rows)
    ]
