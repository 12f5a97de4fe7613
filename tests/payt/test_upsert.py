"""Upserts to servers that misbehave: what is sent, what is told of each invoice, and what the outbox knows."""

from __future__ import annotations

import json
import logging
import pickle
import re
import signal
import sqlite3
import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from commands import run, started
from test_canary import _everything_about
from test_cli import plain
from wire.scenarios import DEADLINE_S, SCENARIOS, Scenario
from wire.servers import Peer, Server, authority, closed_port

from paytraq_direct import ChannelError, Outbox, OutboxError, payt
from paytraq_direct.payt import verdict
from paytraq_direct.payt.endpoint import Endpoint
from paytraq_direct.payt.errand import errand_of
from paytraq_direct.payt.posting import Poster
from paytraq_direct.payt.reading import given
from paytraq_direct.payt.upserter import Upserter
from paytraq_direct.wire import Progress, Wire

from .invoices import fullest, numbered, smallest, written
from .test_verdict import SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "canary-Q7xW2vK9-token.8R"  # noqa: S105 - it is the bait


def json_answer(body: object, status: str = "201 Created", *headers: str) -> bytes:
    """Give a whole answer with a JSON body."""
    return plain(status, json.dumps(body).encode(), "Content-Type: application/json", *headers)


def processed(count: int, errors: object = None, warnings: object = None) -> bytes:
    """Give the answer that so many were processed."""
    return json_answer({"success": True, "count": count, "errors": errors or {}, "warnings": warnings or {}})


def answering(*answers: bytes | Callable[[Peer], object]) -> Callable[[Peer], None]:
    """Give a script that answers request by request, over all connections; the last for ever."""
    left = list(answers)

    def script(peer: Peer) -> None:
        while True:
            peer.server.heads.append(peer.request())  # type: ignore[attr-defined] # put there below
            answer = left.pop(0) if len(left) > 1 else left[0]
            if not isinstance(answer, bytes):
                answer(peer)
                return
            peer.say(answer)

    return script


def serving(*answers: bytes | Callable[[Peer], object]) -> Server:
    """Give a server that keeps the head of each request too."""
    server = Server(answering(*answers))
    server.heads = []  # type: ignore[attr-defined]
    return server


def url_of(server: Server) -> str:
    """Give the address to give in place of Payt's."""
    return f"http://127.0.0.1:{server.port}"


def counting(peer: Peer) -> None:
    """Answer that all of a request was processed, whatever it holds."""
    while True:
        peer.request()
        peer.say(processed(len(json.loads(peer.last_body)["invoices"])))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Give an outbox of its own."""
    with Outbox(tmp_path / "outbox.sqlite") as opened:
        yield opened


def upserts(server: Server, invoices: Any, **options: Any) -> list[payt.Result]:
    """Send invoices to a server, at once and without waiting unless told otherwise."""
    how = {"retry_for_s": 0.0, "pause": lambda _: None, **options}
    return list(payt.upsert(invoices, "1234", token=TOKEN, url=url_of(server), **how))


def states(outbox: Outbox) -> list[str]:
    """Give the states of all deliveries, the oldest first."""
    return [delivery.state for delivery in outbox.deliveries()]


# --- what is sent ---------------------------------------------------------------------------------------------


def test_the_request_is_that_of_the_page() -> None:
    """Path, headers and body are as documented, the body field by field what was given."""
    with serving(processed(1)) as server:
        (result,) = upserts(server, [fullest()])
    (head,) = server.heads  # type: ignore[attr-defined]
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/invoices HTTP/1.1"
    assert {"Content-Type: application/json", "Accept: application/json", f"Authorization: Bearer {TOKEN}"} <= set(
        lines
    )
    assert json.loads(server.bodies[0]) == {"administration_id": "1234", "invoices": [fullest()]}
    assert (result.outcome, result.status, result.channel) == ("delivered", 201, f"{url_of(server)}/v1/invoices (1234)")


def test_batches_have_the_size_that_was_asked_for() -> None:
    """250 invoices in batches of 100 are three requests, over one connection, in their order."""
    with Server(counting) as server:
        results = upserts(server, numbered(range(250)))
    sent = [[one["invoice_number"] for one in json.loads(body)["invoices"]] for body in server.bodies]
    assert [len(batch) for batch in sent] == [100, 100, 50]
    assert [number for batch in sent for number in batch] == [result.invoice_number for result in results]
    assert server.connections == 1


def test_a_request_stays_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long invoices go in several requests, each on its own when it must."""
    monkeypatch.setattr("paytraq_direct.payt.errand.BATCH_BYTES", 1_000)
    with Server(counting) as server:
        results = upserts(server, [smallest(str(n), description="x" * 600) for n in range(3)])
    assert [result.outcome for result in results] == ["delivered"] * 3
    assert len(server.bodies) == 3


