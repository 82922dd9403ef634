"""Faults of a configuration: each with its path, all of them at once."""

_MAY_BE_ZERO = {
    "follow_ups",
    "hold_down",
    "hold_down_max",
    "relays",
    "eager",
    "health_max",
    "to_the_dead",
}


class ConfigError(ValueError):
    """One fault of a configuration: where it is, and what must hold there."""

    def __init__(self, path: str, what: str) -> None:
        """Name the `path` from `$`, and `what` must hold there."""
        super().__init__(f"{path}: {what}")
        self.path = path


def number_fault(name: str, value: object) -> str | None:
    """Return what is wrong with the option `name` set to `value`, or None."""
    if name == "by_group":
        return None if isinstance(value, bool) else "must be true or false"
    if not isinstance(value, int) or isinstance(value, bool):
        return f"must be a whole number, is {value!r}"
    least = 0 if name in _MAY_BE_ZERO else 1
    return None if least <= value < 1 << 53 else f"must be {least} or more, is {value}"
