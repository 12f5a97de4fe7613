"""Channels by name, and each invoice to its client's channel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import run
from test_cli import answers
from test_rules import smallest
from wire.servers import OK, Server

from paytraq_direct import ChannelError, config
from paytraq_direct.cli import channels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "Q7xW2vK9canary4mZt8R"  # noqa: S105 - it is the bait


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """Give the inboxes of two customers."""
    with Server(answers(OK)) as acme, Server(answers(OK)) as beta:
        yield acme, beta


def written(tmp_path: Path, text: str) -> Path:
    """Write a config and give its place."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


TWO = """
[channels.acme]
address = "env:ACME"
clients = ["AS Acme", "Acme  Latvija"]
[channels.beta]
address = "env:BETA"
clients = ["SIA Beta"]
"""


def send(servers: tuple[Server, Server], path: Path, channel: str, *clients: str) -> Any:
    """Send an invoice to each client."""
    acme, beta = servers
    data = json.dumps([smallest(document_ref=f"INV-{n}", client_name=name) for n, name in enumerate(clients)]).encode()
    env = {"ACME": acme.url(), "BETA": beta.url()}
    return run("paytraq-send", "-", "--config", path, "--channel", channel, "--json", data=data, env=env)


def outcomes(result: Any) -> list[str]:
    """Give the outcomes of a result, the code of a fault in place of invalid."""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [line["faults"][0]["code"] if line["faults"] else line["outcome"] for line in lines]


def test_a_channel_by_its_name(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """A name leads to the address kept where the config says, and takes its own clients' invoices only."""
    result = send(servers, written(tmp_path, TWO), "acme", "AS ACME", "acme latvija", "SIA Beta")
    assert (result.returncode, outcomes(result)) == (3, ["delivered", "delivered", "PD-110"])
    assert [len(server.bodies) for server in servers] == [2, 0]


def test_by_client(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """One batch for many customers: each invoice goes to its client's inbox, and one for nobody is a fault of its own."""
    result = send(servers, written(tmp_path, TWO), "by-client", "SIA Beta", "AS Acme", "AS Nobody", "sia  beta")
    assert (result.returncode, outcomes(result)) == (3, ["delivered", "delivered", "PD-111", "delivered"])
    assert [len(server.bodies) for server in servers] == [1, 2]
    assert "AS Acme" in servers[0].bodies[0].decode()


def test_a_client_of_two_channels_is_a_fault(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """by-client never chooses between two."""
    result = send(servers, written(tmp_path, TWO.replace("SIA Beta", "as acme")), "by-client", "AS Acme")
    assert (result.returncode, outcomes(result)) == (3, ["PD-111"])
    assert b"2 channels (acme, beta)" in result.stdout


def test_the_outbox_finds_a_channel_again_by_its_name(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """The ledger keeps the name, never the address."""
    path, ledger = written(tmp_path, TWO), tmp_path / "outbox.sqlite"
    env = {"ACME": servers[0].url(), "BETA": servers[1].url()}
    data = json.dumps(smallest(client_name="AS Acme")).encode()
    assert (
        run(
            "paytraq-send", "-", "--config", path, "--channel", "acme", "--outbox", ledger, data=data, env=env
        ).returncode
        == 0
    )
    listed = run("paytraq-outbox", "--config", path, "--outbox", ledger, "list", "--channel", "acme", "--json", env=env)
    assert json.loads(listed.stdout)["named"] == "acme"
    assert b"1234567890abcdef" not in ledger.read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[channels.acme", "it is not TOML"), ("[chanels.acme]", "it knows no [chanels]"), ("channels = 3", "must be tables"),
        ("[channels.sandbox]\naddress = 'env:A'", "is no name for a channel"), ("[channels.'a b']", "is no name for a channel"),
        ("[channels.acme]", 'needs address = "env:VAR"'), ("[channels.acme]\naddress = 3", 'needs address = "env:VAR"'),
        (f"[channels.acme]\naddress = 'https://go.paytraq.com/ext/direct/inbox/{SECRET}'", "an address itself is a secret"),
        (f"[channels.acme]\naddress = 'file:https://go.paytraq.com/ext/direct/inbox/{SECRET}'", "an address itself is a secret"),
        (f"[channels.acme]\naddress = 'env:go.paytraq.com/ext/direct/inbox/{SECRET}'", "an address itself is a secret"),
        (f"[channels.acme]\naddress = 'file:HTTP://localhost/{SECRET}'", "an address itself is a secret"),
        (f"[channels.'https://h.example/{SECRET}']\naddress = 'env:A'", "is no name for a channel"),
        (f"'https://h.example/{SECRET}' = 'env:A'", "it knows no [(an address, not shown)]"),
        (f"['https://h.example/{SECRET}']\n['https://h.example/{SECRET}']", "(an address, not shown) (at "),
        ("[channels.acme]\naddress = 'env:A'\nclients = 'AS'", "needs clients as a list"),
        ("[channels.acme]\naddress = 'env:A'\nuri = 'x'", "knows address, clients and as"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    """What is wrong is told with the way out, and no address is repeated."""
    with pytest.raises(ChannelError) as caught:
        config.load(written(tmp_path, text))
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("form", ["env:{}", "file:{}", "env: {}", "file:{} and more"])
@pytest.mark.parametrize("address", ["https://h.example/{}", "go.paytraq.com/ext/direct/{}", "/ext/direct/inbox/x {}"])
def test_an_address_behind_env_or_file_is_not_repeated(form: str, address: str) -> None:
    """Who pastes the address where the name of a variable or a file belongs is told so without it."""
    with pytest.raises(ChannelError, match="an address, not shown") as caught:
        channels.resolve(form.format(address.format(SECRET)))
    assert SECRET not in str(caught.value)


def test_a_file_may_lie_anywhere(tmp_path: Path) -> None:
    """A path that merely names PayTraq is no address."""
    found = config.load(written(tmp_path, "[channels.acme]\naddress = 'file:/etc/paytraq.com/acme.uri'"))
    assert found.channels["acme"].address == "file:/etc/paytraq.com/acme.uri"


def test_no_config_is_none(tmp_path: Path) -> None:
    """The default config need not be there; one that is named must be; --no-config looks at none."""
    with pytest.raises(ChannelError, match="there is no such file"):
        config.load(tmp_path / "nothing.toml")
    (tmp_path / "paytraq_direct").mkdir()
    (tmp_path / "paytraq_direct" / "config.toml").write_text("[channels.acme")
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    data = json.dumps(smallest()).encode()
    assert run("paytraq-send", "-", "--channel", "sandbox", data=data, env=env).returncode == 2
    assert run("paytraq-send", "-", "--channel", "sandbox", "--no-config", data=data, env=env).returncode == 0


def test_a_missing_address_is_told_before_anything_is_sent(servers: tuple[Server, Server], tmp_path: Path) -> None:
    """by-client needs every channel's address, and says which is missing."""
    result = run(
        "paytraq-send", "-", "--config", written(tmp_path, TWO), "--channel", "by-client",
        data=json.dumps(smallest(client_name="AS Acme")).encode(), env={"ACME": servers[0].url()},
    )  # fmt: skip
    assert (result.returncode, servers[0].hits) == (2, 0)
    assert b"the environment variable BETA is not set" in result.stderr
