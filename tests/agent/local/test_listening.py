"""Where the local port is, and what is said when it cannot be had."""

import re
import socket
from pathlib import Path

import pytest

from agent.local.listening import Listen, ListenError, bound, is_loopback, read_listen


@pytest.mark.parametrize(
    ("text", "listen", "loopback"),
    [
        ("127.0.0.1:7980", Listen("127.0.0.1", 7980), True),
        ("localhost:0", Listen("localhost", 0), True),
        ("[::1]:7980", Listen("::1", 7980), True),
        ("0.0.0.0:7980", Listen("0.0.0.0", 7980), False),  # noqa: S104 - read, and never bound here.
        ("unix:/run/agent.sock", Listen(path="/run/agent.sock"), True),
        ("node.example:80", Listen("node.example", 80), False),
    ],
)
def test_an_address_is_read_and_shown_as_it_is_written(
    text: str, listen: Listen, loopback: bool
) -> None:
    assert read_listen(text) == listen
    assert str(listen) == text
    assert is_loopback(listen) is loopback


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("7980", "say which address; 127.0.0.1 is for this machine alone"),
        ("host:99999", "is not HOST:PORT or unix:PATH"),
        ("host:٣", "is not HOST:PORT or unix:PATH"),
        (":7980", "say which address; 127.0.0.1 is for this machine alone"),
        ("unix:", "the path of a Unix socket has 1 to 100 bytes"),
        ("unix:" + "x" * 101, "the path of a Unix socket has 1 to 100 bytes"),
    ],
)
def test_what_is_no_address_is_refused_with_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        read_listen(text)


def test_a_port_in_use_says_so_and_what_to_do() -> None:
    with bound(Listen("127.0.0.1", 0)) as first:
        port: int = first.getsockname()[1]
        with pytest.raises(ListenError) as refused:
            bound(Listen("127.0.0.1", port))
    assert str(refused.value).startswith(f"http: 127.0.0.1:{port}: Address already in use;")
    assert "choose another in `http`" in str(refused.value)


def test_an_address_of_another_machine_says_so() -> None:
    with pytest.raises(ListenError, match="no interface of this machine has that address"):
        bound(Listen("192.0.2.1", 7980))


def test_a_directory_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match="No such file or directory"):
        bound(Listen(path=str(tmp_path / "nowhere" / "agent.sock")))


def test_a_socket_that_was_left_is_replaced_and_a_living_one_is_not(tmp_path: Path) -> None:
    listen = Listen(path=str(tmp_path / "agent.sock"))
    bound(listen).close()
    with bound(listen), pytest.raises(ListenError, match="another process has it"):
        bound(listen)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(ListenError, match="Address already in use"):
        bound(Listen(path=str(path)))
    assert path.read_text() == "mine"


def test_ipv6_is_listened_at_where_there_is_any() -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    with bound(Listen("::1", 0)) as made:
        assert made.family is socket.AF_INET6
