"""The channel: its secret URI, and PayTraq's verdict over what became of a document."""

from __future__ import annotations

import hmac
import ipaddress
import re
import urllib.parse
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, NoReturn

from paytraq_direct import __version__
from paytraq_direct.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from paytraq_direct.wire import Exchange, Wire

Outcome = Literal["delivered", "deferred", "rejected", "in_doubt"]

PAYTRAQ_HOST: Final = "go.paytraq.com"
HEADERS: Final = {"Content-Type": "application/xml", "User-Agent": f"paytraq_direct/{__version__}"}
LONGEST_WAIT_S: Final = 86_400.0

_SHOWN_SEGMENTS: Final = frozenset(("ext", "direct", "inbox", "webhooks", "api"))
_LONGEST_URI: Final = 2_048
_LONGEST_HOST: Final = 253
_TAIL_FROM: Final = 12
_PORTS: Final = {"https": 443, "http": 80}

_split = re.compile(r"(?i:(https?))://(\[[^\]/?#]*\]|[^/:?#\[\]]*)(?::([^/?#]*))?(/[^?#]*)?").fullmatch
_is_port = re.compile(r"[1-9][0-9]{0,4}").fullmatch
_is_label = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?").fullmatch
_is_path = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+").fullmatch
_encoded_trap = re.compile(r"%(?:2[ef]|5c|[01][0-9a-f]|7f)", re.IGNORECASE).search
_numeric_end = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)").fullmatch
_is_loopback_address = re.compile(r"127(?:\.[0-9]{1,3}){3}").fullmatch
_is_seconds = re.compile(r"[0-9]{1,12}").fullmatch
_html_start = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE).match


