"""What every store of an outbox must hold: a second one is added by deriving from StoreContract."""

from __future__ import annotations

import sys
import threading
import time
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any

import pytest

from paytraq_direct.channel import LONGEST_WAIT_S
from paytraq_direct.errors import OutboxError
from paytraq_direct.outbox.content import Key
from paytraq_direct.outbox.sqlite import SqliteStore

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from paytraq_direct.outbox.ledger import Page, State, Store

KEY = Key("f", "sia s", "sales_invoice", "INV-1")
VALUES: dict[str, Any] = {
    "document_ref": "INV-1", "origin": "a.json", "is_finished": False, "sha256": "5e", "read_at": "2026-11-02T08:00:00.000Z",
}  # fmt: skip
ENDING: dict[str, Any] = {
    "ended_at": "2026-11-02T08:00:02.000Z", "outcome": "delivered", "message": "", "status": 200,
    "headers": (("Date", "today"),), "body": b"\x00OK", "elapsed_ms": 1.5,
}  # fmt: skip
AT = "2026-11-02T08:00:01.000Z"


def add(page: Page, key: Key = KEY, state: State = "pending", document: bytes = b"<Sale/>", **values: Any) -> int:
    """Keep a delivery."""
    page.put_channel(key.fingerprint, "https://…", "acme")
    return page.add(key, {**VALUES, **values}, '{"a": 1}', document, state)


