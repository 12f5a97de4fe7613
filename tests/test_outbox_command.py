"""paytraq-outbox: what a person sees of the ledger, and what they can do with it."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shlex
import sqlite3
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from commands import BIN, run
from conftest import SAMPLES
from test_cli import answers, plain
from test_rules import smallest
from wire.servers import OK, Peer, Server

from paytraq_direct import ChannelUri, Invoice, Outbox
from paytraq_direct.cli import outbox
from paytraq_direct.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Golden


class Desk:
    """A server, an outbox, and the commands that use both."""

    def __init__(self, server: Server, path: Path) -> None:
        self.server = server
        self.path = path
        self.env = {"INBOX": server.url()}

    def send(self, *numbers: str, options: tuple[str, ...] = (), **fields: Any) -> Any:
        """Send invoices of these numbers."""
        data = json.dumps([smallest(document_ref=number, **fields) for number in numbers]).encode()
        return run(
            "paytraq-send",
            "-",
            "--channel",
            "env:INBOX",
            "--outbox",
            self.path,
            "--jobs",
            1,
            *options,
            data=data,
            env=self.env,
        )

    def __call__(self, *arguments: object) -> Any:
        """Run paytraq-outbox."""
        return run("paytraq-outbox", "--outbox", self.path, *arguments, env=self.env)


BUSY = plain("429 Too Many Requests")
DOUBT = plain("502 Bad Gateway", b"upstream is away")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a desk at which A was delivered, B refused, C is in doubt, D deferred."""
    said = itertools.chain([OK, plain("400 Bad Request", b"why"), DOUBT, BUSY], itertools.repeat(OK))

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            peer.say(next(said))

    with Server(script) as server:
        desk = Desk(server, tmp_path / "outbox.sqlite")
        assert [desk.send(number).returncode for number in "ABCD"] == [0, 4, 7, 5]
        yield desk


def settled(text: bytes) -> str:
    """Give an output with times made equal."""
    shown = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "TIME", text.decode())
    return re.sub(r"by \w+ ", "by SOMEBODY ", shown)


def test_list(desk: Desk, golden: Golden) -> None:
    """The list shows each delivery with its state; conditions narrow it; --json is for programs."""
    golden.check(SAMPLES / "cli" / "outbox-list.txt", settled(desk("list").stdout))
    assert [line.split()[:2] for line in desk("list", "--state", "in_doubt").stdout.decode().splitlines()] == [
        ["in", "doubt"]
    ]
    assert desk("list", "--until", "1h").stdout == b""
    assert len(desk("list", "--since", "1h", "--channel", "env:INBOX").stdout.splitlines()) == 4
    rows = [json.loads(line) for line in desk("list", "--json").stdout.splitlines()]
    assert [(row["document_ref"], row["state"]) for row in rows] == [
        ("A", "delivered"), ("B", "rejected"), ("C", "in_doubt"), ("D", "deferred"),
    ]  # fmt: skip
    assert rows[0]["named"] == "env:INBOX"
    assert rows[0]["origin"] == "-[0]"


def test_show(desk: Desk, golden: Golden) -> None:
    """One delivery is shown with its attempts and answers; its document is the very bytes."""
    golden.check(SAMPLES / "cli" / "outbox-show.txt", settled(desk("show", "C").stdout))
    assert desk("show", "A", "--document").stdout == prepare(Invoice(**smallest(document_ref="A")))
    data = json.loads(desk("show", "B", "--json").stdout)
    assert (data["state"], data["attempts"][0]["status"], data["attempts"][0]["body"]) == ("rejected", 400, "why")


def test_resolve_received(desk: Desk) -> None:
    """A doubt that is resolved as received is delivered from then on."""
    result = desk("resolve", "C", "--received", "--note", "Anna has it")
    assert (result.returncode, result.stdout) == (0, b"delivered  #3  C  was in doubt\n")
    again = desk.send("C")
    assert (again.returncode, again.stdout.startswith(b"already delivered C")) == (0, True)
    assert "Anna has it" in desk("show", "C").stdout.decode()
    assert len(desk.server.bodies) == 4


def test_resolve_without_a_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom the system knows by number only, as in a container, is written down by it."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    command = ["--outbox", str(desk.path), "resolve", "C", "--received"]
    assert outbox.outbox.main(command, standalone_mode=False) == 0
    assert b"resolved as received by uid 54321" in desk("show", "C").stdout


