"""paytraq-check --preview: one page of one invoice, written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from arrivals import example, faulty
from commands import run
from conftest import EXAMPLES

from paytraq_direct.cli import writing
from paytraq_direct.inbox import pages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["invoice.json", "sale.xml"])
def test_a_preview_shows_the_very_document(name: str, tmp_path: Path) -> None:
    """The page is that of the document that would be sent, and the invoice is checked as ever."""
    target = tmp_path / "page.html"
    result = run("paytraq-check", "--preview", target, EXAMPLES / name)
    assert (result.returncode, result.stdout[:7], result.stderr.decode()) == (0, b"checked", f"preview    {target}\n")
    assert target.read_bytes() == pages.preview(example(name), name)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_standard_input_is_an_invoice_too(tmp_path: Path) -> None:
    """A record or a document may be piped in."""
    for name in ("invoice.json", "sale.xml"):
        target = tmp_path / f"{name}.html"
        result = run("paytraq-check", "--preview", target, "-", data=(EXAMPLES / name).read_bytes())
        assert (result.returncode, target.read_bytes()) == (0, pages.preview(example(name), "-"))


@pytest.mark.parametrize("document", [faulty(), b"<Sale>"])
def test_a_finished_document_with_errors_is_shown(document: bytes, tmp_path: Path) -> None:
    """The page has the faults, and the exit code is that of the check."""
    (tmp_path / "a.xml").write_bytes(document)
    result = run("paytraq-check", "--preview", tmp_path / "a.html", tmp_path / "a.xml")
    assert result.returncode == 3
    assert b'id="fault-1"' in (tmp_path / "a.html").read_bytes()


def test_a_record_with_errors_has_no_document(tmp_path: Path) -> None:
    """There is nothing to show, and what is said is why; a page that is there already stays."""
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "a.html").write_text("before")
    result = run("paytraq-check", "--preview", tmp_path / "a.html", tmp_path / "a.json")
    assert result.returncode == 3
    assert b"no preview: an invoice with errors has no document to show" in result.stderr
    assert (tmp_path / "a.html").read_text() == "before"


def test_warnings_count_only_when_they_are_to(tmp_path: Path) -> None:
    """With --strict the page of an invoice with warnings is written, and the exit code says that there are some."""
    (tmp_path / "a.xml").write_bytes(example("sale.xml").replace(b"</Header>", b"<Foo/></Header>"))
    for options, code in (((), 0), (("--strict",), 3)):
        target = tmp_path / f"{code}.html"
        assert run("paytraq-check", *options, "--preview", target, tmp_path / "a.xml").returncode == code
        assert b"PD-092" in target.read_bytes()


@pytest.mark.parametrize(
    ("target", "files", "why"),
    [
        ("a.html", ["invoice.json", "sale.xml"], b"--preview shows one invoice, and 2 files are named"),
        ("a.html", ["month.jsonl"], b"month.jsonl holds several"),
        ("-", ["invoice.json"], b"ends in .html"),
        ("a.json", ["invoice.json"], b"ends in .html"),
        ("nowhere/a.html", ["invoice.json"], b"is not written: no such file or directory"),
        ("a.html", ["--fix", "invoice.json"], b"leave --fix and --fill out"),
        ("a.html", ["--write", "invoice.json"], b"--write goes with --fix or --fill"),
        ("a.html", [], b"name a FILE"),
    ],
)
def test_anything_but_one_invoice_is_wrong_usage(target: str, files: list[str], why: bytes, tmp_path: Path) -> None:
    """What cannot be shown on one page is refused, and nothing is written."""
    named = [name if name.startswith("-") else EXAMPLES / name for name in files]
    result = run("paytraq-check", "--preview", target, *named, cwd=tmp_path)
    assert (result.returncode, list(tmp_path.iterdir())) == (2, [])
    assert why in result.stderr


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it fails in the middle, the old file stays and no draft is left; where it works, its mode is kept."""
    path = tmp_path / "a.html"
    path.write_text("before")
    path.chmod(0o640)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            writing.whole(path, b"after")
    assert (path.read_text(), [one.name for one in tmp_path.iterdir()]) == ("before", ["a.html"])
    writing.whole(path, b"after")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"after", 0o640)