class StoreContract:
    """The contract of a store. Derive from it and give a fixture ``open_store`` that opens the same one again and again."""

    @pytest.fixture
    def store(self, open_store: Callable[[], Store]) -> Store:
        """Give an empty store."""
        return open_store()

    def test_records_are_found_by_a_field(self, store: Store) -> None:
        """Only those of the channel that were delivered and have one of the texts, with their numbers."""
        other = KEY._replace(fingerprint="g")
        store.write(lambda page: add(page, state="delivered"))
        store.write(lambda page: add(page, state="pending", document_ref="INV-2"))
        store.write(lambda page: add(page, key=other, state="delivered"))
        look = methodcaller("delivered_with", "f", "a", [1, 2])
        assert store.read(look) == [(1, "INV-1")]
        assert store.read(methodcaller("delivered_with", "f", "a", [2])) == []
        assert store.read(methodcaller("delivered_with", "f", "b", [1])) == []

    def test_what_is_kept_is_found_again(self, store: Store, open_store: Callable[[], Store]) -> None:
        """A delivery, its record and its document come back as they were, in another opening too."""
        document = bytes(range(256)) * 1_000
        number = store.write(lambda page: add(page, document=document))
        for one in (store, open_store()):
            found = one.read(lambda page: page.get(number))
            assert found is not None
            assert (found.fingerprint, found.supplier, found.sale_type, found.reference) == KEY
            assert {name: getattr(found, name) for name in VALUES} == VALUES
            assert (found.state, found.sender, found.masked, found.named) == ("pending", None, "https://…", "acme")
            assert one.read(lambda page: (page.record(number), page.document(number))) == ('{"a": 1}', document)
        assert store.read(lambda page: page.get(number + 1)) is None

    def test_settings(self, store: Store, open_store: Callable[[], Store]) -> None:
        """A new store has a key for fingerprints, the same in every opening, and no other setting."""
        key = store.read(lambda page: page.setting("fingerprint_key"))
        assert len(key or b"") == 32
        assert open_store().read(lambda page: page.setting("fingerprint_key")) == key
        assert store.read(lambda page: page.setting("other")) is None

    def test_channels(self, store: Store) -> None:
        """A name is kept until another is given; a channel stays closed until the latest moment that can have been asked."""
        number = store.write(add)
        for named, expected in ((None, "acme"), ("env:ACME", "env:ACME")):
            store.write(methodcaller("put_channel", "f", "https://…", named))
            found = store.read(lambda page: page.get(number))
            assert found is not None
            assert found.named == expected
        assert store.read(lambda page: (page.closed_until("f"), page.closed_until("unknown"))) == (0.0, 0.0)
        for moment in (5.0, 9.0, 7.0):
            store.write(methodcaller("close_until", "f", moment))
        assert store.read(lambda page: page.closed_until("f")) == 9.0
        for moment, latest in ((1e9, 1e9), (1e9 - LONGEST_WAIT_S, 1e9), (10.0, 10.0)):
            store.write(methodcaller("close_until", "f", moment))
            assert store.read(lambda page: page.closed_until("f")) == latest

    def test_senders(self, store: Store) -> None:
        """Senders are listed until they are gone, and when they begin again; what they send is theirs until its state changes."""
        for name in ("one", "two", "one"):
            store.write(methodcaller("add_sender", name, AT))
        number = store.write(add)
        store.write(lambda page: page.set_state(number, "sending", "one"))
        assert sorted(store.read(lambda page: page.senders())) == ["one", "two"]
        assert [found.id for found in store.read(lambda page: page.by_sender("one"))] == [number]
        assert store.read(lambda page: page.by_sender("two")) == []
        store.write(lambda page: page.set_state(number, "delivered"))
        store.write(lambda page: page.end_sender("one"))
        assert store.read(lambda page: (page.senders(), page.by_sender("one"))) == (["two"], [])
        store.write(methodcaller("add_sender", "one", AT))
        assert sorted(store.read(lambda page: page.senders())) == ["one", "two"]

    def test_by_key(self, store: Store) -> None:
        """The deliveries of a key are found, the oldest first, all four parts of it counting; superseded ones are not."""
        states: tuple[State, ...] = ("delivered", "superseded", "pending")
        numbers = [store.write(partial(add, state=state)) for state in states]
        for part in range(4):
            store.write(partial(add, key=Key(*(f"{t}{'x' * (i == part)}" for i, t in enumerate(KEY)))))
        assert [found.id for found in store.read(lambda page: page.by_key(KEY))] == [numbers[0], numbers[2]]

    def test_attempts_are_only_added(self, store: Store) -> None:
        """Attempts come back in order with their endings; one without an ending is under way."""
        number = store.write(add)
        store.write(lambda page: page.add_sender("one", AT))
        first, second = (
            store.write(methodcaller("add_attempt", number, "one", AT, is_resend=again)) for again in (False, True)
        )
        store.write(lambda page: page.add_ending(first, ENDING))
        done, open_ = store.read(lambda page: page.attempts(number))
        assert {name: getattr(done, name) for name in ENDING} == ENDING
        assert (done.id, done.delivery, done.sender, done.began_at, done.is_resend) == (first, number, "one", AT, False)
        assert (open_.id, open_.is_resend, open_.outcome, open_.body, open_.headers) == (second, True, None, b"", ())

    def test_an_assumed_ending_gives_way(self, store: Store) -> None:
        """The true ending takes the place of one that was only assumed; nothing takes the place of that."""
        number = store.write(add)
        store.write(methodcaller("add_sender", "one", AT))
        attempt = store.write(methodcaller("add_attempt", number, "one", AT, is_resend=False))
        assumed = {**ENDING, "outcome": "in_doubt", "status": None, "elapsed_ms": None}
        for ending in (assumed, ENDING):
            store.write(methodcaller("add_ending", attempt, ending))
            (found,) = store.read(lambda page: page.attempts(number))
            assert {name: getattr(found, name) for name in ENDING} == ending
        with pytest.raises(OutboxError):
            store.write(methodcaller("add_ending", attempt, assumed))

    def test_resolutions(self, store: Store) -> None:
        """What a person found out stands beside the last attempt that there was."""
        number = store.write(add)
        store.write(lambda page: page.add_sender("one", AT))
        attempts: list[int | None] = [None]
        for received in (False, True):
            store.write(methodcaller("add_resolution", number, is_received=received, note="Anna", who="me", at=AT))
            attempts.append(store.write(lambda page: page.add_attempt(number, "one", AT, is_resend=False)))
        found = store.read(lambda page: page.resolutions(number))
        assert [(one.attempt, one.is_received) for one in found] == [(attempts[0], False), (attempts[1], True)]
        assert {(one.delivery, one.note, one.who, one.resolved_at) for one in found} == {(number, "Anna", "me", AT)}

    def test_find(self, store: Store) -> None:
        """Deliveries are found by state, channel, number and time, all of the conditions together."""
        days = ("2026-11-01", "2026-11-02", "2026-11-03")
        numbers = [store.write(partial(add, read_at=f"{day}T00:00:00.000Z", document_ref=day)) for day in days]
        store.write(lambda page: page.set_state(numbers[0], "delivered"))

        def found(**conditions: Any) -> list[int]:
            return store.read(lambda page: [one.id for one in page.find(**conditions)])

        assert found() == numbers
        assert found(states=["delivered", "in_doubt"]) == numbers[:1]
        assert found(fingerprints=["f"], since=days[1]) == numbers[1:]
        assert found(until="2026-11-02T00:00:00.000Z", states=["pending"]) == []
        assert found(document_ref="2026-11-02") == numbers[1:2]
        assert found(fingerprints=["g"]) == []
        assert found(most=2) == numbers[:2]
        assert found(most=2, after=numbers[0]) == numbers[1:]
        assert found(most=1, after=numbers[0], states=["pending"], until="2026-11-03T00:00:00.000Z") == numbers[1:2]
        assert found(after=numbers[2]) == []

    def test_a_change_is_kept_whole_or_not_at_all(self, store: Store) -> None:
        """What a change raises is raised, and none of it is kept."""

        def fails(page: Page) -> None:
            add(page)
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            store.write(fails)
        assert store.read(lambda page: list(page.find())) == []

    def test_neighbours_of_a_change_that_fails_are_kept(self, store: Store) -> None:
        """Changes of many threads may share a commit: each has its own result, and one that fails fails alone."""
        results: dict[int, object] = {}

        def want(number: int) -> None:
            def change(page: Page) -> int:
                found = add(page, Key("f", "s", "k", str(number)))
                if number % 3 == 0:
                    raise ValueError(number)
                return found

            try:
                results[number] = store.write(change)
            except ValueError as error:
                results[number] = error.args[0]

        threads = [threading.Thread(target=want, args=(number,)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        kept = store.read(lambda page: {int(found.reference): found.id for found in page.find()})
        assert results == {number: kept.get(number, number) for number in range(24)}
        assert sorted(kept) == [number for number in range(24) if number % 3]

    def test_neighbours_of_a_change_that_contradicts_the_ledger_are_kept(self, store: Store) -> None:
        """A change that the store refuses, such as a second ending of an attempt, fails alone as well."""
        number = store.write(add)
        store.write(methodcaller("add_sender", "one", AT))
        attempt = store.write(methodcaller("add_attempt", number, "one", AT, is_resend=False))
        store.write(methodcaller("add_ending", attempt, ENDING))
        heard: dict[str, object] = {}
        is_under_way, go = threading.Event(), threading.Event()

        def slow(_page: Page) -> None:
            is_under_way.set()
            assert go.wait(30)

        def want(name: str, change: Callable[[Page], object]) -> None:
            try:
                heard[name] = store.write(change)
            except OutboxError as error:
                heard[name] = error

        # While the first is being written, the others come together.
        wanted: dict[str, Callable[[Page], object]] = {
            "slow": slow, "bad": methodcaller("add_ending", attempt, ENDING),
            "good": partial(add, key=Key("f", "s", "k", "2")), "fine": partial(add, key=Key("f", "s", "k", "3")),
        }  # fmt: skip
        threads = [threading.Thread(target=want, args=one) for one in wanted.items()]
        for thread in threads:
            thread.start()
            assert is_under_way.wait(30)
        time.sleep(0.1)
        go.set()
        for thread in threads:
            thread.join(30)
        assert isinstance(heard.pop("bad"), OutboxError)
        assert (heard.pop("slow"), sorted(heard.values(), key=str)) == (None, [2, 3])

    def test_what_is_to_be_written_soon_goes_along(self, store: Store, open_store: Callable[[], Store]) -> None:
        """It is done before what is written next, both are kept at once, and whoever wanted it is told then."""
        other = open_store()
        told: list[tuple[Exception | None, int]] = []
        store.write_soon(add, lambda error: told.append((error, _count(other))))
        assert (told, _count(other)) == ([], 0)
        assert store.write(add) == 2
        assert told == [(None, 2)]
        store.write_soon(add, lambda error: told.append((error, _count(other))))
        store.flush()
        store.flush()
        assert told == [(None, 2), (None, 3)]

    def test_what_was_to_be_written_soon_is_kept_when_it_is_closed(
        self, store: Store, open_store: Callable[[], Store]
    ) -> None:
        """Letting go of a store loses nothing."""
        told: list[Exception | None] = []
        store.write_soon(add, told.append)
        store.close()
        assert (told, _count(open_store())) == ([None], 1)

    def test_whoever_wanted_something_soon_is_told_of_its_error(self, store: Store) -> None:
        """An error of its own is told, ours in place of the store's; its neighbours are kept."""
        told: list[Exception | None] = []
        for wrong in (ValueError("mine"), None):
            store.write_soon(_raising(wrong), told.append)
        assert store.write(add) == 1
        assert [type(error) for error in told] == [ValueError, OutboxError]

    def test_a_look_sees_one_moment(self, store: Store, open_store: Callable[[], Store]) -> None:
        """What another opening writes in the middle of a look is not seen by it."""
        other = open_store()

        def look(page: Page) -> tuple[int, int]:
            before = len(list(page.find()))
            other.write(add)
            return before, len(list(page.find()))

        assert store.read(look) == (0, 0)
        assert len(store.read(lambda page: list(page.find()))) == 1


def _count(store: Store) -> int:
    return len(store.read(lambda page: list(page.find())))


def _raising(error: Exception | None) -> Callable[[Page], None]:
    """Give a change that raises an error, or that contradicts the ledger."""

    def change(page: Page) -> None:
        if error is not None:
            raise error
        page.add_ending(99, ENDING)

    return change


IN_THE_MIDDLE = "INSERT INTO matter VALUES (?, ?, ?)"


class Interrupting:
    """A connection whose thread gets a Ctrl-C right after some statements, and right before others, once each."""

    def __init__(self, connection: sqlite3.Connection, *, after: str = "", before: str = "") -> None:
        self._connection = connection
        self._after = {after}
        self._before = {before}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Do a statement, and be interrupted when it is the one."""
        for statements, is_done in ((self._before, False), (self._after, True)):
            if statement in statements:
                statements.remove(statement)
                if is_done:
                    self._connection.execute(statement, *values)
                raise KeyboardInterrupt
        return self._connection.execute(statement, *values)


class TestSqlite(StoreContract):
    """The store in one SQLite file."""

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Iterator[Callable[[], Store]]:
        """Open one file as often as it is asked for."""
        opened: list[SqliteStore] = []

        def open_() -> Store:
            opened.append(SqliteStore(tmp_path / "outbox.sqlite"))
            return opened[-1]

        yield open_
        for store in opened:
            store.close()

    def test_it_is_for_its_owners_eyes(self, open_store: Callable[[], Store], tmp_path: Path) -> None:
        """The file holds invoices: nobody else may read it."""
        open_store()
        if sys.platform != "win32":
            assert (tmp_path / "outbox.sqlite").stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("before", ["", "ROLLBACK"])
    @pytest.mark.parametrize("after", ["BEGIN IMMEDIATE", IN_THE_MIDDLE])
    def test_an_interrupted_write_leaves_nothing_open(
        self, open_store: Callable[[], Store], after: str, before: str
    ) -> None:
        """Wherever a Ctrl-C comes, and a second one, what was being written is undone, and the next one is written."""
        store: Any = open_store()
        store._connection = Interrupting(store._connection, after=after, before=before)
        with pytest.raises(KeyboardInterrupt):
            store.write(add)
        assert store.read(lambda page: list(page.find())) == []
        number = store.write(add)
        assert [found.id for found in open_store().read(lambda page: list(page.find()))] == [number]

    @pytest.mark.parametrize(("after", "before"), [("BEGIN", ""), ("", "ROLLBACK"), ("BEGIN", "ROLLBACK")])
    def test_an_interrupted_look_leaves_nothing_open(
        self, open_store: Callable[[], Store], after: str, before: str
    ) -> None:
        """Wherever a Ctrl-C comes in a look, the next look and the next change are done."""
        store: Any = open_store()
        store._connection = Interrupting(store._connection, after=after, before=before)
        with pytest.raises(KeyboardInterrupt):
            store.read(lambda page: page.get(1))
        assert store.read(lambda page: page.get(1)) is None
        assert store.write(add) == 1

    @pytest.mark.parametrize(
        ("after", "kept"),
        [("BEGIN IMMEDIATE", 0), (IN_THE_MIDDLE, 0), ("COMMIT", 2), ("taken", 0)],
    )
    def test_an_interrupt_hits_nobody_else(
        self, open_store: Callable[[], Store], after: str, kept: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When the thread that writes for others gets a Ctrl-C, each of them hears truly whether its change is kept."""
        store: Any = open_store()
        store._connection = Interrupting(store._connection, after=after)
        if after == "taken":
            monkeypatch.setattr(store, "_commit", _interrupt_once(store._commit))
        heard: list[object] = []

        def neighbour() -> None:
            try:
                heard.append(store.write(add))
            except OutboxError as error:
                heard.append(str(error))

        with store._lock:
            thread = threading.Thread(target=neighbour)
            thread.start()
            while not store._queue:
                time.sleep(0.001)
            with pytest.raises(KeyboardInterrupt):
                store.write(add)
        thread.join(30)
        assert len(store.read(lambda page: list(page.find()))) == kept
        assert heard == [1] if kept else "was interrupted; try again" in str(heard[0])

    @pytest.mark.parametrize("after", ["BEGIN IMMEDIATE", IN_THE_MIDDLE, "COMMIT", "taken"])
    def test_an_interrupt_leaves_nobody_untold(
        self, open_store: Callable[[], Store], after: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """When the thread that writes gets a Ctrl-C, who wanted something soon hears once and truly if it is kept."""
        store: Any = open_store()
        store._connection = Interrupting(store._connection, after=after)
        if after == "taken":
            monkeypatch.setattr(store, "_commit", _interrupt_once(store._commit))
        told: list[Exception | None] = []
        store.write_soon(add, told.append)
        with pytest.raises(KeyboardInterrupt):
            store.write(add)
        assert [error is None for error in told] == [after == "COMMIT"]
        assert _count(store) == 2 * (after == "COMMIT")

    @pytest.mark.parametrize("after", ["ROLLBACK", "SAVEPOINT change", "RELEASE change", "ROLLBACK TO change"])
    def test_an_interrupt_after_an_error_leaves_nobody_untold(
        self, open_store: Callable[[], Store], after: str
    ) -> None:
        """When a change has failed, and a Ctrl-C comes while the others are done anew, nothing is kept, and all hear."""
        store: Any = open_store()
        store._connection = Interrupting(store._connection, after=after)
        told: list[Exception | None] = []
        store.write_soon(add, told.append)
        store.write_soon(lambda page: page.set_state(add(page), "none"), told.append)
        with pytest.raises(KeyboardInterrupt):
            store.write(add)
        assert ["was interrupted" in str(error) for error in told] == [True, True]
        assert _count(store) == 0

    def test_what_does_not_fit_takes_nothing_with_it(self, open_store: Callable[[], Store]) -> None:
        """When a change cannot be written for want of room, what goes along with it is written by itself."""
        store: Any = open_store()
        room = store._connection.execute("PRAGMA page_count").fetchone()[0] + 10
        store._connection.execute(f"PRAGMA max_page_count = {room}")
        told: list[Exception | None] = []
        store.write_soon(add, told.append)
        with pytest.raises(OutboxError, match="the disk is full"):
            store.write(partial(add, document=b"x" * 100_000))
        assert (told, _count(store)) == ([None], 1)

    def test_an_interrupted_thread_wants_nothing_more(self, open_store: Callable[[], Store]) -> None:
        """A change whose thread got a Ctrl-C while it waited is not written by another one later."""
        store: Any = open_store()
        store._lock = _InterruptedLock(store._lock)
        with pytest.raises(KeyboardInterrupt):
            store.write(add)
        store._lock = store._lock.lock
        assert store.write(lambda page: len(list(page.find()))) == 0


class _InterruptedLock:
    """A lock for which a thread waits when it gets a Ctrl-C."""

    def __init__(self, lock: threading.RLock) -> None:
        self.lock = lock

    def __enter__(self) -> None:
        raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        pass


def _interrupt_once(commit: Callable[..., None]) -> Callable[..., None]:
    """Have a Ctrl-C come between the taking of changes and their writing."""
    stops = [KeyboardInterrupt()]

    def interrupted(changes: object) -> None:
        if stops:
            raise stops.pop()
        commit(changes)

    return interrupted
