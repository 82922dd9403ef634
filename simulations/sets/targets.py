"""What signed sets must reach, and by which experiment that is shown."""

from functools import partial

from failure_detect.clock import MILLISECOND
from simulations.options import Value
from simulations.sets.assailed import Kind
from simulations.sets.registry import SETS
from simulations.targets import Limit, Target, median, p99, worst

_line = partial(Target, family=SETS)

_THIRTY: dict[str, Value] = {
    "clusters": 30,
    "nodes": 100,
    "services": 5,
    "endpoints": 50,
    "changes": 30,
}
_FAR: dict[str, Value] = {"shortest": 40 * MILLISECOND, "longest": 300 * MILLISECOND}
_KNOWN_IN_TIME = (median("adoption_s", 0.5), p99("adoption_s", 1.5))

TARGETS: tuple[Target, ...] = (
    *(
        _line(
            what=f"a changed record and its manifest in one datagram, {words}",
            experiment="records",
            limits=(worst("rumour_bytes", 1_000),),
            values={"services": services, "endpoints": endpoints},
            seeds=5,
        )
        for services, endpoints, words in (
            (1, 5_000, "one service of 5,000"),
            (750, 20, "750 services of 20"),
        )
    ),
    _line(
        what="200 clusters x 15,000 endpoints in one catalog and its view",
        experiment="capacity",
        limits=(worst("resident_mb", 1_023), worst("take_in_s", 60), p99("change_s", 0.010)),
        values={"changes": 300},
        published="15 GiB published for a well-known system",
        seeds=1,
    ),
    *(
        _line(
            what=f"attacks on a catalog, {kind}: 100,000 of them",
            experiment="attacks",
            limits=(Limit("adopted", 0), Limit("disturbed", 0), Limit("mistaken", 0)),
            values={"kind": kind, "attacks": 50_000},
            seeds=2,
        )
        for kind in Kind
    ),
    _line(
        what="one endpoint of 5,000 changes, 11 clusters of 1,000 nodes, 3 bridges each",
        experiment="change",
        limits=(worst("change_bytes", 1 << 20),),
        published="7.5 GiB published for a well-known system",
        seeds=3,
    ),
    _line(
        what="change at the origin to every bridge of 30 clusters, round trips of 20 to 150 ms",
        experiment="change",
        limits=_KNOWN_IN_TIME,
        published="no one publishes one",
        values=_THIRTY,
        seeds=5,
    ),
    _line(
        what="the same, delays of 20 to 150 ms one way",
        experiment="change",
        limits=_KNOWN_IN_TIME,
        values={**_THIRTY, **_FAR},
        seeds=3,
    ),
    _line(
        what="a Deployment of 500 rolls within two minutes: one version for each step, at most",
        experiment="rollout",
        limits=(worst("versions", 400), worst("view_changes", 400), p99("last_step_s", 1.5)),
        seeds=3,
    ),
    _line(
        what="511 clusters x 1,000 endpoints pulled by a joining bridge, links of 100 Mbit/s",
        experiment="join",
        limits=(worst("joined_s", 60), Limit("received_ratio", 1.05)),
        published="> 5 min at 100 clusters published",
        seeds=2,
    ),
    _line(
        what="two catalogs of 200 origins that differ in one record find it",
        experiment="two-differ",
        limits=(worst("requests", 3), worst("repair_bytes", 4_096)),
        seeds=10,
    ),
    _line(
        what="20 changes a second in a fleet of 10 clusters",
        experiment="churn",
        limits=_KNOWN_IN_TIME,
        values={"clusters": 10, "nodes": 100, "services": 20, "endpoints": 50},
        seeds=3,
    ),
    _line(
        what="no direct path between two clusters: changes get through, neither is lost",
        experiment="relay",
        limits=(median("relayed_s", 0.5), worst("relayed_s", 10)),
        seeds=5,
    ),
    _line(
        what="an origin changes faster than a link of 128 kbit/s can pull",
        experiment="fast-origin",
        limits=(worst("gap_s", 10), worst("staleness_s", 15), worst("caught_up_s", 15)),
        seeds=3,
    ),
    _line(
        what="traffic between two clusters is shut, and opened again: known as degraded, and not",
        experiment="data-path",
        limits=(worst("path_shut_s", 60), worst("path_open_s", 60)),
        seeds=5,
    ),
    _line(
        what="trust is unequal: idle traffic stays idle, and few compare while a set changes",
        experiment="unequal-trust",
        limits=(
            Limit("idle_ratio", 1.03),
            Limit("comparisons_per_minute", 0.1),
            Limit("changing_comparisons_per_minute", 1),
        ),
        seeds=5,
    ),
    *(
        _line(
            what=f"node down at the origin to every bridge of 30 clusters{words}",
            experiment="node-down",
            limits=(
                median("node_out_s", usual),
                p99("node_out_s", 1.5),
                median("node_out_everywhere_s", usual),
                p99("node_out_everywhere_s", 1.5),
            ),
            values={"without": without},
            seeds=2,
        )
        for without, usual, words in (
            ("nothing", 0.5, ""),
            ("publisher", 0.5, ", no publisher"),
            ("api-server", 0.5, ", no API server"),
            ("the-bridge-there", 1.5, ", the bridge that publishes with it"),
        )
    ),
    *(
        _line(
            what=f"a pool falls into halves, {percent}:{100 - percent}{words}: nothing withdrawn",
            experiment="split",
            limits=(Limit("withdrawn", 0),),
            values={"share": percent, "wan": wan},
            seeds=2,
        )
        for wan, words in (("whole", ""), ("split", ", their bridges do not reach each other"))
        for percent in (50, 34, 67)
    ),
    *(
        _line(
            what=f"all agents of a cluster restart, their disks {disk}, {words}",
            experiment="restart",
            limits=(worst("next_everywhere_s", 20),),
            values={"disk": disk, "moment": moment},
            seeds=1,
        )
        for disk in ("kept", "stale", "lost")
        for moment, words in (
            ("quiet", "nothing going on"),
            ("publishing", "in the middle of a publication"),
            ("proposing", "again while an epoch is written"),
        )
    ),
    *(
        _line(
            what=f"the key of a cluster is rotated, trusted by {words}: nothing lost",
            experiment="rotate",
            limits=(p99("rotated_s", 1.5),),
            values={"trust": trust},
            seeds=2,
        )
        for trust, words in (("names", "its name"), ("fleet", "its fleet's certificate"))
    ),
    _line(
        what="a fleet revokes the key of a cluster, whose successor speaks",
        experiment="revoke",
        limits=(p99("revoked_s", 1.5), worst("restored_s", 3)),
        values={"successor": "comes"},
        seeds=2,
    ),
    *(
        _line(
            what=f"a fleet revokes the key of a cluster, and no successor speaks {words}",
            experiment="revoke",
            limits=(
                p99("revoked_s", 1.5),
                worst("removed_s", 32),
                worst("hold_short_s", 0.1),
                worst("hold_over_s", 0.1),
            ),
            values={"successor": "never", "restart": restart},
            seeds=2,
        )
        for restart, words in (
            ("never", "within 30 s"),
            ("half-way", "within 30 s, all who import restart in between"),
        )
    ),
    *(
        _line(
            what=f"a stranger signs beside a cluster, whose root is {words}",
            experiment="equivocate",
            limits=(worst("healed_s", 20),),
            values={"higher": higher},
            seeds=2,
        )
        for higher, words in (("stranger", "lower"), ("cluster", "higher"))
    ),
    _line(
        what="a cluster is drained over 30 s by each importer's clock",
        experiment="drain",
        limits=(p99("heard_s", 1.5), worst("drained_s", 31)),
        seeds=2,
    ),
)
"""All of them, in the order of the table."""
