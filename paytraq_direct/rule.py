"""One numbered rule: what must hold, what it rests on, and the words for when it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from paytraq_direct import wording
from paytraq_direct.conditions import Words
from paytraq_direct.errors import Fault, Fix, Severity
from paytraq_direct.fields import Field

Basis = Literal["documented", "safety", "ours", "inferred", "observed"]
Broken = Callable[[Any, Field], Words | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold, what it rests on, and the words for when it does not."""

    code: str
    statement: str
    basis: Basis
    message: str
    source: str = ""
    suggestion: str = ""
    broken: Broken | None = None
    needs: tuple[str, ...] = ()

    def severity(self, *, foreign: bool) -> Severity:
        """Give the weight: in documents written by others, what only our contract asks for is a warning."""
        if self.basis in {"inferred", "observed"} or (foreign and self.basis == "ours"):
            return "warning"
        return "error"

    def fault(
        self,
        path: str,
        *,
        field: Field | None = None,
        value: object = None,
        foreign: bool = False,
        line: int | None = None,
        column: int | None = None,
        fix: Fix | None = None,
        **words: object,
    ) -> Fault:
        """Make the fault that a broken rule is reported as."""
        words = {"name": path or "the input", "value": wording.shown(value), "kind": wording.described(value), **words}
        suggestion = words.get("suggestion", self.suggestion)
        return Fault(
            code=self.code,
            severity=self.severity(foreign=foreign),
            path=path,
            message=self.message.format_map(words),
            value=None if value is None else wording.raw(value),
            suggestion=str(suggestion).format_map(words) if suggestion else None,
            source=self.source or (field.source if field and self.basis == "documented" else self.basis),
            line=line,
            column=column,
            fix=fix,
        )
