"""`isthmus demo`: three clusters on this machine, and what happens when things break."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent.demo.plan import Plan
    from agent.demo.playing import Done
    from agent.demo.steps import Step

EPILOG = """
\b
Examples:
  isthmus demo                          all steps, in about a minute and a half
  isthmus demo --keep                   then go on, to play with
  isthmus demo --keep --no-steps        start it, and nothing else
  isthmus demo --output json            what was seen, for programs

\b
Exit codes: 0 everything was as expected, 1 something was not, 2 the command line is wrong,
130 it was interrupted. Whatever it started ends with it.
"""

INTERRUPTED = 130


@click.command(
    epilog=EPILOG, short_help="See three clusters on this machine, and what breaks them."
)
@click.option("--keep", is_flag=True, help="Leave it running in the end, until Ctrl-C.")
@click.option("--steps/--no-steps", default=True, help="Whether to break anything.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is laid out; what is there goes.  [default: a temporary one]",
)
@click.option(
    "--network",
    type=click.IntRange(1, 200),
    default=10,
    show_default=True,
    help="The first cluster is at 127.0.NETWORK.*, the next ones follow.",
)
@click.option("--output", "-o", type=click.Choice(["table", "json"]), default="table")
def demo(folder: Path | None, *, keep: bool, steps: bool, network: int, output: str) -> None:
    """Run three clusters, two agents each, as real processes on this machine.

    Each agent has its own settings, its own key and its own folder; the clusters talk over relays
    that can be cut. Each step says what is expected, and what was seen.
    """
    import shutil

    from agent.demo.plan import plan

    own = folder is None
    root = Path(tempfile.mkdtemp(prefix="isthmus-demo-")) if folder is None else folder.absolute()
    planned = plan(root, network=network)
    player = _Player(planned, root, as_json=output == "json")
    code = _played(player, with_steps=steps, keep_on=keep)
    if own and code != 1:
        shutil.rmtree(root, ignore_errors=True)
    elif code:
        click.echo(f"everything is still in {root}, with the agents' logs", err=True)
    sys.exit(code)


def _played(player: "_Player", *, with_steps: bool, keep_on: bool) -> int:
    """Return the exit code of a demonstration; whoever ends it early has seen what there was."""
    import trio

    from agent.demo.playing import StageError

    try:
        return trio.run(player.play, with_steps, keep_on)
    except KeyboardInterrupt:
        return player.code
    except BaseExceptionGroup as group:
        found, rest = group.split(StageError)
        if found is None or rest is not None:
            raise
        for error in _leaves(found):
            click.echo(f"Error: {error}", err=True)
        remedy = "another demonstration may run there: stop it, or choose another --network"
        click.echo(remedy, err=True)
        return 1


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


class _Player:
    """Plays, and shows it."""

    def __init__(self, planned: "Plan", root: Path, *, as_json: bool) -> None:
        from rich.console import Console

        self._plan, self._root, self._as_json = planned, root, as_json
        self._console: Console = Console(stderr=as_json, highlight=False, soft_wrap=True)
        self._number = 0
        self.code = INTERRUPTED
        """What the process is to end with, as far as it has come."""

    async def play(self, with_steps: bool, keep_on: bool) -> int:  # noqa: FBT001 - trio passes by position.
        from agent.demo.playing import keep, play, staged, until_told
        from agent.demo.steps import STEPS

        chosen = STEPS if with_steps else STEPS[:1]
        self._console.print(f"[bold]Three clusters on this machine[/], in {self._root}")
        async with until_told(), staged(self._plan) as scene:
            done = await play(scene, chosen, self._begin, self._end)
            is_good = all(each.outcome.is_good for each in done) and len(done) == len(chosen)
            self.code = 0 if is_good else 1
            self._conclude(done, is_good=is_good)
            if keep_on:
                self._tell_how()
                await keep(scene, self._root, self._console.print)
        return self.code

    def _begin(self, step: "Step") -> None:
        self._number += 1
        self._console.print(f"\n[bold]{self._number}. {step.title}[/]")
        self._console.print(f"   expected: {step.expected}")

    def _end(self, done: "Done") -> None:
        outcome = done.outcome
        took = "" if outcome.took_s is None else f" after {outcome.took_s:.2f} s"
        mark, colour = ("as expected", "green") if outcome.is_good else ("NOT as expected", "red")
        first, *rest = outcome.seen.splitlines() or [""]
        self._console.print(f"   seen:     {first}", markup=False)
        for line in rest:
            self._console.print(f"             {line}", markup=False)
        self._console.print(f"   [{colour}]{mark}[/]{took}")

    def _conclude(self, done: "list[Done]", *, is_good: bool) -> None:
        if self._as_json:
            import json

            rows = [
                {
                    "step": each.step.title,
                    "expected": each.step.expected,
                    "seen": each.outcome.seen,
                    "seconds": each.outcome.took_s,
                    "asExpected": each.outcome.is_good,
                }
                for each in done
            ]
            click.echo(json.dumps(rows, indent=2))
        words = "everything was as expected" if is_good else "something was NOT as expected"
        self._console.print(f"\n[bold]{words}[/]")

    def _tell_how(self) -> None:
        node = next(self._plan.nodes)
        cluster = self._plan.clusters[0]
        self._console.print(
            f"""
It goes on until Ctrl-C. In another terminal:
  isthmus clusters --address {node.http}
  isthmus explain shop/web --address {node.http}
  open http://{node.http}/
  edit {cluster.objects}/endpoints.yaml
  edit {self._root}/links.yaml to cut links""",
            markup=False,
        )
