"""The inbox in a real browser: what is sent appears as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands import run
from conftest import EXAMPLES

from paytraq_direct.inbox import site
from paytraq_direct.inbox.server import Inbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_an_invoice_appears_without_reloading(browser: Browser) -> None:
    """Sent from the command line, an invoice is on the page by itself; a click shows it as the customer would see it."""
    with Inbox(site=site.answer) as inbox:
        page = browser.new_page()
        page.goto(inbox.address)
        page.evaluate("window.mark = 'the same page'")
        env = {"PAYTRAQ_CHANNEL": inbox.channel.reveal()}
        for name, number in (("invoice.json", "INV-2026-0042"), ("smallest.json", "INV-2026-0043")):
            assert run("paytraq-send", EXAMPLES / name, env=env).returncode == 0
            page.get_by_role("link", name=number, exact=True).wait_for()
        assert page.evaluate("window.mark") == "the same page"
        assert page.locator("tbody tr").count() == 2
        page.get_by_role("link", name="INV-2026-0042", exact=True).click()
        assert page.get_by_text("Bērza malka, 1 m³").first.is_visible()
        page.close()
