"""What a file is for: told by content and name together, or asked for."""

from __future__ import annotations

import gzip

import pytest

from paytraq_direct.payt.filetypes import KINDS, UnclearKind, content_of, inner_name, kind_of

from .desk import CSV, PDF, UBL, ZIP

CREDIT = b"<?xml version='1.0'?><!-- <Invoice> --><n:CreditNote\n xmlns:n='urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2'>"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("20261102.csv", CSV, "csv"),
        ("20261102.CSV", b"\xef\xbb\xbf" + CSV, "csv"),
        ("a.csv", b"<;[", "csv"),
        ("a.csv", "a;b".encode("utf-16"), "csv"),
        ("a.csv", b"", "csv"),
        ("a.xml", b"<invoices/>", "csv"),
        ("a.json", b" [1]", "csv"),
        ("a.xml", UBL, "invoice_ubl"),
        ("a.xml", CREDIT, "invoice_ubl"),
        ("a.xml", b"<Invoice><ID/></Invoice>", "csv"),
        ("a.pdf", PDF, "invoice_pdf"),
        ("a.zip", ZIP, "declaration_file"),
        ("MZ301_2026.txt", b"01301", "declaration_file"),
        ("ap304.asc", b"01304", "declaration_file"),
    ],
)
def test_content_and_name_tell(name: str, data: bytes, kind: str) -> None:
    """The rule of docs/payt.md, case by case."""
    assert kind_of(name, content_of(data)).name == kind


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.txt", CSV), ("a", PDF), ("a.csv", PDF), ("a.csv", ZIP), ("a.csv", UBL), ("a.pdf", CSV), ("a.xlsx", ZIP), ("a.png", b"\x89PNG\0"),
        ("a.pdf", ZIP), ("a.tgz", gzip.compress(CSV, mtime=0)), ("a.pdf", gzip.compress(PDF, mtime=0)), ("a.html", b"<html>"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_asked_for(name: str, data: bytes) -> None:
    """A wrong guess is read as something else at Payt, so there is none."""
    with pytest.raises(UnclearKind, match="--type"):
        kind_of(name, content_of(data))


@pytest.mark.parametrize(
    ("named", "data"),
    [("csv", PDF), ("csv", ZIP), ("csv", UBL), ("invoice_pdf", CSV), ("invoice_ubl", b"<x/>"), ("invoice_ubl", PDF)],
)
def test_a_type_that_the_content_denies_is_refused(named: str, data: bytes) -> None:
    """Naming a type does not make a file one."""
    with pytest.raises(UnclearKind, match=named):
        kind_of("a.csv", content_of(data), named)


@pytest.mark.parametrize("data", [CSV, PDF, ZIP, UBL, b"\0\1", b"{}"])
@pytest.mark.parametrize("named", ["invoice_attachment", "declaration_file"])
def test_some_types_take_anything(named: str, data: bytes) -> None:
    """What an attachment or a declaration holds, Payt does not say."""
    assert kind_of("a.b", content_of(data), named) is KINDS[named]


def test_the_name_at_payt() -> None:
    """Payt takes .gz away, and nothing else."""
    assert [inner_name(name) for name in ("a.csv.gz", "a.CSV.GZ", "a.gzip", "gz")] == ["a.csv", "a.CSV", "a.gzip", "gz"]
