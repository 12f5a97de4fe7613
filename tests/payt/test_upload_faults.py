"""The fault matrix for uploads: whatever happens on the socket, the outcome agrees with what the server truly saw."""

from __future__ import annotations

import base64
import itertools
import json
import signal
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from commands import started
from wire.conftest import ca_bundle  # noqa: F401 - a fixture
from wire.scenarios import BIG, DEADLINE_S, SCENARIOS, Scenario
from wire.servers import Peer, Server

from paytraq_direct import Outbox
from paytraq_direct.outbox.outbox import Begun
from paytraq_direct.payt import Token
from paytraq_direct.payt.body import Body
from paytraq_direct.payt.endpoint import Endpoint
from paytraq_direct.payt.intake import Intake
from paytraq_direct.payt.posting import Poster
from paytraq_direct.payt.shipment import judged
from paytraq_direct.wire import Progress, Wire

from .desk import PDF, TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from .desk import Desk

_GRACE_S = 0.6
_SCENARIOS = [scenario for scenario in SCENARIOS if scenario.name != "100 while the document is written"]


def _wanted(scenario: Scenario) -> list[str]:
    """Give the outcome that an upload must have: any success of 2xx is one here."""
    is_success = scenario.status is not None and 200 < scenario.status < 300
    return ["delivered"] if is_success else scenario.outcome.split()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a small file and one whose body fills every buffer."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "1.pdf").write_bytes(PDF)
    (folder / "2.pdf").write_bytes(PDF + b"x" * 24_000_000)
    return folder / "1.pdf", folder / "2.pdf"


@pytest.mark.parametrize("scenario", _SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_outcome_agrees_with_what_the_server_saw(
    scenario: Scenario, ca_bundle: Path, files: tuple[Path, Path]  # noqa: F811
) -> None:  # fmt: skip
    """Never deferred when bytes left, never delivered without the whole file and an answer, one attempt, over in time."""
    deadline_s = 6.0 if scenario.prompt else DEADLINE_S
    with ExitStack() as stack:
        place = scenario.place(stack, ca_bundle)
        intake = stack.enter_context(Intake(files[len(scenario.document) == len(BIG)]))
        intake.look_through()
        body = Body(intake, {"filename": intake.name, "administration_code": "ACME"})
        poster = stack.enter_context(Poster(Token(TOKEN), deadline_s=deadline_s, wire=Wire(**place.options)))
        began = time.monotonic()
        verdict = judged(poster.post(Endpoint(place.url, "ACME"), body))
        took_s = time.monotonic() - began
        poster.close()
        if place.truth:
            place.truth.stop()
        wanted = b"".join(body.pieces())
    exchange = verdict.exchange
    said = f"{verdict.message} {exchange.trouble} {exchange}"
    assert verdict.outcome in _wanted(scenario), said
    assert scenario.status == exchange.status, said
    assert took_s <= deadline_s + _GRACE_S
    assert TOKEN not in said
    if place.truth is None:
        assert exchange.progress is Progress.NOTHING
        return
    assert place.truth.hits <= 1
    if place.truth.hits:
        assert exchange.progress > Progress.NOTHING or exchange.early
        assert verdict.outcome != "deferred" or exchange.status in (408, 425, 429, 503)
    if verdict.outcome == "delivered":
        assert place.truth.bodies == [wanted]


def test_a_file_that_changes_on_the_way_is_in_doubt(desk: Desk) -> None:
    """Bytes had left and no answer came: in doubt, though the server never had a whole body; the outbox has it so."""
    path = desk.file("1.pdf", PDF + b"x" * 5_000_000)
    with Outbox(desk.path) as outbox, desk.uploader(outbox) as uploader:
        begin = outbox.begin_all

        def begin_and_change(drafts: Any) -> list[Any]:
            begun = begin(drafts)
            with path.open("r+b") as stream:
                stream.write(b"%PDF-9")
            return begun

        outbox.begin_all = begin_and_change  # type: ignore[method-assign]
        result = uploader.upload(path).result
    assert (result.outcome, desk.states(), desk.recorder.server.bodies) == ("in_doubt", ["in_doubt"], [])
    assert "the file changed while the document was being written" in result.message


def test_ctrl_c_when_part_had_left_is_in_doubt(desk: Desk) -> None:
    """Stopped in the middle: exit 7, told as in doubt, and the outbox has it so."""

    def reads_a_little(peer: Peer) -> None:
        peer.read(1_000)
        peer.hang()

    with Server(reads_a_little) as server:
        path = desk.file("1.pdf", PDF + b"x" * 30_000_000)
        process = started(
            "payt", "upload", path, "--administration-code", "ACME", "--url", f"http://127.0.0.1:{server.port}",
            "--outbox", desk.path, env={"PAYT_TOKEN": TOKEN},
        )  # fmt: skip
        until = time.monotonic() + 20
        while not server.hits and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, b"it may have arrived" in said) == (7, True), said
    assert desk.states() == ["in_doubt"]


def test_ctrl_c_between_files_keeps_what_became_of_the_first(desk: Desk) -> None:
    """Stopped while it waits to try the second one again: the exit code is that of the first, which was refused."""
    desk.recorder.said = [
        b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Busy\r\nContent-Length: 0\r\n\r\n",
    ]
    files = [desk.file("1.pdf", PDF), desk.file("2.pdf", PDF)]
    process = started(
        "payt", "upload", *files, "--administration-code", "ACME", "--url", desk.recorder.url, "--outbox", desk.path,
        "--retry-for", "10m", env={"PAYT_TOKEN": TOKEN},
    )  # fmt: skip
    until = time.monotonic() + 20
    while not (desk.path.exists() and desk.states() == ["rejected", "deferred"]) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, b"stopped by Ctrl-C" in said) == (4, True), said


