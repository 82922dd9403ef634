"""An origin serves what its rule says, and nothing where it is only passed on."""

import pytest
from hypothesis import given

from discovery.importing import OWN_RULE, ImportRule, ImportRules
from discovery.names import Origin, ServiceName
from tests.discovery.strategies import SERVICE_NAMES

SHOP = ServiceName("shop", "cart")


@given(SERVICE_NAMES)
def test_everything_is_served_unless_the_rule_says_otherwise(service: ServiceName) -> None:
    assert ImportRule().may_serve(service)
    assert OWN_RULE.may_serve(service)
    assert not ImportRule(relay_only=True).may_serve(service)
    assert not ImportRule(services=()).may_serve(service)


@pytest.mark.parametrize(
    ("services", "answer"),
    [
        ((("shop", "cart"),), True),
        ((("shop", "*"),), True),
        ((("*", "cart"),), True),
        ((("sh*", "c*t"),), True),
        ((("shop", "till"), ("shop", "cart")), True),
        ((("shop", "till"),), False),
        ((("cart", "shop"),), False),
        ((("shop", "car"),), False),
        ((("shop", "car?"), ("[s]hop", "cart")), False),  # No signs but the star.
        ((("shop", "till"), ("inn", "cart")), False),  # Not one half of each.
    ],
)
def test_both_patterns_of_one_pair_must_match(
    services: tuple[tuple[str, str], ...], answer: bool
) -> None:
    assert ImportRule(services=services).may_serve(SHOP) is answer
    assert not ImportRule(services=services, relay_only=True).may_serve(SHOP)


def test_policies_hold_only_where_they_are_allowed() -> None:
    assert (ImportRule().policies, OWN_RULE.policies) == (False, True)
    assert (ImportRule().precedence, ImportRule().relay_only) == (0, False)


def test_rules_are_whatever_knows_the_rule_of_an_origin() -> None:
    class Some:
        def rule(self, origin: Origin) -> ImportRule | None:
            return OWN_RULE if origin == "paris" else None

    rules: ImportRules = Some()
    assert rules.rule(Origin("paris")) is OWN_RULE
    assert rules.rule(Origin("rome")) is None
