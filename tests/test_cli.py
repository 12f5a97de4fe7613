"""The commands as processes: exit codes, what they print and where, and what they never do."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from commands import BIN, environment, run, started
from conftest import EXAMPLES, SAMPLES
from test_rules import smallest
from wire.servers import OK, Peer, Server, closed_port

from paytraq_direct import ChannelUri, Invoice, Outbox, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Golden

INVOICE = EXAMPLES / "smallest.json"
KEYS = ["origin", "document_ref", "outcome", "status", "channel", "sha256", "attempts", "faults", "sent_at", "elapsed_ms",
        "message", "notes", "losses"]  # fmt: skip


def answers(*said: bytes) -> Callable[[Peer], None]:
    """Give the script of a server that answers the posts of a connection so, the last answer for ever."""

    def script(peer: Peer) -> None:
        number = 0
        while True:
            peer.request()
            peer.say(said[min(number, len(said) - 1)])
            number += 1

    return script


def plain(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Give a whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.fixture
def inbox() -> Iterator[Server]:
    """Give a server that takes everything with 200."""
    with Server(answers(OK)) as server:
        yield server


def send(server: Server, *arguments: object, data: bytes | None = None, **env: str) -> Any:
    """Run paytraq-send to a server, its channel in a variable."""
    return run("paytraq-send", *arguments, "--channel", "env:INBOX", data=data, env={"INBOX": server.url(), **env})


def _takes_and_hangs(peer: Peer) -> None:
    peer.request()
    peer.hang()


def settled(text: bytes) -> str:
    """Give an output with what changes from run to run made equal."""
    shown = text.decode()
    shown = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", shown)
    shown = re.sub(r"in [\d,]+ ms", "in N ms", shown)
    return re.sub(r"/[^ ]*/(examples|samples)/", r"\1/", shown)


def told(result: Any) -> list[dict[str, Any]]:
    """Give the JSON lines of an output."""
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- one invoice, each outcome ----------------------------------------------------------------------------------


def test_delivered_is_0(inbox: Server) -> None:
    """A delivered invoice ends 0 with a receipt on stdout, nothing on stderr, and one post."""
    result = send(inbox, INVOICE)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.startswith(
        "delivered  INV-2026-0043  SIA Piegādātājs → AS Klients  121.00 EUR   200 in ".encode()
    )
    assert inbox.bodies == [render(Invoice.from_json(INVOICE.read_bytes()))]


@pytest.mark.parametrize(
    ("name", "answer", "code"),
    [
        ("rejected", plain("404 Not Found", b"<h1>No such\x1b[31m channel</h1>\r\n"), 4),
        ("deferred", plain("503 Service Unavailable", b"", "Retry-After: 30"), 5),
        ("in-doubt", plain("502 Bad Gateway", b"upstream"), 7),
    ],
)
def test_failures_have_their_exit_codes_and_say_what_to_do(name: str, answer: bytes, code: int, golden: Golden) -> None:
    """Each failure ends with its own code, says what came and what to do, all on stderr."""
    with Server(answers(answer)) as server:
        result = send(server, INVOICE)
        assert (result.returncode, result.stdout, server.hits) == (code, b"", 1)
    assert b"\x1b" not in result.stderr
    golden.check(SAMPLES / "cli" / f"{name}.txt", settled(result.stderr))


def test_nobody_there_is_5() -> None:
    """A refused connection is surely not delivered."""
    channel = f"http://127.0.0.1:{closed_port()}/ext/direct/inbox/0123456789abcdef"
    result = run("paytraq-send", INVOICE, "--channel", "env:INBOX", env={"INBOX": channel})
    assert (result.returncode, result.stdout) == (5, b"")
    assert b"nothing was sent: connection refused" in result.stderr


def test_retry_for_tries_again_what_was_surely_not_taken() -> None:
    """With --retry-for, a busy channel is tried again when it asks to be, and the receipt counts the attempts."""
    with Server(answers(plain("429 Too Many Requests", b"", "Retry-After: 0"), OK)) as server:
        result = send(server, INVOICE, "--retry-for", "30s", "--json")
        assert (result.returncode, server.hits) == (0, 2)
    assert told(result)[0]["attempts"] == 2


def test_what_another_process_is_sending_may_arrive(tmp_path: Path) -> None:
    """An invoice that another process is posting at this moment is pending, and is not said to be safe to send again."""
    arrived, answer = threading.Event(), threading.Event()
    with _waiting_server(arrived, answer) as server:
        env = {"PAYTRAQ_CHANNEL": server.url(), "XDG_STATE_HOME": str(tmp_path)}
        first = started("paytraq-send", INVOICE, env=env)
        assert arrived.wait(30)
        second = run("paytraq-send", INVOICE, "--deadline", "0.1", env=env)
        answer.set()
        out, _ = first.communicate(timeout=30)
        assert (first.returncode, out[:9], server.hits) == (0, b"delivered", 1)
    said = second.stderr.decode()
    assert second.returncode == 5
    assert said.startswith("pending ")
    assert "Another process is sending it: it may arrive any moment. Look again later." in said
    assert "safe" not in said


def test_no_answer_in_time_is_7() -> None:
    """When the document was sent and no answer comes within the deadline, it is in doubt."""
    with Server(_takes_and_hangs) as server:
        result = send(server, INVOICE, "--deadline", "0.5")
        assert (result.returncode, server.hits) == (7, 1)
    assert "in doubt" in result.stderr.decode()
    assert "no answer came within 0.5 s" in result.stderr.decode()


def test_invalid_is_3_and_nothing_is_sent(inbox: Server, golden: Golden) -> None:
    """Faults are told all at once, with path and suggestion, and no connection is made."""
    result = send(inbox, SAMPLES / "rules" / "PD-007" / "refused.json")
    assert (result.returncode, result.stdout, inbox.connections) == (3, b"", 0)
    golden.check(SAMPLES / "cli" / "invalid.txt", settled(result.stderr))


def test_warnings_do_not_keep_an_invoice_back_unless_strict(inbox: Server) -> None:
    """A warning is told and the invoice sent; with --strict it is not sent."""
    sample = SAMPLES / "rules" / "PD-033" / "refused.json"
    result = send(inbox, sample)
    assert (result.returncode, inbox.hits) == (0, 1)
    assert b"warning PD-033" in result.stderr
    assert (send(inbox, sample, "--strict").returncode, inbox.hits) == (3, 1)


# --- usage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Usage: paytraq-send"),
        (["nothing.json"], "nothing.json is not read: no such file or directory"),
        (["."], ". is not read: it is a folder"),
        (["-", "-"], "standard input (-) is named twice"),
        (["https://go.paytraq.com/ext/direct/inbox/0123456789abcdef"], "an address stands where a FILE belongs"),
        (["FILE", "--chanel", "x"], "No such option '--chanel'"),
        (["FILE", "--deadline", "soon"], "write a time as 90, 90s, 15m or 2h"),
        (["FILE", "--deadline", "0", "--channel", "sandbox"], "greater than 0"),
        (["FILE", "--operation", "sell"], "is not one of"),
        (["FILE", "--channel", ""], "no channel is given"),
        (
            ["FILE", "--channel", "acme"],
            "neither an https:// address, a name of the config, env:VAR, file:PATH nor sandbox",
        ),
        (["FILE", "--channel", "env:NO_SUCH"], "the environment variable NO_SUCH is not set"),
        (["FILE", "--channel", "env:"], "env: needs the variable's name"),
        (["FILE", "--channel", "file:nothing.uri"], "nothing.uri cannot be used: No such file or directory"),
        (["FILE", "--channel", "file:/dev/null"], "/dev/null cannot be used: it is empty"),
        (["FILE", "--channel", "http://example.com/ext/direct/inbox/1"], "must begin with https://"),
        (["FILE", "--channel", "https://example.com/"], "has no path"),
        (["FILE", "--channel", "https://example.com/a?b"], "has a query"),
        (["FILE", "--channel", "sandbox", "--proxy", "ftp://x"], "proxy"),
        (["FILE", "--channel", "https://example.com/a", "--ca-bundle", "nothing.pem"], "nothing.pem"),
    ],
)
def test_wrong_usage_is_2_and_nothing_is_sent(arguments: list[str], words: str, tmp_path: Path) -> None:
    """What is wrong with the command line is told in a line, with a hint, before anything is sent."""
    (tmp_path / "FILE").write_bytes(INVOICE.read_bytes())
    (tmp_path / "FILE").rename(tmp_path / "it.json")
    result = run("paytraq-send", *("it.json" if word == "FILE" else word for word in arguments), cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, b"")
    assert words in " ".join(result.stderr.decode().split())


def test_one_file_that_cannot_be_opened_stops_all(inbox: Server) -> None:
    """Nothing is sent when one of the files cannot be opened."""
    assert (send(inbox, INVOICE, "nothing.json").returncode, inbox.connections) == (2, 0)


# --- inputs -----------------------------------------------------------------------------------------------------


def test_one_bad_invoice_never_sinks_the_rest(inbox: Server, tmp_path: Path, golden: Golden) -> None:
    """Of several invoices each is treated by itself, and the highest code is returned."""
    goods = [json.dumps(smallest(document_ref=f"INV-{number}")) for number in range(4)]
    bad = goods[3].replace("EUR", "EURO")
    (tmp_path / "it.jsonl").write_text(f"{goods[0]}\n\nnonsense\r\n{goods[1]}\r\n{bad}\n{goods[2]}")
    result = send(inbox, tmp_path / "it.jsonl", INVOICE)
    assert (result.returncode, len(inbox.bodies)) == (3, 4)
    golden.check(SAMPLES / "cli" / "several.txt", settled(result.stderr).replace(f"{tmp_path}/", ""))


@pytest.mark.parametrize(
    ("data", "origins"),
    [
        (json.dumps(smallest(), indent=1), ["-"]),
        (json.dumps(smallest()), ["-:1"]),
        (json.dumps([smallest(), smallest(document_ref="INV-2")]), ["-[0]", "-[1]"]),
        (f"{json.dumps(smallest())}\n{json.dumps(smallest(document_ref='INV-2'))}\n", ["-:1", "-:2"]),
        (f"\n \r\n{json.dumps(smallest())}\n\n{json.dumps(smallest(document_ref='INV-2'))}\n", ["-:3", "-:5"]),
        ("\n\n" + json.dumps(smallest(), indent=1), ["-"]),
        ("\ufeff" + json.dumps(smallest(), indent=1), ["-"]),
        (render(Invoice(**smallest())).decode(), ["-"]),
    ],
)
def test_standard_input_is_known_by_its_beginning(inbox: Server, data: str, origins: list[str]) -> None:
    """A pipe may bring JSON, an array, JSON lines or a document."""
    result = send(inbox, "-", "--json", data=data.encode())
    assert result.returncode == 0
    assert [line["origin"] for line in told(result)] == origins
    expected = [render(Invoice(**smallest(document_ref=f"INV-{n + 1}"))) for n in range(len(origins))]
    assert sorted(inbox.bodies) == expected


@pytest.mark.parametrize(("name", "text"), [("it.json", "[]"), ("it.json", ""), ("it.jsonl", "\n\n"), ("it.xml", "")])
def test_an_empty_input_is_3(inbox: Server, tmp_path: Path, name: str, text: str) -> None:
    """A file without an invoice is a fault, not a success."""
    (tmp_path / name).write_text(text)
    assert (send(inbox, tmp_path / name).returncode, inbox.connections) == (3, 0)


def test_a_finished_document_is_sent_byte_for_byte(inbox: Server, tmp_path: Path) -> None:
    """A <Sale> file is posted as it is, spaces and comments included."""
    document = (EXAMPLES / "sale.xml").read_bytes().replace(b"<Header>", b"<Header> <!-- ours -->")
    (tmp_path / "it.xml").write_bytes(document)
    assert send(inbox, tmp_path / "it.xml").returncode == 0
    assert inbox.bodies == [document]


def test_operation_is_for_invoices_that_name_none(inbox: Server, tmp_path: Path) -> None:
    """--operation fills in what is missing, changes nothing that is there, and cannot be put into a finished document."""
    (tmp_path / "it.json").write_text(
        json.dumps([smallest(), smallest(document_ref="INV-2", operation="other_income")])
    )
    assert send(inbox, tmp_path / "it.json", "--operation", "sell_services").returncode == 0
    operations = [re.findall(rb"<Operation>(\w+)<", body) for body in inbox.bodies]
    assert sorted(operations) == [[b"other_income"], [b"sell_services"]]
    (tmp_path / "it.xml").write_bytes(render(Invoice(**smallest())))
    result = send(inbox, tmp_path / "it.xml", "--operation", "sell_goods")
    assert (result.returncode, b"PD-094" in result.stderr) == (3, True)


def test_unknown_fields_are_left_out_on_request(inbox: Server, tmp_path: Path) -> None:
    """--ignore-unknown makes an unknown field a note."""
    (tmp_path / "it.json").write_text(json.dumps(smallest(colour="red")))
    assert send(inbox, tmp_path / "it.json").returncode == 3
    result = send(inbox, tmp_path / "it.json", "--ignore-unknown")
    assert (result.returncode, b"warning PD-013: colour" in result.stderr) == (0, True)


# --- outputs ----------------------------------------------------------------------------------------------------


def test_json_lines_have_these_keys_and_nothing_else_is_printed(inbox: Server, tmp_path: Path) -> None:
    """With --json each invoice is one line on stdout, faults included, and stderr is empty."""
    (tmp_path / "it.json").write_text(json.dumps([smallest(), smallest(currency="EURO")]))
    result = send(inbox, tmp_path / "it.json", "--json")
    good, bad = told(result)
    assert (result.returncode, result.stderr) == (3, b"")
    assert (list(good), list(bad)) == (KEYS, KEYS)
    assert [good[key] for key in KEYS[:7]] == [
        f"{tmp_path}/it.json[0]", "INV-1", "delivered", 200, f"http://127.0.0.1:{inbox.port}/ext/direct/inbox/…cdef",
        hashlib.sha256(inbox.bodies[0]).hexdigest(), 1,
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", good["sent_at"])
    assert [bad[key] for key in KEYS[1:7]] == [None, "invalid", None, None, None, 0]
    assert list(bad["faults"][0]) == [
        "code",
        "severity",
        "path",
        "line",
        "column",
        "value",
        "message",
        "suggestion",
        "source",
        "length",
        "excerpt",
        "fix",
    ]


def test_xml_prints_the_bytes_that_would_be_posted(inbox: Server) -> None:
    """--xml prints the document itself, and sends nothing."""
    printed = run("paytraq-send", EXAMPLES / "invoice.json", "--xml")
    assert (printed.returncode, printed.stderr) == (0, b"")
    send(inbox, EXAMPLES / "invoice.json")
    assert [printed.stdout] == inbox.bodies
    (line,) = told(run("paytraq-send", EXAMPLES / "invoice.json", "--xml", "--json"))
    assert (line["outcome"], line["document"].encode()) == ("checked", printed.stdout)


def test_check_needs_no_channel(golden: Golden) -> None:
    """--check goes all the way but for the sending, as paytraq-check does."""
    result = run("paytraq-send", *sorted(EXAMPLES.glob("*.json")), "--check")
    assert result.returncode == 0
    golden.check(SAMPLES / "cli" / "checked.txt", settled(result.stdout))
    assert run("paytraq-check", *sorted(EXAMPLES.glob("*.json"))).stdout == result.stdout


def test_the_sandbox_shows_what_arrived(golden: Golden) -> None:
    """--channel sandbox posts to an inbox of its own over real HTTP and shows what it has."""
    result = run("paytraq-send", EXAMPLES / "invoice.json", "--channel", "sandbox")
    assert (result.returncode, settled(result.stderr)) == (0, "sandbox inbox listening on 127.0.0.1:PORT\n")
    golden.check(SAMPLES / "cli" / "sandbox.txt", settled(result.stdout))


def test_the_sandbox_shows_each_arrival_beside_its_receipt(tmp_path: Path) -> None:
    """With several jobs, too: what is told of the inbox is of that invoice."""
    batch = tmp_path / "batch.jsonl"
    records = [smallest(document_ref=f"A{n}", document_date=f"2026-01-{n + 1:02}") for n in range(20)]
    batch.write_text("\n".join(map(json.dumps, records)))
    result = run("paytraq-send", batch, "--channel", "sandbox", "--jobs", "6")
    told = re.findall(r"delivered  (A[0-9]+) .*\n +in the inbox: sales_invoice of ([-0-9]+),", result.stdout.decode())
    assert told == [(record["document_ref"], record["document_date"]) for record in records]


@pytest.mark.parametrize(
    "command",
    [
        "paytraq-send",
        "paytraq-check",
        "paytraq-outbox",
        "paytraq-inbox",
        "payt",
        "payt when",
        "payt upsert",
        "payt upload",
        "payt twin",
    ],
)
def test_help(command: str, golden: Golden) -> None:
    """--help shows every option, examples, exit codes and how to keep the address secret."""
    result = run(*command.split(), "--help", env={"COLUMNS": "80"})
    assert (result.returncode, result.stderr) == (0, b"")
    golden.check(SAMPLES / "cli" / f"{command.replace(' ', '-')}-help.txt", result.stdout.decode())


def _on_a_terminal(*arguments: object, **env: str) -> bytes:
    """Run paytraq-send with a terminal for both outputs and give what it shows."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        while True:
            try:
                shown.extend(os.read(ours, 4096) or b"")
            except OSError:
                return

    reader = threading.Thread(target=read)
    reader.start()
    run("paytraq-send", *arguments, env=env, stdout=theirs, stderr=theirs)
    os.close(theirs)
    reader.join()
    os.close(ours)
    return bytes(shown)


