"""What docs/payt.md says of uploads is so."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from commands import run
from wire.servers import OK

from paytraq_direct.payt import Token, Uploader, file_rules
from paytraq_direct.payt.body import FIELDS
from paytraq_direct.payt.filetypes import KINDS
from paytraq_direct.payt.listing import MOST_NUMBERS, NUMBER, OPEN
from paytraq_direct.payt.uploader import RATE, RETRY_FOR_S

from .desk import TOKEN, Recorder, rows

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "payt.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Upload")[2].partition("\n## ")[0]


def test_every_rule_of_files_stands_on_the_page() -> None:
    """The table of the page is that of the rules, line by line; codes lie from 220 to 299, none is given twice."""
    rules = list(file_rules.every())
    made = [f"| {r.code} | {r.severity(foreign=False)} | {r.statement} | {r.source} |" for r in rules]
    assert [line for line in SECTION.splitlines() if line.startswith("| PD-")] == made
    codes = [rule.code for rule in rules]
    assert len(codes) == len(set(codes))
    assert all("PD-220" <= code <= "PD-299" for code in codes)


def test_names_and_numbers_of_the_page_are_those_of_the_program() -> None:
    """Types, names in the body, columns and bounds stand on the page as they are."""
    for word in (*KINDS, *(path.rpartition(".")[2] for name, path in FIELDS.items()), NUMBER, OPEN):
        assert f"{word}" in PAGE, word
    assert f"{MOST_NUMBERS:,} numbers" in SECTION
    assert (RATE, RETRY_FOR_S) == (3.0, 30.0)
    assert "three files start in a second" in SECTION


def test_the_rehearsal_looks_as_shown() -> None:
    """What the page shows is what the command prints, but for times; the README shows the same command."""
    (block,) = [block for block in re.findall(r"```console\n(.*?)```", SECTION, re.DOTALL) if "sandbox" in block]
    command, shown = block.removeprefix("$ ").split("\n", 1)
    assert f"$ {command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    name, *arguments = shlex.split(command)
    result = run(name, *arguments, cwd=ROOT)
    assert result.returncode == 0
    assert _settled((result.stderr + result.stdout).decode()) == _settled(shown)


def _settled(text: str) -> list[str]:
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"\d+ in \d+ ms", "STATUS in N ms", text).splitlines()


def test_the_python_of_the_page_runs(tmp_path: Path) -> None:
    """The example uploads a file and prints what came of it."""
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    recorder = Recorder(OK)
    path = tmp_path / "20261102.csv"
    path.write_bytes(rows(1))
    (tmp_path / "it.py").write_text(
        "import functools\nfrom paytraq_direct import payt as payt_\n"
        f"payt_.Uploader = functools.partial(payt_.Uploader, host={recorder.url!r})\ntoken = {TOKEN!r}\n" + code
    )
    try:
        result = run(sys.executable, tmp_path / "it.py", cwd=tmp_path)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"delivered ()\n", b"")
        assert [name for name, _ in recorder.files()] == ["20261102.csv.gz"]
    finally:
        recorder.server.stop()


def test_a_token_and_an_uploader_are_of_the_door() -> None:
    """What the page names is there under those names."""
    with Uploader(Token(TOKEN), administration_code="ACME") as uploader:
        assert set(uploader.endpoints) == set(KINDS)
