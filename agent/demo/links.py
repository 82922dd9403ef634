"""The links between clusters of a demonstration: which way is cut, slow or lossy.

A link has a direction; a cut of both is two. The links of `--keep` stand in a file that people
edit while it runs:

    links:
    - {from: west, to: east, cut: true}
    - {from: east, to: west, delay: 80, loss: 5}     # ms one way, percent of the datagrams
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agent.objects import Document, at, list_at, text_at

DELAY_MS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Link:
    """One direction between two clusters."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Condition:
    """How a link is."""

    is_cut: bool = False
    delay_ms: int = 0
    """One way, milliseconds."""
    loss_percent: int = 0
    """Of datagrams; streams lose nothing, as TCP would see to it."""


WELL = Condition()


class LinksError(ValueError):
    """The file of links says what cannot be; nothing is changed by it."""


@dataclass(slots=True)
class Links:
    """How each link is, now. Shared by all relays."""

    conditions: dict[Link, Condition] = field(default_factory=dict)

    def condition(self, source: str, target: str) -> Condition:
        """Return how the link from `source` to `target` is."""
        return self.conditions.get(Link(source, target), WELL)

    def cut(self, source: str, target: str) -> None:
        """Let nothing pass from `source` to `target`."""
        self.conditions[Link(source, target)] = Condition(is_cut=True)

    def cut_off(self, cluster: str, others: Iterator[str] | list[str]) -> None:
        """Let nothing pass between a cluster and each of `others`, either way."""
        for other in others:
            self.cut(cluster, other)
            self.cut(other, cluster)

    def heal(self) -> None:
        """Let everything pass."""
        self.conditions.clear()


def read_links(document: Document, clusters: frozenset[str]) -> dict[Link, Condition]:
    """Return what a file of links says. Raises `LinksError` that names the first fault."""
    found: dict[Link, Condition] = {}
    for number, entry in enumerate(list_at(document, "links")):
        where = f"links[{number}]"
        if not isinstance(entry, Mapping):
            raise LinksError(f"{where}: must be a mapping such as {{from: west, to: east}}")
        unknown = sorted(set(map(str, entry)) - {"from", "to", "cut", "delay", "loss"})
        if unknown:
            raise LinksError(f"{where}.{unknown[0]}: no such field; cut, delay and loss there are")
        ends = [text_at(entry, side) for side in ("from", "to")]
        for side, name in zip(("from", "to"), ends, strict=True):
            if name not in clusters:
                names = ", ".join(sorted(clusters))
                raise LinksError(f"{where}.{side}: must be one of {names}, is {name!r}")
        found[Link(*ends)] = Condition(
            is_cut=at(entry, "cut") is True,
            delay_ms=_number(entry, "delay", where, DELAY_MS_MAX),
            loss_percent=_number(entry, "loss", where, 100),
        )
    return found


def _number(entry: Document, name: str, where: str, most: int) -> int:
    value = entry.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise LinksError(f"{where}.{name}: must be a whole number from 0 to {most}, is {value!r}")
    return value
