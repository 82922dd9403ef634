"""What the detector must reach, and by which experiment that is shown.

Each target is one cell of one experiment, run for ours and for the baselines alike.
"""

from dataclasses import replace

from failure_detect.clock import MILLISECOND, SECOND
from simulations.options import Value, options_of
from simulations.study import PACE, Study
from simulations.swim.ablation import Ablation
from simulations.swim.registry import SWIM
from simulations.targets import QUICK_SEEDS, Limit, Target, median, worst

_LINE = Target(
    family=SWIM,
    what="",
    experiment="idle",
    limits=(),
    members=128,
    configurations=("ours", "memberlist"),
)
"""What most lines have in common."""

_FIRST, _FULL = "first_detection_s", "full_detection_s"
_NO_FP = Limit("false_positives", 0)
_ALL_FOUR = ("ours", "memberlist", "lifeguard", "swim")


def _crashes() -> list[Target]:
    limits = (median(_FIRST, 3.3), median(_FULL, 3.5), worst(_FULL, 5.0), _NO_FP)
    large = (median(_FIRST, 3.6), median(_FULL, 4.0), worst(_FULL, 5.0), _NO_FP)
    few = (worst(_FULL, 5.0), _NO_FP)
    return [
        replace(
            _LINE,
            what="crash, N = 128",
            experiment="crash",
            limits=limits,
            published="9.89 (13.4), 10.34 (14.0) s measured; SWIM 12.44, 12.90 s in the paper",
            configurations=_ALL_FOUR,
        ),
        replace(
            _LINE,
            what="crash, N = 1,000",
            experiment="crash",
            limits=large,
            values={"crashes": 5},
            members=1_000,
        ),
        *(
            replace(
                _LINE,
                what=f"crash, N = {members}",
                experiment="crash",
                limits=few,
                values={"crashes": 1},
                members=members,
                seeds=50,
            )
            for members in (2, 3)
        ),
        *(
            replace(
                _LINE,
                what=f"{crashes} of 64 crash at once",
                experiment="mass-crash",
                limits=(worst(_FULL, most), Limit("missed", 0), _NO_FP),
                values={"crashes": crashes},
                members=64,
                published=published,
            )
            for crashes, most, published in ((20, 6.5, "max 14.3 s"), (32, 9.0, "max 26.6 s"))
        ),
    ]


def _wide() -> list[Target]:
    crash = (median(_FIRST, 3.6), median(_FULL, 4.0), worst(_FULL, 5.5), _NO_FP)
    events: tuple[tuple[str, str, tuple[Limit, ...], str], ...] = (
        ("crash", "crash", crash, "68.6, 69.6 s"),
        ("mute", "one mute member", (_NO_FP, Limit("not_found", 0)), ""),
        ("loss", "25 % loss everywhere", (_NO_FP,), ""),
        (
            "partition",
            "partition of 60 s",
            (worst("heal_s", 16.0), Limit("never_healed", 0), Limit("late_false_deaths", 0)),
            "",
        ),
    )
    return [
        replace(
            _LINE,
            what=f"wan: {what}",
            experiment="wan",
            limits=limits,
            published=published,
            values={"event": event},
            members=90,
        )
        for event, what, limits, published in events
    ]


def _steady() -> list[Target]:
    return [
        replace(
            _LINE,
            what="idle",
            experiment="idle",
            limits=(Limit("sealed_bytes_per_member_s", 160.0), _NO_FP),
            published="101 B/s in clear, 160 encrypted",
        ),
        replace(
            _LINE,
            what="idle, N = 1,000",
            experiment="idle",
            limits=(Limit(PACE, 1.0), Limit("sealed_bytes_per_member_s", 160.0), _NO_FP),
            members=1_000,
            seeds=5,
            configurations=("ours",),
        ),
        *(
            replace(
                _LINE,
                what=f"lifeguard, D 16.4 s, I 64 ms, C = {concurrent}",
                experiment="lifeguard",
                limits=(
                    Limit("false_positives_per_run", allowed),
                    Limit("false_positives_at_healthy", 0),
                    Limit("bytes_per_member_s", rate),
                ),
                published=published,
                values={"concurrent": concurrent},
                configurations=_ALL_FOUR,
            )
            for concurrent, allowed, rate, published in (
                (4, 0, 516, "FP 0, 516 B/s"),
                (16, 1, 785, "FP 11, 785 B/s"),
            )
        ),
    ]


