"""What a customer would see of a document, made from its bytes alone, with the faults beside what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from paytraq_direct import codes, conditions, fields, limits, totals, xmlio
from paytraq_direct.amounts import amount_of_text, date_of_text
from paytraq_direct.inbox.elements import Elements
from paytraq_direct.readers import sale
from paytraq_direct.wording import raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from paytraq_direct.errors import Fault
    from paytraq_direct.fields import Field

Kind = Literal["sale", "ubl", "other"]

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_FIELDS: Final = {field.name: field for field in fields.INVOICE}
_MONTHS: Final = (
    "January February March April May June July August September October November December".split()
)  # fmt: skip
_LABELS: Final = {
    "document_date": "Date",
    "document_ref": "Number",
    "document_uri": "Document",
    "pdf": "PDF",
    "sale_type": "Kind",
    "operation": "Operation",
    "currency": "Currency",
    "tax_basis": "Tax basis",
    "include_tax": "Prices",
    "pay_term_days": "Days",
    "date_due": "Due date",
    "deposit": "Deposit",
    "comment": "Comment",
    "payment_method": "Paid by",
    "shipping_type": "Shipping",
    "shipping_charge": "Shipping charge",
    "net_amount": "Net",
    "gross_amount": "Total",
    "item_code": "Code",
    "item_bar_code": "Bar code",
    "item_name": "Item",
    "qty": "Quantity",
    "line_discount": "Discount",
    "line_total": "Total",
    "unit_name": "Unit",
}
_PRICES: Final = {"true": "include tax", "false": "without tax"}
_FIXED_TERMS: Final = {"3": "cash on delivery", "4": "open date of payment"}
_SIGNS: Final = {"charge": "+", "discount": "−"}


class Remark(NamedTuple):
    """A fault, with its number in the list of all faults of the document, from 1."""

    number: int
    fault: Fault


class Value(NamedTuple):
    """One value as it is shown, with the faults at its path.

    ``text`` is empty where the value is missing. ``code`` is what stands in the document where ``text`` says it in
    words, ``link`` is there only for what is safe to open, ``day`` is the ISO date of a date, ``note`` adds something.
    """

    label: str
    text: str
    remarks: tuple[Remark, ...] = ()
    code: str = ""
    link: str | None = None
    day: str | None = None
    note: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to show: a text, or a fault about its absence."""
        return bool(self.text or self.remarks)


class Party(NamedTuple):
    """The supplier or the client: its name, and the numbers it has."""

    role: str
    name: Value
    numbers: tuple[Value, ...]


class Row(NamedTuple):
    """A line or an adjustment: its number from 1, the value of each field by name, and the faults of the whole row.

    ``amount`` is what an adjustment comes to, with its sign and percent; of a line it is the total.
    """

    number: int
    values: Mapping[str, Value]
    amount: Value
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A ``<Sale>`` document as a customer would see it."""

    title: Value
    number: Value
    parties: tuple[Party, ...]
    facts: tuple[Value, ...]
    lines: tuple[Row, ...]
    lines_remarks: tuple[Remark, ...]
    adjustments: tuple[Row, ...]
    adjustments_remarks: tuple[Remark, ...]
    totals: tuple[Value, ...]
    currency: str
    comment: Value
    links: tuple[Value, ...]
    others: tuple[Value, ...]
    elsewhere: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A document to look at: what it is, what it says where it is a ``<Sale>``, its faults, and its own text.

    ``why`` says what keeps it from being read; ``root`` is the name of its outermost element, if it has one.
    """

    kind: Kind
    root: str
    why: str | None
    sale: Sale | None
    remarks: tuple[Remark, ...]
    text: str

    @property
    def title(self) -> str:
        """Name the document in words."""
        if self.sale is not None:
            return self.sale.title.text or "Document of no kind"
        if self.kind == "ubl":
            return f"UBL {self.root}"
        return f"<{self.root}> document" if self.root else "Not XML"

    @property
    def number(self) -> str:
        """Give the number of the document, empty where it has none that is understood."""
        return self.sale.number.text if self.sale is not None else ""


def view_of(document: bytes, faults: tuple[Fault, ...] = ()) -> View:
    """Give what there is to see of a document, however broken or foreign it is, with these faults of it."""
    remarks = tuple(Remark(number, fault) for number, fault in enumerate(faults, 1))
    root, why = None, None
    if len(document) > limits.DOCUMENT_BYTES:
        why = f"it is larger than {limits.DOCUMENT_BYTES:,} bytes"
    else:
        try:
            root = xmlio.parse(document)
        except xmlio.XmlRefused as refused:
            why = refused.why
    text = sale.text_of(document, sale.encoding_of(document)[0] if root is not None else "UTF-8").text
    namespace, _, tag = str(root.tag).rpartition("}") if root is not None else ("", "", "")
    kind: Kind = "other"
    if namespace.removeprefix("{").startswith(_UBL):
        kind = "ubl"
    elif tag == "Sale" and not namespace:
        kind = "sale"
    seen = _Seen(Elements(root), remarks).sale() if root is not None and kind == "sale" else None
    return View(kind=kind, root=raw(tag), why=why, sale=seen, remarks=remarks, text=text)


def day_text(iso: str) -> str:
    """Write a date in words: ``16 November 2026``; what is no date stays as it is."""
    day = date_of_text(iso)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else iso


