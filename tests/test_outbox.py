"""The outbox: delivered once, and never lost, whatever is stopped, broken or repeated."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import environment
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from test_cli import answers, plain
from test_rules import smallest
from wire.servers import OK, Peer, Server

from paytraq_direct import ChannelUri, Conflict, Deferred, InDoubt, Invoice, Outbox, OutboxError, Sender, send
from paytraq_direct.channel import judge
from paytraq_direct.outbox.content import differences, key_of
from paytraq_direct.outbox.guard import Standing
from paytraq_direct.outbox.outbox import Begun, Closed
from paytraq_direct.record import record_of
from paytraq_direct.run import Run
from paytraq_direct.schema import prepare
from paytraq_direct.wire import Exchange, Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANNEL = ChannelUri("https://go.paytraq.com/ext/direct/inbox/0123456789abcdef")
OTHER = ChannelUri("https://go.paytraq.com/ext/direct/inbox/fedcba9876543210")


def invoice(number: str = "INV-1", **fields: Any) -> Invoice:
    """Give an invoice of that number."""
    return Invoice(**smallest(document_ref=number, **fields))


def verdict(status: int | None, *, progress: Progress = Progress.WHOLE, retry_after: str | None = None) -> Any:
    """Give the verdict over an exchange that ended so."""
    headers = (("Retry-After", retry_after),) if retry_after else ()
    return judge(
        Exchange(
            progress=progress, status=status, reason="", headers=headers, body=b"said", early=False, trouble=None, stage="done",
            sent_at=dt.datetime.now(dt.UTC), elapsed_ms=1.0,
        )
    )  # fmt: skip


ENDINGS = {"delivered": verdict(200), "rejected": verdict(400), "in_doubt": verdict(502), "deferred": verdict(429)}


def begin(outbox: Outbox, one: Invoice, channel: ChannelUri = CHANNEL, *, resend: bool = False) -> Any:
    """Write down that an invoice is about to be posted."""
    return outbox.begin(outbox.draft(channel, one, prepare(one))._replace(resend=resend))


def post(outbox: Outbox, one: Invoice, outcome: str = "delivered", *, resend: bool = False) -> Begun:
    """Go through one attempt that ends so."""
    begun = begin(outbox, one, resend=resend)
    assert isinstance(begun, Begun)
    outbox.end(begun, ENDINGS[outcome])
    return begun


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of an outbox that is not there yet."""
    return tmp_path / "state" / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    """Give an empty outbox."""
    with Outbox(path) as outbox:
        yield outbox


# --- the guard --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "same", "other"),
    [
        ("delivered", "delivered", "conflict"), ("in_doubt", "in_doubt", "conflict"), ("rejected", None, None),
        ("deferred", None, None),
    ],
)  # fmt: skip
def test_the_guard(outbox: Outbox, before: str, same: str | None, other: str | None) -> None:
    """Delivered and doubtful numbers are not posted again; refused and deferred ones may be, with other content too."""
    post(outbox, invoice(), before)
    for one, expected in ((invoice(), same), (invoice(comment="other"), other)):
        found = begin(outbox, one)
        assert (found.kind if isinstance(found, Standing) else None) == expected
        if isinstance(found, Begun):
            outbox.end(found, ENDINGS[before])


