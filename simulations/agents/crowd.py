"""`python -m simulations.agents.crowd FOLDER NETWORK CLUSTERS POOL MEMBERS`: all others of a pool.

In `lan` they are the agents on all nodes of the first cluster but three, in `wan` the bridges of
all other clusters, three each. They run until the process ends.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import trio

from agent.credentials import Place, read_key_ring
from agent.demo.plan import ClusterPlan, NodePlan, Plan, plan
from agent.wire.header import VERSIONS, Pool
from agent.yaml_text import read_documents
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import CLUSTER_KEY, endpoints_key, export_key
from discovery.manifest import Body, sign_manifest
from discovery.names import Origin, ServiceName
from discovery.records import (
    ClusterRecord,
    ExportRecord,
    ServicePort,
    encode_cluster,
    encode_export,
)
from discovery.recordset import RecordSet
from discovery.state import KeptSet, KeptState
from discovery.trust_events import ObjectApplied
from failure_detect.config import DetectorConfig
from failure_detect.identity import Address, NodeName
from simulations.agents.members import Kin, Member

BRIDGES = 3
"""Real agents of the first cluster, and bridges of each other one."""

SERVICES, ENDPOINTS = 10, 16
"""What each other cluster exports, and with how many endpoints each."""


def crowd_plan(folder: Path, network: int, clusters: int) -> Plan:
    """Return where everything is: `home`, and so many other clusters, three nodes each."""
    names = ("home", *(f"cluster-{number}" for number in range(1, clusters + 1)))
    return plan(folder, names, nodes=BRIDGES, network=network)


def lan_nodes(cluster: ClusterPlan, members: int) -> list[NodePlan]:
    """Return the nodes of a cluster that a crowd has, so that there are `members` in all."""
    first = cluster.nodes[0]
    return [
        NodePlan(cluster.name, number, first.network, first.ports, cluster.folder)
        for number in range(len(cluster.nodes) + 1, members + 1)
    ]


def place_of(node: NodePlan) -> Place:
    """Return where the member on a node is; its node answers where nobody listens, by a refusal."""
    return Place(
        cluster=Origin(node.cluster),
        node=NodeName(node.name),
        lan=Address(str(node.agent)),
        wan=Address(str(node.agent)),
        node_address=Address(str(node.kubelet)),
        versions=VERSIONS,
    )


def uid_of(cluster: ClusterPlan) -> str:
    """Return the UID that the objects of a cluster have."""
    return f"uid-of-{cluster.name}"


def trusted_by(cluster: ClusterPlan) -> tuple[ObjectApplied, ...]:
    """Return the trust objects of a cluster."""
    files = sorted(cluster.objects.glob("trust-*.yaml"))
    return tuple(
        ObjectApplied(document)
        for file in files
        for document, _ in read_documents(file.read_text(), str(file))
    )


def served_by(cluster: ClusterPlan) -> KeptState:
    """Return the signed set of a cluster: services that all clusters export alike."""
    records = {CLUSTER_KEY: encode_cluster(ClusterRecord(region="eu-west-1"))}
    port = ServicePort("http", 80, "TCP", "http")
    for number in range(SERVICES):
        service = ServiceName("shop", f"service-{number}")
        records[export_key(service)] = encode_export(ExportRecord(ports=(port,)))
        at = [cluster.nodes[each % len(cluster.nodes)] for each in range(ENDPOINTS)]
        endpoints = tuple(
            Endpoint(f"127.0.{node.network}.{100 + each}", node=node.name)
            for each, node in enumerate(at)
        )
        ports = (EndpointPort("http", 8_080 + number),)
        records[endpoints_key(service, 0)] = encode_endpoints(EndpointRecord(ports, endpoints))
    whole, ring = RecordSet.of(records), read_key_ring(Origin(cluster.name), cluster.key)
    body = Body(
        origin=Origin(cluster.name),
        uid=uid_of(cluster),
        generation=ring.key.generation,
        epoch=1,
        version=1,
        root=whole.root,
        count=whole.count,
        size_bytes=whole.size_bytes,
    )
    return KeptState(sets=(KeptSet(sign_manifest(body, ring.key.signer), whole),))


def lan_crowd(planned: Plan, members: int) -> list[Member]:
    """Return all members of the first cluster's pool but those that are real agents."""
    home = planned.clusters[0]
    ring = read_key_ring(Origin(home.name), home.key)
    kin = Kin(pool=Pool.LAN, ring=ring, uid=uid_of(home), config=DetectorConfig.lan())
    return [Member(kin, place_of(node)) for node in lan_nodes(home, members)]


def wan_crowd(planned: Plan) -> list[Member]:
    """Return the bridges of all clusters but the first."""
    members = []
    for cluster in planned.clusters[1:]:
        kin = Kin(
            pool=Pool.WAN,
            ring=read_key_ring(Origin(cluster.name), cluster.key),
            uid=uid_of(cluster),
            config=DetectorConfig.wan(),
            trusts=trusted_by(cluster),
            kept=served_by(cluster),
        )
        members += [Member(kin, place_of(node)) for node in cluster.nodes]
    return members


async def run(members: Sequence[Member], seeds: Sequence[Address]) -> None:
    """Start all, and say so once they are members; then be there until cancelled.

    They know each other from the beginning, and are members from one moment on: how many join at
    once is another experiment, and who is known but not there yet would be found dead.
    """
    async with trio.open_nursery() as nursery:
        for member in members:
            await nursery.start(member.run)
        known = [member.detector.claim for member in members]
        for member in members:
            member.join(seeds, known)
        sys.stdout.write("here\n")
        sys.stdout.flush()


async def main(arguments: list[str]) -> None:
    """Be the crowd that the arguments name: folder, network, other clusters, pool, members."""
    folder, network, clusters, pool, members = arguments
    planned = crowd_plan(Path(folder), int(network), int(clusters))
    crowd = lan_crowd(planned, int(members)) if pool == "lan" else wan_crowd(planned)
    at = [Address(str(node.agent)) for node in planned.nodes]
    seeds = at[:BRIDGES] if pool == "lan" else at[::BRIDGES]
    await run(crowd, seeds)


if __name__ == "__main__":
    trio.run(main, sys.argv[1:])
