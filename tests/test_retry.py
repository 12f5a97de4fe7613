"""paytraq-outbox retry: what waits goes again, by one sender for each channel, and stops when it should."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from commands import run, started
from test_cli import answers, plain
from test_rules import smallest
from wire.servers import OK, Peer, Server, authority, closed_port, server_context, tunnel

from paytraq_direct import ChannelUri, Invoice, Outbox
from paytraq_direct.outbox.outbox import Begun
from paytraq_direct.schema import prepare

if TYPE_CHECKING:
    from pathlib import Path


SECRET = "Q7xW2vK9canary4mZt8R"  # noqa: S105 - it is the bait


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the place of an outbox."""
    return tmp_path / "outbox.sqlite"


def keep(path: Path, url: str, *numbers: str, named: str | None = "env:INBOX", **fields: Any) -> list[Any]:
    """Have an outbox keep invoices that were not sent yet."""
    invoices = [Invoice(**smallest(document_ref=number, **fields)) for number in numbers]
    with Outbox(path) as outbox:
        return [
            outbox.hold(outbox.draft(ChannelUri(url), invoice, prepare(invoice), named=named)) for invoice in invoices
        ]


def retry(path: Path, url: str, *options: object) -> Any:
    """Run the command."""
    return run("paytraq-outbox", "--outbox", path, "retry", *options, env={"INBOX": url})


def states(path: Path) -> list[str]:
    """Give the states of what an outbox has."""
    with Outbox(path) as outbox:
        return [delivery.state for delivery in outbox.deliveries()]


def test_one_sender_for_a_channel(path: Path) -> None:
    """Several deliveries go over one kept connection, no more a second than --rate allows."""
    with Server(answers(OK)) as server:
        keep(path, server.url(), *"ABCDE")
        began = time.monotonic()
        result = retry(path, server.url(), "--rate", "10")
        assert (result.returncode, len(result.stdout.splitlines())) == (0, 5)
        assert time.monotonic() - began >= 0.4
        assert (server.connections, len(server.bodies)) == (1, 5)


def test_three_doubts_in_a_row_stop_a_channel(path: Path) -> None:
    """An outage makes three doubts, not one for all that waits; another channel goes on, and what is left stays pending."""
    with Server(lambda peer: peer.request()) as dropping, Server(answers(OK)) as good:
        keep(path, dropping.url(), *"ABCDEF")
        keep(path, good.url(), "G", named="env:GOOD")
        env = {"INBOX": dropping.url(), "GOOD": good.url()}
        result = run("paytraq-outbox", "--outbox", path, "retry", env=env)
        assert (len(dropping.bodies), len(good.bodies)) == (3, 1)
    assert result.returncode == 7
    assert result.stderr.count(b"so the rest is not sent") == 3
    assert states(path) == ["in_doubt"] * 3 + ["pending"] * 3 + ["delivered"]


def test_a_doubt_between_others_stops_nothing(path: Path) -> None:
    """Only doubts in a row count: an answer in between starts the count afresh."""
    doubt = plain("502 Bad Gateway")
    with Server(answers(doubt, doubt, OK, doubt, doubt, OK)) as server:
        keep(path, server.url(), *"ABCDEF")
        assert retry(path, server.url()).returncode == 7
    assert states(path) == ["in_doubt", "in_doubt", "delivered", "in_doubt", "in_doubt", "delivered"]


def _stopped(path: Path, server: Server, arrived: threading.Event) -> Any:
    """Run the command and send it Ctrl-C once something has arrived."""
    process = started("paytraq-outbox", "--outbox", path, "retry", env={"INBOX": server.url()})
    assert arrived.wait(30)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err.decode().splitlines()


def test_ctrl_c_in_the_middle_of_a_post_is_7(path: Path) -> None:
    """What was delivered is told, what was under way is in doubt and said to be, and the rest is not touched."""
    arrived = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.say(OK)
        peer.request()
        arrived.set()
        peer.hang()

    with Server(script) as server:
        keep(path, server.url(), *"ABC")
        code, out, err = _stopped(path, server, arrived)
    assert (code, out) == (7, b"delivered  #1  A  200 OK\n")
    assert err == [
        "in doubt   #2  B  stopped by Ctrl-C when part of the document had left: it may have arrived",
        "stopped by Ctrl-C; the same command goes on from there",
    ]
    assert states(path) == ["delivered", "in_doubt", "pending"]


