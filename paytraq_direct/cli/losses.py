"""What a reading does not carry, as a person and as a program are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paytraq_direct.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.readers import Reading


def in_short(reading: Reading) -> str:
    """Say how many facts are not carried, "" where all are."""
    if not reading.losses:
        return ""
    noted = sum(loss.in_comment for loss in reading.losses)
    left = len(reading.losses) - noted
    facts = f"{counted(left, 'fact')} not carried"
    facts += f", {noted:,} in the comment only" if noted else ""
    return f"{facts}; --as ubl sends the file itself"


def lines_of(reading: Reading) -> Iterator[str]:
    """List what is not carried: code, what it is, where, and what that means."""
    for loss in reading.losses:
        kept = ", in the comment only" if loss.in_comment else ""
        times = f" ({loss.times:,} times)" if loss.times > 1 else ""
        yield f"{loss.code} {loss.what}{kept}{times}: {loss.value}"
        yield f"  {loss.line}, {loss.place}" if loss.line else f"  {loss.place}"
        yield f"  {loss.consequence}"


def data_of(reading: Reading) -> list[dict[str, Any]]:
    """Give what is not carried for a program."""
    return [loss._asdict() for loss in reading.losses]
