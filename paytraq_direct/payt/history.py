"""The last data file, as the outbox has it, and what is missing from the next one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct.payt import file_rules as rules
from paytraq_direct.payt import filetypes
from paytraq_direct.wording import counted, raw

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paytraq_direct.errors import Fault
    from paytraq_direct.outbox.outbox import Outbox
    from paytraq_direct.payt.endpoint import Endpoint
    from paytraq_direct.payt.intake import Facts

SHOWN: Final = 20


class Before(NamedTuple):
    """A data file that was sent: its record in the outbox."""

    file: str
    size: int
    form: str
    rows: int | None
    numbers: tuple[str, ...] | None
    settled: tuple[str, ...]


class Comparison(NamedTuple):
    """A data file held against the last one; ``vanished`` are the numbers that are missing, in the order of then.

    ``needs_yes`` when nothing may be sent unless someone says that it is as it should be.
    """

    faults: tuple[Fault, ...] = ()
    vanished: tuple[str, ...] = ()
    needs_yes: bool = False


def record_of(facts: Facts) -> str:
    """Give what the outbox keeps of a file, as JSON: never its bytes."""
    record: dict[str, Any] = {
        "file": facts.name,
        "type": facts.kind.name,
        "size": facts.size,
        "sha256": facts.sha256,
        "sent_size": facts.sent_size,
        "sent_sha256": facts.sent_sha256,
    }
    if facts.listing is not None:
        found = facts.listing
        record |= {"form": found.form, "rows": found.rows, "numbers": found.numbers, "settled": found.settled}
    return json.dumps(record, ensure_ascii=False)


def last_files(outbox: Outbox, endpoint: Endpoint) -> list[Before]:
    """Give the data files that Payt may have of an administration now, the newest first.

    They are the last one delivered, and those in doubt after it.
    """
    prints = (outbox.fingerprint(endpoint),)
    found: list[Before] = []
    for delivery in reversed(outbox.deliveries(states=("delivered", "in_doubt"), fingerprints=prints)):
        record = json.loads(outbox.record(delivery.id))
        numbers = record.get("numbers")
        found.append(
            Before(
                record["file"],
                record["size"],
                record["form"],
                record["rows"],
                None if numbers is None else tuple(numbers),
                tuple(record["settled"]),
            )
        )
        if delivery.state == "delivered":
            break
    return found


def compared(name: str, facts: Facts, before: Sequence[Before] | None, *, yes: str) -> Comparison:
    """Hold a data file against those that Payt may have; ``yes`` is how to say that it is as it should be.

    ``before`` is None where there is no outbox to know of any.
    """
    assert facts.listing is not None  # noqa: S101 - only data files are compared
    if not before:
        why = "there is no outbox" if before is None else "the outbox has no earlier one for this administration"
        return Comparison((rules.NOTHING_BEFORE.fault("", name=name, why=why),))
    faults: list[Fault] = []
    vanished: dict[str, None] = {}
    has = {*(facts.listing.numbers or ()), *facts.listing.settled}
    for earlier in before:
        if facts.listing.numbers is not None and earlier.numbers is not None:
            vanished |= dict.fromkeys(number for number in earlier.numbers if number not in has)
        else:
            faults += _shrunk(name, facts, earlier, yes)
    if vanished:
        shown = ", ".join(raw(number) for number in [*vanished][:SHOWN])
        more = f" and {len(vanished) - SHOWN:,} more" if len(vanished) > SHOWN else ""
        words: Any = {"count": counted(len(vanished), "invoice"), "are": "is" if len(vanished) == 1 else "are"}
        words |= {"last": raw(before[0].file), "numbers": shown + more, "yes": yes}
        faults.insert(0, rules.VANISHED.fault("", name=name, **words))
    return Comparison(tuple(faults), tuple(vanished), any(fault.is_error for fault in faults))


def _shrunk(name: str, facts: Facts, earlier: Before, yes: str) -> Iterator[Fault]:
    """Compare what can be compared where the numbers of either are not known: rows, or else bytes of one form."""
    assert facts.listing is not None  # noqa: S101 - see above
    if facts.listing.rows is not None and earlier.rows is not None:
        now, then, noun = facts.listing.rows, earlier.rows, "row"
    elif facts.listing.form == earlier.form:
        now, then, noun = facts.size, earlier.size, "byte"
    else:
        why = f"the last one ({raw(earlier.file)}) was {earlier.form.upper()}"
        yield rules.NOTHING_BEFORE.fault("", name=name, why=why)
        return
    if now * 2 < then:
        words: Any = {"now": counted(now, noun), "before": counted(then, noun), "last": raw(earlier.file), "yes": yes}
        yield rules.SHRUNK.fault("", name=name, **words)


def name_fault(name: str, number: str | None, before: Sequence[Before] | None) -> Fault | None:
    """Tell when Payt cannot link a PDF by its name: to the number that was given, or to any that is known."""
    stem = filetypes.inner_name(name).rpartition(".")[0]
    known = {number for earlier in before or () for number in (*(earlier.numbers or ()), *earlier.settled)}
    if number is not None:
        why = "" if number in stem else f"does not hold the invoice number {raw(number)}"
    elif not any(character.isdigit() for character in stem):
        why = "holds no digit"
    else:
        is_there = not known or any(one in stem for one in known)
        why = "" if is_there else "holds no invoice number of the last data file"
    if not why:
        return None
    return rules.NAME_WITHOUT_NUMBER.fault("", name=name, value=name, why=why)
