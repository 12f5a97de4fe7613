"""Where an invoice's links lead: whether a client can open them, what is there, and when they die."""

from __future__ import annotations

import re
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct import rules, signed, visit, wording
from paytraq_direct.connection import Deadline, Late, Trace, look_up, tls_context
from paytraq_direct.wire import PUBLIC_AUTHORITIES, route

if TYPE_CHECKING:
    import os
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    from paytraq_direct.connection import Origin
    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.visit import Answer

FIELDS: Final = ("document_uri", "pdf")
MOST_REDIRECTS: Final = 5
MOST_BYTES: Final = 64 * 1024
MOST_SIZE: Final = 25 * 10**6
LONGEST_VISIT_S: Final = 15.0
AT_A_TIME: Final = 8
SHORTEST_LIFE: Final = timedelta(days=30)

_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_PDF: Final = b"%PDF-"
_PDF_TYPES: Final = frozenset(("application/pdf", "application/x-pdf", "application/octet-stream", ""))
_OVER: Final = "it was not visited: the time for all the links was over"
_NOTHING: Final = "it was answered, but nothing of what it leads to came in time"
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_whole_size = re.compile(r"bytes [0-9-]+/([0-9]{1,18})").fullmatch
_is_length = re.compile(r"[0-9]{1,18}").fullmatch


class Seen(NamedTuple):
    """What one visit of a link found.

    ``trouble`` says why no answer came, or why none was asked for; ``status`` is that of the last answer. ``hosts``
    are those that redirects led to; ``address`` is the one that is not public, at the last of them. ``is_plain`` when
    any part of the way was plain http. ``kind`` is the content type, ``size`` in bytes, None when it was not said;
    ``start`` is the beginning of the body, None when it came packed or no body was asked for.
    """

    trouble: str | None = None
    status: int | None = None
    hosts: tuple[str, ...] = ()
    address: str | None = None
    is_plain: bool = False
    kind: str = ""
    size: int | None = None
    start: bytes | None = None


class Links:
    """Visits links, each once, several at a time, all of them within one deadline. Threads may share one.

    No proxy, cookie or password goes along, nothing is sent but HEAD and GET, and an address that is not
    ``is_allowed``, by default one that is not public, is not connected to. ``find``, ``now`` and how long is waited are
    given by tests. Raises ChannelError when ``ca_bundle`` cannot be used.
    """

    def __init__(
        self,
        *,
        deadline_s: float = 60.0,
        visit_s: float = LONGEST_VISIT_S,
        is_allowed: Callable[[str], bool] = visit.is_public,
        ca_bundle: str | os.PathLike[str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        find: Callable[[str, int, Deadline], list[tuple[Any, ...]]] = look_up,
    ) -> None:
        self._deadline = Deadline(deadline_s)
        self._visit_s = visit_s
        self._is_allowed = is_allowed
        self._now = now
        self._find = find
        own = None if ca_bundle is None else tls_context(ca_bundle)
        self._context = cache(lambda: own or tls_context(PUBLIC_AUTHORITIES))
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}

    def visit(self, links: Iterable[str]) -> None:
        """Visit links that were not visited yet, several at a time."""
        new = [link for link in dict.fromkeys(links) if link not in self._seen]
        pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="paytraq-links")
        try:
            list(pool.map(self.seen, new))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, each ends with its own deadline

    def seen(self, link: str) -> Seen:
        """Give what a visit to a link found; it is visited when it was not."""
        with self._lock:
            found = self._seen.get(link)
        if found is None:
            try:
                self._deadline.left()
            except Late:
                return Seen(trouble=_OVER)
            deadline = self._deadline.at_most(self._visit_s)
            found = _Way(link, deadline, self._context, self._find, self._is_allowed).seen()
            with self._lock:
                self._seen[link] = found
        return found

    def faults(self, invoice: Invoice) -> tuple[Fault, ...]:
        """Give what is wrong with the links of an invoice: warnings all of them."""
        return tuple(
            fault
            for name in FIELDS
            if (link := getattr(invoice, name))
            for fault in faults_of(name, link, self.seen(link), self._now())
        )


