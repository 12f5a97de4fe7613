"""The guard that keeps the tests on this machine."""

from __future__ import annotations

import socket

import pytest
from conftest import departures


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, ("192.0.2.1", 9)), (socket.AF_INET6, ("2001:db8::1", 9))]
)
def test_nothing_leaves_this_machine(family: socket.AddressFamily, address: tuple[str, int]) -> None:
    """A connection to anywhere else is refused, and remembered until the test's end, when it fails the test."""
    with socket.socket(family) as door, pytest.raises(RuntimeError, match="leave this machine"):
        door.connect(address)
    assert departures() == [address[0]]
    assert departures() == []


def test_no_packet_leaves_either() -> None:
    """A datagram is a way out as well."""
    with socket.socket(type=socket.SOCK_DGRAM) as door, pytest.raises(RuntimeError, match="leave this machine"):
        door.sendto(b"x", ("192.0.2.1", 9))
    assert departures() == ["192.0.2.1"]


def test_this_machine_may_be_reached() -> None:
    """Loopback is open, and so are sockets that have a name instead of an address."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    with socket.socket(socket.AF_UNIX) as door, pytest.raises(FileNotFoundError):
        door.connect("/nowhere/at/all")
    assert departures() == []
