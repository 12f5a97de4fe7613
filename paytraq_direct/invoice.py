"""The record: an invoice in PayTraq's own words, frozen, and checked before it exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from paytraq_direct import fields, jsontext, rules, values
from paytraq_direct.errors import Fault, InvalidInvoice
from paytraq_direct.fields import Field
from paytraq_direct.values import UNSURE

if TYPE_CHECKING:
    from paytraq_direct import codes

    Amount = Decimal | int | str

_R = TypeVar("_R")


@dataclass(frozen=True, slots=True, init=False)
class LineItem:
    """One line of an invoice. Raises InvalidInvoice with every error when it is made of wrong values.

    Amounts are exact decimals in the currency of the invoice, ``line_discount`` is in percent (10 is 10 %).
    Source: PayTraq Direct page, <LineItem>.
    """

    item_code: str | None
    item_bar_code: str | None
    item_name: str
    description: str | None
    qty: Decimal
    price: Decimal
    line_discount: Decimal | None
    line_total: Decimal | None
    unit_name: str | None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            item_name: str,
            qty: Amount,
            price: Amount,
            item_code: str | None = None,
            item_bar_code: str | None = None,
            description: str | None = None,
            line_discount: Amount | None = None,
            line_total: Amount | None = None,
            unit_name: str | None = None,
        ) -> None: ...

    else:

        def __init__(self, **given):
            _set(self, _taken(_LINE_ITEM, given))


@dataclass(frozen=True, slots=True, init=False)
class Adjustment:
    """A charge or discount on the whole invoice. Raises InvalidInvoice with every error.

    ``amount`` is a percentage (10 is 10 %) with ``pct_or_amount`` pct, else a sum in the currency of the invoice.
    Source: PayTraq Direct page, <Adjustment>.
    """

    amount: Decimal | None
    description: str | None
    type_id: codes.TypeId | None
    pct_or_amount: codes.PctOrAmount | None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            amount: Amount | None = None,
            description: str | None = None,
            type_id: codes.TypeId | None = None,
            pct_or_amount: codes.PctOrAmount | None = None,
        ) -> None: ...

    else:

        def __init__(self, **given):
            _set(self, _taken(_ADJUSTMENT, given))


@dataclass(frozen=True, slots=True, init=False)
class Invoice:
    """An invoice that can be sent: it has at most warnings. Raises InvalidInvoice with every error.

    Field names are the tags of the PayTraq Direct page in snake_case; amounts are exact decimals in ``currency``,
    dates are days without a time. ``document`` is None, or the bytes of the finished document that this
    record was read from, which are then sent as they are. Source: PayTraq Direct page, Payload.
    """

    document_date: date
    document_ref: str
    document_uri: str | None
    pdf: str | None
    supplier_name: str
    supplier_reg_number: str | None
    supplier_tax_number: str | None
    client_name: str
    client_reg_number: str | None
    client_tax_number: str | None
    sale_type: codes.SaleType
    operation: codes.Operation | None
    currency: str
    tax_basis: codes.TaxBasis | None
    include_tax: bool | None
    pay_term_type: codes.PayTermType | None
    pay_term_days: int | None
    date_due: date | None
    deposit: Decimal | None
    comment: str | None
    payment_method: codes.PaymentMethod | None
    shipping_type: codes.ShippingType | None
    line_items: tuple[LineItem, ...]
    adjustments: tuple[Adjustment, ...]
    shipping_charge: Decimal | None
    gross_amount: Decimal
    net_amount: Decimal
    document: bytes | None = field(default=None, repr=False, compare=False)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            document_date: date | str,
            document_ref: str,
            supplier_name: str,
            client_name: str,
            sale_type: codes.SaleType,
            currency: str,
            line_items: Iterable[LineItem | Mapping[str, Any]],
            net_amount: Amount,
            gross_amount: Amount,
            document_uri: str | None = None,
            pdf: str | None = None,
            supplier_reg_number: str | None = None,
            supplier_tax_number: str | None = None,
            client_reg_number: str | None = None,
            client_tax_number: str | None = None,
            operation: codes.Operation | None = None,
            tax_basis: codes.TaxBasis | codes.TaxBasisName | None = None,
            include_tax: bool | None = None,
            pay_term_type: codes.PayTermType | codes.PayTermTypeName | None = None,
            pay_term_days: int | str | None = None,
            date_due: date | str | None = None,
            deposit: Amount | None = None,
            comment: str | None = None,
            payment_method: codes.PaymentMethod | codes.PaymentMethodName | None = None,
            shipping_type: codes.ShippingType | codes.ShippingTypeName | None = None,
            adjustments: Iterable[Adjustment | Mapping[str, Any]] = (),
            shipping_charge: Amount | None = None,
        ) -> None: ...

    else:

        def __init__(self, **given):
            _set(self, _taken(_INVOICE, given))

    @classmethod
    def from_json(cls, source: str | bytes) -> Self:
        """Make an invoice from one JSON object, text or UTF-8 bytes.

        Numbers are taken from their digits. Raises InvalidInvoice with every error and its path.
        """
        data = jsontext.decode(source)
        if isinstance(data, Fault):
            raise InvalidInvoice((data,))
        return _made(cls, _taken(_INVOICE, data))


def check(source: Invoice | Mapping[str, Any] | str | bytes, *, ignore_unknown: bool = False) -> tuple[Fault, ...]:
    """Give every fault of an invoice at once, errors and warnings, in document order; empty when all is well.

    Takes an Invoice, a mapping, or one JSON object as text or UTF-8 bytes. Never raises on bad data.
    """
    return take(source, ignore_unknown=ignore_unknown)[1]


def take(
    source: object, *, foreign: bool = False, ignore_unknown: bool = False
) -> tuple[Invoice | None, tuple[Fault, ...]]:
    """Give the invoice that ``source`` holds, None when it has errors, and every fault in document order.

    ``foreign`` marks a document written by others: there, what rests on our own contract only warns.
    """
    if isinstance(source, str | bytes | bytearray) and not isinstance(source, values.Number):
        source = jsontext.decode(bytes(source) if isinstance(source, bytearray) else source)
        if isinstance(source, Fault):
            return None, (source,)
    notes = _Notes(foreign=foreign, ignore_unknown=ignore_unknown)
    taken = _record(_INVOICE, source, notes)
    faults = notes.in_order()
    if any(fault.severity == "error" for fault in faults):
        return None, faults
    return _made(Invoice, taken), faults


class _Table:
    """A table of fields, made ready for taking records."""

    __slots__ = ("empty", "fields", "known", "kind", "name", "required", "rules")

    def __init__(self, name: str, rows: tuple[Field, ...], record_rules: Mapping[str, tuple[rules.Rule, ...]]) -> None:
        self.name = name
        self.fields = rows
        self.known = {row.name: (values.taker(row), row, index) for index, row in enumerate(rows)}
        self.required = fields.required(rows)
        self.rules = record_rules
        self.empty: dict[str, object] = {row.name: () if row.kind == "rows" else None for row in rows}


_INVOICE: Final = _Table("an invoice", fields.INVOICE, rules.INVOICE_RULES)
_LINE_ITEM: Final = _Table("a line item", fields.LINE_ITEM, {})
_ADJUSTMENT: Final = _Table("an adjustment", fields.ADJUSTMENT, rules.ADJUSTMENT_RULES)
_ROWS: Final = {"line_items": (_LINE_ITEM, LineItem), "adjustments": (_ADJUSTMENT, Adjustment)}


class _Notes:
    """The faults of one reading, each with its place in document order."""

    __slots__ = ("_found", "foreign", "ignore_unknown")

    def __init__(self, *, foreign: bool = False, ignore_unknown: bool = False) -> None:
        self.foreign = foreign
        self.ignore_unknown = ignore_unknown
        self._found: list[tuple[tuple[int, ...], Fault]] = []

    def add(self, order: tuple[int, ...], rule: rules.Rule, path: str, **words: Any) -> bool:
        """Note a broken rule; tell whether it is an error."""
        fault = rule.fault(path, foreign=self.foreign, **words)
        self._found.append((order, fault))
        return fault.is_error

    def in_order(self) -> tuple[Fault, ...]:
        """Give the faults in the order of the document."""
        if not self._found:
            return ()
        return tuple(fault for _, fault in sorted(self._found, key=lambda found: found[0]))


def _taken(table: _Table, data: object) -> dict[str, object]:
    """Take a record whose errors are raised; its warnings are for check() to tell."""
    notes = _Notes()
    taken = _record(table, data, notes)
    if errors := [fault for fault in notes.in_order() if fault.is_error]:
        raise InvalidInvoice(errors)
    return taken


def _record(
    table: _Table, data: object, notes: _Notes, prefix: str = "", order: tuple[int, ...] = ()
) -> dict[str, object]:
    """Take the fields of one object: those that could be taken, every fault noted."""
    if isinstance(data, Invoice | LineItem | Adjustment):
        data = {row.name: getattr(data, row.name) for row in table.fields if hasattr(data, row.name)}
    if not isinstance(data, Mapping):
        notes.add(order, rules.NOT_AN_INVOICE, prefix.rstrip("."), value=data, kind=rules.described(data))
        return {}
    taken: dict[str, object] = {}
    refused: set[str] = set()
    known = table.known
    for key, value in data.items():
        entry = known.get(key) if type(key) is str else None
        if entry is None:
            _unknown(table, key, notes, prefix, order)
        elif value is not None:
            settled = entry[0](value)
            if settled is UNSURE:
                settled = _looked_into(entry[1], value, notes, prefix + key, (*order, entry[2]))
            if settled is UNSURE:
                refused.add(key)
            else:
                taken[key] = settled
    if type(data) is jsontext.Repeated:
        for key in data.twice:
            notes.add(
                (*order, known[key][2] if key in known else len(known)), rules.DUPLICATE_KEY, prefix + rules.raw(key)
            )
    if not table.required <= taken.keys():
        _missing(table, taken.keys() | refused, notes, prefix, order)
    for name, record_rules in table.rules.items():
        if name in taken or not name:
            _look_across(table, name, record_rules, taken, refused, notes, prefix, order)
    return taken


def _look_across(table, name, record_rules, taken, refused, notes, prefix, order) -> None:
    """Try the rules that hold one field against others; those that need a refused field are left alone."""
    row, index = (table.known[name][1:]) if name else (None, -1)
    for rule in record_rules:
        if refused.isdisjoint(rule.needs) and (words := rule.broken(taken, row)) is not None:
            path = prefix + name if name else prefix.rstrip(".")
            notes.add((*order, index), rule, path, **{"field": row, "value": taken.get(name), **words})


def _looked_into(row: Field, value: object, notes: _Notes, path: str, order: tuple[int, ...]) -> object:
    """Try every rule of a value: give it settled, or UNSURE when a rule refused it."""
    if row.kind == "rows" and not isinstance(value, str | bytes | Mapping) and isinstance(value, Iterable):
        value = list(value)
    for rule in rules.of_value(row):
        assert rule.broken is not None  # noqa: S101 - a rule about values has a test
        words = rule.broken(value, row)
        if words is not None:
            notes.add(order, rule, path, field=row, value=value, **words)
            if rule.severity(foreign=False) == "error":
                return UNSURE
    if row.kind == "rows":
        table, kind = _ROWS[row.name]
        return tuple(
            _made(kind, _record(table, item, notes, f"{path}[{index}].", (*order, index)))
            for index, item in enumerate(value)
        )
    return values.settle(value, row)


def _missing(table: _Table, given: Iterable[str], notes: _Notes, prefix: str, order: tuple[int, ...]) -> None:
    needed = ", ".join(row.name for row in table.fields if row.required)
    for name in table.required.difference(given):
        _, row, index = table.known[name]
        meaning = row.meaning[0].lower() + row.meaning[1:].rstrip(".")
        record = table.name.partition(" ")[2]
        notes.add((*order, index), rules.MISSING, prefix + name, meaning=meaning, record=record, required=needed)


def _unknown(table: _Table, key: object, notes: _Notes, prefix: str, order: tuple[int, ...]) -> None:
    if isinstance(key, str) and key.startswith("x_"):
        return
    words: dict[str, str] = {"record": table.name}
    if alike := _alike(table, key):
        words["suggestion"] = f"write {alike}"
    rule = rules.UNKNOWN_KEY_IGNORED if notes.ignore_unknown else rules.UNKNOWN_KEY
    notes.add((*order, len(table.known)), rule, prefix + rules.raw(key), **words)


def _alike(table: _Table, key: object) -> str | None:
    """Find the field that a key most likely means: its tag, or a name a slip away."""
    from difflib import get_close_matches  # noqa: PLC0415 - costs a start-up that needs it only for a fault

    plain = "".join(filter(str.isalnum, str(key))).casefold()
    by_plain = {name.replace("_", ""): name for name in table.known}
    close = get_close_matches(plain, by_plain, n=1, cutoff=0.8)
    return by_plain[close[0]] if close else None


_SETTERS: Final = {
    kind: tuple((row.name, getattr(kind, row.name).__set__, () if row.kind == "rows" else None) for row in table.fields)
    for kind, table in ((Invoice, _INVOICE), (LineItem, _LINE_ITEM), (Adjustment, _ADJUSTMENT))
}


def _set(record: Any, taken: dict[str, object]) -> None:
    """Fill a frozen record, once."""
    get = taken.get
    for name, put, absent in _SETTERS[type(record)]:
        put(record, get(name, absent))
    if isinstance(record, Invoice):
        object.__setattr__(record, "document", None)


def _made(kind: type[_R], taken: dict[str, object]) -> _R:
    """Make a record of values that were taken already."""
    record = object.__new__(kind)
    _set(record, taken)
    return record
