"""The figures of the experiments with real agents, and what they mean."""

from simulations.tables import Glossary

GLOSSARY = Glossary.of(
    {
        "applied_s": (
            "applied s",
            "from before an endpoint is written until OSM in another cluster gets it",
        ),
        "changes": ("changes", "changes in all"),
        "missed": ("missed", "what another cluster was not seen to write, within 30 s or more"),
        "withdrawn_s": (
            "withdrawn s",
            "from the death of a node until OSM in another cluster gets none of its endpoints",
        ),
        "back_s": ("back s", "from its start until OSM in another cluster gets all of them again"),
        "kills": ("kills", "nodes that died"),
        "withdrawn": (
            "withdrawn",
            "healthy endpoints that OSM of another cluster did not get at some moment",
        ),
        "ended": ("ended", "agents that ended"),
        "core_percent": ("% of a core", "of its processor time, over all real agents"),
        "resident_mb": ("resident MiB", "memory of an agent's process"),
        "lan_members": ("lan", "living members of its cluster's pool, as an agent knows them"),
        "wan_members": ("wan", "the same of the pool of all clusters"),
        "deaths": ("deaths", "members that an agent found dead, from its start on"),
        "false_deaths": ("false deaths", "members that any agent found dead meanwhile"),
        "grown_mb": ("grown MiB", "by how much the flooded agent's memory grew at most"),
        "round_trip_ms": ("round trip ms", "to the others and back, as the flooded agent sees it"),
        "sent_per_s": ("sent/s", "datagrams of garbage each second"),
        "busy_percent": ("busy %", "of a core that the flooded agent took"),
        "killed": ("killed", "agents that were killed"),
        "torn_states": ("torn states", "damaged files in state folders, after all kills"),
        "torn_objects": ("torn objects", "files of the store that are not whole, after all kills"),
        "older": ("older", "kills after which the own set on disk was older than what was shown"),
        "not_started": ("not started", "agents that ended by themselves"),
        "not_above": (
            "not above",
            "clusters that in the end did not publish above all that was seen of them",
        ),
        "published": ("published", "lives in which an agent published"),
        "adopted": ("adopted", "sets of others that lay on disks, summed over all kills"),
        "above_s": ("above s", "until all had published above what was seen, after the last kill"),
        "states": ("states", "different sets of addresses that OSM got, in all clusters"),
    }
)
