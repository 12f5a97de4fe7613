"""Mending: what leaves no doubt is written, all else stays as it was, to the byte."""

from __future__ import annotations

import io
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from hypothesis import given
from hypothesis import strategies as st
from strategies import mutated_invoices
from test_rules import FOLDER, smallest

from paytraq_direct import Invoice, render
from paytraq_direct.mending import mended
from paytraq_direct.readers import Options, readings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from paytraq_direct import Fault

OPTIONS = Options()


def faults(name: str, data: bytes) -> list[Fault]:
    """List the faults of a file's content."""
    return [fault for found in readings(name, io.BytesIO(data), OPTIONS) for fault in found.faults]


def fix(text: str, name: str = "it.json") -> str:
    """Mend a text."""
    return mended(name, text.encode(), OPTIONS).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"currency" :\t"EURO"', '"currency" :\t"EUR"'), ('"Currency":"EUR"', '"currency":"EUR"'),
        ('"currency": "EUR",\n  "deposit": 1e2', '"currency": "EUR",\n  "deposit": 100'),
        ('"currency": "EUR", "date_due": "2026-12-01"', '"currency": "EUR", "date_due": "2026-12-01", "pay_term_type": "other_date"'),
        ('"currency": "EUR",\r\n\t"pay_term_days" : 5', '"currency": "EUR",\r\n\t"pay_term_days" : 5,\r\n\t"pay_term_type" : "due_days"'),
        ('"currency": "\\u0045URO"', '"currency": "EUR"'), ('"currency": "EUR", "comment": ""', '"currency": "EUR", "comment": null'),
        ('"currency": "EUR", "tax_basis": "Accrual "', '"currency": "EUR", "tax_basis": "accrual"'),
        ('"currency": "EUR", "\\u0044eposit": "1,5"', '"currency": "EUR", "deposit": "1.5"'),
        ('"currency": "EUR", "supplier_tax_number": 40003', '"currency": "EUR", "supplier_tax_number": "40003"'),
    ],
)  # fmt: skip
def test_only_the_faulty_value_changes(before: str, after: str) -> None:
    """Spacing, order and line ends of the file stay; what is added stands as its neighbour does."""
    rest = json.dumps({name: value for name, value in smallest().items() if name != "currency"}, indent=1)
    assert fix(f"{rest[:-2]},\n  {before}}}\n") == f"{rest[:-2]},\n  {after}}}\n"


@pytest.mark.parametrize(
    "text", ['"document_date": "03/04/2024"', '"deposit": "1,234"', '"currency": "$"', '"document_date": "2024-02-30"']
)
def test_what_leaves_a_doubt_stays(text: str) -> None:
    """An ambiguous value is never applied, though its choices are told."""
    name = text.split('"')[1]
    rest = json.dumps({key: value for key, value in smallest().items() if key != name})
    file = f"{rest[:-1]}, {text}}}"
    assert faults("it.json", file.encode())
    assert fix(file) == file


def test_every_invoice_of_a_file_is_mended() -> None:
    """Arrays and lines are mended one by one, blank lines and a byte order mark stay."""
    line = json.dumps(smallest(currency="EURO"))
    good = line.replace("EURO", "EUR")
    assert fix(f"\ufeff[{line},\n {line}]") == f"\ufeff[{good},\n {good}]"
    assert fix(f"\ufeff{line}\r\n\r\nnonsense\r\n{line}", "it.jsonl") == f"\ufeff{good}\r\n\r\nnonsense\r\n{good}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "windows-1257"])
def test_a_document_is_mended_in_its_own_encoding(encoding: str) -> None:
    """Texts of a <Sale> document are mended between their tags; codes become those of the wire."""
    text = render(Invoice(**smallest(supplier_name="Piegādātājs", payment_method="bank"))).decode()
    declared = {"windows-1257": "windows-1257", "utf-16-le": "UTF-16"}.get(encoding, "UTF-8")
    text = text.replace('encoding="UTF-8"', f'encoding="{declared}"')
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    bad = (
        text.replace(">EUR<", "> EURO\n<")
        .replace(">1</PaymentMethod", ">bank</PaymentMethod")
        .replace("<Qty>1<", "<Qty>1,0<")
    )
    good = text.replace(">EUR<", "> EUR\n<").replace("<Qty>1<", "<Qty>1.0<")
    assert mended("it.xml", (mark + bad).encode(encoding), OPTIONS).decode(encoding) == mark + good


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe\xff", b'{"a": "\xff"}', b"<Sale>", b"<!DOCTYPE Sale><Sale/>", b"[]", b"null"]
)
@pytest.mark.parametrize("name", ["it.json", "it.jsonl", "it.xml", "-"])
def test_what_cannot_be_read_stays(name: str, data: bytes) -> None:
    """A file that is broken, or holds no invoice, is left to the byte."""
    assert mended(name, data, OPTIONS) == data
    assert mended(name, data, OPTIONS, fill=True) == data


@pytest.mark.parametrize("path", sorted(FOLDER.glob("PD-*/refused.*")), ids=lambda path: path.parent.name)
def test_a_mended_sample_has_only_what_was_left(path: Path) -> None:
    """What is mended checks clean, or has only the faults that gave no fix."""
    data = path.read_bytes()
    after = mended(path.name, data, OPTIONS)
    left = faults(path.name, after)
    assert not [fault for fault in left if fault.fix]
    assert {fault.code for fault in left} <= {fault.code for fault in faults(path.name, data) if not fault.fix}
    assert mended(path.name, after, OPTIONS) == after


