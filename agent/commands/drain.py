"""`isthmus drain` and `isthmus undrain`: traffic away from here, and the wait until it is gone.

A drain is an object in the cluster's store; the publisher signs what it says, the other clusters
ramp this one's weight down and acknowledge when their meshes have had time to obey. So the command
only writes the object and watches: whoever interrupts it ends the watching, not the drain.
"""

from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING, NoReturn

import click

from agent.commands.asking import Agent, agent_at
from agent.commands.changing import (
    WAITED_IN_VAIN,
    ChangeRefusedError,
    dry_run_option,
    find,
    on_store,
    say,
    version_of,
    with_settings,
)
from agent.commands.showing import Cell, Column, Document, Output, Sheet, Sheets, Tone, show
from agent.durations import read_duration, shown_duration

if TYPE_CHECKING:
    from agent.objects import ObjectKey
    from agent.settings_file import Settings
    from agent.store import ObjectStore

POLL_S = 0.5
"""How often the agent is asked while a drain is waited for: acknowledgements take seconds."""

SECOND_US = 1_000_000

EXIT_CODES = """\b
Exit codes:
  0  every reachable cluster has acknowledged: nothing is sent here any more
  1  nothing was changed, and why
  2  the command line or the settings are wrong
  3  the drain is on, and no agent answers that could tell how far it is
  4  the time is over; the drain goes on, and who has not acknowledged is listed
"""


def as_duration(_: click.Context, __: click.Parameter, value: str) -> int:
    """Return the microseconds of what an option was given, such as `30s`."""
    try:
        return read_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}, is {value!r}") from error


service_option = click.option(
    "--service", metavar="NAMESPACE/NAME", help="Of one service.  [default: the whole cluster]"
)


@click.command(
    epilog=f"""\b
Examples:
  isthmus drain --config east.yaml --ramp 2m --timeout 10m
  isthmus drain --config east.yaml --service shop/web --timeout 0

{EXIT_CODES}"""
)
@with_settings
@service_option
@click.option(
    "--ramp",
    callback=as_duration,
    metavar="DURATION",
    default="30s",
    show_default=True,
    help="Over how long the others take the weight down to nothing.",
)
@click.option("--reason", default="", help="Why; it is shown in the other clusters.")
@click.option(
    "--timeout",
    callback=as_duration,
    metavar="DURATION",
    default="10m",
    show_default=True,
    help="How long to wait for acknowledgements; 0 returns at once.",
)
@click.option("--output", "-o", type=click.Choice(["table", "json", "yaml"]), default="table")
@dry_run_option
def drain(
    settings: "Settings",
    /,
    service: str | None,
    *,
    ramp: int,
    timeout: int,
    output: str,
    **stated: str | bool,
) -> None:
    """Have the other clusters send their requests elsewhere, and wait until they do.

    New requests ebb away over the ramp; when this returns, every reachable cluster has
    acknowledged, and its last request may be sent elsewhere. Clusters out of reach are listed.
    """
    dry_run, reason = stated["dry_run"] is True, str(stated["reason"])
    spec: dict[str, object] = {"rampSeconds": _seconds(ramp)}
    spec |= {"service": service} if service else {}
    spec |= {"reason": reason} if reason else {}
    name = _begun(settings, service, spec, dry_run=dry_run)
    what = service or f"the cluster {settings.config.cluster}"
    say(f"drain {what} over {shown_duration(ramp)}", dry_run=dry_run)
    if timeout and not dry_run:
        _Waiting(agent_at(settings.config.http, None), name, output).until(timeout)


def _seconds(duration: int) -> int:
    from discovery.records import RAMP_S_MAX

    seconds, rest = divmod(duration, SECOND_US)
    if rest or seconds > RAMP_S_MAX:
        words = f"must be whole seconds, {RAMP_S_MAX} at most"
        raise click.BadParameter(words, param_hint="--ramp")
    return seconds


def _key(service: str | None) -> "ObjectKey":
    from agent.objects import DRAIN, ObjectKey
    from discovery.names import is_label

    if service is None:
        return ObjectKey(DRAIN, "", "cluster")
    namespace, _, name = service.partition("/")
    if not (is_label(namespace) and is_label(name)):
        words = f"{service!r} is not NAMESPACE/NAME"
        raise click.BadParameter(words, param_hint="--service")
    # With two dots: a label has none, so that this is no other service, nor the cluster.
    return ObjectKey(DRAIN, "", f"{namespace}.{name}.service")


