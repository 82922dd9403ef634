"""Which policy holds: local before travelling, then precedence, age and name; last good kept."""

from discovery.names import Origin, ServiceName
from discovery.policy import Mode, TrafficPolicy
from discovery.policy_book import POLICIES_MAX, PolicyBook, PolicyInForce, conflicts_of
from tests.discovery.test_policy import policy_object
from tests.discovery.view_world import BANK, CART, SHOP, A, B, C


def policy(name: str = "p", service: str = "", age: int = 0) -> TrafficPolicy:
    return TrafficPolicy(namespace="shop", name=name, service=service, created_at=age)


def put(book: PolicyBook, origin: Origin | None, each: TrafficPolicy) -> list[tuple[str, str]]:
    return book.put(origin, ServiceName(each.namespace, each.name), each)


def book_of(*claims: tuple[Origin | None, TrafficPolicy], precedence: int = 0) -> PolicyBook:
    book = PolicyBook(A)
    book.set_precedence(B, 0)
    book.set_precedence(C, precedence)
    for origin, each in claims:
        put(book, origin, each)
    return book


def held(book: PolicyBook, service: ServiceName = SHOP) -> tuple[Origin | None, str]:
    found = book.in_force(service)
    return found.origin, found.policy.name


def test_locality_holds_where_nobody_says_anything() -> None:
    found = PolicyBook(A).in_force(SHOP)
    assert found.is_default
    assert found.policy.mode is Mode.LOCALITY
    assert found.losers == ()


def test_a_local_policy_wins_over_a_travelling_one_and_says_so() -> None:
    book = book_of((B, policy(service="checkout")), (None, policy("mine")))
    assert held(book) == (None, "mine")
    (loser,) = book.in_force(SHOP).losers
    assert (loser.origin, loser.why, loser.is_conflict) == (
        B,
        "a local policy wins",
        False,
    )


def test_one_for_the_service_wins_over_one_for_the_namespace() -> None:
    book = book_of((None, policy("all")), (None, policy("one", "checkout")))
    assert held(book) == (None, "one")
    assert held(book, CART) == (None, "all")
    assert held(book, BANK) == (None, "")
    assert conflicts_of(book.in_force(SHOP)) == []


def test_of_two_travelling_ones_precedence_wins_then_age_then_names() -> None:
    older, younger = policy(age=1), policy(age=2)
    assert held(book_of((B, older), (C, younger), precedence=1)) == (C, "p")
    assert held(book_of((B, younger), (C, older))) == (C, "p")
    assert held(book_of((B, older), (C, older))) == (B, "p")
    assert held(book_of((B, policy("q")), (B, policy("p")))) == (B, "p")
    reasons = [
        conflicts_of(book.in_force(SHOP))[0].why
        for book in (
            book_of((B, older), (C, younger), precedence=1),
            book_of((B, younger), (C, older)),
            book_of((B, older), (C, older)),
            book_of((B, policy("q")), (B, policy("p"))),
        )
    ]
    assert reasons == [
        "the origin of the other has precedence",
        "the other is older",
        "the other's origin comes first by name",
        "the other comes first by name",
    ]


def test_policies_of_an_origin_that_may_not_configure_do_not_hold() -> None:
    book = book_of((B, policy()))
    assert book.set_precedence(B, None) == [("shop", "")]
    assert held(book) == (None, "")
    assert book.set_precedence(B, None) == []
    assert book.set_precedence(B, 3) == [("shop", "")]
    assert held(book) == (B, "p")


def test_our_own_travelling_policy_is_local_and_yields_to_its_object() -> None:
    book = book_of((A, policy("mine")), (B, policy("other", "checkout")))
    assert held(book) == (A, "mine")
    put(book, None, policy("mine"))
    assert held(book) == (None, "mine")
    assert [loser.origin for loser in book.in_force(SHOP).losers] == [B]
    assert book.set_precedence(A, None) == []


def test_what_is_told_is_what_a_change_is_about() -> None:
    book = PolicyBook(A)
    assert put(book, None, policy()) == [("shop", "")]
    assert put(book, None, policy()) == []
    assert put(book, None, policy(service="cart")) == [("shop", ""), ("shop", "cart")]
    assert book.put(None, ServiceName("shop", "p"), None) == [("shop", "cart")]
    assert book.put(None, ServiceName("shop", "p"), None) == []
    assert book.in_force(SHOP) == PolicyInForce(policy(""))


# --- objects -----------------------------------------------------------------------------


def test_a_malformed_object_leaves_its_last_good_version_in_force() -> None:
    book = PolicyBook(A)
    assert book.set_local([policy_object({"service": "checkout"})]) == [("shop", "checkout")]
    assert book.set_local([policy_object({"mode": "Random"})]) == []
    assert held(book) == (None, "p")
    (fault,) = book.local_faults
    assert fault.has_last_good
    assert fault.faults[0].field == "spec.mode"
    assert book.set_local([policy_object({})]) == [("shop", "checkout"), ("shop", "")]
    assert book.local_faults == ()


def test_a_malformed_object_that_never_was_good_has_nothing_in_force() -> None:
    book = PolicyBook(A)
    assert book.set_local([policy_object({"mode": "Random"}), {"kind": 5}]) == []
    assert [fault.has_last_good for fault in book.local_faults] == [False, False]
    assert held(book) == (None, "")


def test_an_object_that_is_gone_is_gone_with_its_fault() -> None:
    book = PolicyBook(A)
    book.set_local([policy_object({})])
    book.set_local([policy_object({"mode": "Random"})])
    assert book.set_local([]) == [("shop", "")]
    assert book.local_faults == ()
    assert held(book) == (None, "")


def test_the_second_object_of_a_name_is_a_fault() -> None:
    book = PolicyBook(A)
    book.set_local([policy_object({"service": "cart"}), policy_object({})])
    assert held(book, CART) == (None, "p")
    assert held(book, SHOP) == (None, "")
    (fault,) = book.local_faults
    assert (fault.faults[0].field, fault.faults[0].reason) == ("metadata.name", "is there twice")


def test_objects_are_bounded() -> None:
    book = PolicyBook(A)
    names = [f"p{number}" for number in range(POLICIES_MAX + 1)]
    book.set_local(policy_object({"mode": "Random"}, name=name) for name in names)
    assert len(book.local_faults) == POLICIES_MAX + 1
    assert f"comes after {POLICIES_MAX} others" in book.local_faults[0].faults[0].reason


def test_every_local_object_has_a_name_also_the_refused() -> None:
    book = PolicyBook(A)
    book.set_local([policy_object({}), policy_object({"mode": "Nearest"}, name="bad")])
    assert book.local_names() == [ServiceName("shop", "bad"), ServiceName("shop", "p")]
