"""What is answered at which path of the local port."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agent.local.framing import BAD_REQUEST, OK, UNAVAILABLE, encoded, no_answer
from agent.local.metrics import Metrics
from agent.local.page import SERVICES_SHOWN, page
from agent.local.questions import FactSource, answered, ask
from agent.local.status_report import readiness
from agent.local.watching import TooManyWatchesError, Watches
from agent.objects import Document

JSON = "application/json"

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"


class Routes:
    """The application behind the port."""

    def __init__(self, source: FactSource, metrics: Metrics, watches: Watches) -> None:
        """Answer from `source` and `metrics`."""
        self._source, self._metrics, self._watches = source, metrics, watches

    def application(self) -> Starlette:
        """Return it, for a server to run."""
        found = (
            ("/healthz", self._healthz),
            ("/readyz", self._readyz),
            ("/metrics", self._render),
            ("/v1/watch", self._watch),
            ("/v1", self._api),
            ("/v1/{rest:path}", self._api),
            ("/", self._page),
        )
        return Starlette(routes=[Route(path, answer, methods=["GET"]) for path, answer in found])

    async def _healthz(self, _: Request) -> Response:
        """Say that the loop turns: that is all that a restart could mend."""
        return PlainTextResponse("ok\n")

    async def _readyz(self, _: Request) -> Response:
        facts = self._source.facts()
        body = json.dumps(readiness(facts)) + "\n"
        return Response(body, OK if facts.is_ready else UNAVAILABLE, media_type=JSON)

    async def _render(self, request: Request) -> Response:
        content_type, body = self._metrics.render(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    async def _api(self, request: Request) -> Response:
        status, body = await ask(self._source, request.url.path, dict(request.query_params))
        return Response(body + b"\n", status, media_type=JSON)

    async def _watch(self, request: Request) -> Response:
        wanted = urlsplit(request.query_params.get("path", ""))
        if not wanted.path.startswith("/v1/") or wanted.path.startswith("/v1/watch"):
            words = "path: must name what is to be watched: /v1/watch?path=/v1/clusters"
            return _refused(BAD_REQUEST, "BadRequest", words)
        query = dict(parse_qsl(wanted.query))
        status, body = await ask(self._source, wanted.path, query)
        if status != OK or request.method == "HEAD":
            return Response(body + b"\n", status, media_type=JSON)
        return _Events(self._watches, wanted.path, query)

    async def _page(self, request: Request) -> Response:
        explain = request.query_params.get("explain")
        status = _document(answered("/v1/status", {}, self._source.facts()))
        assert status is not None, "an agent can always tell of itself"
        html = page(
            status,
            await self._ask("/v1/clusters"),
            await self._ask("/v1/services", limit=str(SERVICES_SHOWN)),
            None if explain is None else await self._ask(f"/v1/explain/{explain}"),
        )
        return HTMLResponse(html, headers={"content-security-policy": _PAGE_POLICY})

    async def _ask(self, path: str, **query: str) -> Document | None:
        return _document(await ask(self._source, path, query))


def _document(answer: tuple[int, bytes]) -> Document | None:
    status, body = answer
    document: object = json.loads(body) if status == OK else None
    return document if isinstance(document, dict) else None


def _refused(status: int, reason: str, words: str) -> Response:
    found, document = no_answer(status, reason, words)
    return Response(encoded(document) + b"\n", found, media_type=JSON)


class _Events(Response):
    """The events of one watch, until the client or the agent goes."""

    def __init__(self, watches: Watches, path: str, query: Mapping[str, str]) -> None:
        super().__init__(media_type="text/event-stream", headers={"cache-control": "no-store"})
        del self.headers["content-length"]
        self._watches, self._path, self._query = watches, path, query

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def tell(event: bytes) -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                start = {"status": OK, "headers": self.raw_headers}
                await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": event, "more_body": True})

        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_gone, receive, nursery.cancel_scope)
            try:
                await self._watches.follow(self._path, self._query, tell)
            except TooManyWatchesError:
                words = "too many watches are open already"
                await _refused(UNAVAILABLE, "TooManyWatches", words)(scope, receive, send)
            nursery.cancel_scope.cancel()
        if has_begun:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive, scope: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
