"""UBL that nobody wrote by hand: what is generated keeps its lines, sums, names and order; what attacks is harmless."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from commands import BIN, environment
from hypothesis import given
from hypothesis import strategies as st
from test_ubl import read, taken
from ubl_documents import Line, allowance, document

from paytraq_direct import render
from paytraq_direct.readers import sale
from paytraq_direct.record import record_of

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = st.text(st.sampled_from("abcžŠ東 -/.Ω1"), min_size=1, max_size=20).map(str.strip).filter(bool)
_AMOUNTS = st.decimals(0, 99_999, places=2).map(str)
_LINES = st.lists(st.tuples(_NAMES, st.integers(1, 50), _AMOUNTS), min_size=1, max_size=6)


def _document(rows: list[tuple[str, int, str]], **changes: Any) -> str:
    lines = [Line(name, str(qty), price, str(qty * Decimal(price))) for name, qty, price in rows]
    net = sum((Decimal(line.total) for line in lines), Decimal(0))
    return document(*lines, net=str(net), gross=str(net + 1), tax="1", **changes)


@given(_LINES, _NAMES, _NAMES)
def test_lines_sums_names_and_order_survive(rows: list[tuple[str, int, str]], supplier: str, client: str) -> None:
    """What is rendered holds every line in its order, with the digits and names of the UBL document, and adds up."""
    reading = read(_document(rows, supplier=supplier, client=client))
    assert reading.invoice is not None
    assert reading.faults == ()
    back: Any = sale.read("it.xml", render(reading.invoice)).invoice
    assert (back.supplier_name, back.client_name) == (supplier, client)
    assert [(line.item_name, str(line.qty), str(line.price)) for line in back.line_items] == [
        (name, str(qty), price) for name, qty, price in rows
    ]
    totals = [str(line.line_total) for line in back.line_items]
    assert totals == [str(qty * Decimal(price)) for _, qty, price in rows]
    assert sum(map(Decimal, totals)) == back.net_amount


_BLOCK = re.compile(r"^  <(cbc|cac):(\w+).*?(?:</\1:\2>)\n", re.MULTILINE | re.DOTALL)
_WHOLE = document(
    Line(between=allowance("10.00"), total="90.00"), Line("Oglas"), net="195.00", gross="235.95", tax="40.95", summed="190.00",
    head="  <cbc:DueDate>2026-11-16</cbc:DueDate>\n  <cbc:BuyerReference>Anna</cbc:BuyerReference>\n",
    middle=allowance("5.00", charge=True),
)  # fmt: skip


@given(st.data())
def test_the_order_of_other_elements_changes_nothing(data: st.DataObject) -> None:
    """Only lines have an order; the blocks of the head and foot may come in any."""
    blocks = [found[0] for found in _BLOCK.finditer(_WHOLE)]
    start, end = _WHOLE.index(blocks[0]), _WHOLE.rindex(blocks[-1]) + len(blocks[-1])
    lines = [block for block in blocks if "<cac:InvoiceLine>" in block]
    others = data.draw(st.permutations([block for block in blocks if block not in lines]))
    assert len(blocks) > 10
    assert taken(_WHOLE[:start] + "".join([*others, *lines]) + _WHOLE[end:]) == taken(_WHOLE)


@given(st.sampled_from(["a", "x-1", "ns0", "Ž"]), st.sampled_from(["b", "cac", "c.2"]))
def test_prefixes_change_nothing(basic: str, aggregate: str) -> None:
    """An element is known by its namespace, whatever its prefix is; the root may have one too."""
    text = re.sub(r"(?<=[</])cac:|(?<=xmlns:)cac(?==)", lambda m: m[0].replace("cac", "AGG"), _WHOLE)
    text = re.sub(r"(?<=[</])cbc:|(?<=xmlns:)cbc(?==)", lambda m: m[0].replace("cbc", basic), text)
    text = (
        text.replace("AGG", aggregate)
        .replace("<Invoice xmlns=", "<q:Invoice xmlns:q=")
        .replace("</Invoice>", "</q:Invoice>")
    )
    assert taken(text) == taken(_WHOLE)
    assert [loss[:3] for loss in read(text).losses] == [loss[:3] for loss in read(_WHOLE).losses]


_AMOUNT = re.compile(r">(-?\d+\.\d+)</cbc:(\w*(?:Amount|Quantity))>")


@pytest.mark.parametrize("index", range(len(_AMOUNT.findall(_WHOLE))))
def test_each_amount_shows(index: int) -> None:
    """Another amount anywhere gives another record, another fault or another loss: none is passed over."""
    found = list(_AMOUNT.finditer(_WHOLE))[index]
    changed = f"{_WHOLE[: found.start(1)]}{Decimal(found[1]) + Decimal('0.07')}{_WHOLE[found.end(1) :]}"
    assert _result(changed) != _result(_WHOLE)


def _result(text: str) -> tuple[object, ...]:
    reading = read(text)
    record = "" if reading.invoice is None else record_of(reading.invoice)
    return record, tuple(map(str, reading.faults)), tuple((loss.code, loss.value) for loss in reading.losses)


# --- attacks --------------------------------------------------------------------------------------------------

_DOCUMENT = document()
_ROOT = "<Invoice "
_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 30 if n else "lol"}">' for n in range(10))


def _declared(declaration: str, text: str = "&e9;") -> str:
    return _DOCUMENT.replace(_ROOT, f"<!DOCTYPE Invoice {declaration}>{_ROOT}", 1).replace("Malka", text)


REFUSED = {
    "XXE": _declared('[<!ENTITY e9 SYSTEM "file:///etc/passwd">]'),
    "XXE over a network": _declared('[<!ENTITY e9 SYSTEM "http://192.0.2.1/e">]'),
    "parameter entity": _declared('[<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]', "x"),
    "billion laughs": _declared(f"[{_ENTITIES}]"),
    "quadratic blow-up": _declared(f'[<!ENTITY e9 "{"x" * 50_000}">]', "&e9;" * 20_000),
    "external DTD": _declared('SYSTEM "http://192.0.2.1/dtd"', "x"),
    "100,000 deep": _DOCUMENT.replace("Malka", "<a>" * 100_000 + "</a>" * 100_000),
    "UTF-7": _DOCUMENT.replace('"UTF-8"', '"UTF-7"').replace("Malka", "+ADw-b+AD4-"),
    "a lie about UTF-16": _DOCUMENT.replace('"UTF-8"', '"UTF-16"'),
    "an encoding that is none": _DOCUMENT.replace('"UTF-8"', '"x-klingon"'),
    "blow-up in an attribute": _declared(f'[<!ENTITY e9 "{"x" * 50_000}">]', "x").replace(
        "<cbc:Name>x", f'<cbc:Name a="{"&e9;" * 20_000}">x'
    ),
    "parameter entities in a loop": _declared('[<!ENTITY % a "%b;"><!ENTITY % b "%a;">%a;]', "x"),
    "an entity that nobody declared": _DOCUMENT.replace("Malka", "&e9;"),
    "a name of a megabyte": _DOCUMENT.replace("Malka", f"<{'a' * 10**6}/>"),
    "bytes that are no UTF-8": _DOCUMENT.replace("Malka", "\ud800"),
    "two roots": _DOCUMENT + "<Invoice/>",
    "an attribute twice": _DOCUMENT.replace(_ROOT, f"{_ROOT}a='1' a='1' ", 1),
}
_XI = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
HARMLESS = {
    "a schema hint": _DOCUMENT.replace(
        _ROOT, f'{_ROOT}xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x file:///etc/passwd" ', 1
    ),
    "a stylesheet": _DOCUMENT.replace(_ROOT, f'<?xml-stylesheet href="file:///etc/passwd"?>{_ROOT}', 1),
    "XInclude": _DOCUMENT.replace("  <cac:TaxTotal>", f"  {_XI}\n  <cac:TaxTotal>"),
    "an instruction in a value": _DOCUMENT.replace("Malka", "Mal<?php echo 1 ?>ka"),
    "a comment in a value": _DOCUMENT.replace("Malka", "Mal<!-- x -->ka"),
    "a hundred thousand attributes": _DOCUMENT.replace(
        "<cbc:Name>Malka", f"<cbc:Name {' '.join(map('a{}=``'.format, range(100_000)))}>Malka".replace("``", '""')
    ),
    "an attribute of five megabytes": _DOCUMENT.replace("<cbc:Name>Malka", f'<cbc:Name a="{"x " * 2_500_000}">Malka'),
    "ten thousand namespaces": _DOCUMENT.replace(
        "  <cac:TaxTotal>", "".join(f'<n{number}:a xmlns:n{number}="urn:{number}"/>' for number in range(10_000)) + "<cac:TaxTotal>"
    ),
    "ten thousand kinds of elements": _DOCUMENT.replace(
        "  <cac:TaxTotal>", "".join(f"<n{number}>x</n{number}>" for number in range(10_000)) + "<cac:TaxTotal>"
    ),
    "a million comments": _DOCUMENT.replace("  <cac:TaxTotal>", "<!---->" * 1_000_000 + "<cac:TaxTotal>"),
    "CDATA": _DOCUMENT.replace("Malka", "<![CDATA[Malka]]>"),
}  # fmt: skip

_opened: list[str] = []


def _remember(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        _opened.append(str(arguments[0]))


sys.addaudithook(_remember)


@pytest.mark.parametrize("form", ["sale", "ubl"])
@pytest.mark.parametrize("attack", REFUSED)
def test_an_attack_is_refused(attack: str, form: str) -> None:
    """Nothing is looked up, nothing grows, nothing is sent, in either form."""
    _opened.clear()
    begun = time.process_time()
    reading = read(REFUSED[attack].encode(errors="surrogatepass"), form=form)
    assert time.process_time() - begun < 5
    assert (reading.invoice, [fault.code for fault in reading.faults]) == (None, ["PD-090"])
    assert [path for path in _opened if "passwd" in path] == []


@pytest.mark.parametrize("form", ["sale", "ubl"])
@pytest.mark.parametrize("attack", HARMLESS)
def test_what_leads_nowhere_is_harmless(attack: str, form: str) -> None:
    """A hint is not followed, and what XML allows to be written in several ways is read alike."""
    _opened.clear()
    begun = time.process_time()
    reading = read(HARMLESS[attack].encode(), form=form)
    assert len(reading.losses) < 510
    assert time.process_time() - begun < 5
    invoice: Any = reading.invoice
    assert invoice.line_items[0].item_name == "Malka"
    assert [path for path in _opened if "passwd" in path] == []


def test_very_many_kinds_of_losses_are_counted_together() -> None:
    """None is left out: the list ends, and its last entry says how many more there are."""
    losses = read(HARMLESS["ten thousand kinds of elements"]).losses
    assert sum(loss.times for loss in losses if loss.code == "UBL-29") == 10_000
    assert max(loss.times for loss in losses) > 9_000


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a limit on memory means something else")
def test_attacks_take_little_memory(tmp_path: Path) -> None:
    """All of them together, one after the other, fit in 500 MB of address space, the program included."""
    for number, text in enumerate([*REFUSED.values(), *HARMLESS.values()]):
        (tmp_path / f"{number}.xml").write_bytes(text.encode(errors="surrogatepass"))
    limit = resource.RLIMIT_AS, (500_000_000, 500_000_000)
    done = subprocess.run(
        [BIN / "paytraq-check", *sorted(tmp_path.iterdir()), "--json"],
        capture_output=True, check=False, env=environment(), timeout=60, preexec_fn=lambda: resource.setrlimit(*limit),
    )  # fmt: skip
    outcomes = Counter(json.loads(line)["outcome"] for line in done.stdout.splitlines())
    assert outcomes == {"invalid": len(REFUSED), "checked": len(HARMLESS)}, done.stderr.decode()[-2_000:]


@pytest.mark.parametrize("lines", [500, pytest.param(20_000, marks=pytest.mark.soak)])
def test_many_lines_take_time_in_proportion(lines: int) -> None:
    """Ten times the lines take about ten times as long, losses and places included."""

    def seconds(count: int) -> float:
        text = _document([("Malka ž", 2, "1.50")] * count).replace("Malka ž", " Malka ")
        begun = time.process_time()
        assert len(taken(text).line_items) == count
        return time.process_time() - begun

    assert seconds(lines) < 40 * max(seconds(lines // 10), 0.01)
