"""The examples that commands give in their help are commands that there are."""

import shlex
from collections.abc import Iterator

import click
import pytest

from agent.cli import root


def commands(group: click.Group, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield (*names, name), command
            if isinstance(command, click.Group):
                yield from commands(command, *names, name)


def examples() -> Iterator[list[str]]:
    """Give the words of each example, up to what the shell or a reader makes of the rest."""
    for _, command in commands(root):
        for line in (command.epilog or "").splitlines():
            if line.strip().startswith("isthmus "):
                words, _, _ = line.strip().partition("    ")
                lexer = shlex.shlex(words, posix=True, punctuation_chars="|;<>&")
                lexer.whitespace_split = True
                lexer.commenters = "#"
                found = list(lexer)
                ends = (at for at, word in enumerate(found) if set(word) <= set("|;<>&"))
                yield found[1 : next(ends, len(found))]


def faults(words: list[str]) -> list[str]:
    """Return what of an example no command takes."""
    command: click.Command = root
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            return [f"no command {rest[0]}"]
        command = found
        rest.pop(0)
    context = click.Context(command)
    known = {
        name for each in command.get_params(context) for name in (*each.opts, *each.secondary_opts)
    }
    options = [word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"]
    return [f"no option {each}" for each in options if each not in known]


@pytest.mark.parametrize("words", list(examples()), ids=" ".join)
def test_an_example_of_the_help_is_a_command_that_there_is(words: list[str]) -> None:
    assert faults(words) == []


def test_an_example_with_an_option_or_a_command_that_is_not_there_is_noticed() -> None:
    assert faults(["drain", "--no-wait"]) == ["no option --no-wait"]
    assert faults(["keys", "burn", "east.key"]) == ["no command burn"]
    assert faults(["trust", "add", "-", "--config", "west.yaml"]) == []
