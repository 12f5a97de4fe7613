"""The head and the foot of a UBL document: who, when, of which type, and how much in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paytraq_direct import rules
from paytraq_direct.readers.ubl import tables
from paytraq_direct.readers.ubl.source import decimal
from paytraq_direct.readers.ubl.tables import TOTALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers.ubl.source import Source
    from paytraq_direct.xmlio import Element

_AMOUNTS: Final = frozenset({"net_amount", "gross_amount"})
_COLLAPSED: Final = frozenset({"document_date", "date_due", "currency"})
_SUMMED: Final = (
    ("cbc:AllowanceTotalAmount", "discount"),
    ("cbc:ChargeTotalAmount", "charge"),
)


def take(source: Source, kind: str) -> dict[str, Any]:
    """Give the record of the head; ``kind`` is the name of the root."""
    record: dict[str, Any] = {}
    for field, paths in tables.HEAD:
        found = source.first(paths)
        if found is not None:
            text = source.take(field, found)
            text = decimal(text) if field in _AMOUNTS else text
            record[field] = text.strip() if field in _COLLAPSED else text
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
    for index, element in enumerate(source.all("cac:AllowanceCharge")):
        path = f"adjustments[{index}]"
        source.stands(path, element)
        is_charge = source.text("cbc:ChargeIndicator", element) in {"true", "1"}
        row = {"type_id": "charge" if is_charge else "discount", "pct_or_amount": "amount"}
        amount = source.first(("cbc:Amount",), element)
        if amount is not None:
            row["amount"] = decimal(source.take(f"{path}.amount", amount))
        reasons = [source.take(f"{path}.description", one) for one in source.all("cbc:AllowanceChargeReason", element)]
        code = source.first(("cbc:AllowanceChargeReasonCode",), element)
        if not reasons and code is not None:
            reasons.append(f"reason code {source.take(f'{path}.description', code).strip()}")
        if reasons:
            row["description"] = "\n".join(reasons)
        rows.append(row)
    return rows


def _sale_type(source: Source, kind: str, record: dict[str, Any]) -> None:
    """Tell the type by the root and the code; one without the other would take a credit for an invoice."""
    element = source.first(("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode"))
    code = "" if element is None else (element.text or "").strip()
    at = source.root if element is None else element
    source.stands("sale_type", at)
    if element is not None and code in tables.PLAIN_TYPES:
        source.taken.add(element)
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
    carried = [one for one in _money(source) if one.get("currencyID")]
    if not record.get("currency") and len({one.get("currencyID") for one in carried}) == 1:
        record["currency"] = carried[0].get("currencyID")
        source.stands("currency", carried[0])
    currency = record.get("currency")
    for one in carried:
        if currency and one.get("currencyID") != currency:
            source.fault(rules.OTHER_CURRENCY, one, "currency", value=one.get("currencyID"), currency=currency)


def _money(source: Source) -> Iterator[Element]:
    """Give the amounts that the record carries."""
    yield from source.all(f"{TOTALS}/*")
    yield from source.all("cac:AllowanceCharge/cbc:Amount")
    for line in ("cac:InvoiceLine", "cac:CreditNoteLine"):
        for path in ("cbc:LineExtensionAmount", "cac:Price/cbc:PriceAmount", "cac:AllowanceCharge/cbc:Amount"):
            yield from source.all(f"{line}/{path}")


def _gross(source: Source, record: dict[str, Any]) -> None:
    """Where there is no gross amount, as in UBL 2.0, what is due is it, when nothing was prepaid or rounded."""
    payable = source.first((f"{TOTALS}/cbc:PayableAmount",))
    between = (f"{TOTALS}/cbc:PrepaidAmount", f"{TOTALS}/cbc:PayableRoundingAmount")
    if record.get("gross_amount") or payable is None or any(not _is_zero(source.text(path)) for path in between):
        return
    record["gross_amount"] = decimal(source.take("gross_amount", payable))
    source.fault(rules.GROSS_FROM_DUE, payable, "gross_amount", value=record["gross_amount"])


def _is_zero(text: str) -> bool:
    return not text.strip("-+0.")


def _parties(source: Source, record: dict[str, Any]) -> None:
    for name, path in (("supplier", tables.SUPPLIER), ("client", tables.CLIENT)):
        for scheme in source.all(f"{path}/cac:PartyTaxScheme"):
            number = source.first(("cbc:CompanyID",), scheme)
            code = source.first(("cac:TaxScheme/cbc:ID",), scheme)
            if number is not None and code is not None and (code.text or "").strip().upper() == "VAT":
                record[f"{name}_tax_number"] = source.take(f"{name}_tax_number", number)
                source.taken.add(code)
                break
        for trading in source.all(f"{path}/cac:PartyName/cbc:Name"):
            if trading.text == record.get(f"{name}_name"):
                source.taken.add(trading)


def _tax_basis(source: Source, record: dict[str, Any]) -> None:
    code = source.first(("cac:InvoicePeriod/cbc:DescriptionCode",))
    basis = None if code is None else tables.TAX_BASES.get((code.text or "").strip())
    if code is not None and basis:
        source.taken.add(code)
        source.stands("tax_basis", code)
        record["tax_basis"] = basis


def _payment(source: Source, record: dict[str, Any]) -> None:
    if record.get("date_due"):
        record["pay_term_type"] = "0"
    means = list(source.all("cac:PaymentMeans/cbc:PaymentMeansCode"))
    known = {tables.PAYMENT_METHODS.get((one.text or "").strip()) for one in means}
    method = known.pop() if len(known) == 1 else None
    record["payment_method"] = method or tables.NOT_DEFINED
    if means:
        source.stands("payment_method", means[0])
    if method:
        source.taken.update(means)


def settle_totals(source: Source, record: dict[str, Any], sums: dict[str, str]) -> None:
    """Pass over the totals that the record says already: sums of what it has, and nothing prepaid or rounded."""
    said = [("cbc:LineExtensionAmount", sums["lines"]), ("cbc:PayableAmount", record.get("gross_amount"))]
    said += [(path, sums[kind]) for path, kind in _SUMMED]
    said += [("cbc:PrepaidAmount", "0"), ("cbc:PayableRoundingAmount", "0")]
    for path, expected in said:
        for element in source.all(f"{TOTALS}/{path}"):
            if expected is not None and _same(decimal(element.text or ""), expected):
                source.taken.add(element)


def _same(one: str, other: str) -> bool:
    sign = one.startswith("-") and not _is_zero(one), other.startswith("-") and not _is_zero(other)
    return sign[0] == sign[1] and _bare(one) == _bare(other)


def _bare(text: str) -> str:
    whole, _, part = text.strip("-").partition(".")
    return f"{whole.lstrip('0') or '0'}.{part.rstrip('0')}"
