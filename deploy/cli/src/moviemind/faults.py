"""The fault matrix as a page: each row with the tests whose names carry its id."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

MATRIX = "tests/faults/matrix.toml"
_HEAD = """# Faults

What can go wrong, what still holds then, and the tests that cause it. This page is generated (`./moviemind generated`) from
`tests/faults/matrix.toml` and from the names of the tests: `test_f33_…` belongs to F33. All of them run in CI on every change, and a
test that CI skips counts as missing. A row without a test is **open**.

"""
_ID = re.compile(r"test_((?:f\d\d_)+)")


def faults_page(root: Path) -> str:
    """The page. Raises ValueError for a test that names a row which does not exist."""
    matrix = tomllib.loads((root / MATRIX).read_text(encoding="utf-8"))
    known = {row for area in matrix["area"] for row in area["rows"]}
    shown = _tests(root / "tests")
    if unknown := sorted(set(shown) - known):
        raise ValueError(f"no such row in {MATRIX}: {', '.join(unknown)}")
    missing: dict[str, str] = matrix["missing"]
    without = sorted(known - set(shown))
    lines = [f"{len(known) - len(without)} of {len(known)} rows have tests. Open: {', '.join(without) or 'none'}.", ""]
    for area in matrix["area"]:
        lines += [f"## {area['title']}", "", "| Row | Fault | What holds | Shown by |", "|---|---|---|---|"]
        for row, (fault, holds) in area["rows"].items():
            lines.append(f"| {row} | {fault} | {holds} | {_proof(shown.get(row, []), missing.get(row))} |")
        lines.append("")
    return _HEAD + "\n".join(lines)


def _proof(tests: list[str], missing: str | None) -> str:
    if not tests:
        return f"**open**{': ' + missing if missing else ''}"
    return "<br>".join([f"`{test}`" for test in tests] + ([f"missing: {missing}"] if missing else []))


def _tests(folder: Path) -> dict[str, list[str]]:
    """Row → `file::name`, in the order of the files."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for name in _names(ast.parse(path.read_text(encoding="utf-8"))):
            if match := _ID.match(name):
                for row in match[1].strip("_").upper().split("_"):
                    found.setdefault(row, []).append(f"{path.relative_to(folder)}::{name}")
    return found


def _names(module: ast.Module) -> Iterator[str]:
    """Test functions, those of classes included, without those that are marked as skipped."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not any(
            "mark.skip" in ast.unparse(decorator) or "mark.xfail" in ast.unparse(decorator)
            for decorator in node.decorator_list
        ):
            yield node.name
