"""Imports go down only, and raw SQL stays where it is named."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "crm").rglob("*.py"))

#: Each layer may import what stands below it. `registry`, `models` and `security` know each other's base.
LAYERS = (
    {"extensions", "errors", "database"},
    {"models"},
    {"registry"},
    {"security"},
    {"records"},
    {"services"},
    {"integrations", "demo"},
    {"views", "jobs", "cli"},
)
#: What a lower layer may take from a higher one, with the reason.
ALLOWED = {
    ("security/manager.py", "services"): "a permission holds only while its module is on",
}
#: Files that may send SQL as text.
RAW_SQL = {"jobs/locks.py"}


def layer_of(module: str) -> int | None:
    name = module.removeprefix("crm.").split(".")[0]
    return next((n for n, names in enumerate(LAYERS) if name in names), None)


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crm."):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("crm.")}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_go_down(file: Path) -> None:
    name = str(file.relative_to(ROOT / "crm"))
    mine = layer_of("crm." + name.removesuffix(".py").replace("/", "."))
    if mine is None:
        return
    for module in imports_of(file):
        theirs = layer_of(module)
        if theirs is not None and theirs > mine:
            assert (name, module.split(".")[1]) in ALLOWED, f"{name} imports {module}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_sql_as_text_is_named(file: Path) -> None:
    name = str(file.relative_to(ROOT / "crm"))
    if name in RAW_SQL or name.startswith("models/"):
        return
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and name != "database.py":
            assert not sends_text(node.func), f"{name}:{node.lineno}"


def sends_text(called: ast.expr) -> bool:
    """Whether a call is one of SQLAlchemy's that take SQL as text."""
    if isinstance(called, ast.Name):
        return called.id == "text"
    if not isinstance(called, ast.Attribute):
        return False
    module = called.value.id if isinstance(called.value, ast.Name) else ""
    return called.attr == "exec_driver_sql" or (
        called.attr == "text" and module in {"sa", "sqlalchemy", "db"}
    )


def test_a_day_is_our_company_s() -> None:
    """At half past midnight in Warsaw it is still yesterday in UTC: `models.types.today` knows."""
    of_utc = [
        str(file) for file in FILES if re.search(r"(utc_now\(\)|now\(UTC\))\.date\(\)", file.read_text())
    ]
    assert of_utc == []
