"""The one door of the package: what it shows, and what it costs."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import pytest
from commands import run

import paytraq_direct

PUBLIC = [
    "Adjustment", "ChannelError", "ChannelUri", "Conflict", "Deferred", "DeliveryError", "Fault", "InDoubt", "Interrupted",
    "InvalidInvoice", "Invoice", "LineItem", "Outbox", "OutboxError", "PaytraqDirectError", "Receipt", "Rejected", "Result", "Sender",
    "check", "read", "render", "send",
]  # fmt: skip


def test_the_public_names_are_pinned() -> None:
    """A name is added or taken away on purpose only."""
    assert paytraq_direct.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(paytraq_direct))


def test_every_name_is_there_even_when_everything_was_imported() -> None:
    """No submodule takes the place of a public name, and each name is a class or a function with a docstring."""
    code = (
        "import pkgutil, importlib, paytraq_direct as p\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(p.__path__, 'paytraq_direct.')]\n"
        "assert all(callable(getattr(p, name)) and getattr(p, name).__doc__ for name in p.__all__)"
    )
    result = run(sys.executable, "-c", code)
    assert (result.returncode, result.stderr) == (0, b"")


def test_importing_loads_nothing() -> None:
    """Import paytraq_direct brings no submodule and no library."""
    code = "import sys; before = set(sys.modules); import paytraq_direct; print(*set(sys.modules) - before)"
    loaded = (
        run(sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(_root())!r})\n{code}")
        .stdout.decode()
        .split()
    )
    assert {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names} == {"paytraq_direct"}


def _root() -> Path:
    return Path(inspect.getfile(paytraq_direct)).parent.parent


def test_type_checkers_see_the_same_names() -> None:
    """The imports that a type checker reads are the public names."""
    tree = ast.parse(inspect.getsource(paytraq_direct))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    names = [name.name for node in guarded.body if isinstance(node, ast.ImportFrom) for name in node.names]
    assert sorted(names) == PUBLIC


def test_an_unknown_name_is_an_attribute_error() -> None:
    """What is not public is not there."""
    with pytest.raises(AttributeError, match="no attribute 'Invoise'"):
        _ = paytraq_direct.Invoise
