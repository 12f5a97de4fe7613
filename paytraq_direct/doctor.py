"""What can be known of the way to a channel, of the outbox and of this machine without posting anything."""

from __future__ import annotations

import platform
import time
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from paytraq_direct import __version__, certificate, visit, wording
from paytraq_direct.channel import PAYTRAQ_HOST
from paytraq_direct.connection import Deadline, Late, Origin, Proxy, Trace, look_up, tls_context
from paytraq_direct.errors import ChannelError
from paytraq_direct.outbox import health
from paytraq_direct.wire import CA_VARIABLES, PROXY_VARIABLES, PUBLIC_AUTHORITIES

if TYPE_CHECKING:
    import os
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from paytraq_direct.certificate import Certificate
    from paytraq_direct.channel import ChannelUri
    from paytraq_direct.connection import Connection
    from paytraq_direct.outbox.health import Health

Level = Literal["ok", "warning", "error"]

_SHORT_ID: Final = 12
_SOON: Final = timedelta(days=21)
_SKEW: Final = timedelta(seconds=60)
_LITTLE_SPACE: Final = 100 * 10**6
_SHOWN_ADDRESSES: Final = 4
_LIBRARIES: Final = ("requests", "lxml", "xmlschema", "jinja2", "click", "certifi")
_TOPICS: Final = {"resolve": "name", "connect": "connection", "proxy": "proxy", "tls": "tls"}
_ADVICE: Final = {
    "name": "check the host of the channel, and the name server of this machine",
    "connection": "check the line, the firewall, and whether a proxy is needed (--proxy)",
    "proxy": "check the proxy's address, user and password",
    "tls": "a proxy that opens TLS needs its authority in --ca-bundle; else tell the keeper of the host",
}


class Finding(NamedTuple):
    """One thing that was looked at: what it is about, how it is, and what to do about it where that is needed."""

    level: Level
    topic: str
    message: str
    advice: str | None = None


def versions() -> Finding:
    """Name the versions of all that takes part."""
    found = [f"{name} {metadata.version(name)}" for name in _LIBRARIES]
    system = f"{platform.system()} {platform.machine()}"
    tls, store = certificate.library(), health.sqlite_version()
    words = [f"paytraq_direct {__version__}", f"Python {platform.python_version()} on {system}", *found, tls]
    return Finding("ok", "versions", ", ".join([*words, f"SQLite {store}"]))


def address(uri: ChannelUri) -> Iterator[Finding]:
    """Look at the shape of a channel's address; it is shown masked."""
    length = len(uri.reveal().rstrip("/").rpartition("/")[2])
    yield Finding("ok", "address", f"{uri.masked}, {uri.scheme}, with an id of {length} characters")
    if not uri.is_paytraq:
        level: Level = "ok" if uri.is_loopback else "warning"
        advice = (
            None if uri.is_loopback else "if the customer gave you a PayTraq channel, compare it with what they gave"
        )
        where = "on this machine" if uri.is_loopback else f"at {uri.host}"
        yield Finding(level, "address", f"it is {where}, not at PayTraq's own host ({PAYTRAQ_HOST})", advice)
    if uri.scheme != "https" and not uri.is_loopback:
        yield Finding("warning", "address", "plain http: invoices and the secret can be read on the way", "use https")
    if length < _SHORT_ID:
        yield Finding("warning", "address", "so short an id is unusual", "check that the address is complete")


def surroundings(environ: Mapping[str, str], *, proxy: str | None, ca_bundle: str | None) -> Iterator[Finding]:
    """Say which proxy and authorities are used, and which variables are set and have no say."""
    if proxy is not None:
        used = Proxy.from_text(proxy)
        who = ", with a user and a password" if used.authorization else ""
        yield Finding("ok", "proxy", f"through the proxy {used.host}:{used.port}{who}")
    for name in _set_ones(environ, (*PROXY_VARIABLES, "HTTP_PROXY", "http_proxy")) if proxy is None else ():
        advice = f"--proxy env:{name} would use it; if the way is open without, leave it"
        yield Finding("warning", "proxy", f"{name} is set and not used: no variable is by itself", advice)
    for name in _set_ones(environ, CA_VARIABLES) if ca_bundle is None else ():
        advice = "--ca-bundle PATH with its path would use it; if the certificate is trusted without, leave it"
        yield Finding("warning", "tls", f"{name} is set and not used: no variable is by itself", advice)


