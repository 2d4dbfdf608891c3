"""Feature flags as configured."""

from collections.abc import Mapping


class ConfiguredFlags:
    """Implements `Flags` over the configuration of this process."""

    def __init__(self, flags: Mapping[str, bool]) -> None:
        self._flags = flags

    def enabled(self, name: str) -> bool:
        return self._flags.get(name, False)
