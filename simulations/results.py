"""The table of all targets as a Markdown document, from the rows that were just measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


def document(
    bench: Bench, command: str, findings: Sequence[Finding], more: Iterable[str] = ()
) -> str:
    """Return the whole document; `command` is what wrote it, `more` are sections to follow."""
    met = sum(not finding.failed for finding in findings)
    parts = [
        bench.introduction.format(command=command),
        f"**{met} of {len(findings)} targets are met.**\n",
        *_table(bench, findings),
        *belief(bench, findings),
        "\n# In detail\n",
        *(line for finding in findings for line in _section(finding)),
        *more,
    ]
    return "\n".join(parts).rstrip() + "\n"


def belief(bench: Bench, findings: Sequence[Finding]) -> list[str]:
    """Return a section that sets what baselines came to beside what was published of them."""
    body = []
    for finding in findings:
        for row in finding.rows:
            for known in bench.published:
                if (finding.target.what, row["configuration"]) == (known.what, known.who):
                    reached = Limit(known.figure, known.value, known.quantile).reached(row)
                    body.append(_compared(known, reached, finding.glossary))
    if not body:
        return []
    heads = ["what", "configuration", "figure", "published", "here", "difference", "source"]
    return ["\n# Whether the simulator can be believed\n", *_markdown(heads, body)]


def _compared(known: Published, reached: float | None, glossary: Glossary) -> list[str]:
    difference = "-" if reached is None else f"{100 * (reached / known.value - 1):+.1f} %"
    figure = f"{glossary.head(known.figure)} {known.quantile or ''}".strip()
    here = "-" if reached is None else f"{reached:.2f}"
    return [known.what, known.who, figure, f"{known.value:g}", here, difference, known.source]


def study_section(title: str, study: Study, rows: Sequence[Row]) -> list[str]:
    """Return a section of a study that has no target."""
    return [f"## {title}\n", f"`{study.command()}`\n", *_rows(study, rows), ""]


def _table(bench: Bench, findings: Sequence[Finding]) -> list[str]:
    others = ["others in the same run"] if bench.family.compares else []
    heads = ["what", "must reach", "ours", *others, bench.known, "seeds"]
    heads += [*(head for head, _ in bench.figures), "verdict"]
    return _markdown(heads, [_line(bench, finding) for finding in findings])


def _line(bench: Bench, finding: Finding) -> list[str]:
    target, (ours, *others) = finding.target, finding.rows
    beside = "<br>".join(f"{row['configuration']}: {_shown(row, finding)}" for row in others)
    limits = (f"{_limited(each, finding.glossary)} <= {each.most:g}" for each in target.limits)
    return [
        target.what,
        "; ".join(limits),
        _shown(ours, finding),
        *([beside] if bench.family.compares else []),
        target.published or "-",
        str(len(finding.study.seeds)),
        *(show(ours.get(figure)) for _, figure in bench.figures),
        f"**{finding.verdict}**",
    ]


def _section(finding: Finding) -> list[str]:
    return study_section(finding.target.what, finding.study, finding.rows)


def _rows(study: Study, rows: Sequence[Row]) -> list[str]:
    named, glossary = (*study.kind.plan.columns, "member_hours", PACE), study.family.glossary
    columns = columns_of(named, study.columns(), rows)
    heads = [glossary.head(column) for column in columns]
    return [
        *_markdown(heads, cells(columns, rows)),
        "",
        *(f"* {line}" for line in glossary.meanings(columns)),
    ]


def _markdown(heads: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *body]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _shown(row: Row, finding: Finding) -> str:
    figures = dict.fromkeys(limit.figure for limit in finding.target.limits)
    return ", ".join(f"{finding.glossary.head(each)} {show(row.get(each))}" for each in figures)


def _limited(limit: Limit, glossary: Glossary) -> str:
    head = glossary.head(limit.figure)
    return f"{head} {limit.quantile}" if limit.quantile else head


def _number(reached: float | None) -> str:
    return "is nothing" if reached is None else f"{reached:.4g}"