def _silent() -> list[Target]:
    return [
        *(
            replace(
                _LINE,
                what=f"{troubled} {what} by turns, 200 s",
                experiment="deaf-and-mute",
                limits=(Limit("false_positives_at_healthy", 0), Limit("not_found", 0)),
                published=published,
                values={"troubled": troubled, "what": what},
            )
            for troubled, what, published in (
                (1, "mute", "505 false at healthy observers"),
                (4, "mute", "1,837 false at healthy observers"),
                (1, "deaf", "0 false at healthy observers"),
                (4, "deaf", ""),
            )
        ),
    ]


def _pauses() -> list[Target]:
    return [
        replace(
            _LINE,
            what=f"a member paused once for {pause} s",
            experiment="pause",
            limits=(Limit("share_declared_dead", share), _NO_FP),
            published="never declared dead",
            values={"pause": pause * SECOND},
        )
        for pause, share in ((2, 0.0), (3, 0.25))
    ]


def _losses() -> list[Target]:
    return [
        *(
            replace(
                _LINE,
                what=f"all links lose {percent} %",
                experiment="loss",
                limits=(_NO_FP,),
                values={"loss": percent / 100},
                configurations=("ours", "memberlist", "swim"),
            )
            for percent in (10, 25)
        ),
    ]


def _networks() -> list[Target]:
    lengths = ((5, "5 s"), (20, "20 s"), (60, "60 s"), (300, "5 min"))
    parted = (worst("heal_s", 15.0), Limit("never_healed", 0), Limit("late_false_deaths", 0))
    both: tuple[str, ...] = ("ours", "memberlist")
    cuts = [(32, *each, 20, both) for each in lengths]
    cuts += [(128, *each, 20, both) for each in lengths]
    # Long ones cost minutes a seed, and memberlist is known never to heal by then.
    cuts += [(32, 3_600, "1 h", 20, both[:1]), (32, 90_000, "25 h", 3, both[:1])]
    return [
        *(
            replace(
                _LINE,
                what=f"partition {members // 2}:{members // 2} for {words}",
                experiment="partition",
                limits=parted,
                published="never whole again beyond 60 s" if seconds >= 60 else "",
                values={"duration": seconds * SECOND},
                members=members,
                seeds=seeds,
                configurations=configurations,
            )
            for members, seconds, words, seeds, configurations in cuts
        ),
        replace(
            _LINE,
            what="128 join through one seed, 10 % loss",
            experiment="join",
            limits=(worst("join_s", 6.0), Limit("never_joined", 0)),
            published="113 s",
            values={"within": 100 * MILLISECOND},
            seeds=50,
        ),
        replace(
            _LINE,
            what="1 % of 1,000 lose 30 % by turns",
            experiment="flip-flop",
            limits=(_NO_FP,),
            published="oscillates",
            members=1_000,
        ),
    ]


TARGETS: tuple[Target, ...] = (
    *_crashes(),
    *_wide(),
    *_steady(),
    *_silent(),
    *_pauses(),
    *_losses(),
    *_networks(),
)
"""All of them, in the order of the table."""


def ablation(*, quick: bool, seeds: int | None = None) -> Study:
    """Return the study of what each part of Lifeguard is worth, which has no target."""
    plan = Ablation.plan
    usual = QUICK_SEEDS if quick else plan.seeds
    quick_values: dict[str, Value] = {
        "concurrent": 4,
        "blocked": 2 * SECOND,
        "between": SECOND,
        "duration": 30 * SECOND,
        "threshold": 20 * SECOND,
    }
    return Study(
        family=SWIM,
        kind=Ablation,
        values=tuple(
            (option.name, (quick_values[option.name],) if quick else option.default)
            for option in options_of(Ablation)
        ),
        configurations=plan.configurations,
        members=SWIM.quick_members if quick else plan.members,
        seeds=range(1, 1 + min(usual, seeds or usual)),
    )
