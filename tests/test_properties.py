"""Promises that hold for every input, good or bad."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    AMOUNTS,
    AWKWARD_AMOUNTS,
    INVOICES,
    JSON_VALUES,
    MANY_LINES,
    PYTHON_VALUES,
    XML_LIKE,
    mutated_invoices,
    python_invoices,
)

from paytraq_direct import Fault, InvalidInvoice, Invoice, check, fields, render, schema
from paytraq_direct.amounts import amount_text, amount_texts
from paytraq_direct.invoice import take
from paytraq_direct.readers import sale
from paytraq_direct.record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ends_well(source: Any) -> None:
    """Hold that a source gives faults or a document that fits, and the constructor says the same as check()."""
    faults = check(source)
    assert all(isinstance(fault, Fault) for fault in faults)
    errors = tuple(fault for fault in faults if fault.is_error)
    if errors:
        with pytest.raises(InvalidInvoice) as caught:
            _made(source)
        assert caught.value.faults == errors
    else:
        assert schema.verdict(render(_made(source))) == ()


def _made(source: Any) -> Invoice:
    return Invoice.from_json(source) if isinstance(source, str | bytes) else Invoice(**source)


@given(JSON_VALUES)
def test_any_json_text_gives_faults_or_a_document(value: Any) -> None:
    """Whatever JSON says, an invoice made of it has faults, or a document that fits the schema."""
    _ends_well(json.dumps(value))


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_gives_faults_or_a_document(source: str | bytes) -> None:
    """Whatever text or bytes are given, there is never another exception."""
    _ends_well(source)


@given(mutated_invoices())
def test_a_broken_invoice_gives_faults_or_a_document(record: dict[str, Any]) -> None:
    """An invoice with something wrong anywhere has faults, or a document that fits; as JSON and as Python data."""
    _ends_well(json.dumps(record))
    _ends_well({str(key): value for key, value in record.items()})


@given(PYTHON_VALUES)
def test_any_python_object_gives_faults(value: Any) -> None:
    """Whatever Python object is given instead of an invoice, the answer is a fault that can be printed."""
    assert [fault for fault in check(value) if fault.is_error] != []
    _can_be_printed(check(value))


@given(python_invoices())
def test_an_invoice_of_any_python_objects_gives_faults_or_a_document(record: dict[Any, Any]) -> None:
    """Python objects anywhere in an invoice give faults that can be printed, or a document that says the same."""
    invoice, faults = take(record)
    _can_be_printed(faults)
    assert (invoice is None) == any(fault.is_error for fault in faults)
    if invoice is not None:
        document = render(invoice)
        assert schema.verdict(document) == ()
        assert sale.read("it.xml", document).invoice == invoice


@given(XML_LIKE | st.binary(max_size=200))
def test_any_bytes_given_as_xml_give_faults_or_the_same_bytes(data: bytes) -> None:
    """Whatever is in an .xml file, there are faults that can be printed, or an invoice with these very bytes."""
    reading = sale.read("it.xml", data)
    _can_be_printed(reading.faults)
    assert (reading.invoice is None) == any(fault.is_error for fault in reading.faults)
    assert reading.invoice is None or render(reading.invoice) == data


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf{\n"]))
def test_bytes_that_are_not_utf_8_are_shown_where_they_are(data: bytes, before: bytes) -> None:
    """The fault names the very byte, with and without a byte order mark before it."""
    (*_, fault) = check(before + b'"\xff' + data)
    assert (fault.code, f"byte 0xff at offset {len(before) + 1}" in fault.message) == ("PD-001", True)


@given(MANY_LINES)
def test_texts_and_digits_stand_in_the_document(record: dict[str, Any]) -> None:
    """What the record says is in the document, as another parser reads it: each value, once, in order."""
    invoice = Invoice(**record)
    root = ET.fromstring(render(invoice))  # noqa: S314 - our own document
    assert [leaf.text for leaf in root.iter() if (leaf.text or "").strip()] == list(_written(invoice, fields.INVOICE))


@given(MANY_LINES)
def test_the_outbox_keeps_every_value_as_it_is(record: dict[str, Any]) -> None:
    """The record that the outbox keeps is what json writes of the values, amounts as texts with their digits."""
    invoice = Invoice(**record)
    assert record_of(invoice) == json.dumps(_kept(invoice, fields.INVOICE), ensure_ascii=False)


@given(st.lists(st.none() | (AMOUNTS | AWKWARD_AMOUNTS).map(Decimal)))
def test_amounts_are_written_alike_one_by_one_and_together(amounts: list[Decimal | None]) -> None:
    """Amounts together have the digits that each has by itself: no exponent, and a zero keeps its sign."""
    assert amount_texts(amounts) == ["" if amount is None else format(amount, "f") for amount in amounts]
    assert [amount_text(amount) for amount in amounts if amount is not None] == list(
        filter(None, amount_texts(amounts))
    )


@given(MANY_LINES)
def test_a_good_invoice_comes_back_as_it_was(record: dict[str, Any]) -> None:
    """Record, document, schema, record: every value is what it was, digits included."""
    invoice = Invoice.from_json(json.dumps(record))
    document = render(invoice)
    assert schema.verdict(document) == ()
    reading = sale.read("it.xml", document)
    assert reading.invoice is not None
    assert _values(reading.invoice, fields.INVOICE) == _values(invoice, fields.INVOICE)
    assert reading.invoice == invoice


@given(INVOICES)
def test_a_document_that_was_read_is_sent_as_it_is(record: dict[str, Any]) -> None:
    """The document of a record that was read from a document is that document, byte for byte."""
    document = render(Invoice(**record))
    reading = sale.read("it.xml", document)
    assert reading.invoice is not None
    assert render(reading.invoice) == document


@given(mutated_invoices())
def test_faults_come_in_document_order(record: dict[str, Any]) -> None:
    """Faults of known fields stand in the order of the table, those of line items in the order of the lines."""
    places = {field.name: index for index, field in enumerate(fields.INVOICE)}
    known = [fault.path.partition("[")[0].partition(".")[0] for fault in check(record)]
    order = [places[name] for name in known if name in places]
    assert order == sorted(order)


def _can_be_printed(faults: tuple[Fault, ...]) -> None:
    """Hold that every word of the faults is plain, printable, and of a bearable length."""
    for fault in faults:
        for text in (str(fault), fault.path, fault.value or "", fault.suggestion or "", fault.source):
            assert text.isprintable()
            assert len(text) < 600


def _written(record: object, table: tuple[fields.Field, ...]) -> Iterator[str]:
    """Give the values of a record as they must stand in the document."""
    for field in table:
        value = getattr(record, field.name)
        if field.kind == "rows":
            for row in value:
                yield from _written(row, field.rows)
        elif isinstance(value, bool):
            yield "true" if value else "false"
        elif value is not None:
            yield format(value, "f") if isinstance(value, Decimal) else str(value)


def _kept(record: object, table: tuple[fields.Field, ...]) -> dict[str, Any]:
    """Give what a record has, as JSON can say it."""
    kept: dict[str, Any] = {}
    for field in table:
        value = getattr(record, field.name)
        if field.kind == "rows":
            value = [_kept(row, field.rows) for row in value] or None
        elif isinstance(value, Decimal):
            value = format(value, "f")
        elif isinstance(value, dt.date):
            value = value.isoformat()
        if value is not None:
            kept[field.name] = value
    return kept


def _values(record: object, table: tuple[fields.Field, ...]) -> list[Any]:
    """Give the values of a record with amounts as their digits."""
    values: list[Any] = []
    for field in table:
        value = getattr(record, field.name)
        if field.kind == "rows":
            values.append([_values(row, field.rows) for row in value])
        else:
            values.append(amount_text(value) if field.kind in {"amount", "percent"} and value is not None else value)
    return values