def test_at_most_ten_requests_start_in_a_second() -> None:
    """Each waits for its turn; a faster rate than Payt's is refused."""
    now = [0.0]
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    with Server(counting) as server:
        upserts(server, numbered(range(21)), batch_size=1, clock=lambda: now[0], pause=pause)
        with pytest.raises(ValueError, match="at most 10"):
            upserts(server, [], rate=11)
    assert sum(waits) == pytest.approx(2.0)


# --- what is told ---------------------------------------------------------------------------------------------


def test_the_report_of_the_answer_that_the_page_shows(tmp_path: Path) -> None:
    """Of a batch of a hundred: two refused by file, place and number, one with warnings, and the exit code is 4."""
    path = tmp_path / "batch.json"
    path.write_text(written(numbered(range(123400, 123500))))
    with serving(json_answer(SHOWN)) as server:
        command = ("payt", "upsert", path, "--administration", "1234", "--url", url_of(server))
        told = run(*command, "--json", env={"PAYT_TOKEN": TOKEN})
        again = run(*command, "--no-outbox", env={"PAYT_TOKEN": TOKEN})
    assert (told.returncode, again.returncode) == (4, 4)
    lines = {line["invoice_number"]: line for line in map(json.loads, told.stdout.splitlines())}
    assert len(lines) == 100
    assert [n for n, line in lines.items() if line["outcome"] != "delivered"] == ["123456", "123461"]
    refused = lines["123456"]
    assert refused["origin"] == f"{path}[56]"
    assert (refused["outcome"], refused["status"]) == ("rejected", 201)
    assert refused["errors"] == ["Validation error 1", "Validation error 2"]
    assert lines["123461"]["errors"] == ["Validation error"]
    assert [n for n, line in lines.items() if line["warnings"]] == ["123457"]
    assert lines["123457"]["warnings"] == ["Warning message 1", "Warning message 2"]
    out, err = again.stdout.decode(), again.stderr.decode()
    assert "delivered  123457  debtor D-17  121.00 EUR" in out
    assert "warning of Payt: Warning message 1" in out
    assert re.search(r"rejected   123456 .*\n +Payt says: Validation error 1\n +Payt says: Validation error 2\n", err)
    assert re.search(r"delivered +98\n +rejected +2", err)


def test_one_bad_invoice_never_sinks_the_rest() -> None:
    """What has faults, or a number that came before, is invalid in its place; the others go."""
    with Server(counting) as server:
        results = upserts(server, [smallest("1"), smallest("2", amount_open="x"), smallest("1"), smallest("3")])
    assert [result.outcome for result in results] == ["delivered", "invalid", "invalid", "delivered"]
    assert results[1].invoice_number == "2"
    assert [fault.code for fault in results[2].faults] == ["PD-214"]
    assert [one["invoice_number"] for one in json.loads(server.bodies[0])["invoices"]] == ["1", "3"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_fault_matrix_holds(scenario: Scenario, tmp_path: Path) -> None:
    """Whatever happens on the socket, what is told of an upsert agrees with what the server truly saw."""
    ca = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(ca))
    deadline_s = 5.0 if scenario.prompt else DEADLINE_S
    with ExitStack() as stack:
        place = scenario.place(stack, ca)
        token = payt.Token(TOKEN)
        poster = stack.enter_context(Poster(token, deadline_s=deadline_s, wire=Wire(**place.options)))
        exchange = poster.post(Endpoint(place.url, "1234"), scenario.document)
        poster.close()
        if place.truth:
            place.truth.stop()
    said = verdict.upserted(exchange, ["1"])
    # A 200 is a success by its status; its body is none of Payt's, so that every invoice is in doubt all the same.
    by_status = {"delivered"} if exchange.status and exchange.status // 100 == 2 and not exchange.early else set()
    assert verdict.judge(exchange).outcome in {*scenario.outcome.split(), *by_status}, scenario
    outcome = said.findings[0].outcome
    assert outcome != "delivered"
    if exchange.progress is Progress.NOTHING and exchange.status is None:
        assert outcome == "deferred"
    if place.truth is not None and place.truth.hits and exchange.status not in {408, 425, 429, 503}:
        assert outcome in {"in_doubt", "rejected"}
    assert TOKEN not in f"{said}{exchange}"


# --- again ----------------------------------------------------------------------------------------------------


def _reset(peer: Peer) -> None:
    peer.reset()


