"""Fixtures of the wire tests: the tests' own authority as a file, and a clean environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .servers import authority

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def ca_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file with the certificate of the authority that the tests trust."""
    path = tmp_path_factory.mktemp("ca") / "authority.pem"
    authority().cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(autouse=True)
def _no_proxy_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith(("CA_BUNDLE", "CERT_FILE")):
            monkeypatch.delenv(name)
