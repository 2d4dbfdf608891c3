"""What a person sees while a system starts: a live table on a terminal, one line per change elsewhere."""

from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from shared.clock import Clock, SystemClock


class Phase(StrEnum):
    STARTING = "starting"
    READY = "ready"
    GIVEN = "yours"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


_STYLES = {
    Phase.STARTING: "cyan",
    Phase.READY: "green",
    Phase.GIVEN: "green",
    Phase.RESTARTING: "yellow",
    Phase.STOPPING: "cyan",
    Phase.STOPPED: "dim",
}


class Progress(Protocol):
    def changed(self, part: str, phase: Phase, detail: str = "") -> None:
        """`part` entered `phase`, or has new detail in it."""
        ...


class PlainProgress:
    """One line per change of phase; details that only refine a phase are left out."""

    def __init__(self, console: Console, clock: Clock | None = None) -> None:
        self._console = console
        self._clock = clock or SystemClock()
        self._since = self._clock.monotonic()
        self._phases: dict[str, Phase] = {}

    def changed(self, part: str, phase: Phase, detail: str = "") -> None:
        if self._phases.get(part) is phase and phase is not Phase.RESTARTING:
            return
        self._phases[part] = phase
        elapsed = self._clock.monotonic() - self._since
        line = Text(f"{elapsed:6.1f} s  {part:<18} ") + Text(str(phase), _STYLES[phase])
        self._console.print(line + Text(f"  {detail}" if detail else ""), soft_wrap=True)


@dataclass(slots=True)
class _Row:
    phase: Phase
    detail: str
    began: float
    took: float | None = None


class LiveProgress:
    """A table that is redrawn in place; use as a context manager around the start or the stop."""

    def __init__(self, console: Console, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._rows: dict[str, _Row] = {}
        self._live = Live(console=console, get_renderable=self.table, refresh_per_second=10)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def pause(self) -> None:
        """Leave the table as it is, and give the terminal back."""
        self._live.stop()

    def changed(self, part: str, phase: Phase, detail: str = "") -> None:
        now = self._clock.monotonic()
        row = self._rows.setdefault(part, _Row(phase, detail, now))
        row.took = None if phase in {Phase.STARTING, Phase.STOPPING, Phase.RESTARTING} else now - row.began
        if phase in {Phase.STARTING, Phase.STOPPING} and row.phase is not phase:
            row.began = now
        row.phase, row.detail = phase, detail

    def table(self) -> Table:
        """What is shown now."""
        table = Table.grid(padding=(0, 2))
        for part, row in self._rows.items():
            style = _STYLES[row.phase]
            mark = Spinner("dots", style=style) if row.took is None else Text("✓", style)
            time = row.took if row.took is not None else self._clock.monotonic() - row.began
            table.add_row(mark, part, Text(str(row.phase), style), f"{time:.1f} s", Text(row.detail, "dim"))
        return table


class SilentProgress:
    """Nothing is shown."""

    def changed(self, part: str, phase: Phase, detail: str = "") -> None: ...