def test_a_doubt_is_repeated_since_it_is_an_upsert(outbox: Outbox) -> None:
    """A reset after the whole request is posted again, byte for byte, and the outbox has both attempts."""
    with serving(_reset, processed(2)) as server:
        results = upserts(server, numbered([1, 2]), outbox=outbox, retry_for_s=30.0)
    assert [(result.outcome, result.attempts) for result in results] == [("delivered", 2)] * 2
    assert server.bodies[0] == server.bodies[1]
    for delivery in outbox.deliveries():
        assert delivery.state == "delivered"
        assert [attempt.outcome for attempt in outbox.attempts(delivery.id)] == ["in_doubt", "delivered"]
        assert [attempt.is_resend for attempt in outbox.attempts(delivery.id)] == [False, True]


def test_a_busy_answer_is_waited_for() -> None:
    """429 is tried again when its Retry-After is over, as long as there is time; without one ever more slowly."""
    waits: list[float] = []
    busy = json_answer({}, "429 Too Many Requests", "Retry-After: 7")
    with serving(busy, json_answer({}, "429 Too Many Requests"), processed(1)) as server:
        (result,) = upserts(server, numbered([1]), retry_for_s=30.0, pause=waits.append, clock=lambda: 0.0)
    assert (result.outcome, result.attempts) == ("delivered", 3)
    long = [wait for wait in waits if wait >= 0.5]
    assert long[0] == 7
    assert 1.0 <= long[1] <= 2.0


def test_what_is_not_taken_in_time_is_deferred() -> None:
    """Without time for another attempt, the last answer counts."""
    with serving(json_answer({}, "429 Too Many Requests", "Retry-After: 40")) as server:
        (result,) = upserts(server, numbered([1]), retry_for_s=30.0)
    assert (result.outcome, result.attempts, result.retry_after) == ("deferred", 1, 40.0)


def test_a_refusal_is_never_repeated() -> None:
    """422, 401 and a partial failure are answers."""
    for answer in (json_answer({"message": "no"}, "422 Unprocessable Entity"), json_answer({}, "401 Unauthorized"),
                   processed(0, {"1": ["no"]})):  # fmt: skip
        with serving(answer) as server:
            (result,) = upserts(server, numbered([1]), retry_for_s=30.0)
        assert (result.outcome, result.attempts, len(server.bodies)) == ("rejected", 1, 1)


@pytest.mark.parametrize(
    "then",
    [json_answer({}, "429 Too Many Requests", "Retry-After: 90"), json_answer({}, "401 Unauthorized"),
     json_answer({}, "422 Unprocessable Entity"), processed(0, {"1": ["no"]})],
    ids=["429", "401", "422", "refused"],
)  # fmt: skip
def test_a_doubt_is_not_ended_by_less_than_a_delivery(outbox: Outbox, then: bytes) -> None:
    """What came after it says nothing of the attempt that may have arrived: told in doubt, as the outbox has it."""
    with serving(_reset, then) as server:
        (result,) = upserts(server, numbered([1]), outbox=outbox, retry_for_s=30.0)
    assert (result.outcome, result.attempts) == ("in_doubt", 2)
    assert result.message.startswith("an earlier attempt may have arrived; then ")
    assert states(outbox) == ["in_doubt"]


