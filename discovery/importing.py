"""What an origin may do here: the answer of trust, as a value that everybody else works with."""

from dataclasses import dataclass
from typing import Protocol

from discovery.names import Origin, ServiceName, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRule:
    """What one origin may do in this cluster."""

    services: tuple[tuple[str, str], ...] = (("*", "*"),)
    """Patterns of (namespace, name) that it may serve; * stands for any characters."""

    precedence: int = 0
    """The higher one wins where two origins disagree."""

    policies: bool = False
    """Whether its travelling policies hold here."""

    relay_only: bool = False
    """It is passed on to others, and serves nothing here."""

    def may_serve(self, service: ServiceName) -> bool:
        """Tell whether endpoints of `service` are taken from this origin."""
        return not self.relay_only and any(
            matches(service.namespace, namespace) and matches(service.name, name)
            for namespace, name in self.services
        )


OWN_RULE = ImportRule(policies=True)
"""What one's own cluster may do here: everything."""


class ImportRules(Protocol):
    """Knows the rule of each origin."""

    def rule(self, origin: Origin) -> ImportRule | None:
        """Return what `origin` may do here, None where it is not trusted (any more)."""
        ...
