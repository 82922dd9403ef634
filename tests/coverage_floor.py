"""The floor under the coverage of each package, lines and branches apart.

`python -m tests.coverage_floor coverage.json` reads the report that coverage writes as JSON, prints
a line for each package, and fails if one of them lies below the floor. A package in which there is
nothing to cover yet passes.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tests.house_rules import PACKAGES

FLOOR_PERCENT = 90


class Summary(TypedDict):
    covered_lines: int
    num_statements: int
    covered_branches: int
    num_branches: int


class File(TypedDict):
    summary: Summary


class Report(TypedDict):
    files: dict[str, File]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many were reached."""

    reached: int
    of: int

    @property
    def suffices(self) -> bool:
        return 100 * self.reached >= FLOOR_PERCENT * self.of

    def __str__(self) -> str:
        if not self.of:
            return "      -"
        return f"{100 * self.reached / self.of:5.1f} %"


def shares(files: Mapping[str, File], package: str) -> tuple[Share, Share]:
    """The lines and the branches of a package that the tests reach."""
    own = [file["summary"] for path, file in files.items() if path.startswith(f"{package}/")]
    lines = Share(sum(s["covered_lines"] for s in own), sum(s["num_statements"] for s in own))
    branches = Share(sum(s["covered_branches"] for s in own), sum(s["num_branches"] for s in own))
    return lines, branches


def verdicts(files: Mapping[str, File]) -> Iterator[tuple[str, bool]]:
    """A line to print for each package, and whether it passes."""
    for package in PACKAGES:
        lines, branches = shares(files, package)
        passes = lines.suffices and branches.suffices
        word = "" if passes else f"   below {FLOOR_PERCENT} %"
        yield f"{package:<16} lines {lines}   branches {branches}{word}", passes


def main(path: str) -> int:
    """Print the verdicts, and give the exit code."""
    report: Report = json.loads(Path(path).read_text())
    found = list(verdicts(report["files"]))
    sys.stdout.write("".join(f"{line}\n" for line, _ in found))
    return 0 if all(passes for _, passes in found) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
