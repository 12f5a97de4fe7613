"""The wheel, built from the sdist, does both jobs when it is installed alone."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from commands import PATIENCE_S, environment
from conftest import EXAMPLES

ROOT = Path(__file__).parent.parent


def _build(source: Path, into: Path, kind: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", into, source],
        check=True, timeout=PATIENCE_S, capture_output=True, env=environment(),
    )  # fmt: skip
    (built,) = into.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


README = Path(__file__).parent.parent / "README.md"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the sdist."""
    folder = tmp_path_factory.mktemp("package")
    with tarfile.open(_build(ROOT, folder / "sdist", "sdist")) as sdist:
        sdist.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    return _build(source, folder / "wheel", "wheel")


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Nothing that the wheel needs is missing from the sdist."""
    assert _build(ROOT, tmp_path, "wheel").read_bytes() == wheel.read_bytes()


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    """Templates, schemas and the mark for type checkers are inside; tests and examples are not."""
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"paytraq_direct"}
    needed = {
        "templates/sale.xml.j2",
        "templates/inbox/list.html.j2",
        "xsd/sale.xsd",
        "xsd/sale-1.1.xsd",
        "py.typed",
        "cli/send.py",
        "outbox/tables.sql",
    }
    assert {f"paytraq_direct/{name}" for name in needed} <= names
    assert {Path(name).suffix for name in names if name.startswith("paytraq_direct/")} == {
        ".py",
        ".css",
        ".j2",
        ".js",
        ".sql",
        ".xsd",
        ".typed",
    }


def test_installed_alone_it_does_both_jobs_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    """In a fresh environment, run from /, it sends to its sandbox and prints the schema; the checkout is not seen."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True, timeout=PATIENCE_S)
    (packages,) = (tmp_path / "env").glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)  # noqa: S202 - our own
    # The libraries it depends on are those of this environment; the package itself is not taken from there.
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    code = "import sys, paytraq_direct.cli as c; sys.argv[0] = 'x'; print(c.__file__, file=sys.stderr); c.{}()"

    def run(main: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
        python = tmp_path / "env" / "bin" / "python"
        return subprocess.run(
            [python, "-c", code.format(main), *map(str, arguments)],
            cwd="/", check=False, timeout=PATIENCE_S, capture_output=True, env=environment(),
        )  # fmt: skip

    sent = run("send_main", EXAMPLES / "invoice.json", "--channel", "sandbox")
    assert (sent.returncode, sent.stdout[:9]) == (0, b"delivered")
    assert str(packages).encode() in sent.stderr
    schema = run("check_main", "--schema")
    assert (schema.returncode, schema.stdout[:1]) == (0, b"{")
    assert run("send_main", "--version").stdout.startswith(b"paytraq-send 0.")


def test_the_fixture_comes_with_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """In an empty project that has only the wheel installed, the test in the README passes as it stands there."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True, timeout=PATIENCE_S)
    (packages,) = (tmp_path / "env").glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)  # noqa: S202 - our own
    # Libraries only: no .pth file of that folder is followed, so the checkout is not installed here.
    (packages / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    project = tmp_path / "project"
    project.mkdir()
    (code,) = re.findall(r"```python\n((?:(?!```).)*?def test_.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (project / "test_shop.py").write_text(
        code + "\n\nimport paytraq_direct\nprint(paytraq_direct.__file__)\n", encoding="utf-8"
    )
    result = subprocess.run(
        [tmp_path / "env" / "bin" / "python", "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"],
        cwd=project, env=environment(), capture_output=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (result.returncode, str(packages) in result.stdout.decode()) == (0, True), result.stdout.decode()
