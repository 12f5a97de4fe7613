"""What an inbox keeps: the newest documents in memory, and all of them in a folder if there is one."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.amounts import moment_text
from paytraq_direct.inbox.arrival import examine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from paytraq_direct.inbox.arrival import Arrival

MOST_KEPT: Final = 10_000
MOST_BYTES: Final = 268_435_456

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LENGTH: Final = 60


class Keep:
    """The arrivals of an inbox, the oldest first. Of many, the oldest are let go of; in the folder they stay."""

    def __init__(self, folder: Path | None = None, *, most: int = MOST_KEPT) -> None:
        self._folder = folder
        self._most = most
        self._arrivals: deque[Arrival] = deque()
        self._numbers: dict[tuple[str | None, ...] | None, list[int]] = {}
        self._bytes = 0
        self._count = 0
        self._changed = threading.Condition()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for arrival in _kept(folder):
                self._append(arrival)
                self._count = arrival.number

    def add(self, arrival: Arrival) -> Arrival:
        """Keep a document; give it with its number, and the numbers of those before it that are the same invoice."""
        with self._changed:
            self._count += 1
            kept = replace(arrival, number=self._count, duplicates=tuple(self._numbers.get(arrival.key, ())))
            self._append(kept)
            if self._folder is not None:
                _write(self._folder, kept)
            self._changed.notify_all()
        return kept

    def all(self) -> list[Arrival]:
        """List what is kept, the oldest first."""
        with self._changed:
            return list(self._arrivals)

    def before(self, number: int | None, most: int) -> list[Arrival]:
        """List at most so many arrivals that came before one of that number, or the newest; the oldest first."""
        with self._changed:
            newest = reversed(self._arrivals)
            found = list(islice((one for one in newest if number is None or one.number < number), most))
        return found[::-1]

    def get(self, number: int) -> Arrival | None:
        """Give one arrival by its number."""
        with self._changed:
            return next((arrival for arrival in self._arrivals if arrival.number == number), None)

    @property
    def count(self) -> int:
        """How many came, those that were let go of included."""
        with self._changed:
            return self._count

    def wait(self, is_enough: Callable[[int], bool], timeout_s: float | None) -> bool:
        """Wait until the count of arrivals is enough; tell whether it was in time."""
        with self._changed:
            return self._changed.wait_for(lambda: is_enough(self._count), timeout_s)

    def _append(self, arrival: Arrival) -> None:
        self._arrivals.append(arrival)
        self._bytes += len(arrival.document)
        if arrival.key is not None:
            self._numbers.setdefault(arrival.key, []).append(arrival.number)
        while len(self._arrivals) > self._most or (self._bytes > MOST_BYTES and len(self._arrivals) > 1):
            self._forget(self._arrivals.popleft())

    def _forget(self, arrival: Arrival) -> None:
        self._bytes -= len(arrival.document)
        numbers = self._numbers.get(arrival.key, [])
        if arrival.number in numbers:
            numbers.remove(arrival.number)
        if not numbers:
            self._numbers.pop(arrival.key, None)


def _write(folder: Path, arrival: Arrival) -> None:
    """Write a document as it came, and beside it when it came and what was answered."""
    name = _UNSAFE.sub("-", arrival.document_ref or "document")[:_NAME_LENGTH].strip(".-") or "document"
    stem = f"{arrival.number:06}-{name}"
    (folder / f"{stem}.xml").write_bytes(arrival.document)
    about: dict[str, Any] = {
        "number": arrival.number,
        "received_at": moment_text(arrival.received_at),
        "answer": arrival.answer,
        "sha256": arrival.sha256,
        "duplicates": arrival.duplicates,
        "faults": [str(fault) for fault in arrival.faults],
    }
    (folder / f"{stem}.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _kept(folder: Path) -> Iterator[Arrival]:
    """Read what an earlier inbox kept in a folder; what is not its own is passed over."""
    for path in sorted(folder.glob("[0-9]*-*.json")):
        document = path.with_suffix(".xml")
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            yield replace(
                examine(document.read_bytes()),
                number=int(about["number"]),
                received_at=datetime.fromisoformat(about["received_at"]),
                answer=str(about["answer"]),
                duplicates=tuple(map(int, about["duplicates"])),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
