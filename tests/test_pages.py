"""The pages and the preview as HTML: what they show, that all of it is escaped, and that nothing in it can run."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from typing import TYPE_CHECKING

import pytest
from arrivals import NOTE, Arrived, arrivals, example, faulty, sample
from conftest import SAMPLES, Golden
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from paytraq_direct import __version__, codes, fields, resources, xmlio
from paytraq_direct.inbox import pages, text
from paytraq_direct.inbox.view import day_text, view_of
from paytraq_direct.readers import sale

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = sample("everything.xml")
HOSTILE = sample("hostile.xml")
ELEMENTS = set(
    "html head meta title link style script body a header p span nav main footer h1 h2 table thead tbody tr th td time "
    "code bdi dl dt dd div section article ol li strong mark data details summary".split()
)


def parsed(page: bytes) -> html.HtmlElement:
    """Parse a page."""
    return html.document_fromstring(page.decode(), parser=html.HTMLParser(encoding="utf-8"))


def one(root: html.HtmlElement, path: str) -> html.HtmlElement:
    """Give the one element at a path."""
    (found,) = root.xpath(path)
    assert isinstance(found, html.HtmlElement)
    return found


def words(element: html.HtmlElement) -> str:
    """Give the text of an element, blanks made one."""
    return " ".join(element.text_content().split())


def preview(document: bytes) -> bytes:
    """Give the preview of a document with its faults."""
    return pages.preview(document, "invoice.json", sale.read("", document).faults)


def every_page() -> Iterator[tuple[str, bytes]]:
    """Give every page there is of every kind of arrival."""
    shown = arrivals()
    yield "list", pages.list_page(shown, NOTE)
    yield "empty", pages.list_page([], NOTE)
    for arrived in shown:
        yield f"document {arrived.number}", pages.document_page(arrived, newest=len(shown))
        yield f"preview {arrived.number}", preview(arrived.document)


PAGES = dict(every_page())


def nothing_runs(page: bytes) -> None:
    """Hold a page to the elements and attributes that its templates have, and to safe links."""
    root = parsed(page)
    assert {element.tag for element in root.iter() if isinstance(element.tag, str)} <= ELEMENTS
    scripts = [element.get("src") for element in root.iter("script")]
    assert scripts in ([], ["/live.js"])
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name != "style"
            if name in {"href", "src"}:
                assert re.match(r"/|#|https?://|data:,$", value), value
        if element.get("target"):
            assert (element.get("target"), element.get("rel")) == ("_blank", "noopener noreferrer")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_in_a_page_can_run(name: str) -> None:
    """No document brings elements, handlers, styles or unsafe links of its own, and each link within a page arrives."""
    nothing_runs(PAGES[name])
    root = parsed(PAGES[name])
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in root.xpath("//a/@href") if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("preview")])
def test_served_pages_have_no_style_or_script_inside(name: str) -> None:
    """The policy that forbids both is no hindrance."""
    root = parsed(PAGES[name])
    assert root.xpath("//style | //script[not(@src)]") == []
    assert root.xpath("string(//html/@lang)") == "en"
    assert (len(root.xpath("//main")), len(root.xpath("//h1")), root.xpath("string(//a[1]/@href)")) == (1, 1, "#main")


def test_hostile_texts_are_shown_as_they_are() -> None:
    """Scripts, handlers, template marks and unsafe links are texts like any other; what cannot be seen is spelt."""
    for page in (pages.document_page(Arrived(1, HOSTILE, "400")), preview(HOSTILE)):
        sheet = words(one(parsed(page), "//article"))
        for hostile in (
            '<script>alert("ref")</script>', '<img src=x onerror=alert("supplier")> {{ 7*7 }} {% raw %}',
            'javascript:alert("uri")', 'data:text/html,<script>alert("pdf")</script>', '<svg/onload=alert("type")>',
            '--><script>alert("comment")</script><style>*{display:none}</style>', "alert('attribute')",
            '<iframe src="javascript:alert(4)">', "AS U+202Estneil", "SAU+200B", "U+0085U+000D", "9" * 98,
        ):  # fmt: skip
            assert hostile in sheet


def test_a_page_shows_every_value_of_every_element() -> None:
    """What a document holds is on its page and in its preview: as it stands, or in the words that it means."""
    rows = {row.tag: row for row in (*fields.INVOICE, *fields.LINE_ITEM, *fields.ADJUSTMENT)}
    told = {"true": "include tax", "false": "without tax"}
    for page in (pages.document_page(Arrived(1, EVERYTHING)), preview(EVERYTHING)):
        sheet = words(one(parsed(page), "//article"))
        for element in xmlio.parse(EVERYTHING).iter():
            value = " ".join((element.text or "").split())
            row = rows.get(str(element.tag))
            if row and row.codes and row.name not in {"type_id", "pct_or_amount", "pay_term_type"}:
                value = next(code.meaning for code in row.codes.codes if code.wire == value)
            if value in {"pct", "amount", "charge", "discount"}:
                value = {"pct": "%", "amount": "+4.40"}.get(value, value.capitalize())
            if row and row.name == "pay_term_type":
                value = "after the end of the month"
            assert day_text(told.get(value, value)) in sheet


def test_the_list_is_newest_first() -> None:
    """The list tells number, parties, total, answer, checks, time and the sum as the sender's receipt has it."""
    shown = arrivals()
    root = parsed(pages.list_page(shown, NOTE))
    rows = [[words(cell) for cell in row.findall("td")] for row in root.xpath("//tbody/tr")]
    assert [row[0] for row in rows] == ["8", "7", "6", "5", "4", "3", "2", "1"]
    assert rows[-1] == [
        "1", "INV-2026-0042", "SIA Piegādātājs → AS Klients", "362.58 EUR", "200", "no faults", "2026-11-16 09:42:30",
        "6226…d5dd",
    ]  # fmt: skip
    assert rows[2][1:6] == [
        "INV-2026-0042 duplicate of 1", "SIA Piegādātājs → AS Klients", "362.58 EUR", "no answer", "no faults",
    ]  # fmt: skip
    assert rows[3][1:6] == ["without a number UBL", "–", "–", "400", "no faults"]
    assert rows[4][5] == "2 errors 5 warnings"
    assert NOTE in words(root)


