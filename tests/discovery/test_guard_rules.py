import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.guard_rules import GuardConfig, explain, is_too_much, unexplained
from discovery.manifest import Intent, IntentKind
from discovery.names import ServiceName
from failure_detect.validation import ConfigError

WEB, API, DB = (ServiceName("shop", name) for name in ("web", "api", "db"))


def intent(subject: str = "", amount: int = 0) -> Intent:
    return Intent(7, 1, IntentKind.SCALE_DOWN, subject, amount)


@pytest.mark.parametrize(
    ("removed", "total", "expected"),
    [
        (9, 9, False),  # Fewer than ten, though it is all there is.
        (10, 19, True),
        (10, 20, False),  # Half is not more than half.
        (11, 21, True),
        (0, 0, False),
        (10, 0, True),
    ],
)
def test_more_than_half_and_at_least_ten_are_too_much(
    removed: int, total: int, expected: bool
) -> None:
    assert is_too_much(removed, total, GuardConfig()) is expected


def test_the_share_and_the_least_can_be_set() -> None:
    assert is_too_much(4, 10, GuardConfig(share_percent=33, least=4))
    assert not is_too_much(4, 10, GuardConfig(share_percent=40, least=4))
    assert not is_too_much(3, 3, GuardConfig(share_percent=33, least=4))


def test_without_intent_nothing_is_explained() -> None:
    assert unexplained({WEB: 5, API: 0, DB: 2}, []) == 7
    assert explain({WEB: 5, API: 0, DB: 2}, []).unexplained == {WEB: 5, DB: 2}


def test_an_intent_of_a_service_explains_that_service_alone() -> None:
    explained = explain({WEB: 5, API: 3}, [intent("shop/web")])
    assert explained.unexplained == {API: 3}
    assert explained.left == (intent("shop/web"),)


def test_an_amount_is_used_up() -> None:
    explained = explain({WEB: 5}, [intent("shop/web", 3)])
    assert explained.unexplained == {WEB: 2}
    assert explained.left == ()
    assert explain({WEB: 2}, [intent("shop/web", 3)]).left == (intent("shop/web", 1),)


def test_intents_of_one_service_add_up() -> None:
    assert unexplained({WEB: 5}, [intent("shop/web", 2), intent("shop/web", 2)]) == 1


def test_an_intent_of_the_cluster_explains_everything() -> None:
    assert unexplained({WEB: 5, API: 3}, [intent()]) == 0


def test_an_amount_of_the_cluster_is_spent_after_that_of_the_services() -> None:
    explained = explain({WEB: 5, API: 3}, [intent("", 4), intent("shop/web", 5)])
    assert explained.unexplained == {}
    assert explained.left == (intent("", 1),)


def test_a_subject_that_is_nobodys_explains_nothing() -> None:
    assert unexplained({WEB: 5}, [intent("shop"), intent("shop/web/x"), intent("web")]) == 5


services = st.sampled_from([WEB, API, DB])
intents = st.builds(intent, st.sampled_from(["", "shop/web", "shop/api", "?"]), st.integers(0, 9))


@given(st.dictionaries(services, st.integers(0, 9)), st.lists(intents, max_size=8))
def test_intents_never_explain_more_than_vanished_or_than_they_say(
    removed: dict[ServiceName, int], given_intents: list[Intent]
) -> None:
    explained = explain(removed, given_intents)
    vanished, rest = sum(removed.values()), sum(explained.unexplained.values())
    assert all(0 < rest <= removed[service] for service, rest in explained.unexplained.items())
    if all(each.amount for each in given_intents):
        spent = sum(i.amount for i in given_intents) - sum(i.amount for i in explained.left)
        assert vanished - rest == spent
    # What is left explains no more of the same than it did: a second look changes nothing.
    if rest:
        assert explain(explained.unexplained, explained.left).unexplained == explained.unexplained


def test_all_faults_of_a_configuration_are_raised_at_once() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        GuardConfig(share_percent=101, confirm=2, hold=1)
    paths = [fault.path for fault in caught.value.exceptions if isinstance(fault, ConfigError)]
    assert paths == ["$.guard.share_percent", "$.guard.confirm"]
    with pytest.raises(ExceptionGroup) as caught:
        GuardConfig(least=0, window=True)
    paths = [fault.path for fault in caught.value.exceptions if isinstance(fault, ConfigError)]
    assert paths == ["$.guard.least", "$.guard.window"]
