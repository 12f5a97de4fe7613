"""The fault script: how the inbox answers the next documents, so that every outcome of a sender can be rehearsed."""

from __future__ import annotations

import re
import threading
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from paytraq_direct.errors import PaytraqDirectError

if TYPE_CHECKING:
    from collections.abc import Iterable

Misdeed = Literal[
    "accept-then-hang", "hang", "reset", "close", "cut-headers", "cut-body", "garbage", "early", "continue"
]
Kind = Misdeed | Literal["status", "slow"]

MEANINGS: Final = {
    "200": "any status, with headers as in 503:Retry-After=2",
    "slow=5s": "the usual answer, so much later",
    "accept-then-hang": "takes the document and says nothing",
    "hang": "does not even read it",
    "reset": "takes it and resets the connection",
    "close": "takes it and closes the connection",
    "cut-headers": "breaks off in the middle of the header block of a 200",
    "cut-body": "breaks off in the middle of the body of a 200",
    "garbage": "answers something that is no HTTP",
    "early": "answers 200 before it has read the document",
    "continue": "says 100 Continue, and nothing after it",
}
_MISDEEDS: Final[dict[str, Misdeed]] = {name: name for name in get_args(Misdeed)}
_SECONDS: Final = {"": 1.0, "s": 1.0, "ms": 0.001, "m": 60.0}
_is_status = re.compile(r"([1-5][0-9]{2})((?::[A-Za-z0-9-]+=[^:,]*)*)").fullmatch
_is_slow = re.compile(r"slow=([0-9]{1,4}(?:\.[0-9]+)?)(ms|s|m|)").fullmatch
# What a request before the final answer may be told; as a final answer they mean nothing.
_FIRST_FINAL: Final = 200


class ScriptError(PaytraqDirectError):
    """A fault script cannot be read: correct the step that the message names."""


class Step(NamedTuple):
    """One answer: a status with headers, or one of the ways to misbehave. ``delay_s`` is waited before a slow one."""

    kind: Kind
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0

    def __str__(self) -> str:
        """Give the step as the log of arrivals names it."""
        if self.kind == "slow":
            return f"slow, {self.delay_s:g} s"
        return str(self.status) if self.kind == "status" else self.kind


def step_of(text: str) -> Step:
    """Read one step: ``503:Retry-After=2``, ``slow=40s``, ``accept-then-hang``. Raises ScriptError."""
    text = text.strip()
    if text in _MISDEEDS:
        return Step(_MISDEEDS[text])
    if found := _is_slow(text):
        return Step("slow", delay_s=float(found[1]) * _SECONDS[found[2]])
    found = _is_status(text)
    if found and int(found[1]) >= _FIRST_FINAL:
        pairs = [pair.partition("=") for pair in found[2].split(":")[1:]]
        headers = [(name, value) for name, _, value in pairs]
        if int(found[1]) in {301, 302, 303, 307, 308} and not headers:
            headers = [("Location", "/elsewhere")]
        return Step("status", int(found[1]), tuple(headers))
    raise ScriptError(f"the script has no step {text!r}; write one of {', '.join(MEANINGS)}")


class Script:
    """The answers to come: each for one document in turn, or for the documents of one number.

    ``503, reset, INV-7=>accept-then-hang``: the first document gets 503, the second a reset, and INV-7 hangs however
    often it comes. What no step is for is answered as usual. Threads may share a script.
    """

    def __init__(self, *steps: str | Step, by_ref: dict[str, str | Step] | None = None) -> None:
        self._lock = threading.Lock()
        self._steps: deque[Step] = deque()
        self._by_ref: dict[str, Step] = {}
        for step in steps:
            self._add(step)
        for ref, step in (by_ref or {}).items():
            self._by_ref[ref] = step if isinstance(step, Step) else step_of(step)

    @classmethod
    def parse(cls, text: str) -> Script:
        """Read a script as it is written on the command line, its steps set apart by commas. Raises ScriptError."""
        return cls(*(part for part in text.split(",") if part.strip()))

    def next(self, ref: str | None) -> Step | None:
        """Give the step for a document of that number; None for the usual answer."""
        with self._lock:
            if ref is not None and ref in self._by_ref:
                return self._by_ref[ref]
            return self._steps.popleft() if self._steps else None

    def extend(self, steps: Iterable[str | Step]) -> None:
        """Add steps behind those that are left."""
        with self._lock:
            for step in steps:
                self._add(step)

    def peek(self) -> Step | None:
        """Give the step that comes next in turn, without taking it."""
        with self._lock:
            return self._steps[0] if self._steps else None

    def _add(self, step: str | Step) -> None:
        if isinstance(step, Step):
            self._steps.append(step)
            return
        ref, arrow, rest = step.partition("=>")
        if arrow:
            self._by_ref[ref.strip()] = step_of(rest)
        else:
            self._steps.append(step_of(step))


def reason(status: int) -> str:
    """Give the words that HTTP has for a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Scripted"
