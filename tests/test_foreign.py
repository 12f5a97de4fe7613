"""Documents written by others: what is asked of them, in which order it is told, and how long that may take."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from test_agreement import xsd_1_1
from test_rules import smallest
from test_schema import mutated_documents

from paytraq_direct import Invoice, render, schema, xmlio
from paytraq_direct.readers import sale

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def document(**changes: object) -> str:
    """Give the document of the smallest invoice, with some fields replaced."""
    return render(Invoice(**smallest(**changes))).decode()


def told(text: str) -> list[tuple[str, str]]:
    """Give code and path of every fault."""
    return [(fault.code, fault.path) for fault in sale.read("it.xml", text.encode()).faults]


@pytest.mark.parametrize("between", ["\n", ""], ids=["many lines", "one line"])
def test_faults_come_in_the_order_of_the_document(between: str) -> None:
    """Rules, elements and schema tell their faults in the order of the elements, even when all is one line."""
    text = document().replace(">EUR<", ">eur<").replace("<Qty>1<", "<Qty>x<").replace("<SaleType>", "<Foo/><SaleType>")
    text = text.replace("<LineItems>", "<LineItems><Bar/>").replace("<ItemName>", '<ItemName a="1">')
    assert told(text.replace("\n", between)) == [
        ("PD-092", "Header/Foo"), ("PD-070", "currency"), ("PD-092", "LineItems/Bar"),
        ("PD-092", "line_items[0].item_name/@a"), ("PD-100", "line_items[0].item_name"),
        ("PD-042", "line_items[0].qty"),
    ]  # fmt: skip


@given(mutated_documents())
def test_lines_never_go_back(data: bytes) -> None:
    """Whatever was changed in a document, each fault has a line, and no fault stands before the last one."""
    lines = [fault.line or 0 for fault in sale.read("it.xml", data).faults]
    assert all(lines)
    assert all(before <= after for before, after in pairwise(lines))


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE z [{entities}]><Sale a="&e9;"/>', "<!DOCTYPE z [{entities}]><Sale>&e9;</Sale>",
        '<!DOCTYPE z [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><Sale/>', "<!DOCTYPE Sale><Sale/>",
        '<!DOCTYPE z [<!ENTITY e SYSTEM "http://192.0.2.1/e">]><Sale>&e;</Sale>',
        '<!DOCTYPE z PUBLIC "-//W3C//DTD" "http://192.0.2.1/dtd"><Sale/>', "<!DOCTYPE z [{quadratic}]><Sale>{uses}</Sale>",
    ],
)  # fmt: skip
def test_entities_are_refused_before_they_grow(attack: str) -> None:
    """Entities that call each other, that name files, or that name hosts are never looked up."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 30 if n else "lol"}">' for n in range(10))
    text = attack.replace("{entities}", entities).replace("{quadratic}", f'<!ENTITY q "{"x" * 50_000}">')
    assert told(text.replace("{uses}", "&q;" * 50_000)) == [("PD-090", "")]


_opened: list[str] = []


def _remember(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        _opened.append(str(arguments[0]))


sys.addaudithook(_remember)


@pytest.mark.parametrize(
    "hint",
    [
        'xsi:noNamespaceSchemaLocation="http://192.0.2.1/sale.xsd"', 'xsi:noNamespaceSchemaLocation="file:///etc/passwd"',
        'xsi:schemaLocation="urn:x /etc/passwd"', 'xmlns:xi="http://www.w3.org/2001/XInclude"',
    ],
)  # fmt: skip
def test_hints_in_a_document_lead_nowhere(hint: str) -> None:
    """A document cannot have a file opened or a host asked: not by schema hints, not by XInclude."""
    include = '<xi:include href="/etc/passwd" parse="text"/>' if "XInclude" in hint else "<Foo/>"
    text = document().replace("<Sale>", f"<Sale {XSI} {hint}>").replace("<SaleType>", f"{include}<SaleType>")
    _opened.clear()
    assert any(code == "PD-092" and path.startswith("Header/") for code, path in told(text))
    assert [path for path in _opened if "passwd" in path] == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("<SaleType>sales_invoice<", "<SaleType><![CDATA[sales_invoice]]><", []),
        ("<ItemName>Malka<", "<ItemName>Mal<!-- k -->ka<", []), ("<ItemName>Malka<", "<ItemName>&#77;alka<", []),
        ("<ItemName>Malka<", "<ItemName>Mal<b>k</b>a<", [("PD-100", "line_items[0].item_name"), ("PD-092", "line_items[0].item_name/b")]),
        ("<Header>", "<Header>x", [("PD-100", "Header")]), ("<Header>", "<Header><!-- x --><?x y?>", []),
        ("<Price>1</Price>", "<Price/>", [("PD-008", "line_items[0].price")]),
        ("<Currency>EUR<", "<Currency> EUR <", [("PD-070", "currency")]),
        ("</Sale>", "</Sale><!-- the end -->", []),
    ],
)  # fmt: skip
def test_ways_of_writing(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    """What XML allows to be written in several ways is read alike; what it hides is told."""
    assert document().count(before) == 1
    assert told(document().replace(before, after)) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1", "windows-1257"])
def test_encodings(encoding: str) -> None:
    """A document in any encoding that it declares is read by its characters and kept by its bytes."""
    text = document(client_name="AS Kõrts").replace('"UTF-8"', f'"{encoding.removesuffix("-sig")}"')
    reading = sale.read("it.xml", text.encode(encoding))
    assert reading.invoice is not None
    assert (reading.faults, reading.invoice.client_name) == ((), "AS Kõrts")
    assert render(reading.invoice) == text.encode(encoding)


@given(mutated_documents())
def test_paths_are_those_of_the_engine(data: bytes) -> None:
    """A fault of the schema stands at the path that xmlschema itself gives, or at the child that it says is wrong there."""
    root = xmlio.parse(data)
    if not schema.fits(root):
        engine: Any = xsd_1_1().iter_errors(root)  # type: ignore[arg-type] # it takes lxml's elements too
        found = set()
        for error in engine:
            child = getattr(error, "invalid_child", None)
            found.add(schema.record_path(error.path if child is None else f"{error.path}/{_step(child)}"))
        assert found == {fault.path for fault in schema.explain(root)}


def _step(child: Any) -> str:
    """Give the last step of an element's path: its tag, numbered where there are more of it."""
    alike = [one for one in child.getparent() if one.tag == child.tag]
    return f"{child.tag}[{alike.index(child) + 1}]" if len(alike) > 1 else str(child.tag)


@pytest.mark.parametrize("lines", [300, pytest.param(20_000, marks=pytest.mark.soak)])
def test_a_document_that_is_wrong_everywhere_is_told_everywhere(lines: int) -> None:
    """A fault in every line is told for every line, in time that grows with the lines and not with their square."""
    item = smallest()["line_items"][0]
    text = document(line_items=[item] * lines)
    assert told(text.replace("<Qty>1<", "<Qty>x<")) == [("PD-042", f"line_items[{n}].qty") for n in range(lines)]


@pytest.mark.parametrize("lines", [1_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_lines_are_counted_beyond_sixteen_bits(lines: int) -> None:
    """The line of a fault is the line in the file, however far down."""
    text = document().replace("<Qty>1<", "\n" * lines + "<Qty>x<")
    (fault,) = sale.read("it.xml", text.encode()).faults
    assert fault.line == text[: text.index("<Qty>")].count("\n") + 1