class _Seen:
    """The making of a Sale: values are looked up by path, and each takes the faults of its path along."""

    def __init__(self, elements: Elements, remarks: Iterable[Remark]) -> None:
        self._elements = elements
        self._remarks: dict[str, list[Remark]] = {}
        self._paths_of_row: dict[str, set[str]] = {}
        for remark in remarks:
            path = remark.fault.path
            self._remarks.setdefault(path, []).append(remark)
            if "]" in path:
                self._paths_of_row.setdefault(path[: path.index("]") + 1], set()).add(path)

    def sale(self) -> Sale:
        """Give the whole of it; what faults are left in the end are about nothing that is shown."""
        others = tuple(Value(path, text, self._at(path)) for path, text in self._elements.others)
        parts = {
            "title": self._value("sale_type"),
            "number": self._value("document_ref"),
            "parties": (self._party("supplier", "Supplier"), self._party("client", "Client")),
            "facts": tuple(value for value in self._facts() if value.is_shown),
            "lines": tuple(self._line(index) for index in range(self._elements.rows.get("line_items", 0))),
            "lines_remarks": self._at("line_items"),
            "adjustments": tuple(self._adjustment(index) for index in range(self._elements.rows.get("adjustments", 0))),
            "adjustments_remarks": self._at("adjustments"),
            "totals": tuple(value for value in self._totals() if value.is_shown),
            "currency": self._text("currency"),
            "comment": self._value("comment"),
            "links": tuple(value for name in ("document_uri", "pdf") if (value := self._value(name)).is_shown),
            "others": others,
        }
        left = sorted(remark for remarks in self._remarks.values() for remark in remarks)
        return Sale(**parts, elsewhere=tuple(left))  # type: ignore[arg-type]

    def _text(self, path: str) -> str:
        return self._elements.texts.get(path, "")

    def _at(self, *paths: str) -> tuple[Remark, ...]:
        """Give the faults at these paths, once."""
        return tuple(remark for path in paths for remark in self._remarks.pop(path, ()))

    def _at_row(self, path: str) -> tuple[Remark, ...]:
        """Give what faults are left about a row, or about something in it that is not shown."""
        return tuple(sorted(self._at(*self._paths_of_row.get(path, ()))))

    def _value(self, path: str, field: Field | None = None) -> Value:
        """Give the value of a field in words, where the page has words for it."""
        field = field or _FIELDS[path]
        text, remarks = self._text(path), self._at(path)
        label = _LABELS.get(field.name) or field.name.replace("_", " ").capitalize()
        if field.codes and (code := _code(field.codes, text)):
            return Value(label, code.meaning, remarks, code.wire)
        match field.kind:
            case "link" if text and not conditions.link_trouble(text):
                return Value(label, text, remarks, link=text)
            case "date" if date_of_text(text):
                return Value(label, day_text(text), remarks, day=text)
            case "boolean" if text in _PRICES:
                return Value(label, _PRICES[text], remarks)
            case "percent" if text:
                return Value(label, f"{text} %", remarks)
        return Value(label, text, remarks)

    def _party(self, role: str, label: str) -> Party:
        numbers = (
            self._value(f"{role}_reg_number")._replace(label="Reg. No."),
            self._value(f"{role}_tax_number")._replace(label="Tax No."),
        )
        name = self._value(f"{role}_name")._replace(label="Name")
        return Party(label, name, tuple(value for value in numbers if value.is_shown))

    def _facts(self) -> Iterable[Value]:
        yield self._value("document_date")
        yield from self._terms()
        for name in ("payment_method", "operation", "shipping_type", "tax_basis", "include_tax", "currency"):
            yield self._value(name)

    def _terms(self) -> Iterable[Value]:
        """Give the terms of payment as a sentence, and on their own the parts that have no place in it."""
        kind, days, due = (self._text(name) for name in ("pay_term_type", "pay_term_days", "date_due"))
        counted = f"{days} day{'' if days == '1' else 's'}"
        words, used = _FIXED_TERMS.get(kind, kind), set[str]()
        if kind == "1":
            words, used = f"due within {counted}" if days else "due within a number of days", {"pay_term_days"}
        elif kind == "2":
            words = f"due {counted} after the end of the month" if days else "due at the end of the month"
            used = {"pay_term_days"}
        elif kind == "0" and due:
            words, used = f"due on {day_text(due)}", {"date_due"}
        elif kind == "0":
            words = "due on another date"
        code = kind if words != kind else ""
        day = due if "date_due" in used and date_of_text(due) else None
        yield Value("Terms", words, self._at("pay_term_type", "Header/PayTerm", *sorted(used)), code, day=day)
        yield from (self._value(name) for name in ("pay_term_days", "date_due") if name not in used)

    def _line(self, index: int) -> Row:
        path = f"line_items[{index}]"
        values = {field.name: self._value(f"{path}.{field.name}", field) for field in fields.LINE_ITEM}
        return Row(index + 1, values, values["line_total"], self._at_row(path))

    def _adjustment(self, index: int) -> Row:
        path = f"adjustments[{index}]"
        values = {field.name: self._value(f"{path}.{field.name}", field) for field in fields.ADJUSTMENT}
        amount = values["amount"]
        sign, percent = _SIGNS.get(values["type_id"].code, ""), " %" if values["pct_or_amount"].code == "pct" else ""
        text = f"({amount.text})" if sign and amount.text.startswith("-") else amount.text
        shown = amount._replace(text=f"{sign}{text}{percent}" if text else "")
        return Row(index + 1, values, shown, self._at_row(path))

    def _totals(self) -> Iterable[Value]:
        yield self._value("shipping_charge")
        yield self._value("net_amount")
        net, gross = (amount_of_text(self._text(name)) for name in ("net_amount", "gross_amount"))
        if net is not None and gross is not None:
            tax, rate = totals.tax_of(net, gross)
            yield Value("Tax (the difference)", f"{tax:f}", note="" if rate is None else f"{rate:.2f} % of net")
        yield self._value("gross_amount")
        yield self._value("deposit")


def _code(enumeration: codes.Enumeration, text: str) -> codes.Code | None:
    return next((code for code in enumeration.codes if code.wire == text), None)
