"""What is said in more than one place is the same everywhere: table, template, schemas, codes, signatures."""

from __future__ import annotations

import ast
import inspect
import re
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import iso4217
import pytest

from paytraq_direct import Adjustment, Invoice, LineItem, amounts, codes, conditions, fields, limits, resources

if TYPE_CHECKING:
    from collections.abc import Iterator

XS = "{http://www.w3.org/2001/XMLSchema}"
SCHEMA = ET.parse(resources.folder("xsd") / "sale.xsd").getroot()  # noqa: S314 - our own file
TYPES = {kind.get("name"): kind for kind in SCHEMA if kind.tag != f"{XS}element"}


def _leaves(type_name: str, above: str = "") -> Iterator[tuple[str, str]]:
    """Give the path and the type of every leaf of a complex type, in the order of the schema."""
    for element in TYPES[type_name].iter(f"{XS}element"):
        path, kind = f"{above}{element.get('name')}", element.get("type", "")
        if TYPES[kind].tag == f"{XS}complexType":
            yield from _leaves(kind, f"{path}/")
        else:
            yield path, kind


def _values(type_name: str) -> list[str | None]:
    return [value.get("value") for value in TYPES[type_name].iter(f"{XS}enumeration")]


def _table_leaves() -> list[str]:
    paths: list[str] = []
    for field in fields.INVOICE:
        paths += [f"{field.element}/{row.element}" for row in field.rows] if field.rows else [field.element]
    return paths


def test_the_schema_has_every_field_in_its_place_and_order() -> None:
    """The leaves of sale.xsd are the elements of the table, in its order."""
    leaves = list(dict.fromkeys(path for path, _ in _leaves("SaleContent")))
    assert leaves == _table_leaves()


def test_the_schema_requires_what_the_table_requires() -> None:
    """A leaf may be absent from the schema's documents exactly when its field is optional."""
    optional = {element.get("name") for element in SCHEMA.iter(f"{XS}element") if element.get("minOccurs") == "0"}
    for table in (fields.INVOICE, fields.LINE_ITEM):
        for field in table:
            inside = {part for part in field.element.split("/") if part in optional}
            assert field.required == (not inside) or field.name in {"document_uri", "pdf"}, field.name


def test_enumerations_are_those_of_the_codes() -> None:
    """Each enumeration of the schema has the wire codes of codes.py, in their order."""
    found = {kind: _values(kind) for _, kind in _leaves("SaleContent") if _values(kind) and kind != "CurrencyType"}
    tables = (fields.INVOICE, fields.LINE_ITEM, fields.ADJUSTMENT)
    expected = {
        f"{field.codes.element}Type": [code.wire for code in field.codes.codes]
        for table in tables
        for field in table
        if field.codes
    }
    assert found == expected


def test_currencies_are_those_of_the_codes() -> None:
    """The schema takes the current currencies and those that were withdrawn."""
    assert set(_values("CurrencyType")) == {*codes.CURRENCIES, *codes.WITHDRAWN_CURRENCIES}


def test_currencies_are_those_of_iso_4217() -> None:
    """The current currencies are those of the standard's list one, as another package has it."""
    assert {currency.code for currency in iso4217.Currency} == codes.CURRENCIES
    assert codes.CURRENCIES.isdisjoint(codes.WITHDRAWN_CURRENCIES)
    assert set(codes.WITHDRAWN_CURRENCIES.values()) <= codes.CURRENCIES


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("AmountType", amounts.AMOUNT_PATTERN.replace("?:", "")),
        ("DateType", amounts.DATE_PATTERN),
        ("DaysType", amounts.DAYS_PATTERN),
        ("LinkType", conditions.LINK_PATTERN),
    ],
)
def test_patterns_are_those_of_the_rules(kind: str, pattern: str) -> None:
    """Where rules and schema use a pattern, it is the same, character by character."""
    (facet,) = TYPES[kind].iter(f"{XS}pattern")
    assert facet.get("value") == pattern


def test_limits_are_those_of_the_rules() -> None:
    """The schema's limits are no stricter than those of the rules, in the same figures."""
    lengths = {
        kind: element.get("value")
        for kind in ("TextType", "LinkType")
        for element in TYPES[kind].iter(f"{XS}maxLength")
    }
    assert lengths == {"TextType": str(limits.TEXT_BYTES), "LinkType": str(limits.LINK_LENGTH)}
    lines = next(element for element in TYPES["LineItemsContent"].iter(f"{XS}element"))
    assert lines.get("maxOccurs") in {"unbounded", str(limits.LINES)}


@pytest.mark.parametrize("name", ["sale.xsd", "sale-1.1.xsd"])
def test_all_of_a_schema_is_documented(name: str) -> None:
    """Every element, type and assertion says what it is, for a reader in any language."""
    root = ET.parse(resources.folder("xsd") / name).getroot()  # noqa: S314 - our own file
    parts = [part for tag in ("element", "simpleType", "complexType", "assert") for part in root.iter(f"{XS}{tag}")]
    bare = [
        part.get("name") or part.get("test")
        for part in parts
        if part.find(f"{XS}annotation/{XS}documentation") is None
        and part.get("name") != "Sale"
        and not (part.tag == f"{XS}complexType" and name == "sale-1.1.xsd")
    ]
    assert bare == []


def test_the_template_writes_every_field_in_order() -> None:
    """The template names the fields of the table, and its elements come in the table's order."""
    template = (resources.folder("templates") / "sale.xml.j2").read_text(encoding="utf-8")
    body = template.partition("<Sale>\n")[2]
    written = re.findall(r"<(\w+)>\{\{ (\w+) \}\}</\1>", body)
    expected = [
        (leaf.tag, "amount" if leaf.name == "amount" else leaf.name)
        for field in fields.INVOICE
        for leaf in (field.rows or (field,))
    ]
    assert written == expected
    places = [
        body.index(f"<{tag}>{{{{ {name} }}}}") for tag, name in written if (tag, name) != ("Description", "description")
    ]
    assert all(before < after for before, after in pairwise(places))


@pytest.mark.parametrize(
    ("kind", "table"),
    [(Invoice, fields.INVOICE), (LineItem, fields.LINE_ITEM), (Adjustment, fields.ADJUSTMENT)],
)
def test_signatures_name_every_field(kind: type, table: tuple[fields.Field, ...]) -> None:
    """What an editor sees of a constructor is the table: every field, the required ones without a default."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(kind)))  # type: ignore[arg-type] # it has a module
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__).body
    guarded = next(node for node in body if isinstance(node, ast.If)).body[0]
    assert isinstance(guarded, ast.FunctionDef)
    seen = dict(zip((a.arg for a in guarded.args.kwonlyargs), guarded.args.kw_defaults, strict=True))
    assert set(seen) == set(fields.names(table))
    assert {name for name, default in seen.items() if default is None} == fields.required(table)
    assert [node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)][
        : len(table)
    ] == list(fields.names(table))