def test_resolve_not_received_and_send_again(desk: Desk) -> None:
    """A doubt that is resolved as not received is pending, and retry sends the very bytes that were read."""
    assert desk("resolve", "C", "--not-received").stdout == b"pending    #3  C  was in doubt\n"
    result = desk("retry")
    assert (result.returncode, result.stdout) == (0, b"delivered  #3  C  200 OK\ndelivered  #4  D  200 OK\n")
    assert desk.server.bodies[4:] == desk.server.bodies[2:4]


def test_resolve_all_of_a_channel(desk: Desk) -> None:
    """Without a number, all doubts of a channel or of a time are ended; without either, none."""
    assert desk("resolve", "--received").returncode == 2
    assert desk("resolve", "C").returncode == 2
    assert desk("resolve", "A", "--received").returncode == 2
    assert (
        desk("resolve", "--received", "--since", "1h", "--channel", "env:INBOX").stdout
        == b"delivered  #3  C  was in doubt\n"
    )


def test_retry_needs_the_same_channel(desk: Desk) -> None:
    """A name that leads elsewhere now is not used; the address itself may be given; what is given is not repeated."""
    desk.env["INBOX"] = desk.server.url().replace("1234567890", "0987654321")
    moved = desk("retry")
    assert (moved.returncode, moved.stderr) == (
        5,
        b"pending    #4  D  the channel of that name has another address now\n",
    )
    del desk.env["INBOX"]
    assert b"environment variable INBOX is not set" in desk("retry").stderr
    assert desk("retry", "--channel", desk.server.url()).stdout == b"delivered  #4  D  200 OK\n"


def test_a_number_that_names_two_deliveries(desk: Desk) -> None:
    """A number that two suppliers use is exit 2 with a list of both, and each is named by its id then."""
    desk.send("A", supplier_name="SIA Other")
    result = desk("show", "A")
    assert result.returncode == 2
    assert b"A names 2 deliveries; name one by its id, like '#1':\n  delivered  #1  A  " in result.stderr
    assert b"env:INBOX  from sia s\n  delivered  #5  A  " in result.stderr
    assert b"env:INBOX  from sia other\n" in result.stderr
    assert json.loads(desk("show", "#5", "--json").stdout)["supplier"] == "sia other"
    assert b"SIA Other" in desk("show", "#5", "--document").stdout
    assert desk("show", "Z").returncode == 2


