"""docs/faults.md: what each broken input shows on the terminal, to the letter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commands import run
from gallery import BROKEN

if TYPE_CHECKING:
    from conftest import Golden
    from gallery import Broken

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """\
# Faults, and what they look like

Inputs with something wrong, and what `paytraq-check` says of each. This page is made by running it.
"""


def _shown(broken: Broken, folder: Path) -> str:
    (folder / broken.name).write_bytes(broken.data)
    result = run("paytraq-check", broken.name, cwd=folder)
    text = (result.stderr + result.stdout).decode().strip("\n")
    return f"## {broken.title}\n\n```console\n$ paytraq-check {broken.name}\n{text}\n```\n"


def test_the_gallery_shows_what_the_command_says(tmp_path: Path, golden: Golden) -> None:
    """Every broken input has its exact output on the page, and every one has something to say."""
    shown = [_shown(broken, tmp_path) for broken in BROKEN]
    assert len(shown) >= 40
    assert all("error PD-" in text or "warning PD-" in text for text in shown)
    golden.check(DOCS / "faults.md", "\n".join((HEAD, *shown)))
