"""What the README says is run, and is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from commands import run
from conftest import EXAMPLES
from test_cli import answers
from wire.servers import OK, Server

from paytraq_direct import errors
from paytraq_direct.cli import exits

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Give the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", [code for code in blocks("python") if "def test_" not in code])
def test_python_blocks_run(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The Python of the README sends its invoice to a channel and prints its receipt."""
    with Server(answers(OK)) as server:
        exec(compile(code, "README.md", "exec"), {"channel": server.url()})  # noqa: S102 - our own text
        assert len(server.bodies) == 1
    assert re.fullmatch(r"INV-2026-0043 200 [0-9a-f]{64}\n", capsys.readouterr().out)


def settled(text: str) -> list[str]:
    """Give the lines of an output with what changes from run to run made equal."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"in \d+ ms", "in N ms", text)
    return sorted(re.sub(r"sha256 \w{4}…\w{4}", "sha256 SUM", text).splitlines())


def test_the_rehearsal_looks_as_shown() -> None:
    """The output that the README shows is the output that there is."""
    (block,) = [block for block in blocks("console") if "--channel sandbox\n" in block]
    command, shown = block.removeprefix("$ ").split("\n", 1)
    name, *arguments = shlex.split(command)
    result = run(name, *arguments, cwd=ROOT)
    assert (result.returncode, settled((result.stderr + result.stdout).decode())) == (0, settled(shown))


@pytest.mark.parametrize("page", ["README.md", "docs/payt.md"])
def test_when_the_debtor_is_mailed_is_as_shown(page: str) -> None:
    """What the pages show of payt when is what it prints, to the letter."""
    blocks_ = re.findall(r"```console\n\$ (payt when .*)\n((?:[^`]+\n)+)```", (ROOT / page).read_text(encoding="utf-8"))
    assert blocks_
    for command, shown in blocks_:
        result = run(*shlex.split(command))
        assert (result.returncode, result.stderr, result.stdout.decode()) == (0, b"", shown)


def test_an_upsert_looks_as_shown() -> None:
    """What docs/payt.md shows of payt upsert is what it prints, but for times; the README shows the same command."""
    page = (ROOT / "docs/payt.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```console\n\$ (payt upsert .*)\n((?:[^`]+\n)+)```", page)
    command, shown = found
    assert f"$ {command}\n" in README
    name, *arguments = shlex.split(command)
    result = run(name, *arguments, cwd=ROOT)

    def without_moment(text: str) -> list[str]:
        return settled(re.sub(r"mailed \w{3} [-0-9:+ ]+", "mailed THEN", text))

    told = (result.stderr + result.stdout).decode()
    assert (result.returncode, without_moment(told)) == (0, without_moment(shown))


def test_the_table_of_outcomes_is_that_of_the_commands() -> None:
    """Every outcome of the README has the exit code and the exception that it has in the code."""
    rows = re.findall(r"^\| `(\w+)` \|.*?\| (\d) \| (?:`(\w+)`)? ?\|", README, re.MULTILINE)
    told = {outcome: int(code) for outcome, code, _ in rows}
    assert told == {name: code for name, code in exits.BY_OUTCOME.items() if name != "checked"}
    for outcome, _, name in rows:
        assert outcome.endswith("delivered") or getattr(errors, name) is not None
    for code in exits.MEANINGS:
        assert str(code) in README


def test_every_command_of_the_makefile_is_told() -> None:
    """The Makefile's targets stand in its help and in CONTRIBUTING or the README."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE)) - {"help"}
    told = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r'echo "make (\w+)', makefile)) == targets
    assert all(f"make {target}" in told for target in targets - {"clean"})


def test_links_lead_somewhere() -> None:
    """Every file that the README or CONTRIBUTING links to exists."""
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), target


def test_every_example_is_good() -> None:
    """What a newcomer is given to send goes all the way, without a remark."""
    files = sorted(path for path in EXAMPLES.iterdir() if path.suffix in {".json", ".jsonl", ".xml"})
    result = run("paytraq-check", "--strict", *files)
    assert (result.returncode, b"warning" in result.stderr) == (0, False)


def test_the_project_names_no_registry_and_no_workplace() -> None:
    """Pins are versions alone, and no file tells of the machine it was made on."""
    pins = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8")
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line) for line in pins.splitlines())
    assert not [name for name in ("uv.lock", "pylock.toml") if (ROOT / name).exists()]