def of(invoice: Invoice) -> list[str]:
    """List the links of an invoice."""
    return [link for name in FIELDS if (link := getattr(invoice, name))]


class _Way:
    """One way from a link to what it leads to, over redirects."""

    def __init__(
        self,
        link: str,
        deadline: Deadline,
        context: Callable[[], ssl.SSLContext],
        find: Callable[[str, int, Deadline], list[tuple[Any, ...]]],
        is_allowed: Callable[[str], bool],
    ) -> None:
        self._at = link
        self._deadline = deadline
        self._context = context
        self._find = find
        self._is_allowed = is_allowed
        self._been = {link}
        self._hosts: list[str] = []
        self._is_plain = False
        self._size: int | None = None

    def seen(self) -> Seen:
        """Go the way: HEAD to where redirects end, then GET, since some servers know GET alone."""
        try:
            for method in ("HEAD", "GET"):
                found = self._follow(method)
                if isinstance(found, Seen):
                    return found
        except _NoAnswerError as no:
            return self._told(trouble=no.words)
        return self._judged(found)

    def _follow(self, method: Any) -> Seen | Answer | None:
        """Ask, and follow where it leads; None when the server will not answer a HEAD."""
        while True:
            origin, target = self._route()
            self._is_plain = self._is_plain or origin.scheme == "http"
            trace = Trace()
            try:
                addresses = self._find(origin.host, origin.port, self._deadline)
                hidden = next((one for _, (one, *_) in addresses if not self._is_allowed(one)), None)
                if hidden is not None:
                    return self._told(address=hidden)
                connection = visit.call_at(origin, addresses, self._deadline, trace, context=self._context)
                try:
                    trace.stage = "answer"
                    answer = visit.ask(connection, method, origin, target, self._deadline, most_bytes=MOST_BYTES)
                finally:
                    connection.close()
            except Exception as error:  # noqa: BLE001 - the boundary: whatever a server does is a finding
                if method == "HEAD" and trace.stage == "answer" and not isinstance(error, Late):
                    return None
                raise _NoAnswerError(visit.why(error, trace, self._deadline)) from None
            if method == "HEAD" and answer.head.status == HTTPStatus.OK:
                self._size = _length(answer)
            place = answer.header("location")
            if answer.head.status not in _REDIRECTS or place is None:
                return answer
            self._go_on(origin, place)

    def _route(self) -> tuple[Origin, str]:
        try:
            return route(self._at)
        except ValueError:
            raise _NoAnswerError("it leads to something that is no http:// or https:// address") from None

    def _go_on(self, origin: Origin, place: str) -> None:
        """Take the next step; a header is latin-1, and what is beyond ASCII in it is meant as UTF-8."""
        try:
            place = place.encode("latin-1").decode("utf-8", "replace")
            self._at = urllib.parse.urljoin(self._at, place)
        except ValueError:
            self._at = "about:blank"
        if self._at in self._been:
            raise _NoAnswerError("its redirects lead in a circle")
        if len(self._hosts) == MOST_REDIRECTS:
            raise _NoAnswerError(f"it is redirected more than {MOST_REDIRECTS} times")
        self._been.add(self._at)
        self._hosts.append(_host(self._at) or origin.host)

    def _judged(self, answer: Seen | Answer | None) -> Seen:
        assert isinstance(answer, visit.Answer)  # noqa: S101 - a GET gives an answer, or raises
        if not answer.start and not answer.whole:
            return self._told(trouble=_NOTHING)
        is_packed = (answer.header("content-encoding") or "identity").lower() != "identity"
        return self._told(
            status=answer.head.status,
            kind=(answer.header("content-type") or "").partition(";")[0].strip().lower(),
            size=self._size if _length(answer) is None else _length(answer),
            start=None if is_packed else answer.start,
        )

    def _told(self, **found: Any) -> Seen:
        return Seen(hosts=tuple(self._hosts), is_plain=self._is_plain, **found)


