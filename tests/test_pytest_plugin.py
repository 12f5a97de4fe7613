"""The fixture for suppliers' own tests: what it gives, and that a supplier can paste the documented test."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import environment
from test_rules import smallest

from paytraq_direct import Deferred, InDoubt, Invoice, Sender, render, send
from paytraq_direct.inbox.script import ScriptError

if TYPE_CHECKING:
    from paytraq_direct.pytest_plugin import PaytraqInbox

INVOICE = Invoice(**smallest())


def test_documents_are_records_with_their_bytes(paytraq_inbox: PaytraqInbox) -> None:
    """Each document has the fields of its record, and the bytes as they came."""
    send(INVOICE, paytraq_inbox.channel)
    (document,) = paytraq_inbox.documents
    assert (document.document_ref, document.line_items[0].qty, document.bytes) == ("INV-1", 1, render(INVOICE))
    assert (document.invoice, document.faults, document.answer) == (INVOICE, (), "200")


def test_it_is_empty_when_a_test_begins(paytraq_inbox: PaytraqInbox) -> None:
    """What another test sent is not there."""
    assert paytraq_inbox.documents == []


def test_a_script_of_answers(paytraq_inbox: PaytraqInbox) -> None:
    """Every outcome can be had."""
    paytraq_inbox.script("503:Retry-After=2", "accept-then-hang")
    with pytest.raises(Deferred):
        send(INVOICE, paytraq_inbox.channel)
    with Sender(paytraq_inbox.channel, deadline_s=0.5) as sender, pytest.raises(InDoubt):
        sender.send(INVOICE)
    assert [document.answer for document in paytraq_inbox.documents] == ["503", "accept-then-hang"]
    with pytest.raises(ScriptError):
        paytraq_inbox.script("nonsense")


def test_waiting_for_documents(paytraq_inbox: PaytraqInbox) -> None:
    """wait_for() gives the documents once they are there, and says how many came when they are not."""
    thread = threading.Thread(target=send, args=(INVOICE, paytraq_inbox.channel))
    thread.start()
    assert [document.document_ref for document in paytraq_inbox.wait_for(1)] == ["INV-1"]
    thread.join(30)
    with pytest.raises(AssertionError, match=r"1 of 2 documents came within 0\.01 s"):
        paytraq_inbox.wait_for(2, timeout_s=0.01)


def test_a_document_with_errors_says_so(paytraq_inbox: PaytraqInbox) -> None:
    """What was refused has faults in place of fields."""
    import http.client  # noqa: PLC0415 - for this alone

    channel = paytraq_inbox.channel
    connection = http.client.HTTPConnection(channel.host, int(re.findall(r":([0-9]+)/", channel.reveal())[0]))
    connection.request("POST", "/" + channel.reveal().split("/", 3)[3], b"<Sale", {"Content-Type": "application/xml"})
    assert connection.getresponse().status == 400
    connection.close()
    (document,) = paytraq_inbox.documents
    with pytest.raises(AttributeError, match="it has no document_ref: error PD-090"):
        _ = document.document_ref


def test_the_documented_test_can_be_pasted(tmp_path: Path) -> None:
    """The test in the README runs in a project of somebody else's, on one worker and on two."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n((?:(?!```).)*?def test_.*?)```", readme, re.DOTALL)
    (tmp_path / "test_shop.py").write_text(code, encoding="utf-8")
    for workers in ("0", "2"):
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", workers],
            cwd=tmp_path, env=environment(), capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout.decode()
