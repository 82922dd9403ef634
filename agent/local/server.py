"""The local port: health, readiness, metrics, the JSON API, and a page for people."""

from collections.abc import Collection

import trio
from hypercorn.config import Config
from hypercorn.trio import serve as serve_application

from agent.local.doorway import Doorway
from agent.local.listening import Listen, bound
from agent.local.metrics import Metrics
from agent.local.questions import FactSource
from agent.local.routes import Routes
from agent.local.watching import Watches

GRACE_S = 1.0
"""How long requests under way may take to end when the port is closed."""

REQUEST_BYTES_MAX = 16_384
IDLE_S = 5.0
"""A connection that asks nothing for so long is closed."""


async def serve(
    listen: Listen,
    source: FactSource,
    metrics: Metrics,
    *,
    stopping: trio.Event | None = None,
    hosts: Collection[str] = (),
    task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer at the local port until `stopping`, or until it is cancelled.

    It starts with the address that it listens at (`127.0.0.1:7980`), or raises `ListenError` before
    anything else. `hosts` are further names under which it may be asked. After `stopping` watches
    end at once, and everything else within `GRACE_S`.
    """
    stop = trio.Event() if stopping is None else stopping
    routes = Routes(source, metrics, Watches(source, stop))
    application = Doorway(routes.application(), hosts)
    listener = bound(listen)
    shown = listen if listen.path else Listen(listen.host, listener.getsockname()[1])
    config = _config(listener.detach())
    async with trio.open_nursery() as nursery:
        await nursery.start(_serving, application, config, stop)
        task_status.started(str(shown))


async def _serving(
    application: Doorway,
    config: Config,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[list[str]],
) -> None:
    await serve_application(
        application,  # type: ignore[arg-type]  # Hypercorn's types of ASGI are narrower than ASGI.
        config,
        shutdown_trigger=stop.wait,
        task_status=task_status,
    )


def _config(descriptor: int) -> Config:
    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.accesslog = config.errorlog = None
    config.include_server_header = False
    config.graceful_timeout = GRACE_S
    config.shutdown_timeout = GRACE_S
    config.keep_alive_timeout = IDLE_S
    config.h11_max_incomplete_size = REQUEST_BYTES_MAX
    return config