class _NoAnswerError(Exception):
    """The way ends without an answer; ``words`` say why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def faults_of(name: str, link: str, seen: Seen, now: datetime) -> Iterator[Fault]:
    """Say what is wrong with a link: where it leads, what is there, and for how long."""

    def fault(rule: rules.Rule, **words: Any) -> Fault:
        return rule.fault(name, value=link, **words)

    if seen.address is not None:
        host = seen.hosts[-1] if seen.hosts else _host(link)
        yield fault(rules.LINK_PRIVATE, host=wording.raw(host), address=seen.address)
    elif seen.trouble is not None:
        yield fault(rules.LINK_SILENT, why=seen.trouble)
    else:
        yield from _of_answer(name, seen, fault)
    is_plain = link.lower().startswith("http:")
    if is_plain or seen.is_plain:
        yield fault(rules.LINK_OPEN_TO_ALL, goes="is" if is_plain else "leads over")
    dies = signed.dies_at(link)
    if dies is not None and dies - now < SHORTEST_LIFE:
        yield fault(rules.LINK_DIES, dies=_dies(dies, now))


def _of_answer(name: str, seen: Seen, fault: Callable[..., Fault]) -> Iterator[Fault]:
    """Say what is wrong with what a link was answered."""
    if seen.status is not None and not HTTPStatus.OK <= seen.status < HTTPStatus.MULTIPLE_CHOICES:
        yield fault(rules.LINK_REFUSED, status=seen.status, phrase=_phrase(seen.status))
    else:
        if name == "pdf" and (what := _not_pdf(seen)):
            yield fault(rules.LINK_NOT_PDF, what=what)
        if size := _odd_size(seen):
            yield fault(rules.LINK_SIZE, size=size)
    if seen.hosts:
        times = "once" if len(seen.hosts) == 1 else f"{len(seen.hosts)} times"
        yield fault(rules.LINK_MOVED, times=times, host=wording.raw(seen.hosts[-1]))


def _not_pdf(seen: Seen) -> str | None:
    """Say what there is instead of a PDF. The bytes decide; a type alone only when there are none to look at."""
    if seen.start is not None and seen.start.startswith(_PDF):
        return None if seen.kind in _PDF_TYPES else f"its content type is {wording.raw(seen.kind)}"
    kind = wording.raw(seen.kind) or "of no content type"
    if seen.start is None:
        return None if seen.kind in _PDF_TYPES else kind
    return f"{kind}, and it does not begin with %PDF-" if seen.start else None


def _odd_size(seen: Seen) -> str | None:
    if seen.size == 0 or seen.start == b"":
        return "nothing: it is empty"
    if seen.size is not None and seen.size > MOST_SIZE:
        return f"{seen.size / 10**6:,.0f} MB"
    return None


def _dies(moment: datetime, now: datetime) -> str:
    """Say when a link dies, in the largest unit of which there is one."""
    seconds = (moment - now).total_seconds()
    if seconds <= 0:
        return f"died on {moment:%Y-%m-%d at %H:%M} UTC"
    for unit, size in _UNITS:
        if number := int(seconds // size):
            return f"dies in {number} {unit}{'' if number == 1 else 's'}"
    return "dies within a minute"


def _length(answer: Answer) -> int | None:
    """Give the size of the whole, as the answer says it."""
    part = _whole_size(answer.header("content-range") or "")
    length = part[1] if part else answer.header("content-length") or ""
    return int(length) if _is_length(length) else None


def _host(link: str) -> str:
    try:
        return urllib.parse.urlsplit(link).hostname or ""
    except ValueError:
        return ""


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""