def test_colour_is_for_terminals_alone() -> None:
    """A terminal gets colours, unless NO_COLOR or TERM=dumb ask for none; a pipe never does."""
    assert b"\x1b[" in _on_a_terminal(INVOICE, "--check", TERM="xterm")
    assert b"\x1b[" not in _on_a_terminal(INVOICE, "--check", TERM="xterm", NO_COLOR="1")
    assert b"\x1b[" not in _on_a_terminal(INVOICE, "--check", TERM="dumb")
    assert b"\x1b[" not in run("paytraq-send", INVOICE, "--check").stdout


def test_a_terminal_shows_how_far_a_batch_is(tmp_path: Path) -> None:
    """A bar with counts and a rate stands below the lines, wiped before each and gone at the end; a pipe has none."""
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join([json.dumps(smallest(document_ref=f"A{n}")) for n in range(4)] + ["[]"]))
    shown = _on_a_terminal(batch, "--check", TERM="xterm", COLUMNS="100", NO_COLOR="1").decode()
    bars = [part for part in shown.split("\r") if "/s  [" in part]
    assert re.fullmatch(r"\x1b\[\?25l5 done, 1 to look at, [0-9,]+/s  \[#+\]  100%\x1b\[\?25h", bars[-1]), bars
    lines = [line for line in shown.replace("\x1b[?25h", "").split("\n") if "A3" in line]
    assert lines[0].rpartition("\x1b[K")[2].startswith("checked    A3 ")
    assert "to look at" not in shown.rpartition("\x1b[A\r\x1b[K")[2]
    for arguments, env in (((batch,), {"TERM": "dumb"}), ((INVOICE,), {"TERM": "xterm"})):
        assert b"/s  [" not in _on_a_terminal(*arguments, "--check", **env)
    assert b"/s" not in run("paytraq-send", batch, "--check").stderr