def test_a_conflict_says_what_differs(outbox: Outbox) -> None:
    """Other content under a number that was delivered is told field by field, as it was written."""
    items = [{"item_name": "a", "qty": 1, "price": "2.50"}, {"item_name": "b", "qty": 3, "price": 1}]
    post(outbox, invoice(line_items=items, gross_amount="121.00"))
    items[1]["qty"] = "2.0"
    items.append({"item_name": "c", "qty": 1, "price": 1})
    found = begin(outbox, invoice(line_items=items, gross_amount="119.79", include_tax=True))
    assert found.differences == (
        "include_tax (none) → true", "line_items[1].qty 3 → 2.0",
        "line_items[2] (none) → item_name c, qty 1, price 1", "gross_amount 121.00 → 119.79",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"net_amount": "1.000"}, {"supplier_name": " sia  S "}, {"document_ref": " INV-1"}, {"net_amount": Decimal("1E0")},
        {"comment": "ma\u0304ja"},
    ],
)  # fmt: skip
def test_what_says_the_same_is_the_same(outbox: Outbox, change: dict[str, Any]) -> None:
    """Trailing zeros, letter case and blanks of names, and the form of accents make no other invoice."""
    first = invoice(**({"comment": "m\u0101ja"} if "comment" in change else {}))
    changed = Invoice(**{**smallest(), **change})
    assert key_of(first, b"", "f") == key_of(changed, b"", "f")
    post(outbox, first)
    kind = "conflict" if "supplier_name" in change or "document_ref" in change else "delivered"
    assert begin(outbox, changed).kind == kind


@pytest.mark.parametrize(
    "change", [{"sale_type": "credit_note"}, {"document_ref": "inv-1"}, {"supplier_name": "SIA T"}]
)
def test_another_key_is_another_invoice(outbox: Outbox, change: dict[str, Any]) -> None:
    """Kind, number and supplier tell invoices apart, and so does the channel."""
    post(outbox, invoice())
    assert isinstance(begin(outbox, Invoice(**{**smallest(), **change})), Begun)
    assert isinstance(begin(outbox, invoice(), OTHER), Begun)


def test_differences_of_the_same_are_none() -> None:
    """A record does not differ from itself, nor from one that says the same."""
    one, two = (record_of(invoice(net_amount=amount)) for amount in ("1.10", "1.1"))
    assert one != two
    assert differences(one, two) == ()


def test_resend_goes_round_the_guard_and_is_written_down(outbox: Outbox) -> None:
    """--resend posts what was delivered; when that fails, the first delivery still stands."""
    first = post(outbox, invoice())
    again = post(outbox, invoice(), "rejected", resend=True)
    assert again.delivery == first.delivery
    assert [attempt.is_resend for attempt in outbox.attempts(first.delivery)] == [False, True]
    assert begin(outbox, invoice()).kind == "delivered"
    other = post(outbox, invoice(comment="other"), "rejected", resend=True)
    assert other.delivery != first.delivery
    assert begin(outbox, invoice(comment="other")).kind == "conflict"


def test_new_content_takes_the_place_of_what_never_arrived(outbox: Outbox) -> None:
    """A refused invoice that was mended is sent; the old one is kept as history and never sent."""
    post(outbox, invoice(), "rejected")
    post(outbox, invoice(comment="mended"))
    assert [found.state for found in outbox.deliveries()] == ["superseded", "delivered"]


def test_a_doubt_ends_by_what_a_person_says(outbox: Outbox) -> None:
    """Resolved as received it is delivered; as not received it may be sent again; either is written down once."""
    for number, received, kind in (("A", True, "delivered"), ("B", False, None)):
        begun = post(outbox, invoice(number), "in_doubt")
        assert outbox.resolve(begun.delivery, received=received, note="asked", who="me")
        assert not outbox.resolve(begun.delivery, received=received, note="asked", who="me")
        found = begin(outbox, invoice(number))
        assert (found.kind if isinstance(found, Standing) else None) == kind
        (resolution,) = outbox.resolutions(begun.delivery)
        assert (resolution.is_received, resolution.note, resolution.who) == (received, "asked", "me")
        if isinstance(found, Begun):
            outbox.end(found, ENDINGS["rejected"])
            assert outbox.deliveries(document_ref=number)[0].state == "rejected"


def test_a_later_refusal_does_not_end_a_doubt(outbox: Outbox) -> None:
    """What may have arrived may have arrived, whatever came of a resend."""
    begun = post(outbox, invoice(), "in_doubt")
    post(outbox, invoice(), "rejected", resend=True)
    assert outbox.standing(begun.delivery).kind == "in_doubt"


