"""How commands ask a running agent: its local HTTP API, over TCP or a Unix socket.

Where the agent is: `--address`, else `ISTHMUS_ADDRESS`, else the field `http` of the file that
`--config` names, else `DEFAULT_ADDRESS`. Exit codes are the same for all commands (`EXIT_CODES`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

if TYPE_CHECKING:
    from httpx2 import Client

DEFAULT_ADDRESS = "127.0.0.1:7980"

EXIT_CODES = """\b
Exit codes:
  0  fine
  1  the agent answered, and something is wrong (unknown, not served, not ready)
  2  the command line is wrong
  3  the agent cannot be reached
"""

TIMEOUT_S = 10.0
"""An answer of an agent on this machine takes milliseconds; of a bridge that is asked, a little
longer."""

_UNIX = "unix:"
_ANY_HOST = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - where to ask, not to listen.

P = ParamSpec("P")


class NotReachableError(click.ClickException):
    """The agent does not answer at all."""

    exit_code = 3


class AnsweredError(click.ClickException):
    """The agent says that there is no such thing, or that it cannot tell now."""

    exit_code = 1

    def __init__(self, message: str, reason: str = "") -> None:
        """Say what the agent said; `reason` is its word for it."""
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """Where an agent answers."""

    base: str
    """The URL in front of every path."""
    socket: str = ""
    """The path of a Unix socket; empty for TCP."""

    def __str__(self) -> str:
        return f"{_UNIX}{self.socket}" if self.socket else self.base


def read_address(text: str) -> Address:
    """Return the address in `http://HOST:PORT`, `HOST:PORT`, `:PORT` or `unix:PATH`.

    Raises ValueError, which says what is wrong.
    """
    if text.startswith(_UNIX):
        return Address("http://localhost", text.removeprefix(_UNIX))
    if "://" in text and not text.startswith("http://"):
        raise ValueError(f"{text!r} is not http://HOST:PORT: an agent speaks no TLS on its port")
    host, _, port = text.removeprefix("http://").rstrip("/").rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 1 << 16 or "/" in host:
        raise ValueError(f"{text!r} is not HOST:PORT, http://HOST:PORT or unix:PATH")
    return Address(f"http://{_ANY_HOST.get(host, host)}:{int(port)}")


def configured_address(config: Path) -> str:
    """Return the field `http` of an agent's settings, `DEFAULT_ADDRESS` where it has none.

    Nothing else of the file is judged here. Raises `click.UsageError` where it cannot be read.
    """
    import yaml

    try:
        settings: object = yaml.load(config.read_text(), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise click.UsageError(f"--config {config}: {error}") from error
    value = settings.get("http") if isinstance(settings, Mapping) else None
    if value is None:
        return DEFAULT_ADDRESS
    if isinstance(value, str) and value.startswith(_UNIX):
        return f"{_UNIX}{config.parent / value.removeprefix(_UNIX)}"
    return str(value)


@dataclass(frozen=True, slots=True)
class Agent:
    """A running agent, as commands ask it."""

    address: Address
    timeout_s: float = TIMEOUT_S

    def ask(self, path: str, **query: str | int | None) -> Mapping[str, object]:
        """Return the document at `path`; what is None is left out of the query.

        Raises `NotReachableError`, or `AnsweredError` where the answer is that there is none.
        """
        with _unreachable_said(self.address), self._client() as client:
            answer = client.get(path, params=_present(query))
            return _document(answer.content, answer.status_code, f"{self.address}{path}")

    def watch(self, path: str, **query: str | int | None) -> Iterator[Mapping[str, object]]:
        """Give the document at `path` now, and again each time it has changed, for ever.

        Raises as `ask` does; `NotReachableError` also where the agent goes away.
        """
        from urllib.parse import urlencode

        wanted = f"{path}?{urlencode(_present(query))}" if _present(query) else path
        where = f"{self.address}{path}"
        with (
            _unreachable_said(self.address),
            self._client(read_s=3 * TIMEOUT_S) as client,
            client.stream("GET", "/v1/watch", params={"path": wanted}) as answer,
        ):
            if answer.status_code != 200:
                yield _document(answer.read(), answer.status_code, where)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield _watched(line.removeprefix("data: "), where)
        raise NotReachableError(f"the agent at {self.address} ended the watch: it is stopping")

    def _client(self, read_s: float | None = None) -> "Client":
        from httpx2 import Client, HTTPTransport, Timeout

        return Client(
            base_url=self.address.base,
            # No proxy stands between a command and its own machine.
            trust_env=False,
            transport=HTTPTransport(uds=self.address.socket or None),
            timeout=Timeout(self.timeout_s, read=read_s or self.timeout_s),
        )


def _present(query: Mapping[str, str | int | None]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}


@contextmanager
def _unreachable_said(address: Address) -> Iterator[None]:
    from httpx2 import HTTPError, InvalidURL

    try:
        yield
    except (HTTPError, InvalidURL) as error:
        words = str(error) or type(error).__name__
        raise NotReachableError(
            f"the agent at {address} does not answer: {words}\n"
            "Is it running? Name its address by --address or ISTHMUS_ADDRESS, or its settings by "
            "--config."
        ) from error


def _watched(text: str, where: str) -> Mapping[str, object]:
    document = _document(text.encode(), 200, where)
    return _checked(document, 404) if document.get("kind") == "Error" else document


def _document(content: bytes, status: int, where: str) -> Mapping[str, object]:
    document: object = None
    with suppress(ValueError):
        document = json.loads(content)
    if not isinstance(document, Mapping):
        raise AnsweredError(f"{where} answers {status} and no document: is this an Isthmus agent?")
    return _checked(document, status)


def _checked(document: Mapping[str, object], status: int) -> Mapping[str, object]:
    if status == 200:
        return document
    words = [str(document.get(each) or "") for each in ("message", "remedy")]
    message = "\n".join(word for word in words if word) or f"the agent answers {status}"
    raise AnsweredError(message, str(document.get("reason", "")))


# --- options ------------------------------------------------------------------------------


def asks_agent(
    command: Callable[Concatenate[Agent, P], None],
) -> Callable[P, None]:
    """Give a command the options that say where the agent is, and the `Agent` as its first."""

    @click.option(
        "--address",
        envvar="ISTHMUS_ADDRESS",
        metavar="URL",
        help=f"Where the agent answers: HOST:PORT or unix:PATH.  [default: {DEFAULT_ADDRESS}]",
    )
    @click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The agent's settings, whose field http says where it answers.",
    )
    @wraps(command)
    def asking(*arguments: P.args, **options: P.kwargs) -> None:
        address, config = options.pop("address"), options.pop("config")
        found = agent_at(
            address if isinstance(address, str) else None,
            config if isinstance(config, Path) else None,
        )
        command(found, *arguments, **options)

    return asking


def agent_at(address: str | None, config: Path | None, timeout_s: float = TIMEOUT_S) -> Agent:
    """Return the agent that these options name. Raises `click.UsageError`."""
    text = address or (configured_address(config) if config else DEFAULT_ADDRESS)
    try:
        return Agent(read_address(text), timeout_s)
    except ValueError as error:
        raise click.UsageError(f"address of the agent: {error}") from error
