"""Finds the templates and schemas: inside an installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Give the folder of that name ("templates" or "xsd") that came with this package.

    Raises FileNotFoundError when the installation is broken.
    """
    if (inside := _PACKAGE / name).is_dir():
        return inside
    if (_PACKAGE.parent / "pyproject.toml").is_file() and (beside := _PACKAGE.parent / name).is_dir():
        return beside
    raise FileNotFoundError(f"paytraq_direct was installed without its folder {name}; install it again")
