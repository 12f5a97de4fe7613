"""The head and the foot of a UBL document: who, when, of which type, and how much in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import rules
from paytraq_direct.readers.ubl import tables
from paytraq_direct.readers.ubl.paths import Paths
from paytraq_direct.readers.ubl.source import decimal, first, text_of
from paytraq_direct.readers.ubl.tables import TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers.ubl.paths import Found, Spot
    from paytraq_direct.readers.ubl.source import Source
    from paytraq_direct.xmlio import Element

_AMOUNTS: Final = frozenset({"net_amount", "gross_amount"})
_SUMMED: Final = (
    ("cbc:AllowanceTotalAmount", "discount"),
    ("cbc:ChargeTotalAmount", "charge"),
)
_SAID: Final = {"true": True, "1": True, "false": False, "0": False}
_CHARGED: Final = Paths(tables.CHARGED_PATHS)
_TAXED: Final = Paths(("cbc:CompanyID", "cac:TaxScheme/cbc:ID"))


def take(source: Source, kind: str) -> dict[str, Any]:
    """Give the record of the head; ``kind`` is the name of the root."""
    record: dict[str, Any] = {}
    for field, paths in tables.HEAD:
        spot = first(source.head, paths)
        if spot is not None:
            text = source.take(field, spot)
            record[field] = decimal(text) if field in _AMOUNTS else text
    record["include_tax"] = False
    _sale_type(source, kind, record)
    _currency(source, record)
    _gross(source, record)
    _parties(source, record)
    _tax_basis(source, record)
    _payment(source, record)
    return record


def adjustments(source: Source) -> list[dict[str, Any]]:
    """Give the charges and discounts on the whole document, each as the sum that the document gives."""
    rows = []
    for index, (element, _) in enumerate(source.head.get(tables.CHARGED, ())):
        path = f"adjustments[{index}]"
        source.stands(path, element)
        found = _CHARGED.found(element)
        row = {
            "type_id": "charge" if is_charge(source, element, found, path) else "discount",
            "pct_or_amount": "amount",
        }
        amount = first(found, ("cbc:Amount",))
        if amount is not None:
            row["amount"] = decimal(source.take(f"{path}.amount", amount))
        reasons = [source.take(f"{path}.description", one) for one in found.get("cbc:AllowanceChargeReason", ())]
        code = first(found, ("cbc:AllowanceChargeReasonCode",))
        if not reasons and code is not None:
            reasons.append(f"reason code {source.take(f'{path}.description', code)}")
        if reasons:
            row["description"] = "\n".join(reasons)
        rows.append(row)
    return rows


def is_charge(source: Source, element: Element, found: Found, path: str) -> bool:
    """Tell a charge from an allowance; what says neither is refused, since the sign of an amount hangs on it."""
    said = text_of(found, "cbc:ChargeIndicator")
    if said not in _SAID:
        source.fault(rules.NOT_SAID_WHICH, element, path, value=said or "not there")
    return _SAID.get(said, False)


def _sale_type(source: Source, kind: str, record: dict[str, Any]) -> None:
    """Tell the type by the root and the code; one without the other would take a credit for an invoice."""
    at, code = first(source.head, tables.TYPES) or (source.root, "")
    source.stands("sale_type", at)
    if code in tables.PLAIN_TYPES:
        source.taken.add(at)
    if code in tables.SELF_BILLED:
        source.fault(rules.SELF_BILLED, at, "sale_type", value=code)
    if kind == "CreditNote" or code in tables.CREDIT_TYPES:
        record["sale_type"] = "credit_note"
        if code and code not in tables.CREDIT_TYPES | tables.SELF_BILLED:
            source.fault(rules.UNKNOWN_TYPE, at, "sale_type", value=code, root=kind)
        return
    record["sale_type"] = "sales_proforma" if code == tables.PROFORMA else "sales_invoice"
    if code and code not in tables.INVOICE_TYPES | tables.SELF_BILLED | {tables.PROFORMA}:
        source.fault(rules.UNKNOWN_TYPE, at, "sale_type", value=code, root=kind)


def _currency(source: Source, record: dict[str, Any]) -> None:
    """Take the currency of the amounts where the document names none and they agree; refuse amounts of another."""
    carried = [(element, element.get("currencyID")) for element in _money(source)]
    codes = {code for _, code in carried if code}
    if not record.get("currency") and len(codes) == 1:
        record["currency"] = codes.pop()
        source.stands("currency", next(element for element, code in carried if code))
    currency = source.currency = record.get("currency")
    for element, code in carried:
        if currency and code and code != currency:
            source.fault(rules.OTHER_CURRENCY, element, "currency", value=code, currency=currency)


def _money(source: Source) -> Iterator[Element]:
    """Give the amounts that the record carries."""
    for path in (*tables.AMOUNTS, f"{tables.CHARGED}/cbc:Amount"):
        for element, _ in source.head.get(path, ()):
            yield element
    for _, found in source.lines:
        for path in _LINE_MONEY:
            for element, _ in found.get(path, ()):
                yield element


_LINE_MONEY: Final = ("cbc:LineExtensionAmount", "cac:Price/cbc:PriceAmount", f"{tables.CHARGED}/cbc:Amount")


def _gross(source: Source, record: dict[str, Any]) -> None:
    """Where there is no gross amount, as in UBL 2.0, what is due is it, when nothing was prepaid or rounded."""
    payable = first(source.head, (f"{TOTALS}/cbc:PayableAmount",))
    between = (f"{TOTALS}/cbc:PrepaidAmount", f"{TOTALS}/cbc:PayableRoundingAmount")
    if record.get("gross_amount") or payable is None or any(not _is_zero(text_of(source.head, it)) for it in between):
        return
    record["gross_amount"] = decimal(source.take("gross_amount", payable))
    source.fault(rules.GROSS_FROM_DUE, payable[0], "gross_amount", value=record["gross_amount"])


def _is_zero(text: str) -> bool:
    return not text.strip("-+0.")


def _parties(source: Source, record: dict[str, Any]) -> None:
    for name, path in (("supplier", tables.SUPPLIER), ("client", tables.CLIENT)):
        for scheme, _ in source.head.get(f"{path}/cac:PartyTaxScheme", ()):
            found = _TAXED.found(scheme)
            number, code = first(found, ("cbc:CompanyID",)), first(found, ("cac:TaxScheme/cbc:ID",))
            if number is not None and code is not None and code[1].upper() == "VAT":
                record[f"{name}_tax_number"] = source.take(f"{name}_tax_number", number)
                source.taken.add(code[0])
                break
        for trading, text in source.head.get(f"{path}/cac:PartyName/cbc:Name", ()):
            if text == record.get(f"{name}_name"):
                source.taken.add(trading)


def _tax_basis(source: Source, record: dict[str, Any]) -> None:
    code = first(source.head, ("cac:InvoicePeriod/cbc:DescriptionCode",))
    basis = None if code is None else tables.TAX_BASES.get(code[1])
    if code is not None and basis:
        source.take("tax_basis", code)
        record["tax_basis"] = basis


def _payment(source: Source, record: dict[str, Any]) -> None:
    if record.get("date_due"):
        record["pay_term_type"] = "0"
    means: list[Spot] = source.head.get("cac:PaymentMeans/cbc:PaymentMeansCode", [])
    known = {tables.PAYMENT_METHODS.get(code) for _, code in means}
    method = known.pop() if len(known) == 1 else None
    record["payment_method"] = method or tables.NOT_DEFINED
    if means:
        source.stands("payment_method", means[0][0])
    if method:
        source.taken.update(element for element, _ in means)


def settle_totals(source: Source, record: dict[str, Any], sums: dict[str, str]) -> None:
    """Pass over the totals that the record says already: sums of what it has, and nothing prepaid or rounded."""
    said = [("cbc:LineExtensionAmount", sums["lines"]), ("cbc:PayableAmount", record.get("gross_amount"))]
    said += [(path, sums[kind]) for path, kind in _SUMMED]
    said += [("cbc:PrepaidAmount", "0"), ("cbc:PayableRoundingAmount", "0")]
    for path, expected in said:
        for element, text in source.head.get(f"{TOTALS}/{path}", ()):
            if expected is not None and _same(decimal(text), expected):
                source.taken.add(element)


def _same(one: str, other: str) -> bool:
    sign = one.startswith("-") and not _is_zero(one), other.startswith("-") and not _is_zero(other)
    return sign[0] == sign[1] and _bare(one) == _bare(other)


def _bare(text: str) -> str:
    whole, _, part = text.strip("-").partition(".")
    return f"{whole.lstrip('0') or '0'}.{part.rstrip('0')}"
