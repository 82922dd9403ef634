"""What came of a target, as a part of the Markdown document of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulations.documents import Part, compose, table
from simulations.samples import Row
from simulations.study import PACE, Study
from simulations.tables import Glossary, cells, columns_of, show
from simulations.targets import Bench, Limit, Published, Target


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one target."""

    target: Target
    study: Study
    rows: Sequence[Row]
    """One for each configuration, `ours` first."""

    @property
    def failed(self) -> list[Limit]:
        """The limits that ours does not keep."""
        return [limit for limit in self.target.limits if not limit.is_met(self.rows[0])]

    @property
    def verdict(self) -> str:
        """`met`, or `not met` and why."""
        if not self.failed:
            return "met"
        return "not met: " + ", ".join(
            f"{_limited(limit, self.glossary)} {_number(limit.reached(self.rows[0]))}"
            for limit in self.failed
        )

    @property
    def glossary(self) -> Glossary:
        """What its figures mean."""
        return self.study.family.glossary


def summary(finding: Finding) -> str:
    """Return a finding in one line of plain text."""
    return f"{finding.target.what}: {_shown(finding.rows[0], finding)}: {finding.verdict}"


def part(bench: Bench, finding: Finding) -> Part:
    """Return what the document says of a finding."""
    target = finding.target
    return Part(
        what=target.what,
        line=_line(bench, finding),
        beliefs=tuple(_beliefs(bench, finding)),
        section=_section(target.what, finding.study, finding.rows),
    )


def study_part(title: str, study: Study, rows: Sequence[Row]) -> Part:
    """Return what the document says of a study that has no target."""
    return Part(what=title, line=(), beliefs=(), section=_section(title, study, rows))


def document(bench: Bench, command: str, parts: Sequence[Part]) -> str:
    """Return the whole document, in the order of its parts; `command` is what wrote it."""
    return compose(bench.introduction.format(command=command), _heads(bench), parts)


def _heads(bench: Bench) -> tuple[str, ...]:
    others = ("others in the same run",) if bench.family.compares else ()
    figures = (head for head, _ in bench.figures)
    return ("what", "must reach", "ours", *others, bench.known, "seeds", *figures, "verdict")


def _beliefs(bench: Bench, finding: Finding) -> list[tuple[str, ...]]:
    lines = []
    for row in finding.rows:
        for known in bench.published:
            if (finding.target.what, row["configuration"]) == (known.what, known.who):
                reached = Limit(known.figure, known.value, known.quantile).reached(row)
                lines.append(_compared(known, reached, finding.glossary))
    return lines


def _compared(known: Published, reached: float | None, glossary: Glossary) -> tuple[str, ...]:
    difference = "-" if reached is None else f"{100 * (reached / known.value - 1):+.1f} %"
    figure = f"{glossary.head(known.figure)} {known.quantile or ''}".strip()
    here = "-" if reached is None else f"{reached:.2f}"
    return (known.what, known.who, figure, f"{known.value:g}", here, difference, known.source)


def _line(bench: Bench, finding: Finding) -> tuple[str, ...]:
    target, (ours, *others) = finding.target, finding.rows
    beside = "<br>".join(f"{row['configuration']}: {_shown(row, finding)}" for row in others)
    limits = (f"{_limited(each, finding.glossary)} <= {each.most:g}" for each in target.limits)
    return (
        target.what,
        "; ".join(limits),
        _shown(ours, finding),
        *((beside,) if bench.family.compares else ()),
        target.published or "-",
        str(len(finding.study.seeds)),
        *(show(ours.get(figure)) for _, figure in bench.figures),
        f"**{finding.verdict}**",
    )


def _section(title: str, study: Study, rows: Sequence[Row]) -> str:
    named, glossary = (*study.kind.plan.columns, "member_hours", PACE), study.family.glossary
    columns = columns_of(named, study.columns(), rows)
    above = [glossary.head(column) for column in columns]
    meanings = (f"* {line}" for line in glossary.meanings(columns))
    body = table(above, cells(columns, rows))
    return "\n".join([f"## {title}\n", f"`{study.command()}`\n", *body, "", *meanings])


def _shown(row: Row, finding: Finding) -> str:
    figures = dict.fromkeys(limit.figure for limit in finding.target.limits)
    return ", ".join(f"{finding.glossary.head(each)} {show(row.get(each))}" for each in figures)


def _limited(limit: Limit, glossary: Glossary) -> str:
    head = glossary.head(limit.figure)
    return f"{head} {limit.quantile}" if limit.quantile else head


def _number(reached: float | None) -> str:
    return "is nothing" if reached is None else f"{reached:.4g}"