def test_pending_is_kept_and_sent_later(outbox: Outbox) -> None:
    """What was read and not sent is pending, and an attempt may begin; what is delivered is not made pending."""
    held = outbox.hold(outbox.draft(CHANNEL, invoice(), prepare(invoice()), named="env:INBOX", origin="a.json[3]"))
    assert not isinstance(held, Standing)
    assert (held.state, held.named, held.origin) == ("pending", "env:INBOX", "a.json[3]")
    assert post(outbox, invoice()).delivery == held.id
    known = outbox.hold(outbox.draft(CHANNEL, invoice(), prepare(invoice())))
    assert isinstance(known, Standing)
    assert known.kind == "delivered"


def test_texts_that_are_no_utf_8(outbox: Outbox) -> None:
    """A file's name, a channel's name or a person's note may hold any bytes: they are kept, as escapes."""
    one = invoice()
    begun = outbox.begin(outbox.draft(CHANNEL, one, prepare(one), named="file:\udcff", origin="a\udcff.json"))
    assert isinstance(begun, Begun)
    outbox.end(begun, ENDINGS["in_doubt"])
    assert outbox.resolve(begun.delivery, received=True, note="by \udcff", who="\udcff")
    (delivery,), (resolution,) = outbox.deliveries(document_ref="INV-1"), outbox.resolutions(begun.delivery)
    assert (delivery.named, delivery.origin) == (r"file:\udcff", r"a\udcff.json")
    assert (resolution.note, resolution.who) == (r"by \udcff", r"\udcff")
    assert outbox.deliveries(document_ref="\udcff") == []


def test_retry_after_closes_the_channel_for_every_process(outbox: Outbox, path: Path) -> None:
    """When a channel asks to be left alone, nobody who shares the outbox begins an attempt there; others do."""
    begun = begin(outbox, invoice())
    outbox.end(begun, verdict(429, retry_after="30"), closed_for_s=30.0)
    with Outbox(path) as second:
        found = begin(second, invoice("INV-2"))
        assert isinstance(found, Closed)
        assert 29 < found.seconds <= 30
        assert isinstance(begin(second, invoice("INV-2"), OTHER), Begun)


