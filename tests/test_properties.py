"""Promises that hold for every input, good or bad."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import INVOICES, JSON_VALUES, mutated_invoices

from paytraq_direct import Fault, InvalidInvoice, Invoice, check, fields, render, schema
from paytraq_direct.amounts import amount_text
from paytraq_direct.readers import sale


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


@given(INVOICES)
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