def test_results_are_given_before_the_outbox_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent is told, though the next request of the same batch cannot be written down; then the error comes."""
    monkeypatch.setattr("paytraq_direct.payt.errand.BATCH_BYTES", 1)
    path = tmp_path / "outbox.sqlite"

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(processed(1))
        peer.server.stopping.wait(0.1)
        path.rename(path.with_name("away"))
        peer.hang()

    with Server(script) as server, Outbox(path) as outbox:

        def pause(_seconds: float) -> None:
            while path.exists():
                server.stopping.wait(0.01)

        found = payt.upsert(numbered([1, 2]), "1", token=TOKEN, url=url_of(server), outbox=outbox, rate=1, pause=pause)
        results = [next(found), next(found)]
        with pytest.raises(OutboxError):
            next(found)
    first, second = results
    assert first.outcome in {"delivered", "in_doubt"}
    assert second.outcome == "pending"


def test_the_same_file_twice_is_sent_once(tmp_path: Path) -> None:
    """Its numbers come again, and are refused the second time."""
    path = tmp_path / "a.json"
    path.write_text(written(numbered([1, 2])))
    told = run("payt", "upsert", path, path, "--administration", "1", "--check")
    assert told.returncode == 3
    assert (told.stdout.count(b"checked"), told.stderr.count(b"error PD-214")) == (2, 2)


def test_strict_counts_what_the_outbox_knows(outbox: Outbox) -> None:
    """A change that Payt does not take over is not sent then."""
    with Server(counting) as server:
        upserts(server, [smallest()], outbox=outbox)
        (result,) = upserts(server, [smallest(due_date="2026-12-01")], outbox=outbox, strict=True)
        assert (result.outcome, [fault.code for fault in result.faults]) == ("invalid", ["PD-215"])
        assert len(server.bodies) == 1


def test_another_process_is_waited_for(outbox: Outbox) -> None:
    """What a living sender has begun is told as what it came to, or after the deadline as pending."""
    with Outbox(outbox.path) as other, Server(counting) as server:
        upserter = Upserter("1234", TOKEN, url=url_of(server), outbox=other)
        (errand,) = (errand_of(found) for found in given([smallest()]))
        ((begun,), _) = upserter._begin([errand])
        assert begun.begun is not None
        glances = iter(range(3))

        def pause(_seconds: float) -> None:
            if next(glances, None) == 2:
                upserter._post([errand])

        (result,) = upserts(server, [smallest()], outbox=outbox, pause=pause)
        upserter.close()
    assert result.outcome == "already_delivered"
    assert len(server.bodies) == 1


def test_a_sender_that_goes_on_for_ever_is_not(outbox: Outbox) -> None:
    """After the deadline it is pending, and nothing was sent by this one."""
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    with Outbox(outbox.path) as other, Server(counting) as server:
        upserter = Upserter("1234", TOKEN, url=url_of(server), outbox=other)
        upserter._begin([errand_of(found) for found in given([smallest()])])
        (result,) = upserts(server, [smallest()], outbox=outbox, pause=pause, clock=lambda: now[0], deadline_s=5.0)
        upserter.close()
    assert (result.outcome, result.posted, server.hits) == ("pending", False, 0)


def test_an_upserter_begins_anew_after_doubts() -> None:
    """Three doubts end one run, not the object."""
    with serving(_reset, _reset, _reset, processed(1)) as server:
        upserter = Upserter("1", TOKEN, url=url_of(server), batch_size=1, retry_for_s=0)
        assert [one.outcome for one in upserter.send_all(numbered(range(4)))][-1] == "pending"
        assert [one.outcome for one in upserter.send_all(numbered([9]))] == ["delivered"]
        upserter.close()


@pytest.mark.parametrize("wrong", [{"deadline_s": 0}, {"deadline_s": float("nan")}, {"proxy": "http://127.0.0.1:1"}])
def test_options_that_cannot_work_are_refused_before_anything_is_written(outbox: Outbox, wrong: dict[str, Any]) -> None:
    """Nothing is left in doubt by them."""
    with Server(counting) as server, pytest.raises((ValueError, ChannelError)):
        upserts(server, [smallest()], outbox=outbox, **wrong)
    assert states(outbox) == []


def test_one_invoice_alone_is_put_into_a_list() -> None:
    """A mapping is not taken for its keys."""
    with Server(counting) as server:
        with pytest.raises(TypeError, match="put it into a list"):
            upserts(server, smallest())
        (result,) = upserts(server, [smallest()], resend="2026-001")
    assert result.outcome == "delivered"


def test_a_long_answer_is_read_and_kept_in_part(outbox: Outbox) -> None:
    """Two megabytes of warnings are told invoice by invoice; the outbox keeps of each its own."""
    warnings = {str(number): ["x" * 290] * 35 for number in range(200)}
    with serving(processed(200, {}, warnings)) as server:
        results = upserts(server, numbered(range(200)), outbox=outbox, batch_size=200)
    assert {result.outcome for result in results} == {"delivered"}
    assert [len(result.warnings) for result in results] == [35] * 200
    (attempt,) = outbox.attempts(outbox.deliveries()[7].id)
    assert len(attempt.body) <= 4_096
    assert attempt.body.startswith(b'{"errors": {"7": []}, "warnings": {"7": ["xxx')


def test_what_was_not_told_any_more_counts(tmp_path: Path) -> None:
    """When the output ends in the middle, the exit code is that of all that was posted."""
    path = tmp_path / "a.json"
    path.write_text(written(numbered(range(3_000))))
    refused = {str(number): ["no"] for number in range(1_500, 3_000)}
    with serving(processed(1_500, refused)) as server:
        process = started(
            "payt", "upsert", path, "--administration", "1", "--url", url_of(server), "--batch-size", "3000", "--json",
            env={"PAYT_TOKEN": TOKEN},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        process.stderr.close()
        process.wait(timeout=30)
    assert process.returncode == 4


def test_three_doubts_in_a_row_end_it() -> None:
    """An outage must not become a thousand doubts: the rest is pending, and was not sent."""
    with serving(_reset, _reset, _reset, processed(1)) as server:
        results = upserts(server, numbered(range(5)), batch_size=1)
    assert [result.outcome for result in results] == ["in_doubt"] * 3 + ["pending"] * 2
    assert len(server.bodies) == 3


def test_nothing_listens() -> None:
    """A refused connection is surely not sent."""
    how: dict[str, Any] = {"token": TOKEN, "retry_for_s": 0.0}
    (result,) = payt.upsert(numbered([1]), "1234", url=f"http://127.0.0.1:{closed_port()}", **how)
    assert (result.outcome, result.posted) == ("deferred", True)


# --- the outbox -----------------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(outbox: Outbox) -> None:
    """A second run sends what is new, what has changed, and what is named; not the rest."""
    first = numbered([1, 2, 3])
    then = [first[0], smallest("2", amount_open="0.00"), first[2], smallest("4")]
    with Server(counting) as server:
        upserts(server, first, outbox=outbox)
        results = upserts(server, then, outbox=outbox, resend=["3"])
    assert [result.outcome for result in results] == ["already_delivered", "delivered", "delivered", "delivered"]
    assert [one["invoice_number"] for one in json.loads(server.bodies[1])["invoices"]] == ["2", "3", "4"]
    assert results[0].status == 201
    assert results[0].sent_at is not None


def test_what_was_there_before_the_last_change_is_sent_again(outbox: Outbox) -> None:
    """What holds at Payt is what came last: going back is a change, too."""
    with Server(counting) as server:
        for left in ("121.00", "21.00", "121.00"):
            (result,) = upserts(server, [smallest(amount_open=left)], outbox=outbox)
            assert result.outcome == "delivered"
    assert states(outbox) == ["delivered"] * 3


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"amount_total": "99.00", "amount_open": "99.00"}, "amount_total"), ({"invoice_date": "2026-11-03"}, "invoice_date"),
        ({"due_date": "2026-11-30"}, "due_date"), ({"debtor_number": "D-18"}, "debtor_number"),
        ({"currency_code": "USD"}, "currency_code"),
    ],
)  # fmt: skip
def test_a_change_that_payt_does_not_take_over_is_warned_of(outbox: Outbox, change: dict[str, Any], path: str) -> None:
    """The warning says what it was and what it is; it is sent all the same, and every time."""
    with Server(counting) as server:
        upserts(server, [smallest()], outbox=outbox)
        for _ in range(2):
            (result,) = upserts(server, [smallest(**change)], outbox=outbox, resend=["2026-001"])
            assert result.outcome == "delivered"
            assert [(fault.code, fault.path, fault.severity) for fault in result.faults] == [
                ("PD-215", path, "warning")
            ]
            assert str(change[path]) in result.faults[0].message


def test_a_new_number_is_warned_of_when_the_identifier_tells(outbox: Outbox) -> None:
    """To Payt it is another invoice; without an identifier of your own, to this program as well."""
    with Server(counting) as server:
        upserts(server, [smallest("1", invoice_identifier="4711"), smallest("2")], outbox=outbox)
        results = upserts(
            server, [smallest("1a", invoice_identifier="4711"), smallest("3", invoice_identifier="4712"), smallest("2a")],
            outbox=outbox,
        )  # fmt: skip
    assert [[fault.code for fault in result.faults] for result in results] == [["PD-215"], [], []]
    assert results[0].faults[0].message.startswith("invoice_number was first sent as 1 and is 1a now")


def test_what_may_change_is_not_warned_of(outbox: Outbox) -> None:
    """What is open, the lines and the labels change all the time; what was refused was never first."""
    with serving(processed(0, {"2026-001": ["no"]}), processed(1)) as server:
        upserts(server, [smallest(amount_total="1.00", amount_open="1.00")], outbox=outbox)
        upserts(server, [smallest()], outbox=outbox)
        (result,) = upserts(server, [smallest(amount_open="0.00", labels=["x"])], outbox=outbox)
    assert (result.outcome, result.faults) == ("delivered", ())


def test_a_doubt_ends_when_newer_content_arrives(outbox: Outbox) -> None:
    """An invoice in doubt is sent again without being asked; with other content, the old doubt is superseded."""
    with serving(_reset, processed(1)) as server:
        (result,) = upserts(server, [smallest()], outbox=outbox)
        assert (result.outcome, states(outbox)) == ("in_doubt", ["in_doubt"])
        assert "repeating it is safe" in result.message
        (result,) = upserts(server, [smallest(amount_open="1.00")], outbox=outbox)
    assert (result.outcome, states(outbox)) == ("delivered", ["superseded", "delivered"])


def test_a_doubt_stays_when_newer_content_is_refused(outbox: Outbox) -> None:
    """What was refused says nothing of what may be there."""
    with serving(_reset, processed(0, {"2026-001": ["no"]})) as server:
        upserts(server, [smallest()], outbox=outbox)
        (result,) = upserts(server, [smallest(amount_open="1.00")], outbox=outbox)
    assert (result.outcome, states(outbox)) == ("rejected", ["in_doubt", "rejected"])


def test_the_intents_of_a_request_are_on_disk_before_its_first_byte(outbox: Outbox) -> None:
    """When the server has the head of a request, another process sees every invoice of it as being sent."""
    seen: list[list[str]] = []

    def look(peer: Peer) -> None:
        peer.head()
        with Outbox(outbox.path) as other:
            seen.append(states(other))
        peer.reset()

    with Server(look) as server:
        upserts(server, numbered([1, 2]), outbox=outbox)
    assert seen == [["sending", "sending"]]


def test_each_has_its_own_ending(outbox: Outbox) -> None:
    """A partial failure is kept invoice by invoice, the warnings too, with the answer."""
    with serving(processed(1, {"1": ["Unknown debtor"]}, {"2": ["No VAT number"]})) as server:
        upserts(server, numbered([1, 2]), outbox=outbox)
    first, second = (outbox.attempts(delivery.id)[0] for delivery in outbox.deliveries())
    assert (first.outcome, first.message) == ("rejected", "Unknown debtor")
    assert (second.outcome, second.message) == ("delivered", "processed; warning: No VAT number")
    assert json.loads(first.body)["errors"] == {"1": ["Unknown debtor"]}


def test_the_outbox_tells_of_upserts_as_what_they_are(outbox: Outbox, tmp_path: Path) -> None:
    """Retry names the command that sends them, and evidence has the very JSON that was posted."""
    proof = tmp_path / "proof.zip"
    with serving(json_answer({}, "429 Too Many Requests")) as server:
        upserts(server, [smallest()], outbox=outbox)
    retried = run("paytraq-outbox", "--outbox", outbox.path, "retry")
    written_ = run("paytraq-outbox", "--outbox", outbox.path, "evidence", "2026-001", "-o", proof)
    assert b"it goes by payt upsert" in retried.stderr
    assert (retried.returncode, written_.returncode, server.hits) == (5, 0, 1)
    with zipfile.ZipFile(proof) as archive:
        assert json.loads(archive.read("invoice.json")) == smallest()
        assert b"surely not taken" in archive.read("index.html")


def test_two_administrations_are_two_places(outbox: Outbox) -> None:
    """The same number in another administration is another invoice."""
    with Server(counting) as server:
        for administration in ("1", "2"):
            how: dict[str, Any] = {"token": TOKEN, "url": url_of(server), "outbox": outbox}
            (result,) = payt.upsert([smallest()], administration, **how)
            assert result.outcome == "delivered"


def test_an_outbox_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    """Without the intent on disk there is no post."""
    path = tmp_path / "outbox.sqlite"
    with Server(counting) as server, Outbox(path) as outbox:
        path.unlink()
        with pytest.raises(OutboxError):
            upserts(server, [smallest()], outbox=outbox)
        assert server.hits == 0


def test_an_answer_that_cannot_be_kept_is_a_doubt_and_the_last_request(tmp_path: Path) -> None:
    """It is told of each invoice why, and nothing more is sent."""
    path = tmp_path / "outbox.sqlite"

    def spoil(peer: Peer) -> None:
        path.unlink()
        peer.say(processed(1))

    with serving(spoil) as server, Outbox(path) as outbox:
        found = payt.upsert(numbered([1, 2]), "1", token=TOKEN, url=url_of(server), outbox=outbox, batch_size=1)
        result = next(found)
        assert result.outcome == "in_doubt"
        assert "could not be kept" in result.message
        with pytest.raises(OutboxError):
            next(found)
        assert len(server.bodies) == 1


def test_nothing_of_the_same_batch_follows_an_answer_that_cannot_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a batch goes in several requests, the first answer that is lost ends it; the rest is pending."""
    monkeypatch.setattr("paytraq_direct.payt.errand.BATCH_BYTES", 1)
    path = tmp_path / "outbox.sqlite"

    def spoil(peer: Peer) -> None:
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE ending")
        other.close()
        peer.say(processed(1))

    with serving(spoil, processed(1)) as server, Outbox(path) as outbox:
        found = payt.upsert(numbered([1, 2]), "1", token=TOKEN, url=url_of(server), outbox=outbox)
        assert [next(found).outcome, next(found).outcome] == ["in_doubt", "pending"]
        with pytest.raises(OutboxError):
            next(found)
    assert len(server.bodies) == 1