def test_ctrl_c_while_another_is_at_it_is_130(path: Path) -> None:
    """Stopped while it waits for another sender, the command has sent nothing of that, and claims no doubt."""
    arrived, go_on = threading.Event(), threading.Event()
    with _holding(arrived, go_on) as server, Outbox(path) as other:
        keep(path, server.url(), *"AB")
        process = started("paytraq-outbox", "--outbox", path, "retry", env={"INBOX": server.url()})
        assert process.stdout is not None
        assert arrived.wait(30)
        assert isinstance(other.again(2), Begun)
        go_on.set()
        assert process.stdout.readline() == b"delivered  #1  A  200 OK\n"
        time.sleep(0.5)  # by now it waits; were it not there yet, it would be told just the same
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert len(server.bodies) == 1
    assert (process.returncode, out) == (130, b"")
    assert err == b"stopped by Ctrl-C; the same command goes on from there\n"


def _holding(arrived: threading.Event, go_on: threading.Event) -> Server:
    """Give a server that takes everything, but not before it may go on."""

    def script(peer: Peer) -> None:
        while True:
            peer.request()
            arrived.set()
            assert go_on.wait(30)
            peer.say(OK)

    return Server(script)


def test_what_was_superseded_meanwhile_is_skipped(path: Path) -> None:
    """A delivery whose place other content took while the command ran is left out with a word, and the rest goes on."""
    arrived, go_on = threading.Event(), threading.Event()
    with _holding(arrived, go_on) as server:
        keep(path, server.url(), *"ABC")
        process = started("paytraq-outbox", "--outbox", path, "retry", env={"INBOX": server.url()})
        assert arrived.wait(30)
        keep(path, server.url(), "B", gross_amount="2.00")
        go_on.set()
        out, err = process.communicate(timeout=30)
        assert len(server.bodies) == 2
    assert (process.returncode, err) == (0, b"")
    assert out.decode().splitlines() == [
        "delivered  #1  A  200 OK",
        "superseded #2  B  other content took its place meanwhile: it is not sent",
        "delivered  #3  C  200 OK",
    ]
    assert states(path) == ["delivered", "superseded", "delivered", "pending"]


def test_a_proxy_and_an_authority_of_its_own(path: Path, tmp_path: Path) -> None:
    """What paytraq-send needs to reach a channel, retry is given too: --proxy and --ca-bundle."""
    bundle = tmp_path / "authority.pem"
    authority().cert_pem.write_to_path(str(bundle))
    with Server(answers(OK), tls=server_context()) as server, Server(tunnel(server.port)) as proxy:
        keep(path, server.url(), *"AB")
        assert retry(path, server.url()).returncode == 5
        through = f"http://127.0.0.1:{proxy.port}"
        assert retry(path, server.url(), "--ca-bundle", bundle, "--proxy", through).returncode == 0
        assert (proxy.connections, len(server.bodies)) == (1, 2)


@pytest.mark.parametrize(
    "options", [("--ca-bundle", "/nothing"), ("--proxy", "what"), ("--deadline", "0"), ("--rate", "0")]
)
def test_an_option_that_cannot_be_used(path: Path, options: tuple[str, str]) -> None:
    """A wrong option is exit 2 before anything is sent."""
    with Server(answers(OK)) as server:
        keep(path, server.url(), "A")
        assert retry(path, server.url(), *options).returncode == 2
        assert server.hits == 0


def test_a_channel_whose_place_holds_an_address(path: Path, tmp_path: Path) -> None:
    """An address that went astray, into the config or into what the ledger has as a name, is not repeated."""
    config = tmp_path / "config.toml"
    config.write_text(f"[channels.acme]\naddress = 'file:https://go.paytraq.com/ext/direct/inbox/{SECRET}'")
    url = f"http://127.0.0.1:{closed_port()}/ext/direct/inbox/1234567890abcdef"
    keep(path, url, "A", named="acme")
    keep(path, f"{url}0", "B", named=f"file:https://go.paytraq.com/ext/direct/inbox/{SECRET}")
    for command in (("--config", config, "retry"), ("retry",), ("list",)):
        result = run("paytraq-outbox", "--outbox", path, *command)
        assert SECRET.encode() not in result.stdout + result.stderr
        assert result.stdout + result.stderr


def test_a_channel_that_is_not_named(path: Path) -> None:
    """What was sent to an address is sent again when the address is given again."""
    with Server(answers(OK)) as server:
        keep(path, server.url(), "A", named=None)
        result = retry(path, "")
        assert (result.returncode, b"give it again as --channel" in result.stderr) == (5, True)
        assert retry(path, "", "--channel", server.url()).returncode == 0
