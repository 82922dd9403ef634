"""The fields of the settings file."""

import pytest

from agent.settings import AgentConfig, KeySettings, LeaseSettings, StoreSettings, host_and_port
from tests.agent.settings_files import FOLDER


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.1:7979", ("10.0.0.1", 7979)),
        ("node-1.example:0", ("node-1.example", 0)),
        ("[fd00::1]:7979", ("fd00::1", 7979)),
    ],
)
def test_an_address_has_a_host_and_a_port(text: str, found: tuple[str, int]) -> None:
    assert host_and_port(text) == found


@pytest.mark.parametrize("text", ["", ":1", "host", "host:", "host:x", "fd00::1:1", "a:65536"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be HOST:PORT"):
        host_and_port(text)


def test_a_host_in_brackets_is_an_ipv6_address() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        host_and_port("[node]:1")


def test_a_lease_that_one_lost_renewal_would_lose_is_refused() -> None:
    with pytest.raises(ValueError, match=r"lease.renew: must be at most half"):
        AgentConfig(
            api_version="isthmus.dev/v1alpha1",
            kind="AgentConfig",
            cluster="east",
            store=StoreSettings(directory=FOLDER),
            state=FOLDER,
            keys=KeySettings(cluster=FOLDER),
            lease=LeaseSettings(duration=5, renew=3),
        )
