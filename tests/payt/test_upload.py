"""payt upload: the exact requests, what the outbox keeps, and what may not go."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from clocks import Time
from test_cli import plain
from wire.servers import OK, closed_port

from paytraq_direct import InvalidInvoice, Outbox, __version__
from paytraq_direct.payt import Token, upload

from .desk import CSV, PDF, TOKEN, UBL, ZIP, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from .desk import Desk

BUSY = plain("429 Too Many Requests", b"", "Retry-After: 1")
REFUSED = plain("401 Unauthorized", b'{"code": "unauthorized", "message": "Token is invalid"}')
GATEWAY = plain("502 Bad Gateway", b"upstream is away")


@pytest.mark.parametrize(
    ("name", "data", "options", "path"),
    [
        ("20261102.csv", CSV, [], "csv"),
        ("141234.PDF", PDF, [], "invoice_pdf"),
        ("141234.xml", UBL, [], "invoice_ubl"),
        ("terms.pdf", PDF, ["--type", "invoice_attachment"], "invoice_attachment"),
        ("AP304.zip", ZIP, [], "declaration_file"),
    ],
)
def test_the_exact_request_of_each_type(desk: Desk, name: str, data: bytes, options: list[str], path: str) -> None:
    """Path, every header, every field, base64 on one line: nothing more and nothing less goes over the wire."""
    result = desk(desk.file(name, data), *options)
    assert (result.returncode, desk.recorder.files()) == (0, [(name, data)])
    ((where, headers, body),) = desk.recorder.posted()
    sent = desk.recorder.server.bodies[0]
    assert (where, set(body), set(body["file"])) == (
        f"/import/files/{path}",
        {"file", "administration_code"},
        {"filename", "base64_data"},
    )
    assert body["administration_code"] == "ACME"
    assert b"\n" not in sent
    assert b"\\n" not in sent
    assert headers == {
        "host": desk.recorder.url.removeprefix("http://"),
        "content-length": str(len(sent)),
        "accept-charset": "UTF-8",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": f"paytraq_direct/{__version__}",
        "authorization": f"Bearer {TOKEN}",
    }


def test_the_body_as_it_was_observed(desk: Desk) -> None:
    """The body is the one that was observed, the token in it only when that is asked for."""
    named: dict[str, Any] = {"administration_code": None, "administration_id": "77"}
    with desk.uploader(**named, import_token=Token("other.token")) as uploader:
        uploader.upload(desk.file("1.pdf", PDF))
    ((_, _, body),) = desk.recorder.posted()
    assert {name: value for name, value in body.items() if name != "file"} == {
        "administration_id": "77",
        "import_token": "other.token",
    }


def test_fields_can_be_named_otherwise(desk: Desk) -> None:
    """Whatever Payt calls them: the table of names can be changed, one value at a time."""
    changes = [
        "--field",
        "base64_data=content",
        "--field",
        "filename=name",
        "--field",
        "administration_code=admin.code",
    ]
    assert desk(desk.file("1.pdf", PDF), *changes).returncode == 0
    ((_, _, body),) = desk.recorder.posted()
    assert set(body) == {"content", "name", "admin"}
    assert body["admin"] == {"code": "ACME"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("colour=red", "one of filename"),
        ("base64_data", "NAME=PLACE"),
        ("base64_data=file", "two values would stand at file"),
        ("base64_data=", "none is empty"),
        ("base64_data=a..b", "none is empty"),
    ],
)
def test_wrong_names_are_wrong_usage(desk: Desk, change: str, why: str) -> None:
    """A name that is none, or two values in one place, are exit 2, and nothing is sent."""
    result = desk(desk.file("1.pdf", PDF), "--field", change)
    assert (result.returncode, desk.recorder.heads) == (2, [])
    assert why in result.stderr.decode()


def test_gzip_is_made_and_keeps_the_inner_extension(desk: Desk) -> None:
    """20261102.csv goes as 20261102.csv.gz; one that is there is passed through byte for byte."""
    ready = gzip.compress(rows(1, 2, 3), mtime=0)
    assert desk(desk.file("20261102.csv", CSV), "--gzip").returncode == 0
    assert desk(desk.file("20261103.csv.gz", ready), "--gzip", "--yes").returncode == 0
    (first, second) = desk.recorder.files()
    assert (first[0], gzip.decompress(first[1])) == ("20261102.csv.gz", CSV)
    assert second == ("20261103.csv.gz", ready)


def test_a_receipt_for_each_file(desk: Desk) -> None:
    """One line a file, and then what comes next."""
    files = [desk.file("20261102.csv", CSV), desk.file("1001.pdf", PDF)]
    lines = desk(*files).stdout.decode().splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [
        ["delivered", "20261102.csv", "csv"],
        ["delivered", "1001.pdf", "invoice_pdf"],
    ]
    assert lines[2:] == ["Payt reads it at the next import, about 01:00; what came of it is shown in the Import tab."]


def test_json_lines(desk: Desk) -> None:
    """A line for each file has what every command's lines have, and the file's own facts."""
    result = desk(desk.file("20261102.csv", CSV), "--json")
    line = json.loads(result.stdout)
    assert (line["outcome"], line["status"], line["file"], line["type"], line["size"], line["rows"]) == (
        "delivered",
        200,
        "20261102.csv",
        "csv",
        len(CSV),
        2,
    )
    assert [fault["code"] for fault in line["faults"]] == ["PD-228"]
    needed = {"origin", "document_ref", "channel", "sha256", "attempts", "sent_at", "elapsed_ms", "message", "vanished"}
    assert needed <= set(line)


def test_check_sends_nothing_and_keeps_nothing(desk: Desk) -> None:
    """All but the sending: no token, no request, no outbox made."""
    result = desk(desk.file("20261102.csv", CSV), "--check", PAYT_TOKEN="")
    assert (result.returncode, desk.recorder.server.connections, desk.path.exists()) == (0, 0, False)
    assert result.stdout.startswith(b"checked    20261102.csv  csv  ")


def test_the_same_bytes_are_not_sent_twice(desk: Desk) -> None:
    """Again, compressed or not, is already delivered, exit 0, unless --resend names the file."""
    path = desk.file("1001.pdf", PDF)
    assert [desk(path).returncode, desk(path).returncode, desk(path, "--gzip").returncode] == [0, 0, 0]
    assert len(desk.recorder.heads) == 1
    assert desk(path).stdout.startswith(b"already delivered 1001.pdf")
    assert (desk(path, "--resend", "1001.pdf").returncode, len(desk.recorder.heads)) == (0, 2)


def test_other_bytes_under_the_same_name_are_a_conflict(desk: Desk) -> None:
    """A PDF of the same name with other content is exit 6; --resend sends it."""
    desk(desk.file("1001.pdf", PDF))
    path = desk.file("1001.pdf", PDF + b"x")
    result = desk(path)
    assert (result.returncode, len(desk.recorder.heads)) == (6, 1)
    assert b"--resend 1001.pdf" in result.stderr
    assert (desk(path, "--resend", path).returncode, len(desk.recorder.heads)) == (0, 2)


def test_of_data_files_the_last_one_counts(desk: Desk) -> None:
    """A data file that was sent before another one is not there any more: it is sent again, under any name."""
    first, second = desk.file("a.csv", rows(1)), desk.file("b.csv", rows(1, 2))
    for path in (first, second):
        assert desk(path).returncode == 0
    assert desk(first).returncode == 3  # 2 has vanished
    assert desk(first, "--yes").returncode == 0
    assert desk(first).stdout.startswith(b"already delivered")
    assert len(desk.recorder.heads) == 3


def test_a_doubt_is_not_sent_again_by_itself(desks: Callable[..., Desk]) -> None:
    """In doubt is exit 7, now and later; the outbox ends it, or --resend does."""
    desk = desks(GATEWAY, OK)
    path = desk.file("20261102.csv", CSV)
    results = [desk(path), desk(path, "--retry-for", "30s")]
    assert ([one.returncode for one in results], len(desk.recorder.heads)) == ([7, 7], 1)
    assert b"paytraq-outbox resolve --received 20261102.csv" in results[1].stderr
    assert desk.outbox("resolve", "--not-received", "20261102.csv").returncode == 0
    assert (desk(path).returncode, desk.states()) == (0, ["delivered"])


def test_a_later_data_file_overtakes_a_doubt(desks: Callable[..., Desk]) -> None:
    """A doubt about yesterday's data file does not hold up today's, and is over once that is there."""
    desk = desks(GATEWAY, OK)
    assert desk(desk.file("a.csv", rows(1))).returncode == 7
    assert desk(desk.file("b.csv", rows(1, 2))).returncode == 0
    assert desk.states() == ["superseded", "delivered"]


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (REFUSED, 4, "Token is invalid"),
        (plain("403 Forbidden", b'{"code": "forbidden", "message": "not yours"}'), 4, "not yours"),
        (plain("413 Payload Too Large"), 4, "too much"),
        (plain("422 Unprocessable", b"no such field"), 4, "no such field"),
        (plain("302 Found", b"", "Location: http://127.0.0.1:1/"), 4, "not followed"),
        (plain("500 Internal Server Error"), 4, "failed"),
        (BUSY, 5, "busy"),
        (plain("503 Busy", b"", "Retry-After: 9"), 5, "busy"),
        (plain("503 Busy"), 7, "may have arrived"),
        (GATEWAY, 7, "may have arrived"),
        (b"", 7, "closed"),
        (plain("201 Created"), 0, ""),
        (plain("204 No Content"), 0, ""),
        (plain("200 OK", b"<html>", "Content-Type: text/html"), 0, "HTML page"),
    ],
)
def test_what_an_answer_means(desks: Callable[..., Desk], answer: bytes, code: int, words: str) -> None:
    """Every answer has its exit code, and what Payt says is shown."""
    desk = desks(answer)
    result = desk(desk.file("1.pdf", PDF))
    assert (result.returncode, words in result.stderr.decode()) == (code, True), result.stderr


def test_a_refused_connection_is_safe_to_repeat(desk: Desk) -> None:
    """Nothing was sent: exit 5, and the outbox has it as deferred."""
    with Outbox(desk.path) as outbox, desk.uploader(outbox, host=f"http://127.0.0.1:{closed_port()}") as uploader:
        assert uploader.upload(desk.file("1.pdf", PDF)).result.outcome == "deferred"
    assert desk.states() == ["deferred"]


def test_busy_is_tried_again_as_asked(desks: Callable[..., Desk]) -> None:
    """429 is repeated after Retry-After, within the time that is given, and every attempt is written down."""
    desk, time = desks(BUSY, BUSY, OK), Time()
    with desk.uploader(retry_for_s=30.0, clock=time.clock, pause=time.pause) as uploader:
        result = uploader.upload(desk.file("1.pdf", PDF)).result
    assert (result.outcome, result.attempts, time.now >= 2) == ("delivered", 3, True)


def test_every_attempt_is_written_down(desks: Callable[..., Desk]) -> None:
    """What was surely not taken is tried again, and the outbox has each attempt; a doubt ends it."""
    busy = plain("429 Too Many Requests")
    desk, time = desks(busy, busy, GATEWAY, OK), Time()
    options = {"retry_for_s": 600.0, "clock": time.clock, "pause": time.pause}
    with Outbox(desk.path) as outbox, desk.uploader(outbox, **options) as uploader:
        result = uploader.upload(desk.file("1.pdf", PDF)).result
        assert [attempt.outcome for attempt in outbox.attempts(1)] == ["deferred", "deferred", "in_doubt"]
    assert (result.outcome, result.attempts, len(desk.recorder.heads)) == ("in_doubt", 3, 3)


def test_three_files_a_second(desk: Desk) -> None:
    """However quick Payt is, the fourth file waits for its turn."""
    time = Time()
    with desk.uploader(clock=time.clock, pause=time.pause) as uploader:
        for number in range(4):
            uploader.upload(desk.file(f"{number}.pdf", PDF))
    assert len(desk.recorder.heads) == 4
    assert sum(time.pauses) == pytest.approx(1.0)


def test_a_stop_after_three_doubts(desks: Callable[..., Desk]) -> None:
    """An outage does not become a hundred doubts: what comes after three in a row is pending."""
    desk = desks(GATEWAY)
    result = desk(*(desk.file(f"{number}.pdf", PDF) for number in range(5)), "--json")
    outcomes = [json.loads(line)["outcome"] for line in result.stdout.splitlines()]
    assert (outcomes, result.returncode, len(desk.recorder.heads)) == (["in_doubt"] * 3 + ["pending"] * 2, 7, 3)


def test_the_intent_is_on_disk_before_the_first_byte(desks: Callable[..., Desk]) -> None:
    """When the server sees the request, the outbox has it as being sent; what comes of it is there afterwards."""
    desk = desks()
    seen: list[str] = []

    def serve(peer: object) -> None:
        seen.extend(desk.states())
        serve_as_before(peer)  # type: ignore[arg-type]

    serve_as_before = desk.recorder._serve
    desk.recorder.server._script = serve
    with Outbox(desk.path) as outbox, desk.uploader(outbox) as uploader:
        uploader.upload(desk.file("1.pdf", PDF))
    assert (seen, desk.states()) == (["sending"], ["delivered"])


def test_the_outbox_says_what_it_has(desk: Desk) -> None:
    """list, show and evidence tell the truth: the facts are kept, the bytes are not."""
    desk(desk.file("20261102.csv", CSV), "--gzip")
    listed = desk.outbox("list").stdout.decode()
    assert "/import/files/csv (ACME)" in listed
    shown = desk.outbox("show", "20261102.csv")
    assert f"csv, {len(CSV)} bytes, 2 invoices, sha256 ".encode() in shown.stdout
    assert b"the file itself is not kept" in shown.stdout
    assert b"document 0 bytes" not in shown.stdout
    document = desk.outbox("show", "20261102.csv", "--document")
    assert (document.returncode, document.stdout) == (2, b"")
    assert desk.outbox("evidence", "20261102.csv", "-o", "it.zip").returncode == 0
    with zipfile.ZipFile(desk.folder / "it.zip") as archive:
        assert "document.xml" not in archive.namelist()
        record = json.loads(archive.read("record.json"))
        page = archive.read("index.html").decode()
    assert (record["file"], record["type"], record["numbers"]) == ("20261102.csv.gz", "csv", ["1001", "1002"])
    assert "Payt has the file" in page
    assert "not kept" in page
    assert "Purchase Inbox" not in page


def test_retry_names_the_command_that_sends_it(desks: Callable[..., Desk]) -> None:
    """paytraq-outbox retry does not try a channel of PayTraq: it says which command sends the file."""
    desk = desks(BUSY)
    desk(desk.file("1.pdf", PDF))
    result = desk.outbox("retry")
    assert (result.returncode, len(desk.recorder.heads)) == (5, 1)
    assert b"it goes by payt upload" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="names a FIFO")
def test_what_is_no_file_is_wrong_usage(desk: Desk) -> None:
    """A missing file, a folder, a FIFO, one without permission: exit 2 at once, and nothing is sent, not even the others."""
    good = desk.file("1.pdf", PDF)
    os.mkfifo(desk.folder / "pipe.csv")
    (desk.folder / "folder.csv").mkdir()
    for name in ("missing.csv", "pipe.csv", "folder.csv", "-"):
        result = desk(good, name)
        assert (result.returncode, desk.recorder.heads) == (2, []), name
        assert f"{name} is not read".encode() in result.stderr


def test_python_gives_a_receipt_or_raises(desk: Desk) -> None:
    """payt.upload gives the receipt; faults are InvalidInvoice with the fault."""
    told: dict[str, Any] = {"administration_code": "ACME", "host": desk.recorder.url}
    receipt = upload(desk.file("1.pdf", PDF), Token(TOKEN), **told)
    assert (receipt.document_ref, receipt.status) == ("1.pdf", 200)
    with pytest.raises(InvalidInvoice) as caught:
        upload(desk.file("2.csv", b""), Token(TOKEN), **told)
    assert [fault.code for fault in caught.value.faults] == ["PD-220"]
