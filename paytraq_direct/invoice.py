"""The record: an invoice in PayTraq's own words, frozen, and checked before it exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from paytraq_direct import fields, jsontext, rules, totals
from paytraq_direct.amounts import Number
from paytraq_direct.errors import Fault, InvalidInvoice
from paytraq_direct.taking import Careful, Notes, Table, taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal

    from paytraq_direct import codes
    from paytraq_direct.packed import Packed

    Amount = Decimal | int | str


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

        def __init__(self, /, **given: object) -> None:
            _LINE_ITEM.fill(self, taken(_LINE_ITEM, given))


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

        def __init__(self, /, **given: object) -> None:
            _ADJUSTMENT.fill(self, taken(_ADJUSTMENT, given))


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
    document: bytes | None = field(default=None, init=False, repr=False, compare=False)
    packed: Packed | None = field(default=None, init=False, repr=False, compare=False)

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

        def __init__(self, /, **given: object) -> None:
            _INVOICE.fill(self, taken(_INVOICE, given))

        def __getattr__(self, name: str) -> object:
            """Give a field of an invoice that another process read and that is not at hand: all are, from then on."""
            packed = None if name not in _INVOICE.places else self.packed
            if packed is None:
                raise AttributeError(f"an invoice has no {name}")
            _INVOICE.fill(self, taken(_INVOICE, jsontext.decode(packed.record)))
            object.__setattr__(self, "packed", packed)
            return getattr(self, name)

    @classmethod
    def from_json(cls, source: str | bytes) -> Self:
        """Make an invoice from one JSON object, text or UTF-8 bytes.

        Numbers are taken from their digits. Raises InvalidInvoice with every error, its path and its place.
        """
        data = jsontext.decode(source)
        if isinstance(data, Fault):
            raise InvalidInvoice((data,))
        invoice = object.__new__(cls)
        try:
            _INVOICE.fill(invoice, taken(_INVOICE, data))
        except InvalidInvoice as invalid:
            faults = jsontext.placed(invalid.faults, source)
        else:
            return invoice
        raise InvalidInvoice(faults)


def check(
    source: Invoice | Mapping[str, Any] | str | bytes, *, ignore_unknown: bool = False, arithmetic: bool = True
) -> tuple[Fault, ...]:
    """Give every fault of an invoice at once, errors and warnings, in document order; empty when all is well.

    Takes an Invoice, a mapping, or one JSON object as text or UTF-8 bytes. ``arithmetic`` has the sums looked at too.
    Never raises on bad data.
    """
    return take(source, ignore_unknown=ignore_unknown, arithmetic=arithmetic)[1]


def take(
    source: object, *, foreign: bool = False, ignore_unknown: bool = False, arithmetic: bool = True
) -> tuple[Invoice | None, tuple[Fault, ...]]:
    """Give the invoice that ``source`` holds, None when it has errors, and every fault in document order.

    ``foreign`` marks a document written by others: there, what rests on our own contract only warns.
    """
    if isinstance(source, bytearray):
        source = bytes(source)
    if not isinstance(source, str | bytes) or isinstance(source, Number):
        return _take(source, foreign=foreign, ignore_unknown=ignore_unknown, arithmetic=arithmetic)
    data = jsontext.decode(source)
    if isinstance(data, Fault):
        return None, (data,)
    invoice, faults = _take(data, foreign=foreign, ignore_unknown=ignore_unknown, arithmetic=arithmetic)
    return invoice, jsontext.placed(faults, source)


def _take(
    data: object, *, foreign: bool, ignore_unknown: bool, arithmetic: bool
) -> tuple[Invoice | None, tuple[Fault, ...]]:
    record = _INVOICE.quick(data)
    notes = None
    if record is None:
        notes = Notes(foreign=foreign, ignore_unknown=ignore_unknown)
        record = Careful(_INVOICE, notes).take(data)
        if notes.has_errors:
            return None, notes.in_order()
    invoice = _INVOICE.made(record)
    if arithmetic and not totals.adds_up(invoice):
        notes = notes or Notes(foreign=foreign)
        for kind, path, words in totals.complaints(invoice):
            notes.add(_INVOICE.order_of(path), rules.ARITHMETIC[kind], path, **words)
    return invoice, notes.in_order() if notes else ()


_LINE_ITEM: Final = Table(LineItem, "a line item", fields.LINE_ITEM, {})
_ADJUSTMENT: Final = Table(Adjustment, "an adjustment", fields.ADJUSTMENT, rules.ADJUSTMENT_RULES)
_INVOICE: Final = Table(
    Invoice, "an invoice", fields.INVOICE, rules.INVOICE_RULES, line_items=_LINE_ITEM, adjustments=_ADJUSTMENT
)
