"""The pages and the preview in a real browser: nothing hostile runs, the keyboard reaches all, every screen shows it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from arrivals import Arrived, Site, arrivals, example, faulty, sample

from paytraq_direct.inbox import pages
from paytraq_direct.readers import sale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page

SAMPLES = {
    "good": example("invoice.json"),
    "faulty": faulty(),
    "hostile": sample("hostile.xml"),
    "everything": sample("everything.xml"),
}
PATHS = ["/", *(f"/documents/{number}" for number in range(1, 9))]
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}

# Every visible text against the nearest ground below it, by the formula of WCAG 2.2; only what is too pale is given.
_PALE = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0.99) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const pale = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own.length || !element.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) pale.push([own[0].textContent, ratio]);
  }
  return pale;
}"""
_MEDDLE = """() => {
  for (const element of document.querySelectorAll("main *"))
    for (const kind of ["mouseover", "load", "error", "focus", "animationstart", "toggle"])
      element.dispatchEvent(new Event(kind, { bubbles: true }));
}"""
_FOCUSED = """() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const isSeen = box.width > 0 && box.left >= 0 && box.right <= innerWidth + 1;
  return [[...document.querySelectorAll("a, summary")].indexOf(at), style.outlineStyle, parseFloat(style.outlineWidth), isSeen];
}"""
_OUTSIDE = """() => {
  const wide = document.documentElement.scrollWidth > innerWidth;
  const out = [...document.body.querySelectorAll("*")]
    .filter((one) => !one.closest("thead") && one.getBoundingClientRect().right > innerWidth + 1);
  return [wide, out.map((one) => one.outerHTML.slice(0, 80))];
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Give the pages of all kinds of arrivals."""
    with Site(arrivals()) as site:
        yield site


