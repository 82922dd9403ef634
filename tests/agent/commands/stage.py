"""What tests of commands share: a folder with settings and a key, a store, and an agent's API."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Thread

import click
import pytest
from click.testing import CliRunner, Result

from agent.commands.changing import StoreOpener
from agent.objects import Document, Kind
from agent.settings_file import Settings
from agent.store import ObjectStore
from agent.stores.memory import MemoryShelf, MemoryStore
from tests.agent.key_rings import key_file
from tests.agent.settings_files import LEAST

WALL_MS = 1_800_000_000_000


@dataclass
class Stage:
    """One cluster, `east`, on which commands are run."""

    folder: Path
    shelf: MemoryShelf = field(default_factory=lambda: MemoryShelf(lambda: WALL_MS, Random(1)))

    @property
    def config(self) -> Path:
        """Its settings file."""
        return self.folder / "agent.yaml"

    def settle(self, more: str = "") -> None:
        """Write the settings, with some fields more than they need, and the key."""
        self.config.write_text(LEAST + more)
        if not (self.folder / "cluster.key").exists():
            key_file(self.folder)

    def run(self, command: click.Command, *arguments: str, stdin: str = "") -> Result:
        """Run a command on the store of this stage; `CONFIG` stands for its settings file."""
        words = [str(self.config) if each == "CONFIG" else each for each in arguments]
        return CliRunner().invoke(command, words, obj=StoreOpener(self.opened), input=stdin)

    @asynccontextmanager
    async def opened(self, settings: Settings) -> AsyncIterator[ObjectStore]:
        """Open the store."""
        assert settings.config.cluster == "east"
        yield MemoryStore(self.shelf)

    def objects(self, kind: Kind) -> list[Document]:
        """Return what the store has of a kind."""
        return list(self.shelf.listing(kind, kind.versions[0]).objects)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage with settings and a key, and an empty store."""
    made = Stage(tmp_path)
    made.settle()
    return made


def lines(text: str) -> list[str]:
    """Return what was printed, without colour and empty lines."""
    return [line for line in click.unstyle(text).splitlines() if line.strip()]


class _Api(ThreadingHTTPServer):
    def __init__(self, answers: Mapping[str, list[Document]]) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers = {path: list(each) for path, each in answers.items()}


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Api)
        left = self.server.answers.get(self.path, [])
        document = left.pop(0) if len(left) > 1 else left[0] if left else {"message": "no path"}
        self.send_response(200 if left else 404)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def api(answers: Mapping[str, list[Document]]) -> Iterator[str]:
    """Answer each path with its documents in turn, the last one again and again; give HOST:PORT."""
    server = _Api(answers)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