def test_two_doubts_of_one_number(desk: Desk, tmp_path: Path) -> None:
    """Of two doubts with one number, each is ended and proven by itself, by its id."""
    with Server(lambda peer: peer.request()) as dropping:
        desk.env["INBOX"] = dropping.url()
        assert desk.send("N", supplier_name="SIA Viens").returncode == 7
        assert desk.send("N", supplier_name="SIA Divi").returncode == 7
        assert desk.send("N", supplier_name="SIA Divi", gross_amount="2", options=("--resend", "N")).returncode == 7
    assert desk("resolve", "N", "--received").returncode == 2
    assert desk("resolve", "#6", "#6", "--received").stdout == b"delivered  #6  N  was in doubt\n"
    assert desk("resolve", "N", "--received").returncode == 2
    assert desk("resolve", "#7", "#5", "--not-received").stdout.count(b"pending ") == 2
    assert desk("evidence", "#6", "-o", tmp_path / "n.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "n.zip") as archive:
        assert b"SIA Divi" in archive.read("document.xml")


def test_ids_that_are_none(desk: Desk) -> None:
    """An id that the ledger never gave, one of another state or channel, and odd texts are told to be none."""
    for wrong in ("#0", "#9", "#", "#-1", "#1x", "#" + "9" * 18, "#" + "9" * 99, b"\xff", "None"):
        result = desk("show", wrong if isinstance(wrong, str) else os.fsdecode(wrong))
        assert (result.returncode, b"the outbox has no delivery of" in result.stderr) == (2, True), wrong
    assert b"no delivery of #1 in state in_doubt" in desk("resolve", "#1", "--received").stderr
    desk.env["OTHER"] = desk.server.url() + "0"
    assert desk("show", "#1", "--channel", "env:OTHER").returncode == 2


def test_a_number_that_looks_like_an_id(desk: Desk) -> None:
    """What may mean a number or an id is never guessed."""
    desk.send("#1", "--x", "-7")
    assert b"#1 names 2 deliveries" in desk("show", "#1").stderr
    assert desk("show", "#5").stdout.startswith(b"delivered  #5  #1  ")
    assert desk("show", "--", "-7").stdout.startswith(b"delivered  #7  -7  ")


def _without_number(document: bytes) -> bytes:
    return re.sub(rb"<DocumentRef>.*?</DocumentRef>", b"", document)


def test_a_document_without_a_number(desk: Desk) -> None:
    """A finished document that has no number is named by its id."""
    document = _without_number(prepare(Invoice(**smallest())))
    run("paytraq-send", "-", "--channel", "env:INBOX", "--outbox", desk.path, data=document, env=desk.env)
    assert desk("show", "#5").stdout.startswith(b"delivered  #5  (no number)  ")
    assert json.loads(desk("show", "#5", "--json").stdout)["document_ref"] is None


ODD = ("INV 2 B", "-7", "--not-received", "$(id)", "it's", "a;b", "~", "*", "Nr. " + "9" * 100)


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_advised_commands_name_the_invoice_and_no_other(tmp_path: Path, *, is_elsewhere: bool) -> None:
    """What is advised for a doubt can be pasted into a shell, whatever the number has in it, and ends that doubt alone."""
    env = {"XDG_STATE_HOME": str(tmp_path), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    where = ("--outbox", tmp_path / "an outbox.sqlite") if is_elsewhere else ()
    numbers = ("INV", "2", "B", *ODD)
    invoices = [smallest(document_ref=number) for number in numbers]
    with Server(answers(DOUBT)) as server:
        env["INBOX"] = server.url()
        told = [
            run("paytraq-send", "-", "--channel", "env:INBOX", *where, data=json.dumps(one).encode(), env=env)
            for one in invoices
        ]
    lines = [[line for line in one.stderr.decode().splitlines() if " resolve " in line] for one in told]
    assert {len(both) for both in lines} == {2}
    for position in range(3, len(numbers)):
        command = lines[position][position % 2]
        assert run("/bin/sh", "-c", command, env=env).returncode == 0, command
    left = run("paytraq-outbox", *where, "list", "--state", "in_doubt", "--json", env=env).stdout.splitlines()
    assert [json.loads(line)["document_ref"] for line in left] == ["INV", "2", "B"]


@pytest.mark.parametrize("number", [None, "A\u00a0B", "A\u202eB"])
def test_advice_for_a_number_that_cannot_be_pasted(tmp_path: Path, number: str | None) -> None:
    """Without a number, or with one that does not print, the advice goes by the id, and names no other when pasted."""
    document = prepare(Invoice(**smallest(document_ref="NUMBER")))
    document = document.replace(b"NUMBER", number.encode()) if number else _without_number(document)
    with Server(answers(DOUBT)) as server:
        channel = {"INBOX": server.url()}
        command = ("paytraq-send", "-", "--channel", "env:INBOX", "--outbox", tmp_path / "outbox.sqlite")
        result = run(*command, data=document, env=channel)
    assert result.returncode == 7
    assert f"paytraq-outbox --outbox {tmp_path / 'outbox.sqlite'} list --state in_doubt".encode() in result.stderr
    assert b"resolve --received '#ID' " in result.stderr


@pytest.mark.parametrize("number", ["A", "-7", "INV 2 B", "it's"])
def test_the_advised_resend(desk: Desk, number: str) -> None:
    """What is advised for a conflict sends this number all the same."""
    desk.send(number)
    desk.send(number)
    advice = desk.send(number, gross_amount="2.00").stderr.decode().partition("all the same: ")[2]
    assert desk.send(number, gross_amount="2.00", options=tuple(shlex.split(advice))).returncode == 0


def test_resolve_takes_numbers_or_a_time(desk: Desk) -> None:
    """--since is not overlooked where numbers are given."""
    result = desk("resolve", "C", "--received", "--since", "2999-01-01")
    assert (result.returncode, b"--since is for all doubts" in result.stderr) == (2, True)
    assert desk("list", "--state", "in_doubt").stdout != b""


def test_a_note_of_any_bytes(desk: Desk) -> None:
    """A note that is no UTF-8 is kept with its bytes escaped, and a long one is shown whole."""
    note = os.fsdecode(b"Anna \xff said ") + "so " * 90
    assert desk("resolve", "C", "--received", "--note", note).returncode == 0
    assert b"Anna \\xff said so " in desk("show", "C").stdout.replace(b"\\udcff", b"\\xff")
    assert b"\xe2\x80\xa6" not in desk("show", "C").stdout


def test_evidence(desk: Desk, tmp_path: Path) -> None:
    """The evidence holds the record, the exact document, every attempt, a page, and sums that are right."""
    desk("resolve", "C", "--received", "--note", "<Anna>")
    assert desk("evidence", "C", "-o", tmp_path / "c.zip").returncode == 0
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(files) == [
        "SHA256SUMS",
        "attempts.json",
        "delivery.json",
        "document.xml",
        "index.html",
        "record.json",
    ]
    lines = [line.split("  ") for line in files["SHA256SUMS"].decode().splitlines()]
    sums = {name: value for value, name in lines}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"}
    assert files["document.xml"] == prepare(Invoice(**smallest(document_ref="C")))
    assert json.loads(files["record.json"])["document_ref"] == "C"
    assert json.loads(files["attempts.json"])[0]["body"] == "upstream is away"
    page = files["index.html"].decode()
    assert "&lt;Anna&gt;" in page
    assert "1234567890" not in "".join(data.decode() for data in files.values())
    assert desk("evidence", "C", "-o", "/nowhere/c.zip").returncode == 2


def test_evidence_writes_over_nothing(desk: Desk, tmp_path: Path) -> None:
    """A file, a folder or a link that is there stays as it is, the outbox first of all; nothing half is left behind."""
    there = tmp_path / "there.zip"
    there.write_bytes(b"mine")
    (tmp_path / "nowhere.zip").symlink_to(tmp_path / "gone")
    before = {path.name for path in tmp_path.iterdir()}
    for target in (there, desk.path, tmp_path, tmp_path / "nowhere.zip", "."):
        result = desk("evidence", "C", "-o", target)
        assert (result.returncode, b"is there already" in result.stderr) == (2, True), target
    assert there.read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == before
    assert len(desk("list").stdout.splitlines()) == 4


def test_wrong_times_and_names(desk: Desk) -> None:
    """A time that is none is told how to be written; help shows the commands."""
    assert b"write it as 2026-11-02" in desk("list", "--since", "yesterday").stderr
    for far in ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"):
        assert b"write it as 2026-11-02" in desk("list", "--since", far).stderr
    assert desk("list", "--channel", "sandbox").returncode == 2
    assert b"evidence" in run("paytraq-outbox", "--help").stdout


def test_the_outbox_is_closed_and_whole(desk: Desk) -> None:
    """After all commands the file is sound, and no sender is left."""
    with sqlite3.connect(desk.path) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert ledger.execute("SELECT count(*) FROM sender WHERE NOT is_gone").fetchone() == (0,)
    ledger.close()


def test_pending_claims_nothing_of_another_sender(desk: Desk) -> None:
    """While another sender is at an invoice, nobody is told that it is not in the inbox."""
    uri, invoice = ChannelUri(desk.server.url()), Invoice(**smallest(document_ref="P"))
    with Outbox(desk.path) as other:
        other.begin(other.draft(uri, invoice, prepare(invoice)))
        result = desk.send("P", options=("--deadline", "0.3"))
    assert (result.returncode, b"another process is sending it still" in result.stderr) == (5, True)
    assert b"it may arrive any moment. Look again later." in result.stderr
    assert b"not in the inbox" not in result.stderr


def test_an_outbox_that_is_not_there(tmp_path: Path) -> None:
    """A ledger whose name is mistyped is not taken for one without doubts, and none is made; the default need not be there."""
    result = run("paytraq-outbox", "--outbox", tmp_path / "typo", "list", "--state", "in_doubt")
    assert (result.returncode, b"there is no outbox" in result.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
    assert run("paytraq-outbox", "list").returncode == 0


def test_conflict_on_the_command_line(desk: Desk, golden: Golden) -> None:
    """The same number with other content is exit 6 with what differs; --resend sends it all the same."""
    result = desk.send("A", gross_amount="2.00")
    assert (result.returncode, result.stdout) == (6, b"")
    golden.check(SAMPLES / "cli" / "conflict.txt", settled(result.stderr))
    line = json.loads(desk.send("A", gross_amount="2.00", options=("--json",)).stdout)
    assert (line["outcome"], line["differences"]) == ("conflict", ["gross_amount 1 → 2.00"])
    assert desk.send("A", gross_amount="2.00", options=("--resend", "A")).returncode == 0
