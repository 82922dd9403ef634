"""The rules of the house hold in this repository, and each of them bites."""

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from tests import house_rules as rules
from tests.house_rules import Module

ROOT = Path(__file__).resolve().parent.parent

PythonRule = Callable[[Module], Iterator[str]]
TextRule = Callable[[PurePosixPath, str], Iterator[str]]


@cache
def tracked_texts() -> dict[PurePosixPath, str]:
    """Every file that is, or may soon be, in the repository, without the binary ones."""
    listing = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = [name for name in listing.split("\0") if name and (ROOT / name).is_file()]
    contents = {PurePosixPath(name): (ROOT / name).read_bytes() for name in names}
    return {path: data.decode() for path, data in contents.items() if b"\0" not in data}


@cache
def modules() -> list[Module]:
    texts = tracked_texts().items()
    return [Module(path, text) for path, text in texts if path.suffix == ".py"]


def complain(complaints: list[str]) -> None:
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.mark.parametrize("rule", rules.PYTHON_RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps(rule: PythonRule) -> None:
    complain([complaint for module in modules() for complaint in rule(module)])


@pytest.mark.parametrize("rule", rules.TEXT_RULES, ids=lambda rule: rule.__name__)
def test_every_text_keeps(rule: TextRule) -> None:
    texts = tracked_texts().items()
    complain([complaint for path, text in texts for complaint in rule(path, text)])


def test_every_module_has_its_test() -> None:
    complain(list(rules.modules_are_mirrored(frozenset(tracked_texts()))))


def test_the_repository_is_seen_at_all() -> None:
    seen = {str(path) for path in tracked_texts()}
    assert {"Makefile", "agent/cli.py", "tests/test_house.py"} <= seen


# What follows plants violations, and texts that only look like one.

LONG_FUNCTION = "def f():\n" + "    pass\n" * 50
LONGEST_FUNCTION = "def f():\n" + "    pass\n" * 49
NOQA = "# no" + "qa"
IGNORE = "# type: ig" + "nore"
COVER = "# pragma: no co" + "ver"


def found(rule: PythonRule, source: str, path: str = "agent/planted.py") -> list[str]:
    return list(rule(Module(PurePosixPath(path), source)))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (rules.modules_are_short, "\n" * 401),
        (rules.functions_are_short, LONG_FUNCTION),
        (rules.functions_are_short, LONG_FUNCTION.replace("def", "async def")),
        (rules.parameters_are_few, "def f(a, b, c, d, e, f, g): ..."),
        (rules.parameters_are_few, "def f(a, b, /, c, *d, e, f, **g): ..."),
        (rules.parameters_are_few, "class C:\n def m(self, a, b, c, d, e, f, g): ..."),
        (rules.public_names_have_docstrings, ""),
        (rules.public_names_have_docstrings, '"""Doc."""\ndef f(): ...'),
        (rules.public_names_have_docstrings, '"""Doc."""\nclass C: ...'),
        (rules.public_names_have_docstrings, '"""D."""\nclass C:\n "Doc."\n def m(self): ...'),
        (rules.exemptions_give_reasons, f"x = 1  {NOQA}"),
        (rules.exemptions_give_reasons, f"x = 1  {NOQA}: S101"),
        (rules.exemptions_give_reasons, f"x = 1  {NOQA}: S101, PLR0913"),
        (rules.exemptions_give_reasons, f"x = 1  {IGNORE}[no-untyped-call]"),
        (rules.exemptions_give_reasons, f"x = 1  {COVER}"),
    ],
)
def test_a_planted_violation_is_caught(rule: PythonRule, source: str) -> None:
    assert found(rule, source)


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (rules.modules_are_short, "\n" * 400),
        (rules.functions_are_short, LONGEST_FUNCTION),
        (rules.parameters_are_few, "def f(a, b, c, d, e, f): ..."),
        (rules.parameters_are_few, "class C:\n def m(self, a, b, c, d, e, f): ..."),
        (rules.public_names_have_docstrings, '"""Doc."""\ndef _f(): ...\nclass _C: ...'),
        (rules.public_names_have_docstrings, '"""D."""\n@x.setter\ndef x(): ...'),
        (rules.exemptions_give_reasons, f"x = 1  {NOQA}: S101  the tool cannot know it"),
        (rules.exemptions_give_reasons, f"x = 1  {IGNORE}[misc]  # shipped without types"),
        (rules.exemptions_give_reasons, f"x = '{NOQA}'"),
    ],
)
def test_what_keeps_the_rule_is_left_alone(rule: PythonRule, source: str) -> None:
    assert not found(rule, source)


@pytest.mark.parametrize("name", ["utils", "common", "helpers", "base", "manager", "handler"])
def test_a_name_without_meaning_is_caught(name: str) -> None:
    assert found(rules.names_mean_something, "", f"agent/{name}.py")
    assert found(rules.names_mean_something, "", f"agent/{name}/clock.py")
    assert not found(rules.names_mean_something, "", f"agent/{name}_of_proof.py")


def test_only_the_packages_owe_docstrings() -> None:
    assert not found(rules.public_names_have_docstrings, "def f(): ...", "tests/agent/test_x.py")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (rules.nothing_is_unfinished, "x = 1  # TO" + "DO: more"),
        (rules.nothing_is_unfinished, "FIX" + "ME"),
        (rules.no_machine_paths, "see /ro" + "ot/notes"),
        (rules.no_machine_paths, 'path = "/ho' + 'me/somebody"'),
        (rules.no_registry_hosts, "index = https://py" + "pi.org/simple"),
        (rules.no_registry_hosts, "files.python" + "hosted.org"),
    ],
)
def test_a_planted_text_is_caught(rule: TextRule, text: str) -> None:
    assert list(rule(PurePosixPath("notes.md"), "\n" + text)) != []


@pytest.mark.parametrize("text", ["the work/root of it", "a/root/b", "$HOME/root", "mastodon"])
def test_an_innocent_text_is_left_alone(text: str) -> None:
    assert not [complaint for rule in rules.TEXT_RULES for complaint in rule(PurePosixPath(), text)]


def test_a_module_without_its_test_is_caught() -> None:
    paths = [PurePosixPath(name) for name in ("agent/one.py", "agent/__init__.py")]
    assert len(list(rules.modules_are_mirrored(frozenset(paths)))) == 1
    paths.append(PurePosixPath("tests/agent/test_one.py"))
    assert not list(rules.modules_are_mirrored(frozenset(paths)))


def test_a_module_deeper_down_is_mirrored_deeper_down() -> None:
    paths = [PurePosixPath("simulations/swim/crash.py"), PurePosixPath("tests/test_crash.py")]
    assert len(list(rules.modules_are_mirrored(frozenset(paths)))) == 1
    paths.append(PurePosixPath("tests/simulations/swim/test_crash.py"))
    assert not list(rules.modules_are_mirrored(frozenset(paths)))
