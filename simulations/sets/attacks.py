"""What comes to a catalog from whoever wants it to hold what no origin ever published.

Nothing is simulated here, and nothing stands in for anything: attacks of one kind are brought one
by one, by hand, as rumours and as answers to pulls, to a catalog that knows whom to trust. What
is shown: none is adopted, none changes anything, each is refused for the reason that is its own,
and what is genuine is adopted afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from discovery.catalog import Catalog
from simulations import options
from simulations.experiment import Experiment, Plan
from simulations.samples import Sample
from simulations.sets.assailed import (
    NEXT,
    WAYS,
    AdoptedError,
    Assailed,
    Attack,
    Kind,
    assailed,
    bring,
)
from simulations.sets.attack_kinds import attacks
from simulations.trials import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks(Experiment):
    """One catalog, and attacks of one kind."""

    plan: ClassVar[Plan] = Plan(
        name="attacks",
        title="attacks on what a catalog holds, by kind: what had success",
        columns=("attacks", "forms", "refused", "passed_over", "adopted", "mistaken", "disturbed"),
        configurations=("ours",),
        profile="wan",
        seeds=2,
    )

    kind: str = options.choice(tuple(Kind), tuple(Kind), "what is wrong with what comes")
    attacks: int = options.count(5_000, "how many of them come")

    def run(self, scene: Scene) -> Sample:
        """Bring one attack after the other, then what is genuine."""
        victim = assailed(scene.seed)
        endless = attacks(Kind(self.kind), victim, scene.seed)
        sample = assault(victim, islice(endless, self.attacks))
        _check_genuine(victim)
        return sample


def assault(victim: Assailed, coming: Iterable[Attack]) -> Sample:
    """Bring attacks to a catalog, by each way in turn; return what became of them."""
    sample, forms, before = Sample(), set[str](), _look(victim.catalog)
    for name in ("attacks", "refused", "passed_over", "adopted", "mistaken", "disturbed"):
        sample.count(name, 0)
    for number, attack in enumerate(coming):
        _bring(victim, attack, number % WAYS, sample)
        after = _look(victim.catalog)
        sample.count("disturbed", after != before)
        before = after
        forms.add(attack.how)
        sample.count("attacks")
    sample.measure("forms", len(forms))
    return sample


def _bring(victim: Assailed, attack: Attack, way: int, sample: Sample) -> None:
    try:
        found = bring(victim.catalog, attack, way)
    except AdoptedError:
        sample.count("adopted")
        return
    sample.count("passed_over" if found is None else "refused")
    sample.count("mistaken", found != attack.expected)


def _look(catalog: Catalog) -> tuple[object, ...]:
    """Return what no attack may change, at a price that can be paid each time."""
    held = [(id(each.manifest), id(each.records), each.adopted_at) for each in catalog]
    return held, catalog.floors(), catalog.size_bytes, catalog.record_count


def _check_genuine(victim: Assailed) -> None:
    """Adopt what every origin publishes next: a catalog that refuses all is no defence."""
    for three in victim.sets.values():
        genuine = three[NEXT]
        if victim.catalog.adopt(genuine.manifest, genuine.records, 2_000) is None:
            raise AssertionError(f"the next set of {genuine.manifest.origin} is not adopted")
    victim.catalog.check_invariants()
