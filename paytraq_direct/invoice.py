"""The record: an invoice in PayTraq's own words, frozen, and checked before it exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from paytraq_direct import fields, jsontext, rules, values
from paytraq_direct.amounts import Number
from paytraq_direct.errors import Fault, InvalidInvoice
from paytraq_direct.values import UNSURE

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from paytraq_direct import codes
    from paytraq_direct.fields import Field

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

        def __init__(self, **given: object) -> None:
            _LINE_ITEM.fill(self, _taken(_LINE_ITEM, given))


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

        def __init__(self, **given: object) -> None:
            _ADJUSTMENT.fill(self, _taken(_ADJUSTMENT, given))


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

        def __init__(self, **given: object) -> None:
            _INVOICE.fill(self, _taken(_INVOICE, given))

    @classmethod
    def from_json(cls, source: str | bytes) -> Self:
        """Make an invoice from one JSON object, text or UTF-8 bytes.

        Numbers are taken from their digits. Raises InvalidInvoice with every error and its path.
        """
        data = jsontext.decode(source)
        if isinstance(data, Fault):
            raise InvalidInvoice((data,))
        invoice = object.__new__(cls)
        _INVOICE.fill(invoice, _taken(_INVOICE, data))
        return invoice


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
    if isinstance(source, bytearray):
        source = bytes(source)
    if isinstance(source, str | bytes) and not isinstance(source, Number):
        source = jsontext.decode(source)
        if isinstance(source, Fault):
            return None, (source,)
    record = _INVOICE.quick(source)
    if record is not None:
        return _INVOICE.made(record), ()
    notes = _Notes(foreign=foreign, ignore_unknown=ignore_unknown)
    record = _Careful(_INVOICE, notes).take(source)
    faults = notes.in_order()
    if any(fault.is_error for fault in faults):
        return None, faults
    return _INVOICE.made(record), faults


def _taken(table: _Table[Any], data: object) -> _Values:
    """Take a record whose errors are raised; its warnings are for check() to tell."""
    record = table.quick(data)
    if record is None:
        notes = _Notes()
        record = _Careful(table, notes).take(data)
        if errors := [fault for fault in notes.in_order() if fault.is_error]:
            raise InvalidInvoice(errors)
    return record


_Values = list[Any]
"""The values of a record in the order of its table, None (of rows: an empty tuple) where one is absent."""


class _Table(Generic[_R]):
    """A table of fields, made ready for taking and making records of one kind."""

    __slots__ = ("_blank", "_others", "_puts", "_required", "_takers", "_triggers", "fields", "kind", "places", "rules",
                 "title")  # fmt: skip

    def __init__(
        self, kind: type[_R], title: str, rows: tuple[Field, ...], record_rules: Mapping[str, tuple[rules.Rule, ...]]
    ) -> None:
        self.kind: type[_R] = kind
        self.title = title
        self.fields = rows
        self.rules = record_rules
        self.places = {row.name: index for index, row in enumerate(rows)}
        self._takers: dict[object, tuple[values.Take, int]] = {
            row.name: (_rows_taker(row) if row.kind == "rows" else values.taker(row), index)
            for index, row in enumerate(rows)
        }
        self._blank: _Values = [() if row.kind == "rows" else None for row in rows]
        self._required = [(index, self._blank[index]) for index, row in enumerate(rows) if row.required]
        self._triggers = [self.places[name] for name in record_rules if name]
        self._puts = [getattr(kind, row.name).__set__ for row in rows]
        self._others = [column.name for column in fields_of(kind) if column.name not in self.places]  # type: ignore[arg-type]

    def blank(self) -> _Values:
        """Give the values of a record in which all is absent."""
        return self._blank[:]

    def quick(self, data: object) -> _Values | None:
        """Give the values of an object with which all is well; None when there may be something to say.

        Every invoice comes by here, and nearly every one is good: nothing is noted, no place kept.
        """
        if type(data) is not dict:
            return None
        record = self._blank[:]
        takers = self._takers
        for key, value in data.items():
            entry = takers.get(key)
            if entry is None:
                if not _is_users_own(key):
                    return None
            elif value is not None:
                settled = entry[0](value)
                if settled is UNSURE:
                    return None
                record[entry[1]] = settled
        for index, absent in self._required:
            if record[index] is absent:
                return None
        return record if not self.rules or self._is_consistent(record) else None

    def made(self, record: _Values) -> _R:
        """Make a record of values that were taken."""
        made = object.__new__(self.kind)
        self.fill(made, record)
        return made

    def fill(self, made: _R, record: _Values) -> None:
        """Fill a frozen record, once."""
        for put, value in zip(self._puts, record, strict=True):
            put(made, value)
        for name in self._others:
            object.__setattr__(made, name, None)

    def present(self, record: _Values) -> dict[str, Any]:
        """Give the values that are there, by name."""
        return {row.name: value for row, value in zip(self.fields, record, strict=True) if value is not None}

    def _is_consistent(self, record: _Values) -> bool:
        if all(record[index] is None for index in self._triggers) and "" not in self.rules:
            return True
        present = self.present(record)
        return not any(
            rule.broken is not None and rule.broken(present, self.fields[self.places.get(name, 0)]) is not None
            for name, record_rules in self.rules.items()
            if not name or name in present
            for rule in record_rules
        )


def _is_users_own(key: object) -> bool:
    return isinstance(key, str) and key.startswith("x_")


def _rows_taker(field: Field) -> values.Take:
    """Give the quick look at a list of objects."""

    def take_rows(given: Any) -> object:
        if type(given) not in {list, tuple} or len(given) > rules.LINES_LIMIT or (field.required and not given):
            return UNSURE
        table = _ROWS[field.name]
        quick, made, kind = table.quick, table.made, table.kind
        taken = []
        for item in given:
            if type(item) is kind:
                taken.append(item)
                continue
            record = quick(item)
            if record is None:
                return UNSURE
            taken.append(made(record))
        return tuple(taken)

    return take_rows


_INVOICE: Final = _Table(Invoice, "an invoice", fields.INVOICE, rules.INVOICE_RULES)
_LINE_ITEM: Final = _Table(LineItem, "a line item", fields.LINE_ITEM, {})
_ADJUSTMENT: Final = _Table(Adjustment, "an adjustment", fields.ADJUSTMENT, rules.ADJUSTMENT_RULES)
_ROWS: Final[dict[str, _Table[Any]]] = {"line_items": _LINE_ITEM, "adjustments": _ADJUSTMENT}


class _Notes:
    """The faults of one reading, each with its place in document order."""

    __slots__ = ("_found", "_foreign", "ignore_unknown")

    def __init__(self, *, foreign: bool = False, ignore_unknown: bool = False) -> None:
        self.ignore_unknown = ignore_unknown
        self._foreign = foreign
        self._found: list[tuple[tuple[int, ...], Fault]] = []

    def add(self, order: tuple[int, ...], rule: rules.Rule, path: str, **words: Any) -> None:
        """Note a broken rule."""
        self._found.append((order, rule.fault(path, foreign=self._foreign, **words)))

    def in_order(self) -> tuple[Fault, ...]:
        """Give the faults in the order of the document."""
        return tuple(fault for _, fault in sorted(self._found, key=itemgetter(0)))


class _Careful:
    """Takes one object field by field and notes everything that is to be said about it."""

    __slots__ = ("_notes", "_order", "_prefix", "_record", "_refused", "_table")

    def __init__(self, table: _Table[Any], notes: _Notes, prefix: str = "", order: tuple[int, ...] = ()) -> None:
        self._table = table
        self._notes = notes
        self._prefix = prefix
        self._order = order
        self._record = table.blank()
        self._refused: set[str] = set()

    def take(self, data: object) -> _Values:
        """Give the values that could be taken; what could not is noted."""
        table = self._table
        if isinstance(data, table.kind):
            data = {row.name: getattr(data, row.name) for row in table.fields}
        if not isinstance(data, Mapping):
            path = self._prefix.rstrip(".")
            self._notes.add(self._order, rules.NOT_AN_INVOICE, path, value=data)
            return self._record
        for key, value in data.items():
            if not isinstance(key, str) or key not in table.places:
                self._unknown(key)
            elif value is not None:
                self._value(table.fields[table.places[key]], value)
        for key in data.twice if isinstance(data, jsontext.Repeated) else ():
            self._note(key, rules.DUPLICATE_KEY)
        self._missing(data)
        self._look_across()
        return self._record

    def _note(self, name: str, rule: rules.Rule, **words: Any) -> None:
        """Note a fault of a field; what is no field comes after all that are."""
        place = self._table.places.get(name, len(self._table.places))
        self._notes.add((*self._order, place), rule, self._prefix + rules.raw(name), **words)

    def _value(self, field: Field, value: object) -> None:
        """Try every rule of a value; put it into the record unless one refused it."""
        if field.kind == "rows" and not isinstance(value, str | bytes | Mapping) and isinstance(value, Iterable):
            value = list(value)
        for rule in rules.of_value(field):
            words = rule.broken(value, field) if rule.broken else None
            if words is not None:
                self._note(field.name, rule, field=field, value=value, **words)
                if rule.severity(foreign=False) == "error":
                    self._refused.add(field.name)
                    return
        place = self._table.places[field.name]
        self._record[place] = self._rows(field, value) if field.kind == "rows" else values.settle(value, field)

    def _rows(self, field: Field, given: Any) -> tuple[Any, ...]:
        table = _ROWS[field.name]
        order = (*self._order, self._table.places[field.name])
        return tuple(
            table.made(
                _Careful(table, self._notes, f"{self._prefix}{field.name}[{index}].", (*order, index)).take(item)
            )
            for index, item in enumerate(given)
        )

    def _missing(self, data: Mapping[Any, Any]) -> None:
        needed = ", ".join(row.name for row in self._table.fields if row.required)
        record = self._table.title.partition(" ")[2]
        for row in self._table.fields:
            if row.required and row.name not in self._refused and data.get(row.name) is None:
                meaning = row.meaning[0].lower() + row.meaning[1:].rstrip(".")
                self._note(row.name, rules.MISSING, meaning=meaning, record=record, required=needed)

    def _look_across(self) -> None:
        """Try the rules that hold one field against others; those that need a refused field are left alone."""
        present = self._table.present(self._record)
        for name, record_rules in self._table.rules.items():
            if name and name not in present:
                continue
            field = self._table.fields[self._table.places.get(name, 0)]
            for rule in record_rules:
                if rule.broken and self._refused.isdisjoint(rule.needs):
                    words = rule.broken(present, field)
                    if words is not None and name:
                        self._note(name, rule, **{"field": field, "value": present[name], **words})
                    elif words is not None:
                        self._notes.add((*self._order, -1), rule, self._prefix.rstrip("."), **words)

    def _unknown(self, key: object) -> None:
        if _is_users_own(key):
            return
        words = {"record": self._table.title}
        if alike := self._alike(key):
            words["suggestion"] = f"write {alike}"
        rule = rules.UNKNOWN_KEY_IGNORED if self._notes.ignore_unknown else rules.UNKNOWN_KEY
        self._note(key if isinstance(key, str) else rules.raw(key), rule, **words)

    def _alike(self, key: object) -> str | None:
        """Find the field that a key most likely means: its tag, or a name a slip away."""
        from difflib import get_close_matches  # noqa: PLC0415 - costs a start-up that needs it only for a fault

        plain = "".join(filter(str.isalnum, str(key))).casefold()
        by_plain = {name.replace("_", ""): name for name in self._table.places}
        close = get_close_matches(plain, by_plain, n=1, cutoff=0.8)
        return by_plain[close[0]] if close else None
