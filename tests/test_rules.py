"""Every rule has a sample that it refuses, with the exact fault lines, and the nearest one that it accepts."""

from __future__ import annotations

import gc
import io
import json
import re
from datetime import UTC, datetime
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

import pytest
import ubl_documents
from conftest import EXAMPLES, SAMPLES

from paytraq_direct import Fault, InvalidInvoice, Invoice, fields, limits, links, render, rules
from paytraq_direct.cli import reading
from paytraq_direct.cli.route import Route
from paytraq_direct.config import Config, NamedChannel
from paytraq_direct.invoice import take
from paytraq_direct.readers import Options, read, readings, sale

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Golden


FOLDER = SAMPLES / "rules"
RULES = {rule.code: rule for rule in rules.every()}


def smallest(**fields_: Any) -> dict[str, Any]:
    """Give the smallest invoice, with some fields replaced."""
    item = {"item_name": "Malka", "qty": 1, "price": 1}
    return {
        "document_date": "2026-11-02", "document_ref": "INV-1", "supplier_name": "SIA S", "client_name": "AS K",
        "sale_type": "sales_invoice", "currency": "EUR", "line_items": [item], "net_amount": 1, "gross_amount": 1,
        **fields_,
    }  # fmt: skip


def _of_json(data: bytes, **options: Any) -> tuple[Fault, ...]:
    return tuple(fault for found in readings("it.json", io.BytesIO(data), Options(**options)) for fault in found.faults)


def _of_rendering(comment: str, lines: int) -> tuple[Fault, ...]:
    item = {"item_name": comment, "qty": 1, "price": 1}
    try:
        render(Invoice(**smallest(line_items=[item] * lines)))
    except InvalidInvoice as invalid:
        return invalid.faults
    return ()


def _sale_without_operation(operation: Any) -> tuple[Fault, ...]:
    document = render(Invoice(**smallest()))
    return sale.read("it.xml", document, operation=operation).faults


def _routed(client: str, *, only: str | None = None) -> tuple[Fault, ...]:
    config = Config({"k": NamedChannel("k", "env:K", ("AS K",))})
    runs: Any = {"k": "the run"}
    found = Route(runs, config, only=only).run_of(Invoice(**smallest(client_name=client)))
    return (found,) if isinstance(found, Fault) else ()


def _linked(link: str = "https://example.com/a.pdf", **seen: Any) -> tuple[Fault, ...]:
    good: dict[str, Any] = {"status": 200, "kind": "application/pdf", "size": 9, "start": b"%PDF-1.7\n"}
    found = links.Seen(**({} if "trouble" in seen or "address" in seen else good) | seen)
    return tuple(links.faults_of("pdf", link, found, datetime(2026, 11, 2, 9, tzinfo=UTC)))


def _unreadable(name: str) -> tuple[Fault, ...]:
    return next(reading.read((name,), lambda _: None, ignore_unknown=False, operation=None)).faults


def _as_ubl(text: str, name: str = "it.xml") -> tuple[Fault, ...]:
    """Give the faults of an input that is to be sent as it is."""
    found = readings(name, io.BytesIO(text.encode()), Options(form="ubl"))
    return tuple(fault for reading in found for fault in reading.faults)


# What no small file can show: what is made for it, refused and accepted.
MADE: dict[str, tuple[Callable[[], tuple[Fault, ...]], Callable[[], tuple[Fault, ...]]]] = {
    "PD-003": (
        lambda: _of_json(b" " * (limits.INPUT_BYTES + 1)),
        lambda: _of_json(json.dumps(smallest()).encode().ljust(limits.INPUT_BYTES)),
    ),
    "PD-011": (
        lambda: take(smallest(line_items=[smallest()["line_items"][0]] * (limits.LINES + 1)))[1],
        lambda: take(smallest(line_items=[smallest()["line_items"][0]] * 10_000))[1],
    ),
    "PD-012": (lambda: _of_rendering("x" * 8_500_000, 4), lambda: _of_rendering("x" * 8_000_000, 4)),
    "PD-013": (
        lambda: _of_json(json.dumps(smallest(colour="red")).encode(), ignore_unknown=True),
        lambda: _of_json(json.dumps(smallest(x_colour="red")).encode(), ignore_unknown=True),
    ),
    "PD-015": (lambda: _unreadable("no-such-file.json"), lambda: _unreadable(str(EXAMPLES / "smallest.json"))),
    "PD-022": (
        lambda: take(smallest(comment="x" * 20_000_000))[1],
        lambda: take(smallest(comment="x" * limits.TEXT_BYTES))[1],
    ),
    "PD-040": (lambda: take(smallest(net_amount=0.1))[1], lambda: take(smallest(net_amount="0.1"))[1]),
    "PD-110": (lambda: _routed("AS Other", only="k"), lambda: _routed("as  k", only="k")),
    "PD-111": (lambda: _routed("AS Other"), lambda: _routed("AS K")),
    "PD-130": (lambda: _linked(trouble="connection refused"), _linked),
    "PD-131": (lambda: _linked(status=404), lambda: _linked(status=206)),
    "PD-132": (lambda: _linked(hosts=("a.example", "b.example")), _linked),
    "PD-133": (lambda: _linked("http://example.com/a.pdf", is_plain=True), _linked),
    "PD-134": (lambda: _linked("https://intranet/a.pdf", address="10.0.0.7"), _linked),
    "PD-135": (lambda: _linked(kind="text/html", start=b"<!doctype html>"), _linked),
    "PD-136": (
        lambda: _linked("https://example.com/a.pdf?X-Amz-Date=20261102T090000Z&X-Amz-Expires=900"),
        lambda: _linked("https://example.com/a.pdf?X-Goog-Date=20261102T090000Z&X-Goog-Expires=2592000"),
    ),
    "PD-137": (lambda: _linked(size=40_000_000), lambda: _linked(size=25_000_000)),
    "PD-149": (lambda: _as_ubl("{}", "it.json"), lambda: _as_ubl(ubl_documents.document())),
    "PD-150": (
        lambda: _as_ubl(ubl_documents.document(client=None)),
        lambda: _as_ubl(ubl_documents.document()),
    ),
    "PD-094": (lambda: _sale_without_operation("sell_goods"), lambda: _sale_without_operation(None)),
}


