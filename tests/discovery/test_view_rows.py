"""The endpoints of one origin, each once, with what it is in itself."""

from discovery.endpoints import Endpoint, EndpointPort
from discovery.view_rows import RowState, Source, rows_of
from tests.discovery.view_world import B, endpoints, record

HTTP = (EndpointPort("http", 8080),)


def states(source: Source) -> list[tuple[int | None, str, RowState]]:
    return [(row.number, row.endpoint.address, row.state) for row in rows_of(source)]


def source(*values: bytes, down: str = "", held: tuple[Endpoint, ...] = ()) -> Source:
    return Source(
        origin=B,
        numbers=tuple(range(len(values))),
        values=values,
        down=frozenset({down}) if down else frozenset(),
        held=held,
        held_ports=HTTP,
    )


def test_an_endpoint_is_healthy_unless_its_origin_or_its_bridges_say_no() -> None:
    value = record(
        Endpoint("10.0.0.1", node="n1"),
        Endpoint("10.0.0.2", node="n2"),
        Endpoint("10.0.0.3", node="n1", ready=False),
        Endpoint("10.0.0.4"),
    )
    assert states(source(value, down="n1")) == [
        (0, "10.0.0.1", RowState.NODE_DOWN),
        (0, "10.0.0.2", RowState.HEALTHY),
        (0, "10.0.0.3", RowState.NOT_READY),
        (0, "10.0.0.4", RowState.HEALTHY),
    ]


def test_of_two_alike_the_healthy_one_counts() -> None:
    dead, alive = endpoints("10.0.0.1", ready=False), endpoints("10.0.0.1")
    assert [state for *_, state in states(source(dead, alive, alive))] == [
        RowState.NOT_READY,
        RowState.HEALTHY,
        RowState.DUPLICATE,
    ]


def test_other_ports_make_another_endpoint_of_an_address() -> None:
    other = record(Endpoint("10.0.0.1"), port=9090)
    rows = rows_of(source(endpoints("10.0.0.1"), other))
    assert [(row.state, row.ports[0].port) for row in rows] == [
        (RowState.HEALTHY, 8080),
        (RowState.HEALTHY, 9090),
    ]


def test_what_is_held_comes_last_unless_the_set_has_it() -> None:
    held = (
        Endpoint("10.0.0.1"),
        Endpoint("10.0.0.2", node="n1"),
        Endpoint("10.0.0.3", ready=False),
        Endpoint("10.0.0.2"),
    )
    value = record(Endpoint("10.0.0.1"), Endpoint("10.0.0.2", node="n1"))
    assert states(source(value, down="n1", held=held)) == [
        (0, "10.0.0.1", RowState.HEALTHY),
        (0, "10.0.0.2", RowState.NODE_DOWN),
        (None, "10.0.0.1", RowState.DUPLICATE),
        (None, "10.0.0.2", RowState.HELD),
        (None, "10.0.0.3", RowState.NOT_READY),
        (None, "10.0.0.2", RowState.DUPLICATE),
    ]
