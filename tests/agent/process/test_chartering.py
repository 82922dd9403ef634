"""The core is made with what settings, keys and the last good state say."""

from dataclasses import replace
from pathlib import Path

from agent.core.charter import Charter
from agent.credentials import KeyRing
from agent.process.chartering import (
    LOOPBACK_SETTLE,
    charter_of,
    cluster_settings,
    holder_of,
    keys_of,
)
from agent.sources.cluster_facts import ClusterSettings
from agent.state_folder import LoadedState, Members
from discovery.records import Gateway
from discovery.recordset import EMPTY
from failure_detect.clock import MINUTE, SECOND
from tests.agent.kept_states import kept_set, kept_state
from tests.agent.key_rings import cluster_key
from tests.agent.settings_files import settings_of
from tests.agent.test_credentials import credentials

TRUST = {"kind": "TrustedCluster", "metadata": {"name": "west"}}


def charter(folder: Path, more: str = "", loaded: LoadedState | None = None) -> Charter:
    settings = settings_of(folder, more)
    return charter_of(settings, credentials(), loaded or LoadedState(), "uid-1", "1.2.3")


def test_an_agent_is_made_with_its_last_good_state(tmp_path: Path) -> None:
    state = kept_state([kept_set("west", 3, EMPTY)])
    loaded = LoadedState(state=state, members=Members((b"a",), (b"b", b"c")), trusted=(TRUST,))
    made = charter(tmp_path, loaded=loaded)
    assert made.kept == state
    assert (made.lan_claims, made.wan_claims) == ((b"a",), (b"b", b"c"))
    assert made.trusted == (TRUST,)
    assert (made.own, made.uid) == ("east", "uid-1")
    assert charter(tmp_path).trusted is None


def test_settings_reach_the_machines_that_they_are_for(tmp_path: Path) -> None:
    made = charter(
        tmp_path,
        "bridges: 5\nstopWithin: 7s\ndryRun: true\nallowLoopbackEndpoints: true\n"
        "lease: {duration: 20s, renew: 4s}\nverdicts: {retention: 3h}\n"
        "mesh: {driver: osm-endpoints, namespace: mesh, name: m, pushBound: 5s,"
        " connectionGrace: 6s, smi: true, verifyIdentities: true}\n",
    )
    assert (made.election.bridges, made.stop_within) == (5, 7 * SECOND)
    assert (made.lease.duration, made.lease.renew) == (20 * SECOND, 4 * SECOND)
    assert made.writer.is_dry_run
    assert made.writer.settle == made.bridge.verdicts.retention == 180 * MINUTE
    assert made.sources.allow_loopback
    assert (made.acks.mesh_bound, made.acks.grace) == (5 * SECOND, 6 * SECOND)
    assert made.driver_name == "osm-endpoints"
    assert (made.driver.mesh_namespace, made.driver.mesh_name) == ("mesh", "m")
    assert made.driver.smi
    assert made.driver.verify_identities
    assert not charter(tmp_path).driver.writes_pods


def test_agents_of_one_machine_elect_faster(tmp_path: Path) -> None:
    fast = charter(tmp_path, "detector: {preset: loopback}\n").election
    assert (fast.settle, fast.stagger) == (LOOPBACK_SETTLE, LOOPBACK_SETTLE)
    assert charter(tmp_path).election.settle > LOOPBACK_SETTLE


def test_a_short_lease_has_a_margin_that_fits(tmp_path: Path) -> None:
    short = charter(tmp_path, "lease: {duration: 3s, renew: 1s}\n").lease
    assert short.margin == SECOND
    assert charter(tmp_path).lease.margin == 2 * SECOND


def test_what_a_cluster_says_of_itself_is_in_the_settings(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        "region: eu\nnetwork: blue\ncapacity: 7\ngateways: [{address: 10.0.0.1, port: 443}]\n"
        "mesh: {trustDomain: home.example, namespace: mesh}\n",
    )
    assert cluster_settings(settings, "1.2.3") == ClusterSettings(
        region="eu",
        network="blue",
        gateways=(Gateway("10.0.0.1", 443),),
        capacity=7,
        version="1.2.3",
        trust_domain="home.example",
        mesh_namespace="mesh",
    )


def test_a_holder_of_the_lease_is_called_by_node_and_process(tmp_path: Path) -> None:
    own = credentials()
    settings = settings_of(tmp_path)
    assert holder_of(settings, own) == f"node-1-{own.member[:8].hex()}"


def test_keys_are_told_with_all_that_count() -> None:
    earlier = cluster_key(2, b"\2" * 32).signer.public
    key = replace(cluster_key(generation=3), previous=((2, earlier),))
    loaded = keys_of(KeyRing(key))
    assert loaded.key.generation == 3
    assert loaded.own_keys == {2: earlier, 3: key.signer.public}
    assert loaded.revocations == b""
