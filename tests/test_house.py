"""How the package is built: imports point up one list, and each big library has one door."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import run

import paytraq_direct

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(paytraq_direct.__file__).parent

# A module imports only what stands before it; its own folder counts as one.
ORDER = (
    "__init__", "errors", "codes", "amounts", "fields", "limits", "wording", "meant", "conditions", "rule", "rules",
    "rulebook", "places", "jsontext", "values", "taking", "totals", "invoice", "json_schema", "resources", "templating",
    "xmlio", "xmlplaces", "document", "schema", "record", "packed", "readers", "mending", "config", "answer", "blot",
    "connection", "wire", "certificate", "visit", "signed", "links", "channel", "outbox", "dispatch", "pace", "result",
    "errand", "run", "sender", "doctor", "inbox", "payt", "cli", "pytest_plugin",
)  # fmt: skip
DOORS = {
    "lxml": {"xmlio"},
    "jinja2": {"templating"},
    "requests": {"wire"},
    "xmlschema": {"schema"},
    "sqlite3": {"outbox"},
}
OTHERS = {
    "urllib3": set(), "click": {"cli"}, "socket": {"wire", "connection", "inbox"}, "ssl": {"connection", "certificate"},
}  # fmt: skip


def _modules() -> dict[str, list[Path]]:
    rooms: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        rooms.setdefault(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), []).append(path)
    return rooms


def _imports(path: Path) -> Iterator[str]:
    """Give the modules that a file imports, also inside functions; those for type checkers alone are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    hidden = {id(inner) for node in for_types for part in node.body for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path.name} imports relatively"
            if node.module == "paytraq_direct":
                yield from (f"paytraq_direct.{name.name}" for name in node.names)
            else:
                yield node.module


def test_every_module_has_its_place() -> None:
    """No module is missing from the list, and the list names no module that is gone."""
    assert set(_modules()) == set(ORDER)


@pytest.mark.parametrize("room", ORDER)
def test_imports_point_up(room: str) -> None:
    """A module imports only what stands before it in the list."""
    above = set(ORDER[: ORDER.index(room)]) | {room, "__version__"}
    for path in _modules()[room]:
        ours = {name.split(".")[1] for name in _imports(path) if name.startswith("paytraq_direct.")}
        assert ours <= above, f"{path.name} imports {sorted(ours - above)}"


def test_only_its_commands_know_payt() -> None:
    """Outside payt/ and cli/ nothing imports payt, and in cli/ its own commands alone do."""
    users = {
        path.relative_to(PACKAGE).parts[:2] if room == "cli" else (room,)
        for room, paths in _modules().items()
        for path in paths
        if any(f"{name}.".startswith("paytraq_direct.payt.") for name in _imports(path))
    }
    assert users <= {("payt",), ("cli", "payt")}
    assert ("cli", "payt") in users


@pytest.mark.parametrize("module", ["send", "check", "outbox", "inbox", "doctor"])
def test_no_paytraq_command_loads_payt(module: str) -> None:
    """Whatever a PayTraq command loads at its start, nothing of payt is among it."""
    code = (
        "import sys, importlib\n"
        f"importlib.import_module('paytraq_direct.cli.{module}')\n"
        "import paytraq_direct as p\n"
        "[getattr(p, name) for name in p.__all__]\n"
        "print([name for name in sys.modules if 'payt' in name.split('.')])"
    )
    result = run(sys.executable, "-c", code)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"[]\n", b"")


def test_payt_loads_the_command_that_is_run_alone() -> None:
    """To load payt loads none of its commands, and payt when loads no sending."""
    code = (
        "import sys\nfrom paytraq_direct.cli.payt import payt\n"
        "before = [name for name in sys.modules if name.startswith('paytraq_direct.cli.payt.')]\n"
        "payt.main(['when', '15:01', '--json'], standalone_mode=False)\n"
        "print(before, sorted({'requests', 'sqlite3', 'lxml', 'jinja2'} & set(sys.modules)))"
    )
    result = run(sys.executable, "-c", code)
    assert (result.returncode, result.stdout.splitlines()[1:], result.stderr) == (0, [b"[] []"], b"")


@pytest.mark.parametrize("library", [*DOORS, *OTHERS])
def test_a_library_is_imported_in_one_place(library: str) -> None:
    """Whoever wants to replace a library has one module to change."""
    found = {
        room
        for room, paths in _modules().items()
        for path in paths
        for name in _imports(path)
        if name.split(".")[0] == library
    }
    assert found == {**DOORS, **OTHERS}[library]


def test_files_stay_small() -> None:
    """A file grows past 400 lines only with a reason, which stands here."""
    reasons = {
        "wire.py": "one exchange is told in one place, from its arguments to how far it got",
    }
    long = {path.name for paths in _modules().values() for path in paths if len(path.read_text().splitlines()) > 400}
    assert long == set(reasons)