def test_killed_in_the_middle_it_is_a_doubt_that_the_next_run_ends(tmp_path: Path) -> None:
    """Kill -9 after the whole request was sent: in doubt, and the same command sends it again."""
    path, ledger = tmp_path / "a.json", tmp_path / "outbox.sqlite"
    path.write_text(written(numbered([1, 2])))

    def kill(peer: Peer) -> None:
        process.kill()
        process.wait()
        peer.reset()

    with serving(kill, processed(2)) as server:
        command = ("payt", "upsert", path, "--administration", "1", "--url", url_of(server), "--outbox", ledger)
        process = started(*command, env={"PAYT_TOKEN": TOKEN})
        process.communicate(timeout=30)
        listed = run("paytraq-outbox", "--outbox", ledger, "list", "--state", "in_doubt")
        assert len(listed.stdout.splitlines()) == 2
        again = run(*command, env={"PAYT_TOKEN": TOKEN})
    assert again.returncode == 0, again.stderr
    assert again.stdout.count(b"delivered") == 2
    assert len(server.bodies) == 2


def test_ctrl_c_ends_the_request_that_is_under_way(tmp_path: Path) -> None:
    """The first one waits for the answer and begins no other request; the exit code says that it was stopped."""
    path, ledger = tmp_path / "a.json", tmp_path / "outbox.sqlite"
    path.write_text(written(numbered([1, 2])))

    def interrupt(peer: Peer) -> None:
        process.send_signal(signal.SIGINT)
        peer.server.stopping.wait(0.3)
        peer.say(processed(1))
        peer.hang()

    with serving(interrupt) as server:
        command = ("payt", "upsert", path, "--administration", "1", "--url", url_of(server), "--outbox", ledger)
        process = started(*command, "--batch-size", "1", env={"PAYT_TOKEN": TOKEN})
        out, err = process.communicate(timeout=30)
    assert (process.returncode, len(server.bodies)) == (130, 1)
    assert b"delivered  1" in out
    assert b"stopped by Ctrl-C" in err