def test_a_clock_that_was_put_back_closes_no_channel(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for while the clock was a year ahead is not obeyed for a year, and what is asked for later is."""
    with monkeypatch.context() as ahead:
        truly = time.time
        ahead.setattr(time, "time", lambda: truly() + 365 * 86_400)
        outbox.end(begin(outbox, invoice()), ENDINGS["deferred"], closed_for_s=30.0)
    begun = begin(outbox, invoice())
    assert isinstance(begun, Begun)
    outbox.end(begun, ENDINGS["deferred"], closed_for_s=30.0)
    assert isinstance(begin(outbox, invoice()), Closed)
    assert isinstance(outbox.again(begun.delivery), Closed)


def test_what_is_kept(outbox: Outbox, path: Path) -> None:
    """Record, exact bytes, masked channel, attempts with their answers; and the address nowhere in the files."""
    begun = post(outbox, invoice())
    (delivery,) = outbox.deliveries(states=("delivered",), document_ref="INV-1")
    (attempt,) = outbox.attempts(begun.delivery)
    assert outbox.document(begun.delivery) == prepare(invoice())
    assert outbox.record(delivery.id) == record_of(invoice())
    assert (delivery.masked, attempt.status, attempt.body, attempt.elapsed_ms) == (CHANNEL.masked, 200, b"said", 1.0)
    assert delivery.read_at <= attempt.began_at <= str(attempt.ended_at)
    for file in path.parent.rglob("*"):
        assert file.is_dir() or b"0123456789abcdef" not in file.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


# --- crashes ----------------------------------------------------------------------------------------------------


def _sender_that_dies(path: Path, stop_at: str) -> None:
    """Send an invoice in a process of its own that is killed at a step."""
    code = f"""
import os, signal, sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
from test_outbox import *
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
outbox = Outbox({str(path)!r})
if {stop_at!r} == "opened": die()
begun = begin(outbox, invoice())
if {stop_at!r} == "begun": die()
outbox.end(begun, ENDINGS["delivered"])
die()
"""
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, timeout=60, env=environment()
    )
    assert result.returncode == -signal.SIGKILL, result.stderr.decode()


@pytest.mark.parametrize(("stop_at", "state"), [("opened", None), ("begun", "in_doubt"), ("ended", "delivered")])
def test_killed_at_a_step(path: Path, stop_at: str, state: str | None) -> None:
    """Killed before the intent, nothing is there; after it, a doubt; after the ending, what it was."""
    _sender_that_dies(path, stop_at)
    with Outbox(path) as outbox:
        found = begin(outbox, invoice())
        assert (found.kind if isinstance(found, Standing) else None) == state


def test_what_a_living_sender_does_is_no_doubt(outbox: Outbox, path: Path) -> None:
    """Another process, or an outbox of its own in this one, sees that a living sender is at it."""
    begun = begin(outbox, invoice())
    with Outbox(path) as second:
        assert begin(second, invoice()).kind == "sending"
        assert second.recover() == 0
        outbox.end(begun, ENDINGS["delivered"])
        assert second.standing(begun.delivery).kind == "delivered"


def test_a_sender_that_ended_properly_leaves_no_lock(path: Path) -> None:
    """Closing lets go; what it left in the middle is a doubt at once."""
    with Outbox(path) as outbox:
        begun = begin(outbox, invoice())
    with Outbox(path) as outbox:
        assert outbox.standing(begun.delivery).kind == "in_doubt"
        assert list(path.with_name("outbox.sqlite-senders").iterdir()) == []


def _sweep(path: Path, *, also_folder: bool = False) -> None:
    """Take the locks away from under the senders that hold them."""
    folder = path.with_name(f"{path.name}-senders")
    for file in folder.iterdir():
        file.unlink()
    if also_folder:
        folder.rmdir()


@pytest.mark.parametrize("outcome", sorted(ENDINGS))
def test_the_true_ending_wins(outbox: Outbox, path: Path, outcome: str) -> None:
    """What was written off while its sender lived ends as it truly ended, and for good."""
    begun = begin(outbox, invoice())
    _sweep(path)
    with Outbox(path) as second:
        assert second.standing(begun.delivery).kind == "in_doubt"
        outbox.end(begun, ENDINGS[outcome])
        assert [attempt.outcome for attempt in second.attempts(begun.delivery)] == [outcome]
        assert second.deliveries()[0].state == outcome
        with pytest.raises(OutboxError, match="CONSTRAINT"):
            outbox.end(begun, ENDINGS["in_doubt"])


@pytest.mark.parametrize(
    ("late", "meanwhile", "state"), [("rejected", "sending", "in_doubt"), ("delivered", "delivered", "delivered")]
)
def test_the_true_ending_comes_while_it_is_sent_again(
    outbox: Outbox, path: Path, late: str, meanwhile: str, state: str
) -> None:
    """An ending that comes late does not end a later attempt, which a person allowed."""
    begun = begin(outbox, invoice())
    _sweep(path)
    with Outbox(path) as second:
        assert second.resolve(begun.delivery, received=False, note="", who="me")
        again = begin(second, invoice())
        outbox.end(begun, ENDINGS[late])
        assert second.standing(begun.delivery).kind == meanwhile
        second.end(again, ENDINGS["in_doubt"])
        assert second.standing(begun.delivery).kind == state


@pytest.mark.parametrize(
    ("late", "states"), [("rejected", ["superseded", "delivered"]), ("in_doubt", ["in_doubt", "delivered"])]
)
def test_the_true_ending_comes_when_other_content_was_sent(
    outbox: Outbox, path: Path, late: str, states: list[str]
) -> None:
    """What other content took the place of is never sent again; that it may have arrived is told all the same."""
    begun = begin(outbox, invoice())
    _sweep(path)
    with Outbox(path) as second:
        assert second.resolve(begun.delivery, received=False, note="", who="me")
        post(second, invoice(comment="other"))
        outbox.end(begun, ENDINGS[late])
        assert [found.state for found in second.deliveries()] == states


def test_senders_whose_folder_was_swept_away(outbox: Outbox, path: Path) -> None:
    """Without the folder of locks nobody is called gone; whoever begins another attempt shows itself again."""
    begun = begin(outbox, invoice())
    _sweep(path, also_folder=True)
    with Outbox(path) as second:
        assert second.standing(begun.delivery).kind == "sending"
        post(outbox, invoice("INV-2"))
        assert second.standing(begun.delivery).kind == begin(second, invoice()).kind == "sending"
        assert len({attempt.sender for found in second.deliveries() for attempt in second.attempts(found.id)}) == 1


def test_a_sender_that_seemed_to_be_gone_can_still_go(outbox: Outbox, path: Path) -> None:
    """A sender that was written off and lives is looked for again: what it leaves later is a doubt, too."""
    begin(outbox, invoice())
    _sweep(path)
    with Outbox(path) as second:
        begun = begin(outbox, invoice("INV-2"))
        presence: Any = outbox._presence
        presence.let_go()
        assert second.recover() == 1
        assert second.standing(begun.delivery).kind == "in_doubt"


STEPS = ("none", "intent", "posted", "ended", "swept")


class Ledger(RuleBasedStateMachine):
    """Any order of sends, crashes, resends and resolutions, against a model of what the inbox truly has."""

    @initialize(target=None)
    def open(self) -> None:
        """Begin with an empty outbox."""
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "outbox.sqlite"
        self.outbox = Outbox(self.path)
        self.arrived: dict[str, list[str]] = {"A": [], "B": []}
        self.allowed: dict[str, int] = {"A": 1, "B": 1}

    @rule(
        number=st.sampled_from("AB"), content=st.sampled_from("xy"), outcome=st.sampled_from(sorted(ENDINGS)),
        crash=st.sampled_from(STEPS), resend=st.booleans(),
    )  # fmt: skip
    def send(self, number: str, content: str, outcome: str, crash: str, *, resend: bool) -> None:
        """Try to send, and be killed at a step, be taken for dead, or neither."""
        one = invoice(number, comment=content)
        settled = {found.state for found in self.outbox.deliveries(document_ref=number)} & {"delivered", "in_doubt"}
        begun = begin(self.outbox, one, resend=resend)
        assert isinstance(begun, Begun) == (resend or not settled)
        if isinstance(begun, Begun):
            if resend and settled:
                self.allowed[number] += 1
            if crash != "intent" and outcome in {"delivered", "in_doubt"}:
                self.arrived[number].append(content)
            if crash == "swept":
                self.take_for_gone()
            if crash in {"none", "ended", "swept"}:
                self.outbox.end(begun, ENDINGS[outcome])
        if crash not in {"none", "swept"}:
            self.crash()

    @rule(number=st.sampled_from("AB"), content=st.sampled_from("xy"))
    def hold(self, number: str, content: str) -> None:
        """Read an invoice and do not send it."""
        one = invoice(number, comment=content)
        self.outbox.hold(self.outbox.draft(CHANNEL, one, prepare(one)))

    @precondition(lambda self: any(found.state == "in_doubt" for found in self.outbox.deliveries()))
    @rule()
    def resolve(self) -> None:
        """Ask the customer, who tells the truth."""
        doubt = next(found for found in self.outbox.deliveries() if found.state == "in_doubt")
        number, content = str(doubt.document_ref), json.loads(self.outbox.record(doubt.id))["comment"]
        self.outbox.resolve(doubt.id, received=content in self.arrived[number], note="", who="me")

    def take_for_gone(self) -> None:
        """Let another process believe, for the moment, that this one is gone."""
        _sweep(self.path)
        with Outbox(self.path) as other:
            assert not other.deliveries(states=("sending",))

    def crash(self) -> None:
        """Let the process die: its lock is gone, nothing was closed."""
        presence = self.outbox._presence
        if presence is not None:
            presence._stream.close()
        self.outbox._presence = None
        self.outbox = Outbox(self.path)

    @invariant()
    def nothing_arrives_twice(self) -> None:
        """Hold that the inbox has each number at most once, but for deliberate resends."""
        if hasattr(self, "arrived"):
            for number, contents in self.arrived.items():
                assert len(contents) <= self.allowed[number]

    @invariant()
    def everything_has_an_end(self) -> None:
        """Hold that nothing is being sent when nobody sends, and that what arrived is never called refused or pending."""
        if hasattr(self, "outbox"):
            for found in self.outbox.deliveries():
                assert found.state != "sending"
                if json.loads(self.outbox.record(found.id))["comment"] in self.arrived[str(found.document_ref)]:
                    assert (
                        found.state in {"delivered", "in_doubt", "superseded"}
                        or self.allowed[str(found.document_ref)] > 1
                    )

    def teardown(self) -> None:
        """Take the outbox away."""
        if hasattr(self, "outbox"):
            self.outbox.close()
            self.folder.cleanup()


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


# --- from Python ------------------------------------------------------------------------------------------------


def test_an_unchanged_repeat_returns_the_first_receipt(outbox: Outbox) -> None:
    """send() with an outbox posts once; the repeat gives the first receipt, marked as such."""
    with Server(answers(OK)) as server:
        first = send(invoice(), server.url(), outbox=outbox)
        again = send(invoice(), server.url(), outbox=outbox)
        assert server.hits == 1
    assert (first.already, again.already) == (False, True)
    assert (again.document_ref, again.status, again.sha256, again.attempts) == ("INV-1", 200, first.sha256, 1)


def test_conflicts_and_doubts_are_raised(outbox: Outbox) -> None:
    """Other content raises Conflict with the differences; a doubt raises InDoubt again, without a post."""
    with Server(answers(OK, plain("502 x"))) as server, Sender(server.url(), outbox=outbox) as sender:
        sender.send(invoice())
        with pytest.raises(Conflict) as caught:
            sender.send(invoice(comment="other"))
        assert caught.value.differences == ("comment (none) → other",)
        for _ in range(2):
            with pytest.raises(InDoubt):
                sender.send(invoice("INV-2"))
        assert server.hits == 2


def test_resend_is_by_number_and_once(outbox: Outbox) -> None:
    """Only the named number goes round the guard, and of three lines that say the same only one does."""
    with Server(answers(OK)) as server:
        send(invoice(), server.url(), outbox=outbox)
        send(invoice("B"), server.url(), outbox=outbox)
        with Sender(server.url(), outbox=outbox, resend=["INV-1"]) as sender:
            twice = [invoice(), invoice("B"), invoice(), invoice("B"), invoice()]
            outcomes = sorted(result.outcome for result in sender.send_all(twice, jobs=3))
        assert outcomes == ["already_delivered"] * 4 + ["delivered"]
        assert server.hits == 3


def test_an_end_shares_a_commit_with_the_next_intent(outbox: Outbox) -> None:
    """Ten invoices read ahead take eleven commits, and each result is given when its end is on disk."""
    total, commits = 10, itertools.count()
    asked = [threading.Event() for _ in range(total + 2)]
    store: Any = outbox._store
    commit = store._commit

    def counted(*given: Any, **more: Any) -> None:
        next(commits)
        commit(*given, **more)

    def invoices() -> Iterator[Invoice]:
        for number in range(total):
            asked[number].set()
            yield invoice(f"INV-{number}")
        for event in asked[total:]:
            event.set()

    def script(peer: Peer) -> None:
        for event in asked[2:]:
            peer.request()
            assert event.wait(30)  # so that the next invoice is there when the answer is
            peer.say(OK)

    with Server(script) as server, Sender(server.url(), outbox=outbox) as sender:
        store._commit = counted
        for result in sender.send_all(invoices(), ahead=True):
            assert result.outcome == "delivered"
            (found,) = outbox.deliveries(document_ref=result.document_ref)
            assert found.state == "delivered"
        assert next(commits) == total + 1


def test_three_doubts_in_a_row_stop_a_run_that_reads_ahead(outbox: Outbox) -> None:
    """Only a success is written down later than its answer: a doubt is known before anything else is posted."""
    invoices = [invoice(f"INV-{number}") for number in range(8)]
    with Server(answers(plain("502 x"))) as server, Sender(server.url(), outbox=outbox) as sender:
        outcomes = [result.outcome for result in sender.send_all(invoices, ahead=True)]
        assert (outcomes, server.hits) == (["in_doubt"] * 3 + ["pending"] * 5, 3)


def test_an_end_waits_for_no_turn(outbox: Outbox) -> None:
    """What goes along with the next intent is written down at once when that has to wait for its turn."""
    asked = [threading.Event() for _ in range(4)]
    states: list[str] = []

    def invoices() -> Iterator[Invoice]:
        for number in range(3):
            asked[number].set()
            yield invoice(f"INV-{number}")

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            assert asked[2].wait(30)  # so that the next invoice is there when the answer is
            peer.say(OK)

    def pause(_: float) -> None:
        states.append(outbox.deliveries(document_ref="INV-0")[0].state)

    settings: dict[str, Any] = {"rate": 1, "resend": ["INV-1"], "clock": lambda: 0.0, "pause": pause}
    with Server(script) as server, Sender(server.url(), outbox=outbox, **settings) as sender:
        assert [result.outcome for result in sender.send_all(invoices(), ahead=True)] == ["delivered"] * 3
    assert states[0] == "delivered"


def test_many_threads_share_an_outbox(outbox: Outbox) -> None:
    """Threads of a web application may use one sender: each invoice is posted once, each call has its answer."""
    with Server(answers(OK)) as server, Sender(server.url(), outbox=outbox) as sender:
        found: list[Any] = []
        threads = [
            threading.Thread(target=lambda number=number: found.append(sender.send(invoice(f"INV-{number % 8}"))))
            for number in range(24)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(found) == 24
        assert len(server.bodies) == 8


@pytest.mark.parametrize(
    ("answer", "first", "second", "hits"),
    [(OK, "delivered", "conflict", 1), (plain("400 x"), "rejected", "rejected", 2)],
)
def test_other_content_beside_one_under_way_is_told_for_what_it_is(
    outbox: Outbox, answer: bytes, first: str, second: str, hits: int
) -> None:
    """Who waits for a number that is being sent is told of its own content: a conflict, or sent when that may be."""
    arrived, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            arrived.set()
            assert go.wait(30)
            peer.say(answer)

    def pause(_seconds: float) -> None:
        go.set()

    with Server(script) as server, Sender(server.url(), outbox=outbox, pause=pause) as sender:
        found: list[Any] = []
        sending = threading.Thread(target=lambda: found.append(sender.deliver(invoice())))
        sending.start()
        assert arrived.wait(30)
        other = sender.deliver(invoice(comment="other"))
        sending.join(30)
        assert (found[0].outcome, other.outcome, server.hits) == (first, second, hits)
    assert other.sha256 == (found[0] if hits == 1 else other).sha256
    assert other.differences == (("comment (none) → other",) if hits == 1 else ())


def test_three_doubts_in_a_row_stop_a_run(outbox: Outbox) -> None:
    """An outage does not become many doubts: after three, the rest is pending; a new run starts afresh."""
    with Server(answers(plain("502 x"))) as server, Sender(server.url(), outbox=outbox) as sender:
        outcomes = [result.outcome for result in sender.send_all(invoice(f"INV-{n}") for n in range(6))]
        assert outcomes == ["in_doubt"] * 3 + ["pending"] * 3
        again = [result.outcome for result in sender.send_all(invoice(f"INV-{n}") for n in range(6))]
        assert again == ["in_doubt"] * 6
        assert server.hits == 6
    assert [found.state for found in outbox.deliveries()] == ["in_doubt"] * 6


def test_what_waits_for_its_turn_is_pending(outbox: Outbox) -> None:
    """With a rate, only what is being posted has an open attempt; what is known already waits for no turn."""
    states: list[str] = []

    def pause(_seconds: float) -> None:
        states.extend(found.state for found in outbox.deliveries(document_ref="INV-1"))

    options: Any = {"outbox": outbox, "rate": 0.001, "pause": pause, "clock": lambda: 0.0}
    with Server(answers(OK)) as server, Sender(server.url(), **options) as sender:
        outcomes = [result.outcome for result in sender.send_all([invoice("INV-0"), invoice("INV-1"), invoice()])]
        assert outcomes == ["delivered", "delivered", "already_delivered"]
    assert states == ["pending"]


def test_a_stopped_run_stays_stopped(outbox: Outbox) -> None:
    """A success that was under way when three doubts stopped the run does not start it again."""
    arrived, go = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            if b"<DocumentRef>SLOW<" in peer.last_body:
                arrived.set()
                assert go.wait(30)
                peer.say(OK)
            else:
                peer.say(plain("502 x"))

    with Server(script) as server, Sender(server.url(), outbox=outbox) as sender:
        run = Run(sender)
        ended: list[str] = []
        slow = threading.Thread(target=lambda: ended.append(run.deliver(invoice("SLOW")).outcome))
        slow.start()
        assert arrived.wait(30)
        assert [run.deliver(invoice(f"INV-{n}")).outcome for n in range(3)] == ["in_doubt"] * 3
        go.set()
        slow.join(30)
        assert ended == ["delivered"]
        assert run.deliver(invoice("N")).outcome == "pending"
        assert server.hits == 4


def test_what_a_stopped_run_holds_is_told_as_what_it_is(outbox: Outbox) -> None:
    """After three doubts, too, a known delivery, doubt or conflict is told as that; only what is new is pending."""
    with Server(answers(plain("502 x"))) as server:
        uri = ChannelUri(server.url())
        for number, outcome in (("D", "in_doubt"), ("E", "delivered")):
            begun = begin(outbox, invoice(number), uri)
            outbox.end(begun, ENDINGS[outcome])
        rest = [invoice("D"), invoice("E"), invoice("E", comment="other"), invoice("N")]
        with Sender(uri, outbox=outbox) as sender:
            results = list(sender.send_all([*(invoice(f"INV-{n}") for n in range(3)), *rest]))
        assert server.hits == 3
    assert [result.outcome for result in results[3:]] == ["in_doubt", "already_delivered", "conflict", "pending"]
    assert results[5].differences == ("comment (none) → other",)


def test_rejections_do_not_stop_a_run(outbox: Outbox) -> None:
    """Only doubts in a row do."""
    script = answers(plain("502 x"), plain("502 x"), plain("400 x"), plain("502 x"), OK)
    with Server(script) as server, Sender(server.url(), outbox=outbox) as sender:
        outcomes = [result.outcome for result in sender.send_all(invoice(f"INV-{n}") for n in range(6))]
    assert outcomes == ["in_doubt", "in_doubt", "rejected", "in_doubt", "delivered", "delivered"]


def test_a_fork_has_a_lock_and_a_connection_of_its_own(outbox: Outbox) -> None:
    """A process that was forked sends under its own name; the parent's is not taken for it."""
    post(outbox, invoice())
    child = os.fork()
    if child == 0:
        try:
            post(outbox, invoice("INV-2"))
            names = {attempt.sender.split("-")[0] for d in outbox.deliveries() for attempt in outbox.attempts(d.id)}
            os._exit(0 if len(names) == 2 else 3)
        finally:
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_superseded_is_harmless_from_python(path: Path) -> None:
    """What other content took the place of before it was sent is not posted, and says so as something that waits."""
    with Server(answers(OK)) as server, Outbox(path) as outbox, Sender(server.url(), outbox=outbox) as sender:
        old: Any = outbox.hold(outbox.draft(sender.channel, invoice(), prepare(invoice())))
        other = invoice(gross_amount="2.00")
        outbox.hold(outbox.draft(sender.channel, other, prepare(other)))
        result = sender.again(old)
        assert (result.outcome, result.posted, server.hits) == ("pending", False, 0)
        with pytest.raises(Deferred, match="other content took its place"):
            result.receipt()