class _Parts(NamedTuple):
    """A URI taken apart and normalised."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


class ChannelUri:
    """The secret address of one customer's inbox; whoever has it can post into the customer's books.

    Text, ``repr`` and every format show the masked form. It cannot be changed, pickled or written as JSON,
    and ``reveal()`` is the only way to the address itself. https only, but for this machine itself or with
    ``allow_http``. Raises ChannelError, which never repeats the text.
    """

    __slots__ = ("_parts", "_uri", "masked")

    masked: str
    """The address as it may be shown: host, shape of the path, end of the id if it is long enough."""

    _parts: _Parts
    _uri: str

    def __init__(self, text: str, *, allow_http: bool = False) -> None:
        parts = _take_apart(text, allow_http=allow_http)
        if isinstance(parts, str):
            raise ChannelError(f"the channel URI {parts}")
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_uri", parts.origin + parts.path)
        object.__setattr__(self, "masked", parts.origin + _masked_path(parts.path))

    @property
    def scheme(self) -> str:
        """The scheme: https, or http where that is allowed."""
        return self._parts.scheme

    @property
    def host(self) -> str:
        """The host in lower case, an IPv6 address without brackets."""
        return self._parts.host

    @property
    def port(self) -> int:
        """The port, also when it is the scheme's own."""
        return self._parts.port

    @property
    def is_paytraq(self) -> bool:
        """Whether the address is PayTraq's own; another one deserves a note."""
        return self._parts.host == PAYTRAQ_HOST

    @property
    def is_loopback(self) -> bool:
        """Whether the address is on this machine."""
        return _is_loopback(self._parts.host)

    def reveal(self) -> str:
        """Give the whole address, secret included: for the connection and for fingerprints, never for a message."""
        return self._uri

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"ChannelUri({self.masked!r})"

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChannelUri):
            return NotImplemented
        return hmac.compare_digest(self._uri.encode(), other._uri.encode())

    def __hash__(self) -> int:
        return hash((ChannelUri, self._uri))

    def __copy__(self) -> ChannelUri:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> ChannelUri:
        return self

    def __setattr__(self, _name: str, _value: object) -> NoReturn:
        raise AttributeError("a ChannelUri cannot be changed")

    def __delattr__(self, _name: str) -> NoReturn:
        raise AttributeError("a ChannelUri cannot be changed")

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a ChannelUri is a secret and cannot be pickled: pass on reveal(), knowing where it goes")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a ChannelUri is a secret and gives no state away")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an exchange means for the document.

    ``retry_after`` is what a busy answer asked for, in seconds, at most a day; None when it did not say.
    ``notes`` are remarks that change nothing about the outcome.
    """

    outcome: Outcome
    message: str
    retry_after: float | None
    notes: tuple[str, ...]
    exchange: Exchange


class StatusRule(NamedTuple):
    """What a complete answer with one of these statuses means."""

    statuses: range | frozenset[int]
    outcome: Outcome
    remark: str


DOUBT: Final = "it may have arrived all the same"
# The first rule that has the status decides. Source of "200 or it failed": PayTraq's page on Direct; of the
# rest: RFC 9110, sections 15.3 to 15.6, RFC 6585 and RFC 8470 for what is surely not taken.
_RULES: Final = (
    StatusRule(frozenset((404,)), "rejected", "is the channel still active, and its URI complete?"),
    StatusRule(frozenset((401, 403, 410)), "rejected", "is the channel still active?"),
    StatusRule(frozenset((413,)), "rejected", "the document is too big for the channel"),
    StatusRule(frozenset((408, 425, 429)), "deferred", "busy, it was not taken"),
    StatusRule(frozenset((502, 504, *range(520, 528))), "in_doubt", f"the gateway got no answer itself, {DOUBT}"),
    StatusRule(range(200, 300), "in_doubt", f"PayTraq answers 200 for success, {DOUBT}"),
    StatusRule(range(300, 400), "rejected", "the channel has moved, which is not followed: ask for its new URI"),
    StatusRule(range(400, 500), "rejected", "the channel refused the document"),
    StatusRule(range(500, 600), "rejected", "the channel failed on the document"),
    StatusRule(range(600, 1_000), "in_doubt", f"no status that HTTP knows, {DOUBT}"),
)


def judge(exchange: Exchange, *, now: datetime | None = None) -> Verdict:
    """Say what an exchange means. A Retry-After date counts from ``now``, if given, else from when the answer came."""
    status, wait = exchange.status, None
    if status is None:
        outcome, message = without_answer(exchange, "the document")
    elif status == HTTPStatus.OK:
        whole = exchange.progress == 2 and not exchange.early  # noqa: PLR2004 - Progress.WHOLE, kept out of the imports
        outcome = "delivered" if whole else "in_doubt"
        message = "200 OK" if whole else f"200 OK came before the whole document was written: {DOUBT}"
    else:
        outcome, remark = by_status(_RULES, status, is_busy=exchange.header("retry-after") is not None)
        if outcome == "deferred":
            came = exchange.sent_at + timedelta(milliseconds=exchange.elapsed_ms)
            wait = retry_after(exchange.header("retry-after"), now or came)
            remark += "" if wait is None else f", try again in {wait:g} s"
        message = f"{named_status(status)}: {remark}"
    return Verdict(outcome=outcome, message=message, retry_after=wait, notes=tuple(_notes(exchange)), exchange=exchange)


def retry_after(text: str | None, now: datetime) -> float | None:
    """Give the seconds that a Retry-After header asks for: delta-seconds or an HTTP date, at most a day.

    None when there is no header, or it makes no sense, or its time is over.
    """
    if text is None:
        return None
    if _is_seconds(text):
        return min(float(text), LONGEST_WAIT_S)
    if not text.isascii() or ":" not in text:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rarely needed, and slow to import

    try:
        moment = parsedate_to_datetime(text)
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(seconds, LONGEST_WAIT_S) if seconds >= 0 else None


class Channel:
    """Where documents go: a URI, and the wire that leads there. Raises ChannelError when they do not fit."""

    __slots__ = ("_wire", "uri")

    def __init__(self, uri: ChannelUri, wire: Wire) -> None:
        if uri.scheme == "http" and wire.has_proxy:
            raise ChannelError("a proxy can be used for https only: leave out --proxy, or use an https channel")
        if not wire.reads_alike(uri.reveal(), uri.host, uri.port):
            raise ChannelError("the channel URI is read differently by different programs: use it as PayTraq shows it")
        self.uri = uri
        self._wire = wire

    def __repr__(self) -> str:
        return f"Channel({self.uri.masked!r})"

    def post(self, document: bytes, *, deadline_s: float) -> Verdict:
        """Post a document once and say what became of it; the deadline is for everything together."""
        exchange = self._wire.post(
            self.uri.reveal(), document, headers=HEADERS, deadline_s=deadline_s, shown_url=self.uri.masked
        )
        return judge(exchange)


def _take_apart(text: object, *, allow_http: bool) -> _Parts | str:
    """Give the parts of a URI, or what is wrong with it in words that do not repeat it."""
    trouble = _flaw_of_text(text)
    match = _split(text) if isinstance(text, str) and not trouble else None
    if match is None:
        return trouble or "must be https:// with a host and a path"
    scheme, host = match[1].lower(), _host(match[2].lower())
    path, port = match[4] or "/", match[3]
    if host is None:
        return "has a host name that is not plain: write it in lower case letters, digits, hyphens and dots"
    is_port = port is None or (_is_port(port) and int(port) <= 65_535)  # noqa: PLR2004 - the highest port
    if trouble := _flaw_of_path(path) if is_port else "has a port that is no number from 1 to 65535":
        return trouble
    parts = _Parts(scheme, host, int(port or _PORTS[scheme]), path)
    if not _urlsplit_agrees(match[0], parts):
        return "is read differently by different programs"
    if scheme == "https" or allow_http or _is_loopback(host):
        return parts
    return "must begin with https:// (--allow-http lets a plain one through)"


def _flaw_of_text(text: object) -> str:
    if not isinstance(text, str):
        return "must be text"
    flaws = (
        (not text, "is empty"),
        (len(text) > _LONGEST_URI, "is too long"),
        (not text.isascii(), "has characters beyond ASCII"),
        (any(character <= " " or character == "\x7f" for character in text), "has blanks or control characters"),
        ("\\" in text, "has a backslash"),
        ("?" in text, "has a query (?…), which a channel does not have"),
        ("#" in text, "has a fragment (#…), which a channel does not have"),
        ("@" in text.partition("://")[2].partition("/")[0], "has a user name in it"),
    )
    return next((words for is_so, words in flaws if is_so), "")


def _flaw_of_path(path: str) -> str:
    segments = path.split("/")
    flaws = (
        (path == "/", "has no path: the part after the host is missing"),
        (not _is_path(path), "has a path with a stray % or a character that must be encoded"),
        (_encoded_trap(path) is not None, "has an encoded dot, slash, backslash or control character"),
        ("." in segments or ".." in segments, "has a dot segment (/./ or /../)"),
        ("//" in path, "has an empty path segment (//)"),
    )
    return next((words for is_so, words in flaws if is_so), "")


def _host(text: str) -> str | None:
    """Give a host that every program reads alike, an IPv6 address without its brackets; else None."""
    try:
        if text.startswith("["):
            return None if "%" in text else ipaddress.IPv6Address(text[1:-1]).compressed
        labels = text.split(".")
        if _numeric_end(labels[-1]):
            return ipaddress.IPv4Address(text).compressed
        if len(text) > _LONGEST_HOST or not all(map(_is_label, labels)):
            return None
        # An xn-- label that does not come back the same is shown as one host and looked up as another.
        is_plain = not any(label.startswith("xn--") for label in labels)
        return text if is_plain or text.encode("ascii").decode("idna").encode("idna") == text.encode() else None
    except ValueError:
        return None


def _urlsplit_agrees(text: str, parts: _Parts) -> bool:
    try:
        seen = urllib.parse.urlsplit(text)
        host, port = _host(f"[{seen.hostname}]" if ":" in parts.host else seen.hostname or ""), seen.port
    except ValueError:
        return False
    return (seen.scheme, host, port or _PORTS[parts.scheme], seen.path) == parts


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or _is_loopback_address(host) is not None


def _masked_path(path: str) -> str:
    *folders, last = path.rstrip("/").split("/")
    shown = [folder if not folder or folder in _SHOWN_SEGMENTS else "…" for folder in folders]
    tail = last[-4:] if len(last) >= _TAIL_FROM else ""
    return "/".join([*shown, f"…{tail}"])


def without_answer(exchange: Exchange, what: str) -> tuple[Outcome, str]:
    """Say what becomes of something, in words like "the document", to which no complete answer came."""
    trouble = exchange.trouble or "no answer came"
    if not exchange.progress:
        return "deferred", f"nothing was sent: {trouble}"
    part = what if exchange.progress > 1 else f"part of {what}"
    return "in_doubt", f"{part} was sent, but {trouble}"


def by_status(rules: Iterable[StatusRule], status: int, *, is_busy: bool) -> tuple[Outcome, str]:
    """Say what a status means by the first rule that has it; ``is_busy`` when the answer says when to come back."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        if is_busy:
            return "deferred", "busy, it was not taken"
        return "in_doubt", f"it did not say when to come back, {DOUBT}"
    rule = next(rule for rule in rules if status in rule.statuses)
    return rule.outcome, rule.remark


def named_status(status: int) -> str:
    """Give a status with its usual name; never the server's own words, which may quote the secret path."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _notes(exchange: Exchange) -> list[str]:
    notes = []
    if exchange.status == HTTPStatus.OK and (
        "text/html" in (exchange.header("content-type") or "").lower() or _html_start(exchange.body)
    ):
        notes.append("the answer is an HTML page, which an inbox does not send: is this the channel's own URI?")
    if exchange.stage == "body":
        notes.append("the answer's body was cut")
    return notes
