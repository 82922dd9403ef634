"""Where this agent is reached and its node answers, from the settings and the Node object."""

from ipaddress import ip_address

from agent.credentials import Place
from agent.objects import Document
from agent.settings import host_and_port
from agent.settings_file import Settings
from agent.sources.nodes import node_address
from discovery.names import Origin
from failure_detect.identity import Address, NodeName

PROTOCOL_VERSIONS = (1, 1)
"""The lowest and highest version of what agents say to each other that this program speaks."""


class PlaceError(Exception):
    """It is not known where others reach this agent; says what to set."""


def place_of(settings: Settings, node: Document | None, own_address: str) -> Place:
    """Return where this process is; `node` is the object of its node, None where it is not known.

    `own_address` is this host's own, used where nothing else says an address; empty: not known.
    Raises `PlaceError`.
    """
    config = settings.config
    host, port = host_and_port(config.listen)
    own = node_address(node) if node is not None else None
    if config.advertise.lan is not None:
        lan = config.advertise.lan
    elif not _is_wildcard(host):
        lan = config.listen
    elif own is not None:
        lan = f"{own.rpartition(':')[0]}:{port}"
    elif own_address:
        lan = f"[{own_address}]:{port}" if ":" in own_address else f"{own_address}:{port}"
    else:
        what = f"listens at {config.listen}, and this host has no other address"
        raise PlaceError(f"{settings.file}: advertise.lan: must be set, since the agent {what}")
    return Place(
        cluster=Origin(config.cluster),
        node=NodeName(settings.node),
        lan=Address(lan),
        wan=Address(config.advertise.wan or lan),
        node_address=own,
        versions=PROTOCOL_VERSIONS,
    )


def _is_wildcard(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def host_address() -> str:
    """Return an address of this host by which others may reach it, empty where there is none.

    The first of IPv4 that is neither loopback nor link-local, else the first of IPv6.
    """
    import psutil

    found = [
        address
        for interface in psutil.net_if_addrs().values()
        for each in interface
        if (address := _usable(each.address.partition("%")[0])) is not None
    ]
    return next(iter(sorted(found, key=lambda text: ":" in text)), "")


def _usable(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if address.is_loopback or address.is_link_local else str(address)