def _tokens(record: Any, path: str = "") -> dict[str, Any]:
    """Give every value of a record by its path."""
    if isinstance(record, dict):
        return {below: value for key, one in record.items() for below, value in _tokens(one, f"{path}.{key}").items()}
    if isinstance(record, list):
        return {
            below: value
            for index, one in enumerate(record)
            for below, value in _tokens(one, f"{path}[{index}]").items()
        }
    return {path: record}


@given(
    record=mutated_invoices(), indent=st.sampled_from([None, 2]), separators=st.sampled_from([None, (" , ", " :\t")])
)
def test_mending_twice_is_mending_once(record: dict[str, Any], indent: int | None, separators: Any) -> None:
    """It is idempotent, leaves nothing that has a fix, and touches no value that had no fault."""
    text = json.dumps(record, indent=indent, separators=separators)
    before = faults("it.json", text.encode())
    after = fix(text)
    assert fix(after) == after
    assert not [fault for fault in faults("it.json", after.encode()) if fault.fix]
    faulty = {f".{fault.path}" for fault in before}
    old, new = _tokens(json.loads(text)), _tokens(json.loads(after))
    for path, value in old.items():
        if not any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in faulty):
            assert repr(new[path]) == repr(value)
    if not [fault for fault in before if fault.fix]:
        assert after == text


# --- on the command line ----------------------------------------------------------------------------------------


def _file(folder: Path, **fields: Any) -> Path:
    path = folder / "invoice.json"
    path.write_text(json.dumps(smallest(**fields), indent=2) + "\n", newline="\n")
    return path


def test_fix_shows_a_diff_that_patch_takes(tmp_path: Path) -> None:
    """--fix prints the difference and writes nothing; applied by `patch`, it gives what --write writes."""
    path = _file(tmp_path, currency="EURO", document_date="30.01.2024")
    before = path.read_bytes()
    shown = run("paytraq-check", "--fix", path, cwd=tmp_path)
    assert (shown.returncode, path.read_bytes()) == (0, before)
    lines = shown.stdout.decode().splitlines()
    assert [line for line in lines if line[0] in "+-"] == [
        f"--- {path}", f"+++ {path} (mended)", '-  "document_date": "2026-11-02",'.replace("2026-11-02", "30.01.2024"),
        '+  "document_date": "2024-01-30",', '-  "currency": "EURO",', '+  "currency": "EUR",',
    ]  # fmt: skip
    copy = tmp_path / "copy.json"
    copy.write_bytes(before)
    diff = b"".join(line + b"\n" for line in shown.stdout.splitlines() if not line.startswith(b"checked"))
    subprocess.run(["patch", "-s", str(copy)], input=diff, check=True)  # noqa: S607 - as its user would
    assert run("paytraq-check", "--fix", "--write", path).returncode == 0
    assert (
        path.read_bytes() == copy.read_bytes() == before.replace(b"EURO", b"EUR").replace(b"30.01.2024", b"2024-01-30")
    )


def test_write_leaves_a_whole_file_with_its_rights(tmp_path: Path) -> None:
    """--write keeps the rights of the file, goes through a link to it, and leaves nothing else in the folder."""
    path = _file(tmp_path, currency="EURO")
    path.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    result = run("paytraq-check", "--fix", "--write", link)
    assert (result.returncode, result.stderr.decode().splitlines()[0]) == (0, f"mended     {link}")
    assert (json.loads(path.read_text())["currency"], path.stat().st_mode & 0o777) == ("EUR", 0o640)
    assert sorted(os.listdir(tmp_path)) == ["invoice.json", "link.json"]  # noqa: PTH208 - names
    assert link.is_symlink()


def test_what_is_left_is_told_and_is_3(tmp_path: Path) -> None:
    """The exit code is that of the mended file, and the faults that are left are told with their new places."""
    path = _file(tmp_path, currency="EURO", document_date="03/04/2024")
    result = run("paytraq-check", "--fix", path)
    assert result.returncode == 3
    assert b"error PD-050" in result.stderr
    assert b'write "2024-04-03" or "2024-03-04"' in result.stderr
    assert b"PD-070" not in result.stderr


def test_fill_computes_line_totals(tmp_path: Path) -> None:
    """--fill adds the line_total that a line lacks, rounded to the cent, and no other."""
    items: Sequence[dict[str, Any]] = [
        {"item_name": "a", "qty": 3, "price": "33.333", "line_discount": 10}, {"item_name": "b", "qty": 1, "price": 10, "line_total": "10.00"},
    ]  # fmt: skip
    path = _file(tmp_path, line_items=items, net_amount="100.00", gross_amount="121.00")
    assert run("paytraq-check", "--fill", "--write", path).returncode == 0
    first, second = json.loads(path.read_text())["line_items"]
    assert list(first.items()) == [
        ("item_name", "a"),
        ("qty", 3),
        ("price", "33.333"),
        ("line_total", 90.0),
        ("line_discount", 10),
    ]
    assert '"line_total": 90.00,' in path.read_text()
    assert second == items[1]
    assert run("paytraq-check", "--fill", path).stdout.startswith(b"checked")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--write", "FILE"], b"--write goes with --fix or --fill"), (["--fix", "--json", "FILE"], b"leave --json out"),
        (["--fix", "--write", "-"], b"standard input cannot be written"), (["--fix", "nowhere.json"], b"no such file"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(arguments: list[str], words: bytes, tmp_path: Path) -> None:
    """They are wrong usage, told before anything is touched."""
    path = _file(tmp_path, currency="EURO")
    before = path.read_bytes()
    result = run("paytraq-check", *(path if word == "FILE" else word for word in arguments))
    assert (result.returncode, path.read_bytes()) == (2, before)
    assert words in result.stderr
