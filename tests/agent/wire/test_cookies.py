"""A jar knows its own cookies, for a while, and holds nothing for anybody."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agent.wire.cookies import LIFETIME, CookieJar
from failure_detect.identity import Address

SOURCE = Address("192.0.2.1:1")


def jar() -> CookieJar:
    return CookieJar(Random(1).randbytes)


@given(st.integers(0, 3 * LIFETIME), st.integers(0, 1 << 40))
def test_a_cookie_is_good_for_one_to_two_lifetimes(later: int, begin: int) -> None:
    cookies = jar()
    cookie = cookies.bake(SOURCE, b"challenge", b"certificate", begin)
    known = cookies.knows(cookie, SOURCE, b"challenge", b"certificate", begin + later)
    assert known == (later < 2 * LIFETIME)


def test_secrets_that_are_drawn_often_are_kept_for_one_lifetime_more() -> None:
    cookies = jar()
    cookie = cookies.bake(SOURCE, b"c", b"x", LIFETIME // 2)
    cookies.bake(SOURCE, b"d", b"x", LIFETIME + LIFETIME // 2)
    assert cookies.knows(cookie, SOURCE, b"c", b"x", 2 * LIFETIME)
    cookies.bake(SOURCE, b"e", b"x", 3 * LIFETIME)
    assert not cookies.knows(cookie, SOURCE, b"c", b"x", 3 * LIFETIME)


def test_a_cookie_is_worth_nothing_elsewhere() -> None:
    cookies = jar()
    cookie = cookies.bake(SOURCE, b"challenge", b"certificate", 0)
    assert not cookies.knows(cookie, Address("192.0.2.2:1"), b"challenge", b"certificate", 0)
    assert not cookies.knows(cookie, SOURCE, b"another", b"certificate", 0)
    assert not cookies.knows(cookie, SOURCE, b"challenge", b"another", 0)
    assert not cookies.knows(cookie[:-1], SOURCE, b"challenge", b"certificate", 0)
    assert not jar_of_another().knows(cookie, SOURCE, b"challenge", b"certificate", 0)


def jar_of_another() -> CookieJar:
    return CookieJar(Random(2).randbytes)
