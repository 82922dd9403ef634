"""Crashes, cuts, restarts and edits in any order: no two write, nothing good is lost, all heals."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.agent.core.townscape import Town

SITES = tuple(f"{cluster}-{number}" for cluster in ("east", "west", "south") for number in (1, 2))
CLUSTERS = ("east", "west", "south")

sites = st.sampled_from(SITES)
clusters = st.sampled_from(CLUSTERS)


class Fleet(RuleBasedStateMachine):
    """Three clusters of two agents."""

    town: Town

    @initialize(seed=st.integers(0, 1_000), is_end_known=st.booleans())
    def begin(self, seed: int, is_end_known: bool) -> None:
        self.town = Town(seed=seed)
        self.town.is_end_known = is_end_known
        self.served: dict[str, list[str]] = {
            name: self.town.pods(f"{name}-1", f"{name}-2") for name in ("east", "west")
        }
        self.town.start()
        self.town.settle()

    def runs(self, site: str) -> bool:
        return self.town.process(site).runs

    # --- what happens -------------------------------------------------------------------------

    @rule(seconds=st.sampled_from((0.1, 1.0, 4.0, 12.0)))
    def time_passes(self, seconds: float) -> None:
        self.town.run(seconds)

    @rule(site=sites)
    def an_agent_crashes(self, site: str) -> None:
        if self.runs(site):
            self.town.crash(site)

    @rule(site=sites)
    def a_node_dies(self, site: str) -> None:
        if self.runs(site):
            self.town.crash_node(site)

    @rule(site=sites)
    def an_agent_stops(self, site: str) -> None:
        if self.runs(site):
            self.town.stop(site)
            self.town.run(3)

    @rule(site=sites)
    def an_agent_starts(self, site: str) -> None:
        if not self.runs(site):
            self.town.start(site)

    @rule(cluster=clusters)
    def a_cluster_is_cut_off(self, cluster: str) -> None:
        self.town.cut_off(cluster)

    @rule(one=clusters, other=clusters)
    def a_link_is_cut_one_way(self, one: str, other: str) -> None:
        self.town.network.cut(one, other)

    @rule()
    def links_heal(self) -> None:
        self.town.network.heal_all()

    @rule(cluster=clusters)
    def an_api_server_stops(self, cluster: str) -> None:
        self.town.api(cluster).go_down()

    @rule(cluster=clusters)
    def an_api_server_starts(self, cluster: str) -> None:
        if not self.town.api(cluster).is_up:
            self.town.api(cluster).come_up()

    @rule(cluster=st.sampled_from(("east", "west")), ends=st.sets(st.integers(70, 79), min_size=1))
    def endpoints_change(self, cluster: str, ends: set[int]) -> None:
        network = self.town.clusters[cluster].plan.nodes[0].network
        self.served[cluster] = sorted(f"127.0.{network}.{each}" for each in ends)
        self.town.serve(cluster, *self.served[cluster])

    # --- what holds ---------------------------------------------------------------------------

    @invariant()
    def the_laws_of_the_world_hold(self) -> None:
        if hasattr(self, "town"):
            self.town.check()
            self.town.check_invariants()

    def teardown(self) -> None:
        """Mend everything: in the end all have what is served."""
        if not hasattr(self, "town"):
            return
        town = self.town
        town.network.heal_all()
        for cluster in CLUSTERS:
            if not town.api(cluster).is_up:
                town.api(cluster).come_up()
        for site in SITES:
            if not self.runs(site):
                town.start(site)
        everything = sorted([*self.served["east"], *self.served["west"]])

        def is_mended() -> bool:
            wanted = {"south": everything, "east": self.served["west"], "west": self.served["east"]}
            return town.is_settled() and all(
                town.listed(cluster) == sorted(addresses) for cluster, addresses in wanted.items()
            )

        town.until(is_mended, 180)


Fleet.TestCase.settings = settings(max_examples=6, stateful_step_count=10, deadline=None)
TestFleet = Fleet.TestCase
