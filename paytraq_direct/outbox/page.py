"""The statements of the outbox in SQLite."""

from __future__ import annotations

import json
import sqlite3
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from paytraq_direct.channel import LONGEST_WAIT_S
from paytraq_direct.outbox.ledger import Attempt, Delivery, Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paytraq_direct.outbox.content import Key
    from paytraq_direct.outbox.ledger import State

_DELIVERY: Final = (
    "SELECT d.id, d.fingerprint, d.supplier, d.sale_type, d.reference, d.document_ref, d.origin, d.is_finished, "
    "d.sha256, d.read_at, d.state, d.sender, c.masked, c.named FROM delivery d JOIN channel c USING (fingerprint) "
)
_ENDING: Final = (
    "INSERT INTO ending VALUES (:attempt, :ended_at, :outcome, :message, :status, :headers, :body, :elapsed_ms)"
)


class SqlitePage:
    """The statements, on one connection inside one transaction."""

    __slots__ = ("_do",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._do = connection.execute

    def setting(self, name: str) -> bytes | None:
        row = self._do("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def put_channel(self, fingerprint: str, masked: str, named: str | None) -> float:
        # Asked first, since it is nearly always there, and once asked, also tells whether it is to be left alone.
        row = self._do("SELECT named, closed_until FROM channel WHERE fingerprint = ?", (fingerprint,)).fetchone()
        if row is None:
            values = (fingerprint, masked, named)
            self._do("INSERT INTO channel (fingerprint, masked, named) VALUES (?, ?, ?)", values)
            return 0.0
        if named not in (None, row[0]):
            self._do("UPDATE channel SET named = ? WHERE fingerprint = ?", (named, fingerprint))
        return float(row[1] or 0)

    def closed_until(self, fingerprint: str) -> float:
        row = self._do("SELECT closed_until FROM channel WHERE fingerprint = ?", (fingerprint,)).fetchone()
        return float(row[0] or 0) if row else 0.0

    def close_until(self, fingerprint: str, moment: float) -> None:
        self._do(
            "UPDATE channel SET closed_until = :moment WHERE fingerprint = :fingerprint "
            "AND coalesce(closed_until, 0) NOT BETWEEN :moment AND :moment + :longest",
            {"moment": moment, "fingerprint": fingerprint, "longest": LONGEST_WAIT_S},
        )

    def add_sender(self, name: str, at: str) -> None:
        self._do(
            "INSERT INTO sender (name, started_at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET is_gone = 0 "
            "WHERE is_gone",
            (name, at),
        )

    def senders(self) -> list[str]:
        return [name for (name,) in self._do("SELECT name FROM sender WHERE NOT is_gone")]

    def end_sender(self, name: str) -> None:
        self._do("UPDATE sender SET is_gone = 1 WHERE name = ?", (name,))

    def by_key(self, key: Key) -> list[Delivery]:
        where = "WHERE fingerprint = ? AND supplier = ? AND sale_type = ? AND reference = ? AND state <> 'superseded'"
        return [_delivery(row) for row in self._do(f"{_DELIVERY}{where} ORDER BY d.id", key)]

    def delivered_with(self, fingerprint: str, field: str, texts: Sequence[str]) -> list[tuple[str, str]]:
        path, places = f"$.{field}", ", ".join("?" * len(texts))
        rows = self._do(
            "SELECT DISTINCT json_extract(m.record, ?), d.document_ref FROM delivery d "
            "JOIN matter m ON m.delivery = d.id WHERE d.fingerprint = ? AND d.state = 'delivered' "
            f"AND json_extract(m.record, ?) IN ({places})",
            (path, fingerprint, path, *texts),
        )
        return [(text, number) for text, number in rows]

    def by_sender(self, name: str) -> list[Delivery]:
        return [_delivery(row) for row in self._do(f"{_DELIVERY}WHERE state = 'sending' AND sender = ?", (name,))]

    def get(self, delivery: int) -> Delivery | None:
        row = self._do(f"{_DELIVERY}WHERE d.id = ?", (delivery,)).fetchone()
        return None if row is None else _delivery(row)

    def record(self, delivery: int) -> str:
        return str(self._do("SELECT record FROM matter WHERE delivery = ?", (delivery,)).fetchone()[0])

    def document(self, delivery: int) -> bytes:
        return bytes(self._do("SELECT document FROM matter WHERE delivery = ?", (delivery,)).fetchone()[0])

    def add(
        self, key: Key, values: dict[str, Any], record: str, document: bytes, state: State, *, sender: str | None = None
    ) -> int:
        cursor = self._do(
            "INSERT INTO delivery (fingerprint, supplier, sale_type, reference, document_ref, origin, "
            "is_finished, sha256, read_at, state, sender) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*key, *_of_reading(values), state, sender),
        )
        self._do("INSERT INTO matter VALUES (?, ?, ?)", (cursor.lastrowid, record, document))
        return int(cursor.lastrowid or 0)

    def set_state(self, delivery: int, state: State, sender: str | None = None) -> None:
        self._do("UPDATE delivery SET state = ?, sender = ? WHERE id = ?", (state, sender, delivery))

    def add_attempt(self, delivery: int, sender: str, at: str, *, is_resend: bool) -> int:
        cursor = self._do(
            "INSERT INTO attempt (delivery, sender, began_at, is_resend) VALUES (?, ?, ?, ?)",
            (delivery, sender, at, is_resend),
        )
        return int(cursor.lastrowid or 0)

    def add_ending(self, attempt: int, ending: dict[str, Any]) -> None:
        row = {**ending, "attempt": attempt, "headers": json.dumps(ending["headers"])}
        try:
            self._do(_ENDING, row)
        except sqlite3.IntegrityError:
            self._do("DELETE FROM ending WHERE attempt = ? AND elapsed_ms IS NULL", (attempt,))
            self._do(_ENDING, row)

    def attempts(self, delivery: int) -> list[Attempt]:
        rows = self._do(
            "SELECT a.id, a.delivery, a.sender, a.began_at, a.is_resend, e.ended_at, e.outcome, e.message, e.status, "
            "e.headers, e.body, e.elapsed_ms FROM attempt a LEFT JOIN ending e ON e.attempt = a.id "
            "WHERE a.delivery = ? ORDER BY a.id",
            (delivery,),
        )
        return [
            Attempt._make(row)._replace(
                is_resend=bool(row[4]),
                headers=tuple((name, value) for name, value in json.loads(row[9] or "[]")),
                body=bytes(row[10] or b""),
            )
            for row in rows
        ]

    def add_resolution(self, delivery: int, *, is_received: bool, note: str, who: str, at: str) -> None:
        self._do(
            "INSERT INTO resolution (delivery, attempt, is_received, note, who, resolved_at) VALUES "
            "(:delivery, (SELECT max(id) FROM attempt WHERE delivery = :delivery), :is_received, :note, :who, :at)",
            {"delivery": delivery, "is_received": is_received, "note": note, "who": who, "at": at},
        )

    def resolutions(self, delivery: int) -> list[Resolution]:
        rows = self._do("SELECT * FROM resolution WHERE delivery = ? ORDER BY id", (delivery,))
        found = map(Resolution._make, rows)
        return [one._replace(is_received=bool(one.is_received)) for one in found]

    def find(
        self,
        *,
        states: Sequence[State] = (),
        fingerprints: Sequence[str] = (),
        document_ref: str | None = None,
        since: str | None = None,
        until: str | None = None,
        after: int = 0,
        most: int | None = None,
    ) -> Iterator[Delivery]:
        conditions: list[str] = ["d.id > ?"]
        values: list[object] = [after]
        for column, wanted in (("state", states), ("fingerprint", fingerprints)):
            if wanted:
                conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += list(wanted)
        for condition, value in (("document_ref = ?", document_ref), ("read_at >= ?", since), ("read_at < ?", until)):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        query = f"{_DELIVERY}WHERE {' AND '.join(conditions)} ORDER BY d.id LIMIT ?"
        for row in self._do(query, [*values, -1 if most is None else most]):
            yield _delivery(row)


_of_reading: Final = itemgetter("document_ref", "origin", "is_finished", "sha256", "read_at")


def _delivery(row: tuple[Any, ...]) -> Delivery:
    delivery = Delivery._make(row)
    return delivery._replace(is_finished=bool(delivery.is_finished))
