"""Small scenes for experiments."""

from simulations.flavours import Setting
from simulations.trials import Scene


def scene(members: int, flavour: str = "ours", profile: str = "lan", seed: int = 1) -> Scene:
    return Scene(seed=seed, members=members, setting=Setting(flavour, profile))
