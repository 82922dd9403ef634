"""The gates of lint, of layers and of packaging hold, and each of them bites on planted code."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
PACKAGES = ["agent", "discovery", "failure_detect", "simulations"]


def run(
    program: str, *arguments: str, at: Path = ROOT, source: str = ""
) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAMS / program), *arguments]
    return subprocess.run(
        command, cwd=at, input=source, check=False, capture_output=True, text=True
    )


def lint_imports(at: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of `pyproject.toml` on the packages that stand in this directory."""
    settings = str(ROOT / "pyproject.toml")
    return run("python", "-P", "-c", LINT_IMPORTS, settings, at=at)


# The working directory goes first, so that the planted packages are found and not the real ones.
LINT_IMPORTS = """
import os, sys
sys.path.insert(0, os.getcwd())
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename=sys.argv[1], no_cache=True))
"""


def test_the_import_contracts_are_kept() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


PURE = "Pure code performs no I/O"


@pytest.mark.parametrize(
    ("path", "statement", "contract"),
    [
        ("failure_detect/planted.py", "import time", PURE),
        ("failure_detect/planted.py", "from os import environ", PURE),
        ("failure_detect/planted.py", "import logging", PURE),
        ("discovery/planted.py", "import socket", PURE),
        ("simulations/planted.py", "import multiprocessing", PURE),
        ("simulations/planted.py", "import trio", PURE),
        ("discovery/planted.py", "import nacl.signing", "NaCl has one importer"),
        ("agent/wire/planted.py", "import nacl", "NaCl has one importer"),
        ("agent/core/planted.py", "import trio", PURE),
        ("agent/drivers/planted.py", "import agent.local.facts", "down to objects"),
        ("failure_detect/planted.py", "import discovery", "simulations > agent > discovery"),
        ("discovery/planted.py", "import agent", "simulations > agent > discovery"),
        ("agent/process/planted.py", "import simulations", "simulations > agent > discovery"),
        ("discovery/planted.py", "import trio", "not even through others"),
    ],
)
def test_a_planted_import_breaks_its_contract(
    tmp_path: Path, path: str, statement: str, contract: str
) -> None:
    plant(tmp_path, {path: statement})
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout.replace(" > failure_detect", "")


def test_a_planted_cycle_is_seen(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {"discovery/one.py": "import discovery.two", "discovery/two.py": "import discovery.one"},
    )
    assert "No cycles BROKEN" in lint_imports(tmp_path).stdout


def test_the_rim_may_do_what_the_core_may_not(tmp_path: Path) -> None:
    rim = [f"simulations/{name}.py" for name in ("cli", "plots", "printing", "runner")]
    sources = dict.fromkeys(rim, "import os, time, multiprocessing")
    plant(tmp_path, {**sources, "discovery/signing.py": "import nacl.signing"})
    result = lint_imports(tmp_path)
    assert result.returncode == 0, result.stdout


def plant(directory: Path, sources: dict[str, str]) -> None:
    empty = {f"{package}/__init__.py": "" for package in PACKAGES}
    # The contracts on layers inside packages name their modules, and want them all to be there.
    for package in ("agent", "discovery", "failure_detect"):
        modules = (ROOT / package).rglob("*.py")
        empty |= {str(module.relative_to(ROOT)): "" for module in modules}
    for path, source in (empty | sources).items():
        (directory / path).parent.mkdir(exist_ok=True, parents=True)
        (directory / path).write_text(source + "\n")


ASSIGNMENTS = "".join(f"    x{n} = {n}\n" for n in range(31))
BRANCHES = "".join(f"    if x == {n}:\n        x += {n}\n" for n in range(9))


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("import time\nSTART = time.monotonic()", "TID251"),
        ("import random\nROLL = random.random()", "TID251"),
        ("from random import choice", "TID251"),
        ("from datetime import datetime\nNOW = datetime.now()", "TID251"),
        ("import os\nNOISE = os.urandom(8)", "TID251"),
        ("from unittest.mock import patch", "TID251"),
        ("from .clock import SECOND", "TID252"),
        ("def f(a, b, c, d, e, f, g):\n    return a", "PLR0913"),
        (f"def f():\n{ASSIGNMENTS}", "PLR0915"),
        (f"def f(x):\n{BRANCHES}    return x", "C901"),
        ("def f(x):\n    return x._private", "SLF001"),
        ("try:\n    pass\nexcept Exception:\n    pass", "BLE001"),
        ("def f(wet=True):\n    return wet", "FBT002"),
        ("print(1)", "T201"),
        ("# x = 1", "ERA001"),
        ("def f(): return 1", "D103"),
        ("x = 1  # no" + "qa", "PGH004"),
    ],
)
def test_planted_code_fails_lint(source: str, rule: str) -> None:
    result = lint("failure_detect/planted.py", source)
    assert result.returncode == 1
    assert rule in result.stdout


def test_a_seeded_generator_passes_lint() -> None:
    source = '"""Planted."""\n\nfrom random import Random\n\nRNG = Random(0)\n'
    result = lint("failure_detect/planted.py", source)
    assert result.returncode == 0, result.stdout


def test_the_rim_may_read_the_clock() -> None:
    source = '"""Planted."""\n\nimport time\n\nSTART = time.monotonic()\n'
    assert lint("agent/process/clock.py", source).returncode == 0
    assert lint("agent/core/agent.py", source).returncode == 1


def lint(path: str, source: str) -> subprocess.CompletedProcess[str]:
    arguments = ["check", "--no-cache", "--output-format", "concise", "--stdin-filename", path]
    return run("ruff", *arguments, "-", source=source)


def test_an_undeclared_import_is_seen(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    plant(tmp_path, {"agent/planted.py": "import pytest"})
    result = run("deptry", ".", "--no-ansi", at=tmp_path)
    assert result.returncode == 1
    assert "agent/planted.py:1:8: DEP004" in result.stderr + result.stdout


def test_the_wheel_holds_the_four_packages_and_no_tests(tmp_path: Path) -> None:
    built = run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.partition("/")[0] for name in names if "dist-info" not in name}
    assert folders == set(PACKAGES)
    scenarios = {str(path.relative_to(ROOT)) for path in ROOT.glob("simulations/scenarios/*.yaml")}
    assert scenarios <= set(names)


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-build.lock", "requirements-dev.lock"]
)
def test_a_lock_pins_by_hash_and_names_no_host(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pins = [number for number, line in enumerate(lines) if "==" in line.split(";")[0]]
    assert pins
    assert not [lines[number] for number in pins if "--hash=sha256:" not in lines[number + 1]]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-build.lock"])
def test_what_is_used_is_what_is_tested(lock: str) -> None:
    """The pins for use are among the pins for work."""
    pins, more = (
        {line.rstrip(" \\") for line in (ROOT / each).read_text().splitlines() if "==" in line}
        for each in (lock, "requirements-dev.lock")
    )
    assert {pin.split(";")[0] for pin in pins} <= {pin.split(";")[0] for pin in more}
