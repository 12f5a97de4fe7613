"""Big batches: memory stays where it was after the first thousand invoices."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import BIN, environment
from test_cli import answers
from test_rules import smallest
from wire.servers import OK, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_GROWTH_KB = 5_000


def _batch(path: Path, count: int) -> Path:
    before, after = json.dumps(smallest(document_ref="NUMBER", comment="Paldies! " * 20)).split("NUMBER")
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{before}INV-{number:07}{after}\n" for number in range(count))
    return path


def _resident_kb(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


def _growth_kb(lines: Iterator[bytes], process: subprocess.Popen[bytes], count: int, outcome: bytes) -> int:
    """Give how much a process grows while its lines come, from the thousandth on; each must have the outcome."""
    at_first, most = 0, 0
    for number, line in enumerate(lines, start=1):
        assert b'"outcome": "%s"' % outcome in line, line
        if number == 1_000:
            at_first = most = _resident_kb(process)
        if at_first and number % 500 == 0 and number < count - 500:
            most = max(most, _resident_kb(process))
    assert (number, at_first > 0) == (count, True)
    return most - at_first


@pytest.mark.soak
@pytest.mark.parametrize(
    ("count", "outcome", "options"), [(100_000, b"checked", ["--check"]), (20_000, b"delivered", [])]
)
def test_memory_stays(tmp_path: Path, count: int, outcome: bytes, options: list[str]) -> None:
    """However many invoices a batch has, checking them and sending them with the outbox takes no more memory."""
    batch = _batch(tmp_path / "big.jsonl", count)
    with Server(answers(OK)) as server:
        with subprocess.Popen(
            [BIN / "paytraq-send", batch, "--json", *options],
            env=environment(PAYTRAQ_CHANNEL=server.url(), XDG_STATE_HOME=str(tmp_path)),
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            growth = _growth_kb(iter(process.stdout), process, count, outcome)
        assert process.returncode == 0
    print(f"{count:,} {outcome.decode()}: {growth / 1000:.1f} MB more than at the thousandth")  # noqa: T201 - shown by -rP
    assert growth <= MOST_GROWTH_KB
