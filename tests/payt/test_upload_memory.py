"""Big files: an upload takes no more memory than its pieces, and a bound for the numbers of a data file."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import BIN, environment
from wire.servers import OK, Peer, Server

from .desk import PDF, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
_ROW = b"%09d;" + b"x" * 200 + b";" + b"y" * 200 + b"\r\n"


def _pdf(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.write(PDF)
        stream.truncate(size)


def _csv(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.write(b"invoice_number;a;b\r\n")
        stream.writelines(_ROW % number for number in range(size // len(_ROW % 0)))


def _csv_gz(path: Path, size: int) -> None:
    with gzip.open(path, "wb", 1) as stream:
        stream.write(b"invoice_number;a;b\r\n")
        stream.writelines(_ROW % number for number in range(size // len(_ROW % 0)))


def _peak_kb(path: Path, make: Callable[[Path, int], None], size: int, *options: str) -> int:
    """Give the most memory that payt upload had by the time its last byte had come."""
    make(path, size)
    peaks: list[int] = []
    process: list[subprocess.Popen[bytes]] = []

    def drain(peer: Peer) -> None:
        head = peer.head()
        left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(peer.pending)
        while left > 0 and (data := peer.sock.recv(1_000_000)):
            left -= len(data)
        status = Path(f"/proc/{process[0].pid}/status").read_text(encoding="ascii")
        peaks.append(int(status.partition("VmHWM:")[2].split()[0]))
        peer.say(OK)

    with Server(drain) as server:
        process.append(
            subprocess.Popen(
                [
                    BIN / "payt",
                    "upload",
                    path,
                    "--administration-code",
                    "ACME",
                    "--url",
                    f"http://127.0.0.1:{server.port}",
                    "--outbox",
                    path.with_name(f"{size}.sqlite"),
                    *options,
                ],
                env=environment(PAYT_TOKEN=TOKEN),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        said = process[0].communicate(timeout=300)
        assert process[0].returncode == 0, said
    path.unlink()
    return peaks[0]


_CASES = [
    ("1.pdf", _pdf, [], 4_000),
    ("1.pdf", _pdf, ["--gzip"], 6_000),
    ("a.csv", _csv, [], 20_000),
    ("a.csv.gz", _csv_gz, [], 20_000),
]


@pytest.mark.parametrize(("name", "make", "options", "most"), _CASES)
def test_memory_hardly_grows(
    tmp_path: Path, name: str, make: Callable[[Path, int], None], options: list[str], most: int
) -> None:
    """20 MB take little more than 100 kB do; of a data file, what its 48,000 numbers take."""
    small, big = (_peak_kb(tmp_path / name, make, size, *options) for size in (100_000, 20_000_000))
    assert big - small <= most


@pytest.mark.soak
@pytest.mark.parametrize(("name", "make", "options"), [case[:3] for case in _CASES])
def test_memory_is_bounded_for_half_a_gigabyte(
    tmp_path: Path, name: str, make: Callable[[Path, int], None], options: list[str]
) -> None:
    """500 MB take at most 30 MB more than 100 kB do."""
    small, big = (_peak_kb(tmp_path / name, make, size, *options) for size in (100_000, 500_000_000))
    print(f"{name} {options}: {(big - small) / 1000:.1f} MB more, {big / 1000:.1f} MB in all")  # noqa: T201 - shown by -rP
    assert big - small <= 30_000
