"""The documentation says what the code says: links, settings, events, states, problems, decisions."""

import importlib
import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from gateway.http.problems import REGISTRY
from shared import faults
from shared.events import EVENTS, Event
from shared.jobs import state_diagram

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ADRS = sorted((DOCS / "adr").glob("*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "References"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MACHINE_PATH = re.compile(r"(?<![\w.:/<>}])/(?:home|root|work|tmp|Users)/")
SERVICES = ("gateway", "generator", "tmdb_sync", "cache_invalidator")


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(page: Path, heading: str) -> str:
    """The text below `heading`, up to the next one of the same level."""
    level = heading.partition(" ")[0]
    text = page.read_text(encoding="utf-8")
    assert f"\n{heading}\n" in text, f"{page.name} has no {heading!r}"
    return re.split(rf"^{level} ", text.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_column(table: str) -> list[str]:
    """The code spans in the first column of the tables in a text."""
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


def variables(settings: type[BaseSettings]) -> set[str]:
    """The variables a settings class reads, its sections included."""
    found: set[str] = set()
    for name, field in settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseSettings):
            found |= variables(field.annotation)
        else:
            found.add(name.upper())
    return found


def settings_of(module: str) -> list[type[BaseSettings]]:
    values = vars(importlib.import_module(module)).values()
    return [value for value in values if isinstance(value, type) and issubclass(value, BaseSettings)]


def members(event: type[Event]) -> set[str]:
    """What an event has beyond what every event has."""
    return event.model_fields.keys() - Event.model_fields.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(prose(page)) if "://" not in link]

    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_path_of_one_machine(page: Path) -> None:
    assert MACHINE_PATH.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    for name, more in re.findall(r"`(test_\w+?)(…?)`", prose(page)):
        assert f"def {name}{'' if more else '('}" in written, name


def test_the_consumer_to_copy_compiles() -> None:
    blocks = [code for language, code in FENCE.findall((DOCS / "events.md").read_text("utf-8")) if language == "python"]

    assert blocks
    for block in blocks:
        compile(block, "docs/events.md", "exec")


def test_every_setting_is_documented_and_nothing_else() -> None:
    modules = ["shared.settings", *(f"{service}.config" for service in SERVICES)]
    known = {name for module in modules for settings in settings_of(module) for name in variables(settings)}

    documented = first_column(section(DOCS / "operations.md", "## Configuration"))

    assert sorted(documented) == sorted(known)


def test_every_crash_point_is_documented() -> None:
    documented = set(re.findall(r"`(\w+\.\w+)`", section(DOCS / "operations.md", "## Crash points")))

    assert documented == faults.CRASH_POINTS


def test_every_event_is_documented() -> None:
    headings = re.findall(r"^### `([\w.]+)`$", (DOCS / "events.md").read_text("utf-8"), re.MULTILINE)
    table = first_column(section(DOCS / "architecture.md", "## Events"))

    assert headings == [event.type for event in EVENTS]
    assert table == headings


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_every_member_of_an_event_is_documented(event: type[Event]) -> None:
    text = section(DOCS / "events.md", f"### `{event.type}`").split("\n## ", 1)[0]

    assert set(first_column(text)) == members(event)


def test_the_state_diagram_is_that_of_the_code() -> None:
    assert f"```mermaid\n{state_diagram()}```" in (DOCS / "architecture.md").read_text("utf-8")


def test_every_problem_is_documented() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+) \|$", section(DOCS / "http-api.md", "## Problems"), re.MULTILINE)
    documented = {name: int(status) for status, names in rows for name in re.findall(r"`([^`]+)`", names)}

    assert documented == {name: registered.status for name, registered in REGISTRY.items()}


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


@pytest.mark.parametrize("adr", ADRS, ids=lambda adr: adr.stem)
def test_a_decision_has_its_five_sections(adr: Path) -> None:
    text = adr.read_text(encoding="utf-8")

    assert text.startswith(f"# {adr.name[:4]}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert all(section(adr, f"## {name}").strip() for name in SECTIONS)