@pytest.fixture(scope="module", params=SAMPLES)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the preview of a document."""
    document = SAMPLES[request.param]
    path: Path = tmp_path_factory.mktemp("preview") / "page.html"
    path.write_bytes(pages.preview(document, "invoice.json", sale.read("", document).faults))
    return path


@contextmanager
def opened(browser: Browser, address: str, *, is_quiet: bool = True, **options: Any) -> Iterator[Page]:
    """Open a page; at the end, nothing may have popped up, been complained about, or been asked of another place."""
    context = browser.new_context(**options)
    page = context.new_page()
    told: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        told.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("console", lambda message: told.append(f"console {message.text}"))
    page.on("pageerror", lambda error: told.append(f"error {error}"))
    origin = "/".join(address.split("/")[:3])
    page.on("request", lambda asked: None if asked.url.startswith((origin, "data:,")) else told.append(asked.url))
    context.on("page", lambda other: told.append(f"opened {other.url}"))
    try:
        page.goto(address)
        yield page
    finally:
        context.close()
    if is_quiet:
        assert told == []


def meddle(page: Page) -> None:
    """Do with a page what would set off its handlers."""
    page.evaluate(_MEDDLE)
    page.wait_for_timeout(100)


@pytest.mark.parametrize("path", ["/", "/documents/4", "/documents/8"])
def test_a_hostile_document_runs_nothing_when_served(browser: Browser, site: Site, path: str) -> None:
    """No dialog, no complaint of the policy, nothing asked of another place."""
    with opened(browser, site.address + path) as page:
        meddle(page)
        assert (
            page.evaluate(
                "document.querySelectorAll('article script, article img, article iframe, article svg').length"
            )
            == 0
        )


def test_a_hostile_document_runs_nothing_in_a_preview(browser: Browser, file: Path) -> None:
    """The file does nothing but show; its style is applied, so its policy allows it."""
    with opened(browser, file.as_uri()) as page:
        meddle(page)
        assert page.locator(".sheet").evaluate("(sheet) => getComputedStyle(sheet).borderRadius") == "10px"


def _tabbed(page: Page) -> list[list[Any]]:
    """Press Tab until the page is left, and give what was focused each time."""
    found: list[list[Any]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUSED)
        if at is None or at in found:
            return found
        found.append(at)
    raise AssertionError("the keyboard never leaves the page")


@pytest.mark.parametrize("path", ["/", "/documents/3", "/documents/4"])
def test_the_keyboard_reaches_every_link(browser: Browser, site: Site, path: str) -> None:
    """Each link is reached by Tab, in the order of the page, and it is seen where one is."""
    with opened(browser, site.address + path) as page:
        found = _tabbed(page)
        assert [index for index, *_ in found] == list(range(page.locator("a, summary").count()))
        assert all(style != "none" and width >= 2 and is_seen for _, style, width, is_seen in found)


def test_the_keyboard_skips_to_the_content_and_goes_to_a_fault(browser: Browser, site: Site) -> None:
    """The first link leads past what is on every page; a fault beside a value leads to its entry, that to its line."""
    with opened(browser, f"{site.address}/documents/4") as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.locator(".facts .remark").first.focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector(':target').id") == "fault-1"
        page.locator("#fault-1 a").focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector(':target').id") == "line-5"


def test_the_keyboard_reaches_every_link_of_a_preview(browser: Browser, file: Path) -> None:
    """The same is so of the file, whose XML is folded away when there are no faults."""
    with opened(browser, file.as_uri()) as page:
        hidden = page.locator("details:not([open]) a").count()
        assert len(_tabbed(page)) == page.locator("a, summary").count() - hidden


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, site: Site, path: str) -> None:
    """At 360 pixels nothing stands out of the screen."""
    with opened(browser, site.address + path, **PHONE) as page:
        assert page.evaluate(_OUTSIDE) == [False, []]


def test_a_phone_shows_a_preview(browser: Browser, file: Path) -> None:
    """Nor does it in the file."""
    with opened(browser, file.as_uri(), **PHONE) as page:
        page.locator("details").evaluate("(details) => { details.open = true; }")
        assert page.evaluate(_OUTSIDE) == [False, []]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Browser, site: Site, scheme: str) -> None:
    """Contrast is at least 4.5 to 1, and dark is dark."""
    for path in PATHS:
        with opened(browser, site.address + path, color_scheme=scheme) as page:
            assert page.evaluate(_PALE) == []
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (int(ground.removeprefix("rgb(").split(",")[0]) < 128) == (scheme == "dark")


def test_paper_shows_the_document_alone(browser: Browser, site: Site) -> None:
    """Printed, the page is the sheet: no bars, no XML, black on white."""
    with opened(browser, f"{site.address}/documents/4", color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.locator(".sheet").is_visible()
        for gone in (".bar", ".receipt", ".source", "footer"):
            assert not page.locator(gone).is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate(_PALE) == []


def test_the_list_follows_what_arrives(browser: Browser) -> None:
    """A new arrival is in the list at once, is announced politely, and the link that had the focus keeps it."""
    with Site(arrivals()[:2]) as site, opened(browser, site.address) as page:
        page.wait_for_load_state("load")
        page.locator("tbody a").first.focus()
        before = page.evaluate("document.activeElement.getAttribute('href')")
        site.shown.append(Arrived(3, sample("hostile.xml"), "400"))
        site.events.put(3)
        page.locator("tbody tr").nth(2).wait_for()
        assert page.locator("#news").inner_text() == "Document 3 has arrived."
        assert page.locator("#news").get_attribute("aria-live") == "polite"
        assert page.locator("tbody tr td").first.inner_text() == "3"
        assert page.evaluate("document.activeElement.getAttribute('href')") == before


def test_the_list_says_when_the_inbox_is_closed(browser: Browser) -> None:
    """When the line to the inbox is lost, the page says that it no longer follows."""
    with Site(arrivals()[:1]) as site, opened(browser, site.address, is_quiet=False) as page:
        site.events.put(None)
        page.get_by_text("The inbox is closed").wait_for()
        assert page.locator("tbody tr").count() == 1


def test_it_works_without_script(browser: Browser, site: Site) -> None:
    """All is there, and a link leads to a document."""
    with opened(browser, site.address, java_script_enabled=False) as page:
        assert page.locator("tbody tr").count() == len(site.shown)
        page.locator("tbody a").last.click()
        assert page.locator("h1").inner_text() == "Invoice"
