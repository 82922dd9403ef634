"""The parameters of memberlist, and the presets that are compared."""

from dataclasses import dataclass

from failure_detect.clock import MILLISECOND, SECOND, Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberlistConfig:
    """One configuration; the defaults are memberlist's for a LAN.

    Durations are microseconds. An impossible configuration raises ValueError with all
    its faults.
    """

    probe_interval: Duration = SECOND
    """From one probe to the next; a failed one takes this times (awareness + 1)."""

    probe_timeout: Duration = 500 * MILLISECOND
    """How long a direct ping is waited for, before others are asked."""

    scales_timeout: bool = False
    """Whether awareness stretches the timeout too, as the Lifeguard paper has it."""

    indirect_checks: int = 3
    """How many others are asked to ping a member that does not answer (k)."""

    stream_ping: bool = True
    """Whether a stream is tried beside them."""

    nack_percent: int = 100
    """When an asked member says that it heard nothing, in percent of the probe timeout.

    0: never, and none is expected. At 100 it comes when the round is over, because that
    clock only starts with the request.
    """

    buddy: bool = True
    """Whether the ping of a suspected member tells it that it is suspected."""

    awareness_max: int = 8
    """How many health scores there are, from 0; 1 switches awareness off."""

    suspicion_mult: int = 4
    """Alpha: scales the shortest suspicion, log10(n) * this many probe intervals."""

    suspicion_max_mult: int = 6
    """Beta: how many times longer a suspicion lasts that nobody confirms.

    1: suspicions have one length, nobody's confirmation counts, none is passed on.
    """

    gossip_interval: Duration = 200 * MILLISECOND
    """How often news is sent to a few members, unless there is none."""

    gossip_nodes: int = 3
    """How many these are."""

    gossip_to_the_dead: Duration = 30 * SECOND
    """How long after its death a member is still told news, and kept in the list."""

    retransmit_mult: int = 4
    """Scales how often a claim is sent: this * ceil(log10(n + 1)) times."""

    push_pull_interval: Duration = 30 * SECOND
    """Base of the time between two exchanges of the whole list."""

    stream_timeout: Duration = 10 * SECOND
    """How long such an exchange may take."""

    datagram_bytes: int = 1400
    """The most bytes of a datagram before its checksum."""

    def __post_init__(self) -> None:
        """Refuse what cannot run."""
        positive = {
            "probe_interval": self.probe_interval,
            "probe_timeout": self.probe_timeout,
            "awareness_max": self.awareness_max,
            "suspicion_mult": self.suspicion_mult,
            "suspicion_max_mult": self.suspicion_max_mult,
            "gossip_interval": self.gossip_interval,
            "gossip_nodes": self.gossip_nodes,
            "retransmit_mult": self.retransmit_mult,
            "push_pull_interval": self.push_pull_interval,
            "stream_timeout": self.stream_timeout,
        }
        faults = [f"{name} must be positive" for name, value in positive.items() if value < 1]
        if self.indirect_checks < 0:
            faults.append("indirect_checks must not be negative")
        if self.gossip_to_the_dead < 0:
            faults.append("gossip_to_the_dead must not be negative")
        if not 0 <= self.nack_percent <= 100:
            faults.append("nack_percent must be 0 to 100")
        if self.probe_timeout > self.probe_interval:
            faults.append("probe_timeout must not be above probe_interval")
        if self.datagram_bytes < 512:
            faults.append("datagram_bytes must be at least 512")
        if faults:
            raise ValueError("; ".join(faults))

    @property
    def confirmations_wanted(self) -> int:
        """How many others must confirm a suspicion for it to be as short as it gets."""
        return self.suspicion_mult - 2 if self.suspicion_max_mult > 1 else 0

    @property
    def nack_delay(self) -> Duration:
        """From a request to ping another until the answer that it was silent."""
        return self.probe_timeout * self.nack_percent // 100


def memberlist_lan() -> MemberlistConfig:
    """Return memberlist as it is today, with its defaults for a LAN."""
    return MemberlistConfig()


def memberlist_wan() -> MemberlistConfig:
    """Return memberlist as it is today, with its defaults for wide-area links."""
    return MemberlistConfig(
        probe_interval=5 * SECOND,
        probe_timeout=3 * SECOND,
        suspicion_mult=6,
        gossip_interval=500 * MILLISECOND,
        gossip_nodes=4,
        gossip_to_the_dead=60 * SECOND,
        push_pull_interval=60 * SECOND,
        stream_timeout=30 * SECOND,
    )


def swim() -> MemberlistConfig:
    """Return SWIM as the Lifeguard paper measured it (section 5): alpha 5, beta 1."""
    return MemberlistConfig(
        nack_percent=0, buddy=False, awareness_max=1, suspicion_mult=5, suspicion_max_mult=1
    )


def lha_probe() -> MemberlistConfig:
    """Return SWIM with the local health aware probe (Lifeguard 4.1)."""
    return MemberlistConfig(
        scales_timeout=True, nack_percent=80, buddy=False, suspicion_mult=5, suspicion_max_mult=1
    )


def lha_suspicion() -> MemberlistConfig:
    """Return SWIM with the suspicion that confirmations shorten (Lifeguard 4.2)."""
    return MemberlistConfig(
        nack_percent=0, buddy=False, awareness_max=1, suspicion_mult=5, suspicion_max_mult=6
    )


def buddy() -> MemberlistConfig:
    """Return SWIM with the buddy system (Lifeguard 4.3)."""
    return MemberlistConfig(nack_percent=0, awareness_max=1, suspicion_mult=5, suspicion_max_mult=1)


def lifeguard() -> MemberlistConfig:
    """Return the three together, as the Lifeguard paper measured them: alpha 5, beta 6."""
    return MemberlistConfig(scales_timeout=True, nack_percent=80, suspicion_mult=5)