def lines_of(faults: tuple[Fault, ...]) -> str:
    """Write faults in full, one paragraph each."""
    return "".join(_lines(fault) for fault in faults)


def _lines(fault: Fault) -> str:
    place = "" if fault.line is None else f" at {fault.line}" + ("" if fault.column is None else f":{fault.column}")
    return (
        f"{fault}\n  path {fault.path or '(the input)'}{place}\n  value {fault.value}\n"
        f"  suggestion {fault.suggestion}\n  source {fault.source}\n"
    )


def _faults(path: Path) -> tuple[Fault, ...]:
    return tuple(fault for reading in read(path) for fault in reading.faults)


def _samples(kind: str) -> list[Path]:
    return sorted(FOLDER.glob(f"PD-*/{kind}.*"))


def test_every_rule_has_its_samples_and_every_sample_its_rule() -> None:
    """No rule is without a refused and an accepted sample, and no sample is left over from a rule that is gone."""
    for kind in ("refused", "accepted"):
        assert {path.parent.name for path in _samples(kind)} | set(MADE) == set(RULES)
    assert {path.name for path in FOLDER.iterdir()} == set(RULES)
    for folder in FOLDER.iterdir():
        expected = ["faults"] if folder.name in MADE else ["accepted", "faults", "refused"]
        assert sorted(path.stem for path in folder.iterdir()) == expected


@pytest.mark.parametrize("refused", _samples("refused"), ids=lambda path: path.parent.name)
def test_the_neighbour_is_a_small_change_away(refused: Path) -> None:
    """What is refused differs from what is accepted in a few lines, so that a reader sees what the rule is about."""
    bad, good = (path.read_text(encoding="latin-1").splitlines() for path in (refused, refused.with_stem("accepted")))
    changed = [line for line in unified_diff(bad, good, n=0) if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    wholly_other = {"PD-004", "PD-005", "PD-014"}
    assert 0 < len(changed) <= 8 or refused.parent.name in wholly_other


@pytest.mark.parametrize("path", _samples("refused"), ids=lambda path: path.parent.name)
def test_a_refused_sample_has_exactly_these_faults(path: Path, golden: Golden) -> None:
    """A sample gives the faults that its golden file holds, that of its own rule among them."""
    faults = _faults(path)
    assert path.parent.name in {fault.code for fault in faults}
    golden.check(path.parent / "faults.txt", lines_of(faults))


@pytest.mark.parametrize("path", _samples("accepted"), ids=lambda path: path.parent.name)
def test_its_neighbour_is_accepted(path: Path) -> None:
    """The nearest good sample has no fault at all."""
    assert lines_of(_faults(path)) == ""


@pytest.mark.parametrize("code", MADE)
def test_what_is_made_for_a_rule_is_refused_and_accepted(code: str, golden: Golden) -> None:
    """Limits, options and Python's own types are refused with these faults, and accepted just within."""
    refused, accepted = MADE[code]
    golden.check(FOLDER / code / "faults.txt", lines_of(refused()))
    assert code in (FOLDER / code / "faults.txt").read_text(encoding="utf-8")
    assert code not in {fault.code for fault in accepted()}


def test_rules_are_complete() -> None:
    """Each rule has a code of its own, a statement, a message, and a source to rest on; those of Payt begin at 200."""
    made = {rule.code: rule.statement for rule in gc.get_objects() if isinstance(rule, rules.Rule)}
    assert {code for code in made if code < "PD-200"} == set(RULES)
    for rule in gc.get_objects():
        assert not isinstance(rule, rules.Rule) or rule.statement == made[rule.code]
    assert all(re.fullmatch(r"PD-[0-9]{3}", code) for code in RULES)
    for rule in RULES.values():
        assert rule.statement.endswith(".")
        assert rule.message
        assert rule.source or rule.basis in {"documented", "ours", "inferred", "observed", "safety"}


def test_what_is_inferred_only_warns() -> None:
    """An inferred rule never keeps an invoice back, and in a document of others our own contract does not either."""
    for rule in RULES.values():
        assert (rule.severity(foreign=False) == "warning") == (rule.basis in {"inferred", "observed"})
        assert (rule.severity(foreign=True) == "warning") == (rule.basis in {"inferred", "observed", "ours"})


def test_every_field_has_rules() -> None:
    """No field takes a value that nothing was asked about."""
    for table in (fields.INVOICE, fields.LINE_ITEM, fields.ADJUSTMENT):
        for field in table:
            assert rules.of_value(field)
