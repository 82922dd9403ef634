"""Key files and rings for tests: keys of known seeds."""

from pathlib import Path

from agent.credentials import KeyRing
from agent.key_files import ClusterKey, write_cluster_key
from discovery.names import Origin
from discovery.signing import SigningKey

OWN_SEED, NEXT_SEED, FLEET_SEED = (bytes([each]) * 32 for each in (1, 2, 3))


def cluster_key(generation: int = 1, seed: bytes = OWN_SEED, cluster: str = "east") -> ClusterKey:
    """Return the key of a cluster."""
    return ClusterKey(Origin(cluster), generation, SigningKey.from_seed(seed))


def key_file(folder: Path, name: str = "cluster.key") -> Path:
    """Write a file with the key of the cluster east, and return its path."""
    file = folder / name
    write_cluster_key(file, cluster_key(), OWN_SEED)
    return file


def ring(generation: int = 1, seed: bytes = OWN_SEED) -> KeyRing:
    """Return a ring of one key."""
    return KeyRing(cluster_key(generation, seed))