def test_a_second_ctrl_c_waits_for_nothing(tmp_path: Path) -> None:
    """What is under way is in doubt then, and told as that."""
    path = tmp_path / "a.json"
    path.write_text(written(numbered([1])))

    def interrupt(peer: Peer) -> None:
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            peer.server.stopping.wait(0.3)
        peer.hang()

    with serving(interrupt) as server:
        command = ("payt", "upsert", path, "--administration", "1", "--url", url_of(server))
        process = started(*command, env={"PAYT_TOKEN": TOKEN})
        _, err = process.communicate(timeout=30)
    assert process.returncode == 7
    assert b"in doubt   1" in err


# --- the command ----------------------------------------------------------------------------------------------


def test_check_needs_neither_token_nor_network(tmp_path: Path) -> None:
    """All but the sending: faults at their place, what is good, and until when mail could be stopped."""
    path = tmp_path / "a.jsonl"
    path.write_text(
        "\n".join(json.dumps(one) for one in (smallest("1"), smallest("2", sent_at=None), {"invoice_number": "3"}))
    )
    told = run("payt", "upsert", path, "--administration", "1", "--check")
    out, err = told.stdout.decode(), told.stderr.decode()
    assert told.returncode == 3
    assert "checked    1  debtor D-17  121.00 EUR" in out
    assert re.search(
        r"if sent now: mailed .*, the last moment to stop it.* \(1 invoice, 1 without a document yet\)", out
    )
    assert f"{path}:3:1" in err
    assert "error PD-008: currency_code is missing" in err
    lines = [
        json.loads(line)
        for line in run("payt", "upsert", path, "--administration", "1", "--check", "--json").stdout.splitlines()
    ]
    assert [(line["invoice_number"], line["outcome"]) for line in lines] == [
        ("1", "checked"),
        ("2", "checked"),
        ("3", "invalid"),
    ]
    assert [line["mailed_at"] is not None for line in lines] == [False, True, False]