def test_the_rows_are_those_of_the_list() -> None:
    """What the script puts in is what was there."""
    shown = arrivals()
    assert pages.rows(shown).decode().strip() in pages.list_page(shown, NOTE).decode()
    assert "Nothing has arrived yet" in pages.rows([]).decode()


@pytest.mark.parametrize(
    ("number", "links"),
    [(1, ["/documents/2"]), (4, ["/documents/3", "/documents/5"]), (8, ["/documents/7"])],
)
def test_a_document_leads_to_its_neighbours(number: int, links: list[str]) -> None:
    """Previous and next are there when there are such."""
    root = parsed(PAGES[f"document {number}"])
    assert root.xpath("//nav//a/@href") == links
    assert f"/documents/{number}.xml" in root.xpath("//a/@href")


def test_a_document_tells_how_it_arrived() -> None:
    """The whole sum, the answer, the time, and earlier ones of the same number."""
    arrived = arrivals()[5]
    root = parsed(pages.document_page(arrived, newest=8))
    told = {words(one(pair, "dt")): words(one(pair, "dd")) for pair in root.find_class("receipt")[0]}
    assert told == {
        "Received": "2026-11-16 09:49:25 UTC", "Answered": "no answer", "Checks": "no faults", "Same number as": "No. 1",
        "SHA-256": arrived.sha256,
    }  # fmt: skip


def test_each_fault_is_at_its_line() -> None:
    """A fault is listed with line and column, leads to its line, and the line leads back; the faulty part is marked."""
    arrived = Arrived(4, faulty(), "400")
    root = parsed(pages.document_page(arrived))
    lines = faulty().decode().split("\n")
    for number, fault in enumerate(arrived.faults, 1):
        listed = root.get_element_by_id(f"fault-{number}")
        assert f"line {fault.line}:{fault.column}" in words(listed)
        assert listed.xpath(".//a/@href") == [f"#line-{fault.line}"]
        assert fault.line is not None
        line = root.get_element_by_id(f"line-{fault.line}")
        assert f"#fault-{number}" in line.xpath(".//a/@href")
        assert fault.column is not None
        part = lines[fault.line - 1][fault.column - 1 :][: fault.length].replace("\u202e", "U+202E")
        assert "".join(mark.text_content() for mark in line.iter("mark")) == part


@pytest.mark.parametrize(
    "document", [EVERYTHING, HOSTILE, faulty(), b"<a><!-- x", b"<a b='", b"<![CDATA[<", b"&&lt<<>>", b""]
)
def test_colours_change_no_letter(document: bytes) -> None:
    """The coloured document is the document, letter by letter; only what cannot be seen is spelt."""
    shown = view_of(document).text
    coloured = "\n".join("".join(piece.text for piece in line.pieces) for line in text.lines(shown, ()))
    assert coloured == "".join(piece.text for piece in text.seen(shown)).rstrip("\n")


