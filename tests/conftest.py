"""What every test shares: golden files, hypothesis, and a network that ends at this machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SAMPLES = Path(__file__).parent / "samples"
EXAMPLES = Path(__file__).parent.parent / "examples"

settings.register_profile("quick", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True)
settings.register_profile("soak", settings.get_profile("quick"), max_examples=3_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))


def pytest_configure(config: pytest.Config) -> None:
    """Try thirty times as many examples when the big sizes are asked for."""
    if config.option.markexpr == "soak" and "HYPOTHESIS_PROFILE" not in os.environ:
        settings.load_profile("soak")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the soak hold all that is tried on many examples."""
    for item in items:
        if config.option.markexpr == "soak" and is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("soak")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden files be rewritten on purpose."""
    parser.addoption("--update", action="store_true", help="rewrite the golden files")


class Golden:
    """The golden files: what they hold must be what comes out; one that is missing fails."""

    def __init__(self, *, update: bool) -> None:
        self._update = update

    def check(self, path: Path, actual: str) -> None:
        """Compare with a golden file, or write it when asked to."""
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual, encoding="utf-8", newline="\n")
        assert path.is_file(), f"the golden file {path.name} is missing: pytest --update writes it"
        assert actual == path.read_text(encoding="utf-8")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Give the golden files."""
    return Golden(update=bool(request.config.getoption("--update")))


_departures: list[str] = []


def _stays_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse, and remember, every connection that would leave this machine."""
    if event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if not (host.startswith("127.") or host in {"localhost", "::1", "0.0.0.0", "::"}):  # noqa: S104
            _departures.append(host)
            raise RuntimeError(f"a test wants to leave this machine: {host}")


sys.addaudithook(_stays_here)


def departures() -> list[str]:
    """Give the hosts that were wanted beyond this machine since the last call, and forget them."""
    hosts = _departures[:]
    _departures.clear()
    return hosts


@pytest.fixture(autouse=True)
def _nobody_left() -> Iterator[None]:
    """Fail a test that wanted to leave this machine, even when the code under test swallowed the refusal."""
    yield
    assert departures() == []


_INSTALL_CHROMIUM = "apt-get install -y --no-install-recommends chromium libatomic1"
_BROWSER_OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give the browser of this machine; without one its tests are skipped, but never where CI is set."""
    chromium = shutil.which("chromium")
    if chromium is None:
        why = f"there is no chromium: {_INSTALL_CHROMIUM}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_BROWSER_OPTIONS.split())
        yield browser
        browser.close()
