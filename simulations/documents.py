"""The document of all targets: put together from its parts, and taken to pieces again.

A document takes hours to measure. So what it says of each target is one part, and a run that
measures some of them leaves the others as they stand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_BELIEF = "# Whether the simulator can be believed"
_DETAIL = "# In detail"
_BELIEF_HEADS = ("what", "configuration", "figure", "published", "here", "difference", "source")
_MET = "**met**"


@dataclass(frozen=True, slots=True)
class Part:
    """What a document has of one target, or of one study without a target."""

    what: str
    """The name of the target, the title of the study."""

    line: tuple[str, ...]
    """The cells in the table of targets, the verdict last; none for a study without a target."""

    beliefs: tuple[tuple[str, ...], ...]
    """The cells of the lines that hold its baselines against what was published of them."""

    section: str
    """Its section, from the title on."""

    @property
    def command(self) -> str:
        """The command that its section names, by which it was measured; empty where none is."""
        pieces = self.section.split("`", 2)
        return pieces[1] if len(pieces) > 2 else ""  # Before, within and after.

    @property
    def is_met(self) -> bool:
        """Whether all limits of its target are kept."""
        return self.line[-1:] == (_MET,)


def compose(introduction: str, heads: Sequence[str], parts: Sequence[Part]) -> str:
    """Return the document that has these parts, in this order."""
    lines = [part.line for part in parts if part.line]
    beliefs = [line for part in parts for line in part.beliefs]
    met = sum(part.is_met for part in parts)
    return (
        "\n".join(
            [
                introduction,
                f"**{met} of {len(lines)} targets are met.**\n",
                *table(heads, lines),
                *(["", _BELIEF, "", *table(_BELIEF_HEADS, beliefs)] if beliefs else []),
                f"\n{_DETAIL}\n",
                "\n\n".join(part.section for part in parts),
            ]
        ).rstrip()
        + "\n"
    )


def take_apart(text: str) -> dict[str, Part]:
    """Return the parts of a document by their names; text that is no document has none."""
    above, _, below = text.partition(f"\n{_DETAIL}\n")
    targets, _, beliefs = above.partition(f"\n{_BELIEF}\n")
    lines = {cells[0]: cells for cells in _cells(targets)}
    believed = list(_cells(beliefs))
    sections = [f"## {each.strip()}" for each in f"\n{below}".split("\n## ")[1:]]
    found = {}
    for section in sections:
        what = section.partition("\n")[0].removeprefix("## ")
        own = tuple(cells for cells in believed if cells[0] == what)
        found[what] = Part(what, lines.get(what, ()), own, section)
    return found


def table(heads: Sequence[str], body: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [heads, ["---"] * len(heads), *body]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _cells(text: str) -> Iterator[tuple[str, ...]]:
    for line in text.splitlines():
        if line.startswith("| ") and line.endswith(" |"):
            yield tuple(line[2:-2].split(" | "))