def test_colours_are_those_of_xml() -> None:
    """Names, attributes, values, entities, comments and declarations are told apart."""
    (line,) = text.lines("<?xml?><!-- <a> --><a:b c=\"d>\" e='f'>g &amp; h</a:b>", ())
    assert [(piece.kind, piece.text) for piece in line.pieces] == [
        ("declaration", "<?xml?>"), ("comment", "<!-- <a> -->"), ("tag", "<a:b"), ("", " "), ("attribute", "c"), ("", "="),
        ("value", '"d>"'), ("", " "), ("attribute", "e"), ("", "="), ("value", "'f'"), ("tag", ">"), ("", "g "),
        ("entity", "&amp;"), ("", " h"), ("tag", "</a:b>"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "part", ["<", "<a ", '<a "', "<a '\"", "<!--", "<![CDATA[", "<?", "&", "&a", "\u202e", "<a b=\"'"]
)
def test_a_hostile_document_is_no_work(part: str) -> None:
    """The page of a document that is made to be slow is there in a moment."""
    start = time.monotonic()
    preview((part * 300_000).encode()[:900_000])
    assert time.monotonic() - start < 30


def test_a_huge_document_has_a_page() -> None:
    """Many lines, long texts and many faults are shown in part, and the page says so."""
    line = "<LineItem><Item><ItemName>x</ItemName></Item><Qty>1,0</Qty><Price>1</Price></LineItem>\n"
    document = EVERYTHING.decode().replace("</LineItems>", line * 3_000 + "</LineItems>")
    document = document.replace("<ItemName>Piegāde", "<ItemName>" + "N" * 50_000)
    page = preview(document.encode())
    assert len(page) < 5_000_000
    told = words(parsed(page))
    assert "2,002 more lines, which the XML has" in told
    assert "30,000 more characters" in told
    assert "only the beginning is shown here" in told


_PARTS = st.sampled_from(
    [
        b"<Sale>",
        b"</Sale>",
        b"<Header>",
        b"<script>",
        b"&lt;script&gt;",
        b"<!--",
        b"]]>",
        b"<Qty>",
        b"\xff",
        b"&#8238;",
        b"'\"",
    ]
)


@given(
    st.lists(
        st.tuples(st.integers(0, len(HOSTILE)), st.integers(0, 40), st.one_of(_PARTS, st.binary(max_size=9))),
        max_size=6,
    )
)
def test_whatever_comes_has_a_page_that_runs_nothing(changes: list[tuple[int, int, bytes]]) -> None:
    """A document mangled in any way still has its page."""
    document = HOSTILE
    for at, length, part in changes:
        document = document[:at] + part + document[at + length :]
    nothing_runs(preview(document))


def test_a_preview_needs_nothing_beside_it() -> None:
    """It loads nothing, its policy allows its own style and no more, and that style is the one that is allowed."""
    root = parsed(preview(EVERYTHING))
    assert root.xpath("//script | //img | //link[@rel='stylesheet']") == []
    (style,) = root.iter("style")
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    assert root.xpath("string(//meta[@http-equiv='Content-Security-Policy']/@content)") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_assets_are_two() -> None:
    """There is a style and a script, and no other file can be had by this way."""
    for name, kind in (("style.css", "text/css; charset=utf-8"), ("live.js", "text/javascript; charset=utf-8")):
        assert pages.asset(name) == ((resources.folder("templates") / "inbox" / name).read_bytes(), kind)
    for name in ("", "list.html.j2", "../sale.xml.j2", "/style.css", "style.css/"):
        assert pages.asset(name) is None


def test_no_template_gives_up_escaping() -> None:
    """Escaping is switched off for the style of the preview alone."""
    for path in (resources.folder("templates") / "inbox").glob("*.j2"):
        source = path.read_text(encoding="utf-8")
        assert "safe" not in source
        off = re.findall(r"autoescape false %}(.*?){%", source)
        assert off == (["{{ css }}"] if path.name == "preview.html.j2" else [])


def test_the_page_of_an_example(golden: Golden) -> None:
    """The page of examples/invoice.json is what it was."""
    page = pages.document_page(Arrived(2, example("invoice.json")), newest=3).decode()
    golden.check(SAMPLES / "inbox" / "invoice.html", page.replace(__version__, "VERSION"))


@pytest.mark.parametrize("code", codes.SALE_TYPE.codes)
def test_each_kind_of_document_names_itself(code: codes.Code) -> None:
    """The title of the window is the kind of document and its number."""
    page = pages.document_page(Arrived(1, EVERYTHING.replace(b"sales_receipt", code.wire.encode())))
    assert words(one(parsed(page), "//title")) == f"{code.meaning} ALL-2026-0001"