def _set_ones(environ: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if environ.get(name)]


class Way:
    """The way to a channel's host, walked up to a HEAD for its root: the channel's own path is never asked for.

    ``clock``, ``now`` and ``find`` are given by tests. Raises ChannelError when an option cannot be used.
    """

    def __init__(
        self,
        uri: ChannelUri,
        *,
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        deadline_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        find: Callable[[str, int, Deadline], list[tuple[Any, ...]]] = look_up,
    ) -> None:
        self._origin = Origin(uri.scheme, uri.host, uri.port)
        self._is_local = uri.is_loopback
        self._proxy = None if proxy is None else Proxy.from_text(proxy)
        if self._proxy and uri.scheme == "http":
            raise ChannelError("a proxy can be used for https only: leave out --proxy, or use an https channel")
        self._context = tls_context(PUBLIC_AUTHORITIES if ca_bundle is None else ca_bundle)
        self._deadline = Deadline(deadline_s, clock)
        self._clock = clock
        self._now = now
        self._find = find

    def findings(self) -> Iterator[Finding]:
        """Walk the way, and say of each step how it went; the first that fails ends it."""
        trace = _Timed(self._clock)
        try:
            addresses = self._find(*self._nearest, self._deadline)
            yield from self._named(addresses, trace.so_far_ms())
            connection = self._called(addresses, trace, lambda: self._context)
            try:
                yield from self._connected(connection, trace)
                yield from self._answered(connection, trace)
            finally:
                connection.close()
        except Exception as error:  # noqa: BLE001 - the boundary: where and why it failed is the finding
            why = visit.why(error, trace, self._deadline)
            topic = _TOPICS.get(trace.stage, "answer")
            yield Finding(
                "error", topic, why, _ADVICE.get(topic, "a server that does not answer is not fit for posting")
            )
            if trace.stage == "tls" and not isinstance(error, Late):
                yield from self._refused()

    @property
    def _nearest(self) -> tuple[str, int]:
        return (self._proxy.host, self._proxy.port) if self._proxy else (self._origin.host, self._origin.port)

    def _called(
        self, addresses: list[tuple[Any, ...]], trace: Trace, context: Callable[[], ssl.SSLContext]
    ) -> Connection:
        return visit.call_at(self._origin, addresses, self._deadline, trace, context=context, proxy=self._proxy)

    def _named(self, addresses: list[tuple[Any, ...]], ms: float) -> Iterator[Finding]:
        found = list(dict.fromkeys(one for _, (one, *_) in addresses))
        more = f" and {len(found) - _SHOWN_ADDRESSES} more" if len(found) > _SHOWN_ADDRESSES else ""
        host = self._nearest[0]
        if found != [host]:
            yield Finding("ok", "name", f"{host} is {', '.join(found[:_SHOWN_ADDRESSES])}{more}, in {ms:,.0f} ms")
        hidden = next((one for one in found if not visit.is_public(one)), None)
        if hidden and not self._proxy and not self._is_local:
            advice = "right for a host of your own network; for PayTraq's it is not"
            yield Finding("warning", "name", f"{hidden} is not a public address", advice)

    def _connected(self, connection: Connection, trace: _Timed) -> Iterator[Finding]:
        host, port = self._nearest
        through = f", and its tunnel to {self._origin.authority} in {trace.ms('proxy'):,.0f} ms" if self._proxy else ""
        yield Finding("ok", "connection", f"to {host} port {port} in {trace.ms('connect'):,.0f} ms{through}")
        sock = connection.secured
        if sock is None:
            return
        yield Finding("ok", "tls", f"{sock.version()}, trusted, in {trace.ms('tls'):,.0f} ms")
        chain = certificate.chain_of(sock)
        for one in chain[:1]:
            yield self._lasting(one)
        for one in chain[1:]:
            yield Finding("ok", "certificate", f"above it: {_who(one)}")

    def _lasting(self, one: Certificate) -> Finding:
        left = one.not_after - self._now()
        days = f"{_who(one)}, good for {left.days:,} more days, until {one.not_after:%Y-%m-%d}"
        if left >= _SOON:
            return Finding("ok", "certificate", days)
        advice = "it is renewed by the keeper of the host; nothing is delivered once it is over"
        return Finding("warning", "certificate", days, advice)

    def _refused(self) -> Iterator[Finding]:
        """Show the certificate that was not trusted, over a connection by which nothing is sent."""
        try:
            addresses = self._find(*self._nearest, self._deadline)
            connection = self._called(addresses, Trace(), certificate.unverifying)
        except Exception:  # noqa: BLE001 - then there is nothing to show, and the failure was told
            return
        try:
            chain = certificate.chain_of(connection.secured) if connection.secured else []
        finally:
            connection.close()
        for one in chain[:1]:
            names = ", ".join(map(wording.raw, one.names[:_SHOWN_ADDRESSES])) or "no host"
            yield Finding(
                "error",
                "certificate",
                f"{_who(one)}, for {names}, good from {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}",
            )

    def _answered(self, connection: Connection, trace: Trace) -> Iterator[Finding]:
        trace.stage = "answer"
        before = self._now()
        answer = visit.ask(connection, "HEAD", self._origin, "/", self._deadline)
        after = self._now()
        yield Finding(
            "ok", "answer", f"the host answers (status {answer.head.status} for its root; nothing was posted)"
        )
        theirs = _moment(answer.header("date"), answer.header("age"))
        if theirs is None:
            yield Finding("ok", "clock", "the answer has no usable Date, so the clock was not compared")
            return
        yield _clock(before + (after - before) / 2, theirs)


