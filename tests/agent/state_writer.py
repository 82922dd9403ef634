"""A process that keeps higher and higher states in a folder until it is killed, and says so."""

import sys
from pathlib import Path
from random import Random

from agent.state_folder import Members, StateFolder
from tests.agent.kept_states import kept_set, kept_state, records_of

ORIGINS = ("east", "north", "west")


def write_until_killed(path: Path, seed: int) -> None:
    """Raise versions of some origins, keep the state, and print what is kept by now."""
    rng = Random(seed)
    with StateFolder(path) as folder:
        loaded = folder.load()
        versions = dict.fromkeys(ORIGINS, 0)
        sets = {each.manifest.origin: each for each in loaded.state.sets}
        versions |= {str(origin): each.manifest.order.version for origin, each in sets.items()}
        start = loaded.start
        while True:
            for origin in rng.sample(ORIGINS, rng.randint(1, len(ORIGINS))):
                versions[origin] += 1
            start += 1
            faults = [*folder.save_start(start), *folder.save_members(Members((b"m" * start,)))]
            kept = [
                kept_set(origin, version, records_of(40, version), silent_s=version)
                for origin, version in versions.items()
            ]
            faults += folder.save(kept_state(kept, saved_at_ms=start))
            assert not faults, faults
            print(start, *versions.values(), flush=True)  # noqa: T201 - what the test reads.


if __name__ == "__main__":
    write_until_killed(Path(sys.argv[1]), int(sys.argv[2]))