def _begun(settings: "Settings", service: str | None, spec: Document, *, dry_run: bool) -> str:
    """Apply the drain's object; return the name by which it is acknowledged."""
    from agent.sources.cluster_facts import DrainRead, read_drain

    key = _key(service)

    async def work(store: "ObjectStore") -> Document:
        version = await version_of(store, key)
        document = {
            "apiVersion": key.kind.api_version(version),
            "kind": key.kind.name,
            "metadata": {"name": key.name},
            "spec": spec,
        }
        read = read_drain(key, document)
        if not isinstance(read, DrainRead):
            faults = "; ".join(f"{each.field}: {each.what}, {each.remedy}" for each in read)
            raise ChangeRefusedError(f"nothing was changed: {key}: {faults}")
        return await store.apply(document, force=True, dry_run=dry_run)

    read = read_drain(key, on_store(settings, work))
    assert isinstance(read, DrainRead), "it was read before it was applied"
    return read.record.drain


# --- the wait ---------------------------------------------------------------------------


class _Waiting:
    """Asks the agent again and again how far one drain is, and shows each change."""

    def __init__(self, agent: Agent, drain: str, output: str) -> None:
        self._agent = agent
        self._drain = drain
        self._output = output
        self._shown = ""

    def until(self, timeout: int) -> None:
        """Return when all have acknowledged; end the command with its exit code otherwise."""
        try:
            self._poll(timeout)
        except KeyboardInterrupt:
            words = "\nno longer watched; the drain goes on. isthmus undrain ends it"
            click.echo(words, err=True)
            raise click.exceptions.Exit(130) from None
        except click.ClickException:
            click.echo("the drain is on, and goes on; but nobody tells how far it is", err=True)
            raise

    def _poll(self, timeout: int) -> None:
        from agent.process.clock import now

        end = now() + timeout
        while True:
            found = self._asked()
            if found is not None and found.get("done") is True:
                self._end(found)
                return
            self._tell(found)
            left_s = (end - now()) / SECOND_US
            if left_s <= 0:
                self._give_up(found)
            Event().wait(min(POLL_S, left_s))

    def _asked(self) -> Document | None:
        items = self._agent.ask("/v1/drains").get("items")
        for each in items if isinstance(items, list) else []:
            if each.get("drain") == self._drain:
                return dict(each)
        return None

    def _tell(self, found: Document | None) -> None:
        """Say how far it is, on a line of its own each time that is news."""
        words = "waits for the publisher to sign it"
        if found is not None:
            missing = ", ".join(_names(found, "waitingFor"))
            words = f"weight {found.get('weight')}/{found.get('weightOf')}; waits for {missing}"
            words += _needed(found)
        if words != self._shown:
            self._shown = words
            click.echo(words, err=True)

    def _end(self, found: Document) -> None:
        show(found, Output(self._output), _sheets)
        lost = _names(found, "outOfReach")
        if lost:
            click.echo(f"out of reach, and not waited for: {', '.join(lost)}", err=True)

    def _give_up(self, found: Document | None) -> NoReturn:
        if found is not None:
            show(found, Output(self._output), _sheets)
        words = "the time is over; the drain goes on (isthmus undrain ends it)"
        missing = (
            ", ".join(_names(found, "waitingFor")) if found else "the publisher of this cluster"
        )
        needed = _needed(found) if found else ""
        click.echo(f"{words}. Not acknowledged by: {missing}{needed}", err=True)
        raise click.exceptions.Exit(WAITED_IN_VAIN)


def _needed(found: Document) -> str:
    """Return in words which services nobody else serves, empty where there is none."""
    needed = _names(found, "neededBy")
    return f"; nobody else serves {', '.join(needed)}" if needed else ""


def _names(found: Document, field: str) -> list[str]:
    values = found.get(field)
    return [str(each) for each in values] if isinstance(values, list) else []


def _sheets(found: Document) -> Sheets:
    columns = (
        Column("cluster", lambda row: str(row["cluster"])),
        Column("state", lambda row: Cell(str(row["state"]), Tone(str(row["tone"])))),
    )
    return [Sheet(columns, tuple(_rows(found)), empty="there is no other cluster")]


def _rows(found: Document) -> Iterator[Document]:
    for field, state, tone in (
        ("acknowledgedBy", "acknowledged", Tone.GOOD),
        ("waitingFor", "not yet", Tone.DOUBTFUL),
        ("outOfReach", "out of reach", Tone.BAD),
    ):
        for name in _names(found, field):
            yield {"cluster": name, "state": state, "tone": tone.value}


@click.command()
@with_settings
@service_option
@dry_run_option
def undrain(settings: "Settings", /, service: str | None, *, dry_run: bool) -> None:
    """End a drain: the other clusters send requests here again at once."""
    key = _key(service)

    async def work(store: "ObjectStore") -> None:
        if await find(store, key) is None:
            what = service or f"the cluster {settings.config.cluster}"
            raise ChangeRefusedError(f"{what} is not being drained by isthmus drain")
        await store.delete(key, dry_run=dry_run)

    on_store(settings, work)
    say(f"send requests to {service or settings.config.cluster} again", dry_run=dry_run)
