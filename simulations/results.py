"""The table of all targets as a Markdown document, from the rows that were just measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulations.samples import Row
from simulations.study import PACE, Study
from simulations.tables import cells, columns_of, head, meanings, show
from simulations.targets import Limit, Target

_INTRODUCTION = """\
# What the failure detector reaches

Written by `{command}` from its own output;
nothing here is typed by hand. Each section below says how to run its line again, alone. What is
marked as quick ran with few members, for a short time: it shows that all runs, and no more.

* Delays on a LAN are 0.2 to 2 ms, uniform, one way; `wan` is 30 clusters of three members each with
  round trips of 20 to 150 ms between them, 20 % jitter and 0.5 % loss.
* Two numbers are the median and, in brackets, the worst over all seeds.
* FP is one death declared at one observer about a member that nothing ails, FP- the same at an
  observer that nothing ails, pooled over all seeds. The interval is the exact one of a Poisson
  count, 95 %, per simulated member-hour.
* Baselines ran in the same command, on the same seeds. `memberlist` is its state machine with its
  defaults; `lifeguard` and `swim` are set as in the Lifeguard paper (alpha 5; beta 6 and 1).
* "Published" is what was measured of the real memberlist, or printed in a paper, beforehand.
"""


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
            f"{_limited(limit)} {_number(limit.reached(self.rows[0]))}" for limit in self.failed
        )


@dataclass(frozen=True, slots=True)
class Published:
    """What others measured of a baseline, in the unit of the figure."""

    what: str
    """The target in whose run it is compared."""
    who: str
    figure: str
    quantile: str | None
    value: float
    source: str


_PAPER = "Lifeguard, section 5"
_REAL = "the real memberlist, N = 128"
_CRASH, _WIDE = "crash, N = 128", "wan: crash"
PUBLISHED: tuple[Published, ...] = (
    Published(_CRASH, "swim", "first_detection_s", "median", 12.44, _PAPER),
    Published(_CRASH, "swim", "full_detection_s", "median", 12.90, _PAPER),
    Published(_CRASH, "lifeguard", "first_detection_s", "median", 12.45, _PAPER),
    Published(_CRASH, "lifeguard", "full_detection_s", "median", 12.91, _PAPER),
    Published(_CRASH, "memberlist", "first_detection_s", "median", 9.89, _REAL),
    Published(_CRASH, "memberlist", "full_detection_s", "median", 10.34, _REAL),
    Published(_WIDE, "memberlist", "first_detection_s", "median", 68.6, _REAL + ", WAN defaults"),
    Published(_WIDE, "memberlist", "full_detection_s", "median", 69.6, _REAL + ", WAN defaults"),
    Published("idle", "memberlist", "bytes_per_member_s", None, 100.9, _REAL),
    Published("idle", "memberlist", "messages_per_member_s", None, 2.0, _REAL + ", datagrams only"),
)
"""The rows by which the simulator is checked."""


def summary(finding: Finding) -> str:
    """Return a finding in one line of plain text."""
    return f"{finding.target.what}: {_shown(finding.rows[0], finding.target)}: {finding.verdict}"


def document(command: str, findings: Sequence[Finding], more: Iterable[str] = ()) -> str:
    """Return the whole document; `command` is what wrote it, `more` are sections to follow."""
    met = sum(not finding.failed for finding in findings)
    parts = [
        _INTRODUCTION.format(command=command),
        f"**{met} of {len(findings)} targets are met.**\n",
        *_table(findings),
        *belief(findings),
        "\n# In detail\n",
        *(line for finding in findings for line in _section(finding)),
        *more,
    ]
    return "\n".join(parts).rstrip() + "\n"


def belief(findings: Sequence[Finding]) -> list[str]:
    """Return a section that sets what baselines came to beside what was published of them."""
    body = []
    for finding in findings:
        for row in finding.rows:
            for known in PUBLISHED:
                if (finding.target.what, row["configuration"]) == (known.what, known.who):
                    reached = Limit(known.figure, known.value, known.quantile).reached(row)
                    body.append(_compared(known, reached))
    if not body:
        return []
    heads = ["what", "configuration", "figure", "published", "here", "difference", "source"]
    return ["\n# Whether the simulator can be believed\n", *_markdown(heads, body)]


def _compared(known: "Published", reached: float | None) -> list[str]:
    difference = "-" if reached is None else f"{100 * (reached / known.value - 1):+.1f} %"
    figure = f"{head(known.figure)} {known.quantile or ''}".strip()
    here = "-" if reached is None else f"{reached:.2f}"
    return [known.what, known.who, figure, f"{known.value:g}", here, difference, known.source]


def study_section(title: str, study: Study, rows: Sequence[Row]) -> list[str]:
    """Return a section of a study that has no target."""
    return [f"## {title}\n", f"`{study.command()}`\n", *_rows(study, rows), ""]


def _table(findings: Sequence[Finding]) -> list[str]:
    heads = ["what", "must reach", "ours", "others in the same run", "published", "seeds"]
    heads += ["member-hours", "FP per member-hour", "verdict"]
    body = []
    for finding in findings:
        target, (ours, *others) = finding.target, finding.rows
        beside = [f"{row['configuration']}: {_shown(row, target)}" for row in others]
        body.append(
            [
                target.what,
                "; ".join(f"{_limited(limit)} <= {limit.most:g}" for limit in target.limits),
                _shown(ours, target),
                "<br>".join(beside),
                target.published or "-",
                str(len(finding.study.seeds)),
                show(ours.get("member_hours")),
                show(ours.get("false_positives_per_member_hour")),
                f"**{finding.verdict}**",
            ]
        )
    return _markdown(heads, body)


def _section(finding: Finding) -> list[str]:
    return study_section(finding.target.what, finding.study, finding.rows)


def _rows(study: Study, rows: Sequence[Row]) -> list[str]:
    columns = columns_of((*study.kind.plan.columns, "member_hours", PACE), study.labels(), rows)
    heads = [head(column) for column in columns]
    return [
        *_markdown(heads, cells(columns, rows)),
        "",
        *(f"* {line}" for line in meanings(columns)),
    ]


def _markdown(heads: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *body]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _shown(row: Row, target: Target) -> str:
    figures = dict.fromkeys(limit.figure for limit in target.limits)
    return ", ".join(f"{head(figure)} {show(row.get(figure))}" for figure in figures)


def _limited(limit: Limit) -> str:
    return f"{head(limit.figure)} {limit.quantile}" if limit.quantile else head(limit.figure)


def _number(reached: float | None) -> str:
    return "is nothing" if reached is None else f"{reached:.4g}"
