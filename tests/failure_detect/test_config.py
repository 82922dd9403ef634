"""A configuration is good as a whole, or says all that is wrong with it."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.clock import MILLISECOND, Duration
from failure_detect.config import DetectorConfig, GossipConfig, LimitConfig, ProbeConfig
from failure_detect.validation import ACCUSATIONS_MAX, ConfigError

LAN = DetectorConfig.lan()
PROFILES = [LAN, DetectorConfig.wan(), DetectorConfig.loopback()]
SECTIONS = ("probe", "suspicion", "gossip", "probation", "sync", "node", "limit")


def paths(group: pytest.ExceptionInfo[ExceptionGroup[ConfigError]]) -> list[str]:
    """Where the faults are, in the order in which they are told."""
    assert all(isinstance(fault, ConfigError) for fault in group.value.exceptions)
    return [fault.path for fault in group.value.exceptions if isinstance(fault, ConfigError)]


def faults(overrides: dict[str, int]) -> list[str]:
    """Where a changed profile is faulty."""
    with pytest.raises(ExceptionGroup, match="invalid detector configuration") as raised:
        LAN.with_overrides(overrides)
    return paths(raised)


# --- profiles --------------------------------------------------------------------------------


def test_profiles_are_valid_and_belong_to_different_pools() -> None:
    assert [profile.pool for profile in PROFILES] == [b"lan", b"wan", b"loop"]
    assert DetectorConfig() == LAN


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.pool.decode())
def test_a_relay_says_nack_within_what_is_left_of_the_round(profile: DetectorConfig) -> None:
    assert profile.probe.nack_percent <= 80


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.pool.decode())
def test_the_deaf_know_it_before_they_could_accuse_as_confirmers(profile: DetectorConfig) -> None:
    probe, suspicion = profile.probe, profile.suspicion
    confirming = suspicion.tries * suspicion.try_timeout
    assert probe.round < probe.deaf_after <= probe.round + confirming


def test_the_waits_of_the_wan_exceed_its_longest_round_trip() -> None:
    wan, longest = DetectorConfig.wan(), 200 * MILLISECOND
    waits: list[Duration] = [
        wan.probe.timeout,
        wan.suspicion.try_timeout,
        wan.suspicion.receipt_timeout,
        wan.suspicion.last_ping,
        wan.node.timeout // 3,
    ]
    assert min(waits) > longest
    assert wan.suspicion.by_group


def test_a_configuration_is_not_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        LAN.pool = b"wan"  # type: ignore[misc]  # what is frozen, mypy sees as well
    assert hash(LAN) == hash(DetectorConfig.lan())


# --- single faults -----------------------------------------------------------------------------


@pytest.mark.parametrize("pool", [b"p", b"p" * 16])
def test_a_pool_has_a_short_name(pool: bytes) -> None:
    assert replace(LAN, pool=pool).pool == pool


@pytest.mark.parametrize("pool", [b"", b"p" * 17, "lan", 3, None])
def test_a_pool_with_no_name_or_a_long_one_is_refused(pool: bytes) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        replace(LAN, pool=pool)
    assert paths(raised) == ["$.pool"]
    assert str(raised.value.exceptions[0]) == "$.pool: must have 1 to 16 bytes"


LEAST = ("sync.frame_bytes", "node.valid", "node.recheck")
CONFIRMING = LAN.suspicion.tries * LAN.suspicion.try_timeout


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("probe.round", LAN.probe.interval + 1),
        ("probe.timeout", LAN.probe.round),
        ("probe.timeout_min", LAN.probe.timeout + 1),
        ("probe.nack_percent", 96),
        ("probe.deaf_after", LAN.probe.round),
        ("probe.deaf_after", LAN.probe.round + CONFIRMING + 1),
        ("suspicion.accusers", LAN.suspicion.confirmers + 2),
        ("suspicion.receipt_timeout", CONFIRMING),
        ("suspicion.last_ping", LAN.suspicion.last_call),
        ("sync.frame_bytes", 4 * LAN.gossip.datagram_bytes - 1),
        ("node.valid", 2 * LAN.node.interval - 1),
        ("node.recheck", LAN.node.tries * LAN.node.timeout),
        ("limit.certificate_bytes", LAN.gossip.datagram_bytes - 319),
        ("limit.broadcast_bytes", LAN.gossip.datagram_bytes - 127),
    ],
)
def test_each_relation_is_broken_alone_and_kept_at_its_edge(path: str, value: int) -> None:
    assert faults({path: value}) == [f"$.{path}"]
    is_least = path in LEAST or (path == "probe.deaf_after" and value == LAN.probe.round)
    inside = value + 1 if is_least else value - 1
    section, _, name = path.partition(".")
    assert getattr(getattr(LAN.with_overrides({path: inside}), section), name) == inside


def test_a_verdict_wants_no_more_signatures_than_a_claim_carries() -> None:
    many = {"suspicion.confirmers": 20}
    eight = LAN.with_overrides({**many, "suspicion.accusers": ACCUSATIONS_MAX})
    assert eight.suspicion.accusers == 8
    assert faults({**many, "suspicion.accusers": ACCUSATIONS_MAX + 1}) == ["$.suspicion.accusers"]


def test_a_frame_holds_two_of_the_longest_words_in_each_half() -> None:
    large = {"gossip.datagram_bytes": 65_000}
    assert faults(large) == ["$.sync.frame_bytes"]
    assert (
        LAN.with_overrides({**large, "sync.frame_bytes": 260_000}).gossip.datagram_bytes == 65_000
    )
    assert faults({"gossip.datagram_bytes": 65_001, "sync.frame_bytes": 1 << 20}) == [
        "$.gossip.datagram_bytes"
    ]


def test_a_datagram_is_not_too_small() -> None:
    small = {"limit.certificate_bytes": 100, "limit.broadcast_bytes": 100}
    assert faults({**small, "gossip.datagram_bytes": 511}) == ["$.gossip.datagram_bytes"]
    assert LAN.with_overrides({**small, "gossip.datagram_bytes": 512}).gossip.datagram_bytes == 512


NUMBERS = [
    f"{section}.{field.name}"
    for section in SECTIONS
    for field in fields(getattr(LAN, section))
    if field.name != "by_group"
]


@pytest.mark.parametrize("path", NUMBERS)
def test_no_number_is_negative_or_beyond_all_bounds(path: str) -> None:
    assert faults({path: -1}) == [f"$.{path}"]
    assert faults({path: 1 << 53}) == [f"$.{path}"]
    assert faults({path: True}) == [f"$.{path}"]


def test_a_switch_is_true_or_false() -> None:
    assert LAN.with_overrides({"suspicion.by_group": True}).suspicion.by_group
    assert faults({"suspicion.by_group": 1}) == ["$.suspicion.by_group"]


def test_what_may_be_nothing_may_be_nothing() -> None:
    config = LAN.with_overrides({"probe.relays": 0, "probe.health_max": 0, "sync.follow_ups": 0})
    assert (config.probe.relays, config.probe.health_max, config.sync.follow_ups) == (0, 0, 0)
    assert faults({"gossip.fanout": 0}) == ["$.gossip.fanout"]


# --- all at once -------------------------------------------------------------------------------


def test_every_faulty_number_is_told_at_once_with_its_path() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        DetectorConfig(
            pool=b"",
            probe=ProbeConfig(interval=0, relays=-1),
            gossip=GossipConfig(fanout=0),
            limit=LimitConfig(members=-5),
        )
    assert [str(fault) for fault in raised.value.exceptions] == [
        "$.pool: must have 1 to 16 bytes",
        "$.probe.interval: must be 1 or more, is 0",
        "$.probe.relays: must be 0 or more, is -1",
        "$.gossip.fanout: must be 1 or more, is 0",
        "$.limit.members: must be 1 or more, is -5",
    ]


def test_every_broken_relation_is_told_at_once_with_its_path() -> None:
    overrides = {
        "probe.round": LAN.probe.interval + 10,
        "probe.timeout": LAN.probe.interval + 10,
        "probe.timeout_min": LAN.probe.interval + 11,
        "probe.nack_percent": 100,
        "probe.deaf_after": 1,
        "suspicion.accusers": 99,
        "suspicion.receipt_timeout": CONFIRMING,
        "suspicion.last_ping": LAN.suspicion.last_call,
        "gossip.datagram_bytes": 100,
        "sync.frame_bytes": 100,
        "node.valid": 1,
        "node.recheck": 1,
    }
    derived = ["$.limit.certificate_bytes", "$.limit.broadcast_bytes"]
    assert faults(overrides) == [*(f"$.{path}" for path in overrides), *derived]


def test_relations_are_judged_where_their_own_numbers_are_good() -> None:
    assert faults({"probe.interval": 0, "probe.nack_percent": 100}) == [
        "$.probe.interval",
        "$.probe.nack_percent",
    ]
    assert faults({"gossip.fanout": -1, "probe.interval": 10 * MILLISECOND}) == [
        "$.gossip.fanout",
        "$.probe.round",
    ]


@given(st.dictionaries(st.sampled_from(NUMBERS), st.integers(-10, 1 << 54), max_size=5))
def test_any_numbers_are_a_configuration_or_a_group_of_faults(overrides: dict[str, int]) -> None:
    try:
        config = LAN.with_overrides(overrides)
    except ExceptionGroup as group:
        others = group.split(ConfigError)[1]
    else:
        others = None
        for path, value in overrides.items():
            section, _, name = path.partition(".")
            assert getattr(getattr(config, section), name) == value
    assert others is None


# --- overrides -----------------------------------------------------------------------------------


def test_an_override_changes_what_it_names_and_nothing_else() -> None:
    config = LAN.with_overrides({"gossip.fanout": 7})
    assert config == replace(LAN, gossip=replace(LAN.gossip, fanout=7))
    assert LAN.with_overrides({}) == LAN


def test_overrides_that_are_good_only_together_are_good() -> None:
    doubled = {"probe.interval": 2 * LAN.probe.interval, "probe.round": LAN.probe.interval + 1}
    assert LAN.with_overrides(doubled).probe.round == LAN.probe.interval + 1


@pytest.mark.parametrize(
    "path", ["", ".", "probe", "probe.", "pool", "probe.intervall", "swim.interval", "a.b.c"]
)
def test_what_is_no_option_is_refused_by_name(path: str) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        LAN.with_overrides({path: 1})
    assert [str(fault) for fault in raised.value.exceptions] == [
        f"$.{path}: is not an option of the detector"
    ]


def test_unknown_options_and_faults_are_told_together() -> None:
    assert faults({"probe.x": 1, "gossip.fanout": 0, "sync.frame_bytes": 1}) == [
        "$.probe.x",
        "$.gossip.fanout",
        "$.sync.frame_bytes",
    ]
