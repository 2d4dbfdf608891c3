"""What the tour shows and what it found."""

from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from moviemind.api_models import Transition


class Report:
    """Prints each step, and remembers which facts did not hold."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.failed: list[str] = []
        self.held = 0

    def step(self, title: str) -> None:
        self.console.print(Rule(Text(title, "bold"), align="left"))

    def line(self, text: str) -> None:
        self.console.print(f"  {text}", markup=False, soft_wrap=True)

    def transition(self, transition: Transition) -> None:
        reason = f"  {transition.reason}" if transition.reason else ""
        at = f"{transition.at:%H:%M:%S.%f}"[:-3]
        self.line(f"{at}  {transition.status:<10} attempt {transition.attempt}  by {transition.actor}{reason}")

    def text(self, title: str, text: str) -> None:
        self.console.print(Panel(Text(text), title=Text(title), title_align="left", width=min(self.console.width, 100)))

    def check(self, fact: str, *, holds: bool, found: object = "") -> None:
        """`fact` is a sentence; `found` is shown when it does not hold."""
        if holds:
            self.held += 1
            self.console.print(Text("  ✓ ", "green") + Text(fact), soft_wrap=True)
        else:
            self.failed.append(f"{fact} (found: {found})")
            self.console.print(Text("  ✗ ", "bold red") + Text(f"{fact}; found: {found}"), soft_wrap=True)