def test_strict_lets_warnings_count(tmp_path: Path) -> None:
    """With --strict, what has a warning is not sent."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(smallest(sent_at=None)))
    assert run("payt", "upsert", path, "--administration", "1", "--check", "--strict").returncode == 3


def test_the_sandbox_is_a_twin_of_payt(tmp_path: Path) -> None:
    """Without a token, an invoice goes to a twin over real HTTP and is processed there."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(smallest()))
    told = run("payt", "upsert", path, "--administration", "1", "--url", "sandbox")
    assert told.returncode == 0, told.stderr
    assert b"delivered  2026-001" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        ((), {}, "there is no token: set PAYT_TOKEN"),
        ((), {"PAYT_TOKEN": "two words"}, "characters that no token has"),
        (("--token-file", "/nowhere/token"), {}, "no such file"),
        (("--demo", "--url", "https://example.com"), {"PAYT_TOKEN": TOKEN}, "do not go together"),
        (("--url", "http://example.com"), {"PAYT_TOKEN": TOKEN}, "must begin with https://"),
        (("--url", "payt"), {"PAYT_TOKEN": TOKEN}, "must be https:// with a host and a path"),
        (("--rate", "11"), {"PAYT_TOKEN": TOKEN}, "--rate"),
        (("--batch-size", "0"), {"PAYT_TOKEN": TOKEN}, "--batch-size"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], says: str) -> None:
    """What cannot be done is said with a way out, before anything is read; a token is never repeated."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(smallest()))
    told = run("payt", "upsert", path, "--administration", "1", *arguments, env=env)
    assert told.returncode == 2
    assert says in told.stderr.decode()
    assert "two words" not in told.stderr.decode()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", "", "PD-002"), ("a.json", "[]", "PD-014"), ("a.jsonl", "\n", "PD-014"), ("a.json", "[1]", "PD-005"),
        ("a.json", json.dumps({"administration_id": "1", "invoices": []}), "give its invoices"),
        ("a.xml", "<Invoice/>", "payt upload takes UBL and XML files"),
    ],
)  # fmt: skip
def test_wrong_files(tmp_path: Path, name: str, text: str, says: str) -> None:
    """Each is one fault, with a way out where there is one."""
    path = tmp_path / name
    path.write_text(text)
    told = run("payt", "upsert", path, "--administration", "1", "--check")
    assert told.returncode == 3
    assert says in told.stderr.decode()


def test_invoices_come_on_standard_input() -> None:
    """An array or one invoice a line, told apart by their content."""
    for text in (written(numbered([1, 2])), "\n".join(json.dumps(one) for one in numbered([1, 2]))):
        told = run("payt", "upsert", "-", "--administration", "1", "--check", data=text.encode())
        assert (told.returncode, told.stdout.count(b"checked")) == (0, 2)


# --- the token ------------------------------------------------------------------------------------------------


def _echo(peer: Peer) -> None:
    head = peer.server.heads[-1]  # type: ignore[attr-defined]
    peer.say(plain("400 " + TOKEN, head, f"X-Echo: {TOKEN}", f"WWW-Authenticate: Bearer {TOKEN}"))


def _refuses(peer: Peer) -> None:
    peer.say(processed(0, {"2026-001": [f"token {TOKEN} is not known"]}, {"x": [TOKEN]}))


def _escapes(peer: Peer) -> None:
    peer.say(plain("401 Unauthorized", b'{"message": "bad %b"}' % TOKEN.replace("c", "\\u0063").encode()))


@pytest.mark.parametrize("script", [_echo, _refuses, _escapes, _reset], ids=lambda script: str(script.__name__))
def test_the_token_shows_nowhere(
    script: Callable[[Peer], None], outbox: Outbox, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Results, pickles, logs, the outbox's file and the commands' output never hold it, though the answer does."""
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(smallest()))
    with serving(script, script, script) as server:
        upserter = Upserter("1", TOKEN, url=url_of(server), outbox=outbox, retry_for_s=0)
        (result,) = upserter.send_all([smallest()])
        said = [repr(upserter), repr(vars(upserter)), repr(result), pickle.dumps(result).decode("latin-1"), caplog.text]
        said += [repr(vars(record)) for record in caplog.records]
        command = ("payt", "upsert", path, "--administration", "1", "--url", url_of(server), "--retry-for", "0")
        for more in ((), ("--json",)):
            told = run(*command, *more, env={"PAYT_TOKEN": TOKEN})
            said += [told.stdout.decode(), told.stderr.decode()]
        upserter.close()
    outbox.close()
    kept = b"".join(file.read_bytes() for file in outbox.path.parent.iterdir() if file.is_file())
    assert result.outcome in {"rejected", "in_doubt"}
    assert TOKEN not in "\n".join(said)
    assert TOKEN.encode() not in kept


def test_a_token_is_a_secret() -> None:
    """It cannot be pickled, and neither its text nor what is wrong with it shows it."""
    token = payt.Token(TOKEN)
    assert TOKEN not in f"{token} {token!r}"
    with pytest.raises(TypeError):
        pickle.dumps(token)
    with pytest.raises(ChannelError) as caught:
        payt.Token(f"{TOKEN} {TOKEN}")
    assert TOKEN not in _everything_about(caught.value)


def test_a_token_comes_from_a_file(tmp_path: Path) -> None:
    """Blanks around it are left out."""
    path, file = tmp_path / "a.json", tmp_path / "token"
    path.write_text(json.dumps(smallest()))
    file.write_text(f" {TOKEN}\n")
    with serving(processed(1)) as server:
        command = ("payt", "upsert", path, "--administration", "1", "--url", url_of(server), "--token-file", file)
        assert run(*command).returncode == 0
    assert f"Bearer {TOKEN}\r\n".encode() in server.heads[0]  # type: ignore[attr-defined]
