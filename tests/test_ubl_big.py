"""UBL with embedded files: taken or refused, in memory that follows the size of the file, and in no time to speak of."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from commands import BIN, environment
from test_ubl import read
from ubl_documents import document

from paytraq_direct import limits

if TYPE_CHECKING:
    from pathlib import Path

MIB = 2**20
# The file, its tree, and its longest text once more while it is copied; the program itself takes 40 MiB.
MOST_TIMES, AT_REST_KB = 4, 45_000
_PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print(done.returncode, done.stdout.decode(), done.stderr.decode())
"""


def with_files(size: int, count: int, text: str = "") -> bytes:
    """Give a document of about this size, nearly all of it ``count`` files in base64, in lines as mail has them."""
    line = "JVBERi0xLjcKJeLjz9MKMSAwIG9iago8PC9UeXBlL0NhdGFsb2c+PgplbmRvYmoKMCAwIG9iagpl\n"
    one = (
        "<cac:AdditionalDocumentReference><cbc:ID>A</cbc:ID><cac:Attachment>"
        '<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="a.pdf">'
        f"{line * (size // count // len(line))}"
        "</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
    )
    return (
        (text or document())
        .replace("  <cac:AccountingSupplierParty>", f"{one * count}<cac:AccountingSupplierParty>", 1)
        .encode()
    )


def peak(path: Path, *options: str) -> tuple[int, float, str]:
    """Give how many kB a command took at most, in how many seconds, and what it said after its exit code."""
    begun = time.monotonic()
    # A process starts its count of memory with that of its parent: a small one stands between.
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, BIN / "paytraq-send", path, *options],
        capture_output=True, check=True, env=environment(), timeout=120,
    )  # fmt: skip
    most, _, said = done.stdout.decode().partition("\n")
    return int(most), time.monotonic() - begun, said


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units elsewhere")
@pytest.mark.parametrize(
    ("mib", "count", "options", "expected"),
    [
        (50, 1, "--check", "0 "), (50, 8, "--check --json", "0 "), (30, 1, "--check --as ubl", "0 "),
        (50, 1, "--check --as ubl", "PD-012"), (70, 1, "--check", "PD-003"),
    ],
)  # fmt: skip
def test_embedded_files_take_memory_in_proportion(
    tmp_path: Path, mib: int, count: int, options: str, expected: str
) -> None:
    """50 MB with a PDF in them are read and their losses told in three times their size; what cannot be sent is refused."""
    path = tmp_path / "big.xml"
    path.write_bytes(with_files(mib * MIB, count))
    most_kb, seconds, said = peak(path, *options.split())
    print(f"{mib} MiB {options}: {most_kb / 1024:.0f} MiB, {seconds:.1f} s")  # noqa: T201 - shown by -rP
    assert said.startswith(expected) or (expected in said and said.startswith("3 "))
    assert most_kb <= AT_REST_KB + MOST_TIMES * path.stat().st_size / 1024
    assert seconds < 20


@pytest.mark.parametrize("form", ["sale", "ubl"])
def test_a_long_attachment_changes_nothing_else(form: str) -> None:
    """A text that libxml2 by itself refuses is read, and the rest of the document as always."""
    data = with_files(12 * MIB, 1)
    short, long = (read(it, form=form).invoice for it in (document(), data))
    assert short is not None
    assert short == long


_ENTITY = '<!DOCTYPE Invoice [<!ENTITY e "x">]><Invoice '


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        (document().replace("<Invoice ", _ENTITY), "utf-8", "Text node too long"),
        (document().replace("<Invoice ", _ENTITY).replace('"UTF-8"', '"UTF-16"'), "utf-16", "Text node too long"),
        (document().replace("Malka", "<a>" * 300 + "</a>" * 300), "utf-8", "deep"),
    ],
)  # fmt: skip
def test_a_long_attachment_opens_no_door(text: str, encoding: str, expected: str) -> None:
    """Where libxml2's own bounds are off, there is no DOCTYPE and no depth, in any encoding."""
    data = with_files(12 * MIB, 1, text).decode().encode(encoding)
    (fault,) = read(data).faults
    assert (fault.code, expected in fault.message) == ("PD-090", True)


@pytest.mark.parametrize("tag", ["<a/>", "<a></a>", "<!---->", "<?a?>"])
def test_elements_are_counted_before_they_take_memory(tag: str) -> None:
    """A document of nothing but tags, which would take forty times its size, is refused unread."""
    text = document(head=tag * (limits.TAGS // tag.count("<") + 1))
    begun = time.process_time()
    (fault,) = read(text).faults
    assert (fault.code, f"{limits.TAGS:,} tags" in fault.message) == ("PD-090", True)
    assert time.process_time() - begun < 5