@pytest.mark.parametrize(
    "env", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}]
)
def test_output_is_utf_8_whatever_the_locale(env: dict[str, str]) -> None:
    """No locale is consulted: names arrive whole."""
    assert "SIA Piegādātājs → AS Klients" in run("paytraq-send", INVOICE, "--check", env=env).stdout.decode()


def test_nothing_in_a_text_reaches_the_terminal_raw(inbox: Server, tmp_path: Path) -> None:
    """Control characters, line breaks and characters that turn the writing are shown as escapes."""
    nasty = "A\x1b[31m\u202eB\n\x07"
    (tmp_path / "it.json").write_text(json.dumps([smallest(document_ref=nasty), smallest(client_name="K\u202e\n")]))
    result = send(inbox, tmp_path / "it.json")
    assert not {"\x1b", "\x07", "\u202e"} & set((result.stdout + result.stderr).decode())


@pytest.mark.parametrize(
    ("arguments", "word", "expected"),
    [
        ("paytraq-send --channel ", "s", "sandbox"),
        ("paytraq-send --operation ", "sell_", "sell_goods"),
        ("paytraq-send ", "--ret", "--retry-for"),
    ],
)
def test_the_shell_completes(arguments: str, word: str, expected: str) -> None:
    """A shell that asks for completions gets options, channels and codes."""
    line = f"{arguments}{word}"
    result = run(
        "paytraq-send",
        env={"_PAYTRAQ_SEND_COMPLETE": "zsh_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)},
    )
    assert expected in result.stdout.decode().split()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_shell_gets_its_script(shell: str) -> None:
    """The script that a shell evaluates is printed."""
    result = run("paytraq-send", env={"_PAYTRAQ_SEND_COMPLETE": f"{shell}_source"})
    assert (result.returncode, b"paytraq_send" in result.stdout) == (0, True)


# --- the tool itself --------------------------------------------------------------------------------------------


def test_an_output_that_cannot_be_written_is_1(inbox: Server) -> None:
    """When the receipt cannot be printed, that is a failure of the tool, never a success."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        result = run("paytraq-send", INVOICE, "--channel", "env:INBOX", env={"INBOX": inbox.url()}, stdout=full)
    assert result.returncode == 1
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as broken:
        result = run("paytraq-send", INVOICE, "--check", stdout=broken)
    assert result.returncode == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full 2>/dev/full"])
@pytest.mark.parametrize(("answer", "code"), [(OK, 0), (plain("502 x"), 7)])
def test_whatever_becomes_of_the_output_the_code_tells_the_worst(
    tmp_path: Path, closed: str, answer: bytes, code: int
) -> None:
    """With streams closed, all is sent and the code tells how; with full ones it is 1, and a doubt is not made less."""
    (tmp_path / "it.json").write_text(json.dumps([smallest(document_ref=f"A{n}") for n in range(2)]))
    command = f"exec {BIN}/paytraq-send it.json --outbox outbox.sqlite --jobs 2 {closed}"
    with Server(answers(answer)) as server:
        env = environment(PAYTRAQ_CHANNEL=server.url())
        done = subprocess.run(["/bin/sh", "-c", command], env=env, cwd=tmp_path, timeout=60, check=False)
        assert server.hits == 2
    assert done.returncode == (1 if code == 0 and "/dev/full" in closed else code)
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        assert {found.state for found in outbox.deliveries()} == {"in_doubt" if code else "delivered"}


def test_what_the_system_refuses_is_told_as_what_it_is(inbox: Server, tmp_path: Path) -> None:
    """A file that cannot be opened is named; only output that cannot be written is called the output."""
    place = tmp_path / "outbox.sqlite"
    (tmp_path / "outbox.sqlite-senders").write_text("in the way of a folder")
    done = send(inbox, INVOICE, "--outbox", place)
    assert (done.returncode, done.stdout, inbox.hits) == (1, b"", 0)
    assert b"outbox.sqlite-senders" in done.stderr
    assert b"output" not in done.stderr
    env = environment()
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        for arguments in (["paytraq-check", "--schema"], ["paytraq-check", INVOICE], ["paytraq-outbox", "--help"]):
            unwritten = subprocess.run(
                [BIN / str(arguments[0]), *arguments[1:]], env=env, stdout=full, stderr=subprocess.PIPE, check=False
            )
            assert unwritten.returncode == 1
            assert unwritten.stderr.endswith(b"error: the output cannot be written: no space left on device\n")


def test_a_reader_that_goes_away_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    """Piped into `head -1`, what is under way ends and is written down, the rest is not sent, and the end says so."""
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(smallest(document_ref=f"A{n}")) for n in range(30)))
    go, second = threading.Event(), threading.Semaphore(0)

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            if b"<DocumentRef>A0<" not in peer.last_body:
                second.release()
                assert go.wait(30)
            peer.say(OK)

    env = {"PAYTRAQ_CHANNEL": "", "XDG_STATE_HOME": str(tmp_path)}
    with Server(script) as server:
        env["PAYTRAQ_CHANNEL"] = server.url()
        process = started("paytraq-send", batch, "--jobs", "3", env=env)
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"delivered  A0 ")
        assert second.acquire(timeout=30)
        process.stdout.close()
        go.set()
        assert process.stderr is not None
        assert process.wait(60) == 1
        said = process.stderr.read().decode()
        process.stderr.close()
        sent = len(server.bodies)
    assert "nothing more is sent, since the output cannot be written after" in said
    assert said.rstrip().endswith("; the same command goes on from there")
    listed = run("paytraq-outbox", "list", "--json", env=env).stdout.splitlines()
    states = Counter(json.loads(line)["state"] for line in listed)
    assert (states["delivered"], states["in_doubt"], states["sending"]) == (sent, 0, 0)
    assert sent < 30


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5://proxy:1", b"a proxy is written as http://host:port or http://user:password@host:port\n"),
        ("socks5://secret", b"a proxy is written as"),
    ],
)
def test_how_an_address_is_written_is_shown(proxy: str, words: bytes) -> None:
    """Advice names the form of an address in full; what was given is not repeated."""
    result = run("paytraq-send", INVOICE, "--channel", "https://inbox.example/x/1234567890", "--proxy", proxy)
    assert (result.returncode, words in result.stderr, b"secret" in result.stderr) == (2, True, False)


def test_ctrl_c_before_anything_is_sent_is_130() -> None:
    """Stopped while it waits for input, the command ends 130 and says so."""
    process = started("paytraq-send", "-", "--channel", "sandbox", stdin=subprocess.PIPE)
    assert process.stderr is not None
    assert process.stderr.readline().startswith(b"sandbox inbox listening")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.strip()) == (130, b"", b"stopped by Ctrl-C before anything was sent")


def _waiting_server(arrived: threading.Event, answer: threading.Event) -> Server:
    def script(peer: Peer) -> None:
        peer.request()
        arrived.set()
        if answer.wait(30):
            peer.say(OK)
            peer.hang()

    return Server(script)


def test_the_first_ctrl_c_lets_what_is_under_way_end() -> None:
    """The post that is under way gets its answer and its receipt; the rest is not read, and the end says where it was."""
    arrived, answer = threading.Event(), threading.Event()
    with _waiting_server(arrived, answer) as server:
        process = started(
            "paytraq-send", INVOICE, EXAMPLES / "invoice.json", "--jobs", "1", env={"PAYTRAQ_CHANNEL": server.url()}
        )
        assert process.stderr is not None
        assert arrived.wait(30)
        process.send_signal(signal.SIGINT)
        lines = [process.stderr.readline() for _ in range(2)]
        answer.set()
        out, err = process.communicate(timeout=30)
        assert len(server.bodies) == 1
    assert lines[1] == b"ending what is under way (1); Ctrl-C again stops at once\n"
    assert (process.returncode, out[:9]) == (130, b"delivered")
    assert f"stopped by Ctrl-C after {INVOICE}; the same command goes on from there" in err.decode()


def test_the_second_ctrl_c_stops_at_once_and_is_7(tmp_path: Path) -> None:
    """Stopped while it waits for the answer, the command says that the document may have arrived, and keeps it so."""
    arrived, answer = threading.Event(), threading.Event()
    with _waiting_server(arrived, answer) as server:
        env = {"PAYTRAQ_CHANNEL": server.url(), "XDG_STATE_HOME": str(tmp_path)}
        process = started("paytraq-send", INVOICE, env=env)
        assert process.stderr is not None
        assert arrived.wait(30)
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == b"\n"
        assert process.stderr.readline().startswith(b"ending what is under way")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (7, b"")
        assert b"in doubt" in err
        assert run("paytraq-send", INVOICE, env=env).returncode == 7
        assert server.hits == 1
        answer.set()


def test_the_second_ctrl_c_tells_of_every_invoice_that_was_read(tmp_path: Path) -> None:
    """What was done behind a slow one has its receipt, the slow one is in doubt, and that is the exit code."""
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(smallest(document_ref=f"A{n}")) for n in range(6)))
    arrived, seen, answer = threading.Semaphore(0), threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            if b"<DocumentRef>A0<" in peer.last_body:
                seen.set()
                answer.wait(30)
            arrived.release()
            peer.say(OK)

    with Server(script) as server:
        env = {"PAYTRAQ_CHANNEL": server.url(), "XDG_STATE_HOME": str(tmp_path)}
        process = started("paytraq-send", batch, "--jobs", "2", "--json", env=env)
        assert process.stderr is not None
        for _ in range(5):
            assert arrived.acquire(timeout=30)
        assert seen.wait(30)
        _wait_for_states(tmp_path, {"delivered": 5, "sending": 1})
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == b"\n"
        assert process.stderr.readline().startswith(b"ending what is under way (1)")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        answer.set()
    outcomes = [(line["document_ref"], line["outcome"]) for line in map(json.loads, out.splitlines())]
    assert outcomes == [("A0", "in_doubt"), *((f"A{n}", "delivered") for n in range(1, 6))]
    assert (process.returncode, b"before anything was sent" in err) == (7, False)


def test_a_number_to_send_again_that_is_not_there_is_told(inbox: Server, tmp_path: Path) -> None:
    """A --resend that nothing in the batch matched is said at the end, and one that was matched is not."""
    (tmp_path / "it.json").write_text(json.dumps([smallest(), smallest()]))
    result = send(inbox, tmp_path / "it.json", "--resend", "TYPO", "--resend", "INV-1", "--json")
    assert (result.returncode, inbox.hits) == (0, 1)
    assert result.stderr == b"note: --resend TYPO: no invoice of that number was read\n"


def test_ctrl_c_ends_the_waiting_between_attempts(tmp_path: Path) -> None:
    """What waits to be tried again is deferred at once when Ctrl-C comes, not tried for the rest of the time."""
    batch = tmp_path / "batch.jsonl"
    batch.write_text("\n".join(json.dumps(smallest(document_ref=f"A{n}")) for n in range(2)))
    channel = f"http://127.0.0.1:{closed_port()}/ext/direct/inbox/0123456789abcdef"
    env = {"PAYTRAQ_CHANNEL": channel, "XDG_STATE_HOME": str(tmp_path)}
    process = started("paytraq-send", batch, "--retry-for", "2h", "--json", env=env)
    _wait_for_states(tmp_path, {"deferred": 2})
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert [json.loads(line)["outcome"] for line in out.splitlines()] == ["deferred"] * 2
    assert process.returncode == 5


def test_results_are_given_while_standard_input_is_still_open(inbox: Server, tmp_path: Path) -> None:
    """A pipe that brings one invoice at a time gets each receipt as it comes, and Ctrl-C ends the waiting at once."""
    env = {"PAYTRAQ_CHANNEL": inbox.url(), "XDG_STATE_HOME": str(tmp_path)}
    process = started("paytraq-send", "-", "--json", env=env, stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for number in range(2):
        process.stdin.write(json.dumps(smallest(document_ref=f"A{number}")).encode() + b"\n")
        process.stdin.flush()
        line = json.loads(process.stdout.readline())
        assert (line["document_ref"], line["outcome"]) == (f"A{number}", "delivered")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stdout.read() == b""
    assert process.stderr is not None
    assert process.stderr.read() == b"stopped by Ctrl-C after -:2; the same command goes on from there\n"
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def _wait_for_states(folder: Path, states: dict[str, int]) -> None:
    """Wait until the outbox of a command has so many deliveries in these states."""
    until = time.monotonic() + 30
    with Outbox(folder / "paytraq_direct" / "outbox.sqlite") as outbox:
        while Counter(found.state for found in outbox.deliveries()) != states:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_ctrl_c_in_the_middle_of_a_retry_is_told_as_its_doubt(tmp_path: Path) -> None:
    """Stopped while it posts what was pending, paytraq-outbox says of which invoice nobody knows, and ends 7."""
    arrived, answer = threading.Event(), threading.Event()
    one = Invoice(**smallest())
    with _waiting_server(arrived, answer) as server:
        with Outbox(tmp_path / "outbox.sqlite") as outbox:
            outbox.hold(outbox.draft(ChannelUri(server.url()), one, render(one)))
        arguments = ("--outbox", tmp_path / "outbox.sqlite", "retry", "--channel", "env:INBOX")
        process = started("paytraq-outbox", *arguments, env={"INBOX": server.url()})
        assert arrived.wait(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        answer.set()
    assert (process.returncode, out) == (7, b"")
    assert err.strip().startswith(b"in doubt   #1  INV-1  stopped by Ctrl-C when part of the document had left")
    assert b"before anything was sent" not in err


def test_settings_of_the_environment_have_no_say(inbox: Server, tmp_path: Path) -> None:
    """Proxies, certificates, netrc and key logs that other programs heed change nothing."""
    dead = f"http://127.0.0.1:{closed_port()}"
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    proxies: dict[str, Any] = {
        name: dead for stem in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (stem, stem.lower())
    }
    result = send(
        inbox, INVOICE, **proxies, REQUESTS_CA_BUNDLE="/nothing", SSL_CERT_FILE="/nothing", NETRC=str(tmp_path / "netrc"),
        SSLKEYLOGFILE=str(tmp_path / "keys"),
    )  # fmt: skip
    assert (result.returncode, inbox.hits) == (0, 1)
    assert b"authorization" not in inbox.seen.lower()
    assert not (tmp_path / "keys").exists()


def _loaded(code: str) -> set[str]:
    """Give the modules that a piece of code loads in a process of its own."""
    script = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    result = run(sys.executable, "-c", script)
    return {name.partition(".")[0] for name in result.stderr.decode().split()}


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        (["--version"], {"click", "lxml", "jinja2", "requests", "xmlschema", "email", "ssl"}),
        ([str(INVOICE), "--check"], {"requests", "urllib3", "xmlschema", "ssl", "http"}),
        ([str(INVOICE), "--channel", "CHANNEL"], {"xmlschema", "elementpath", "rich"}),
    ],
)
def test_no_command_loads_what_it_does_not_need(inbox: Server, arguments: list[str], never: set[str]) -> None:
    """A default send never loads xmlschema, --check no network, --version nothing."""
    words = [inbox.url() if word == "CHANNEL" else word for word in arguments]
    code = (
        f"sys.argv = ['paytraq-send', *{words!r}]\nfrom paytraq_direct.cli import send_main\n"
        "class Left(BaseException): pass\n"
        "def leave(code):\n    assert code == 0\n    raise Left\n"
        "import os\nos._exit = sys.exit = leave\ntry: send_main()\nexcept Left: pass"
    )
    assert _loaded(code) & never == set()


def test_the_commands_are_installed() -> None:
    """Both commands exist and tell their version."""
    for command in ("paytraq-send", "paytraq-check"):
        result = run(command, "--version")
        assert (result.returncode, result.stdout.split()[0].decode()) == (0, command)
        assert (BIN / command).is_file()
    assert environment()["PYTHONDONTWRITEBYTECODE"] == "1"