class _Timed(Trace):
    """A trace that knows how long each stage took."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}
        super().__init__()

    @property
    def stage(self) -> str:
        """The stage that it is at."""
        return next(reversed(self._began))

    @stage.setter
    def stage(self, name: str) -> None:
        self._began.pop(name, None)
        self._began[name] = self._clock()

    def so_far_ms(self) -> float:
        """Give how long the stage that it is at has taken."""
        return (self._clock() - self._began[self.stage]) * 1000

    def ms(self, name: str) -> float:
        """Give how long a stage took, from its beginning to that of the next one; 0 for one that was left out."""
        moments = list(self._began.items())
        for position, (stage, began) in enumerate(moments):
            if stage == name:
                end = moments[position + 1][1] if position + 1 < len(moments) else self._clock()
                return (end - began) * 1000
        return 0.0


def _who(one: Certificate) -> str:
    return f"{wording.raw(one.subject)}, signed by {wording.raw(one.issuer)}"


def _moment(text: str | None, age: str | None) -> datetime | None:
    """Read a Date header; an answer from a cache is older by its Age."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import

    try:
        moment = parsedate_to_datetime(text or "")
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment + timedelta(seconds=int(age or 0))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _clock(ours: datetime, theirs: datetime) -> Finding:
    skew = ours - theirs
    if abs(skew) < _SKEW:
        return Finding("ok", "clock", "this machine's clock agrees with the server's")
    side = "ahead of" if skew > timedelta() else "behind"
    amount = _span(abs(skew))
    advice = "set this clock (NTP): receipts bear its time, and certificates are judged by it"
    return Finding("warning", "clock", f"this machine's clock is {amount} {side} the server's", advice)


def _span(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"


def ledger(path: Path, found: Health) -> Iterator[Finding]:
    """Say how an outbox is."""
    if found.trouble is not None:
        advice = "nothing can be sent with it; --outbox PATH names another"
        yield Finding("error", "outbox", f"{path}: {found.trouble}", advice)
    elif not found.exists:
        yield Finding("ok", "outbox", f"{path} is not there yet; the first sending makes it")
    else:
        counts = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in found.counts) or "empty"
        yield Finding("ok", "outbox", f"{path}: whole{'' if found.is_busy else ', can be written'}; {counts}")
    if found.is_busy:
        yield Finding("warning", "outbox", "another program is writing to it, so writing was not tried", "try again")
    if found.oldest_doubt is not None:
        number, since = found.oldest_doubt
        advice = "ask the customer; paytraq-outbox list --state in_doubt has them all, resolve ends them"
        words = f"{wording.raw(number)} is in doubt since {since[:16].replace('T', ' ')} UTC, the oldest of them"
        yield Finding("warning", "outbox", words, advice)
    if found.is_open:
        yield Finding("warning", "outbox", "others of this machine can read it, and it holds invoices", "chmod 600")
    if found.free_bytes is not None and found.free_bytes < _LITTLE_SPACE:
        yield Finding(
            "warning", "disk", f"{found.free_bytes / 10**6:,.0f} MB are free where the outbox is", "make room"
        )
    elif found.free_bytes is not None:
        yield Finding("ok", "disk", f"{found.free_bytes / 10**9:,.1f} GB are free where the outbox is")
