"""The rules of the house, each a function from a file to the places where it breaks the rule.

A rule about Python takes a `Module`, a rule about text takes the text; both yield lines that begin
with `path:line:`, so that an editor can jump there. `test_house.py` applies them to the repository,
and shows that each of them bites.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

PACKAGES = ("agent", "discovery", "failure_detect", "simulations")

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
PARAMETERS_MAX = 6

MEANINGLESS_NAMES = frozenset({"base", "common", "handler", "helpers", "manager", "utils"})
MEANINGLESS_NAMES |= {"handlers", "helper", "managers", "util"}

# Spelt so that this file does not find itself.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(
    r"(?<![\w.$}-])/(?:wo" r"rk|fa" r"rm|ro" r"ot|ho" r"me|Us" r"ers|opt/wh" r"eels)(?:/[\w.]|\b)"
)
REGISTRY_HOST = re.compile(
    r"\b(?:pypi|pythonhosted|golang|npmjs|crates|debian|ubuntu|maven)" r"\.(?:org|io|com)\b"
)
EXEMPTION = re.compile(
    r"#\s*(?:noqa(?::\s*[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)?"
    r"|type:\s*ignore(?:\[[^]]*\])?"
    r"|pragma:\s*no\s+(?:cover|branch))(?P<reason>.*)"
)
REASON = re.compile(r"[A-Za-z]{2,}\W+[A-Za-z]{2,}")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A Python file: its path from the root of the repository, and its source."""

    path: PurePosixPath
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def is_public(self) -> bool:
        return self.path.parts[0] in PACKAGES

    def at(self, line: int, complaint: str) -> str:
        return f"{self.path}:{line}: {complaint}"


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def modules_are_short(module: Module) -> Iterator[str]:
    lines = len(module.source.splitlines())
    if lines > MODULE_LINES_MAX:
        yield module.at(lines, f"module of {lines} lines, at most {MODULE_LINES_MAX}")


def functions_are_short(module: Module) -> Iterator[str]:
    for function in functions(module.tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            complaint = f"{function.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"
            yield module.at(function.lineno, complaint)


def parameters_are_few(module: Module) -> Iterator[str]:
    for function in functions(module.tree):
        given = function.args
        names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        names += [each.arg for each in (given.vararg, given.kwarg) if each is not None]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > PARAMETERS_MAX:
            complaint = f"{function.name} takes {count} parameters, at most {PARAMETERS_MAX}"
            yield module.at(function.lineno, complaint)


def public_names_have_docstrings(module: Module) -> Iterator[str]:
    if not module.is_public:
        return
    if ast.get_docstring(module.tree) is None:
        yield module.at(1, "module without a docstring")
    yield from _undocumented(module, module.tree)


def _undocumented(module: Module, scope: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in scope.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None and not _is_variant(node):
            yield module.at(node.lineno, f"{node.name} without a docstring")
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(module, node)


def _is_variant(node: Function | ast.ClassDef) -> bool:
    """Whether another definition of the same name carries the docstring."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"overload", "setter", "deleter"})


def exemptions_give_reasons(module: Module) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(module.source).readline):
        if token.type != tokenize.COMMENT:
            continue
        exemption = EXEMPTION.search(token.string)
        if exemption and not REASON.search(exemption["reason"]):
            yield module.at(token.start[0], f"exemption without a reason: {token.string}")


def names_mean_something(module: Module) -> Iterator[str]:
    for part in (*module.path.parent.parts, module.path.stem):
        if part.strip("_") in MEANINGLESS_NAMES:
            yield module.at(1, f"the name {part!r} says nothing about what is inside")


PYTHON_RULES: tuple[Callable[[Module], Iterator[str]], ...] = (
    modules_are_short,
    functions_are_short,
    parameters_are_few,
    public_names_have_docstrings,
    exemptions_give_reasons,
    names_mean_something,
)


def nothing_is_unfinished(path: PurePosixPath, text: str) -> Iterator[str]:
    yield from _lines_matching(UNFINISHED, path, text, "unfinished")


def no_machine_paths(path: PurePosixPath, text: str) -> Iterator[str]:
    yield from _lines_matching(MACHINE_PATH, path, text, "path of one machine")


def no_registry_hosts(path: PurePosixPath, text: str) -> Iterator[str]:
    yield from _lines_matching(REGISTRY_HOST, path, text, "host of a registry")


def _lines_matching(
    pattern: re.Pattern[str], path: PurePosixPath, text: str, complaint: str
) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := pattern.search(line):
            yield f"{path}:{number}: {complaint}: {found.group()}"


TEXT_RULES: tuple[Callable[[PurePosixPath, str], Iterator[str]], ...] = (
    nothing_is_unfinished,
    no_machine_paths,
    no_registry_hosts,
)


def modules_are_mirrored(paths: frozenset[PurePosixPath]) -> Iterator[str]:
    """Each module of a package has its test at the same place under `tests`."""
    for path in sorted(paths):
        is_code = path.suffix == ".py" and path.parts[0] in PACKAGES
        if not is_code or path.name in {"__init__.py", "__main__.py"}:
            continue
        test = PurePosixPath("tests") / path.with_name(f"test_{path.name}")
        if test not in paths:
            yield f"{path}:1: its test, {test}, is missing"
