"""Who is let in at the local port, and with what: before anything else is looked at.

Only GET and HEAD. Only by a name of this machine: a page of the web could otherwise let its own
name point to 127.0.0.1 and read what is answered there (DNS rebinding); an address cannot be made
to point elsewhere. Only so many requests at a time.
"""

from collections.abc import Collection
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from agent.local.framing import encoded, no_answer

REQUESTS_MAX = 64


class Doorway:
    """Stands before an application."""

    def __init__(self, application: ASGIApp, hosts: Collection[str] = ()) -> None:
        """Let in whoever asks for an address, `localhost` or one of `hosts`."""
        self._application = application
        self._hosts = frozenset(each.lower() for each in hosts) | {"localhost"}
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        refusal = self._refusal(str(scope["method"]), _host(scope))
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        self._open += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self._open -= 1

    def _refusal(self, method: str, host: str) -> tuple[int, str, str] | None:
        if method not in ("GET", "HEAD"):
            return 405, "MethodNotAllowed", f"{method[:20]}: this port only answers GET and HEAD"
        if not self._knows(host):
            words = f"{host[:80]!r} is no name of this machine: ask by its address, or localhost"
            return 421, "UnknownHost", words
        if self._open >= REQUESTS_MAX:
            return 503, "Busy", f"{REQUESTS_MAX} requests are being answered already"
        return None

    def _knows(self, host: str) -> bool:
        name = _without_port(host).lower()
        try:
            ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return name in self._hosts
        return True


def _host(scope: Scope) -> str:
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    found = [value for name, value in headers if name.lower() == b"host"]
    return found[0].decode("latin-1") if len(found) == 1 else ""


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() and not name.endswith(":") else host


async def _refuse(send: Send, status: int, reason: str, words: str) -> None:
    body = encoded(no_answer(status, reason, words)[1]) + b"\n"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