def test_a_sender_that_is_killed_leaves_a_doubt(desk: Desk) -> None:
    """Killed in the middle: whoever looks next finds it in doubt, and does not send it."""

    def hangs(peer: Peer) -> None:
        peer.request()
        peer.hang()

    with Server(hangs) as server:
        path = desk.file("1.pdf", PDF)
        process = started(
            "payt", "upload", path, "--administration-code", "ACME", "--url", f"http://127.0.0.1:{server.port}",
            "--outbox", desk.path, env={"PAYT_TOKEN": TOKEN},
        )  # fmt: skip
        until = time.monotonic() + 20
        while not server.bodies and time.monotonic() < until:
            time.sleep(0.01)
        process.kill()
        process.communicate(timeout=20)
        assert len(server.bodies) == 1
    assert desk.states() == ["in_doubt"]


def test_two_at_once_send_it_once(desk: Desk) -> None:
    """While one process sends a file, another one waits for what becomes of it."""
    with Outbox(desk.path) as first, desk.uploader(first) as uploader:
        path = desk.file("1.pdf", PDF)
        kept: list[Any] = []
        begin = first.begin_all

        def begin_and_look(drafts: Any) -> list[Any]:
            begun = begin(drafts)
            if isinstance(begun[0], Begun) and not kept:
                kept.append(desk(path, "--deadline", "1s"))
            return begun

        first.begin_all = begin_and_look  # type: ignore[method-assign]
        assert uploader.upload(path).result.outcome == "delivered"
    assert (kept[0].returncode, len(desk.recorder.heads)) == (5, 1)
    assert b"Another process is sending it" in kept[0].stderr


def test_the_matrix_is_whole() -> None:
    """Nobody thins it out unnoticed."""
    assert len(_SCENARIOS) == len(SCENARIOS) - 1 >= 170


def _whispers(token: str) -> list[bytes]:
    """Give answers that repeat the token: in the reason, a header, the body, cut off, encoded in part."""
    body = json.dumps({"code": "unauthorized", "message": f"{token} is no token of {token.upper()}"}).encode()
    return [
        f"HTTP/1.1 401 {token}\r\nX-Was: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
        f"HTTP/1.1 502 No\r\nContent-Length: 99\r\n\r\n{token[:12]}".encode(),
        f"GARBAGE {token}\r\n\r\n".encode(),
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/{token}\r\nContent-Length: 0\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(token)}\r\n\r\n{token}".encode(),
        f"HTTP/1.1 429 {token}\r\nRetry-After: {token}\r\nContent-Length: 0\r\n\r\n".encode(),
    ]


OTHER = "iQ9importcanary7TokeN"
_ANSWERS = [*itertools.chain(_whispers(TOKEN), _whispers(OTHER))]


@pytest.mark.parametrize("answer", _ANSWERS)
def test_no_token_shows_anywhere(desk: Desk, answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Outputs, logs at DEBUG, results, exceptions, pickles and the file of the outbox hold neither token."""
    import logging  # noqa: PLC0415 - for this alone
    import pickle  # noqa: PLC0415

    from test_canary import _everything_about  # noqa: PLC0415

    caplog.set_level(logging.DEBUG)
    desk.recorder.said = [answer]
    path, said = desk.file("1.pdf", PDF), []
    with Outbox(desk.path) as outbox, desk.uploader(outbox, import_token=Token(OTHER)) as uploader:
        said += [repr(uploader), repr(uploader.__dict__)]
        found = uploader.upload(path)
        said += [repr(found), pickle.dumps(found.result).decode("latin-1")]
        try:
            found.result.receipt()
        except Exception as error:  # noqa: BLE001 - whatever it is
            said += [_everything_about(error), pickle.dumps(error).decode("latin-1"), repr(getattr(error, "body", ""))]
    (desk.folder / "other").write_text(OTHER)
    for style in ([], ["--json"]):
        result = desk(path, "--resend", "1.pdf", "--import-token", "file:other", *style)
        said.append((result.stdout + result.stderr).decode())
    said.append(desk.outbox("show", "1.pdf").stdout.decode())
    said += [
        found.read_bytes().decode("latin-1")
        for found in desk.folder.iterdir()
        if found.name.startswith("outbox") and found.is_file()
    ]
    everything = "\n".join(said) + caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    for token in (TOKEN, OTHER):
        assert token.lower() not in everything.lower()
        assert base64.b64encode(token.encode()).decode() not in everything
    assert TOKEN in desk.recorder.heads[0].decode()
    assert OTHER.encode() in desk.recorder.server.bodies[0]


@pytest.mark.parametrize(
    ("options", "env"),
    [
        (["--import-token", TOKEN], {}),
        (["--import-token", f"env:{TOKEN}"], {}),
        (["--import-token", f"file:{TOKEN}"], {}),
        (["--import-token", "env:OTHER"], {"OTHER": f"{TOKEN} and more"}),
        (["--token-file", TOKEN], {}),
        ([], {"PAYT_TOKEN": f"{TOKEN} and more"}),
        (["--field", f"{TOKEN}=x"], {}),
        (["--deadline", f"{TOKEN}"], {}),
    ],
)
def test_a_token_in_a_wrong_place_is_not_repeated(desk: Desk, options: list[str], env: dict[str, str]) -> None:
    """What is wrong with a token, or with where it stands, is told without it, and nothing is sent."""
    result = desk(desk.file("1.pdf", PDF), *options, **env)
    assert (result.returncode, desk.recorder.heads) == (2, [])
    assert TOKEN.encode() not in result.stdout + result.stderr
