"""A compromised cluster: an agent with west's key that holds, and passes on, a forged set of east.

It is an agent like any other. What makes it a forger is what it was given: a trust object that
names a key of its own making as east's, and a state folder with a set that this key signed.
"""

import shutil
from dataclasses import replace

from agent.demo.layout import settings_of, trust_of, write
from agent.demo.objects import namespaces
from agent.demo.plan import NodePlan
from agent.demo.scene import Scene
from agent.key_files import ClusterKey, read_cluster_key
from agent.process.clock import wall_ms
from agent.process.entropy import secret
from agent.state_folder import StateFolder
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.names import Origin
from discovery.recordset import EMPTY
from discovery.signing import SigningKey
from discovery.state import KeptSet, KeptState

NUMBER = 9
"""Of the forger's node in west."""


async def start_forger(scene: Scene) -> NodePlan:
    """Start the forger; return its node."""
    west = scene.cluster("west")
    node = replace(west.nodes[0], number=NUMBER, folder=west.folder.parent / "forger")
    key = ClusterKey(Origin("east"), 1, SigningKey.from_seed(secret(32)))
    objects = node.folder / "objects"
    write(objects / "namespaces.yaml", *namespaces("uid-of-west"))
    write(objects / "trust-east.yaml", trust_of(key))
    write(objects / "trust-south.yaml", trust_of(read_cluster_key(scene.cluster("south").key)))
    shutil.copy2(west.key, node.folder / west.key.name)
    write(
        node.config,
        {
            **settings_of(node, scene.plan),
            "advertise": {"lan": str(node.agent), "wan": str(node.agent)},
            "seeds": {"wan": [str(each.relay) for each in scene.cluster("south").nodes]},
            "store": {"directory": str(objects)},
            "keys": {"cluster": str(node.folder / west.key.name)},
            "mesh": {"driver": "none"},
        },
    )
    with StateFolder(node.state) as folder:
        folder.load()
        folder.save(KeptState(sets=(KeptSet(forged(key), EMPTY),)))
    await scene.fleet.start_agent(node)
    return node


def forged(key: ClusterKey) -> Manifest:
    """Return a manifest that says, newer than all others, that its cluster serves nothing."""
    body = Body(
        origin=key.cluster,
        uid=f"uid-of-{key.cluster}",
        generation=key.generation,
        epoch=wall_ms(),
        version=1,
        root=EMPTY.root,
        count=0,
        size_bytes=0,
        signed_at_ms=wall_ms(),
    )
    return sign_manifest(body, key.signer)
