"""One X.509 certificate: whose it is, who signed it, and how long it is good for."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAGGED_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_OCTETS: Final = 0x04
_DNS_NAME: Final = 0x82
_ADDRESS: Final = 0x87
_LONG: Final = 0x80
_FIRST_OF_LAST_CENTURY: Final = "50"  # RFC 5280, section 4.1.2.5.1: years of two digits from 50 on are 19xx
_ORGANISATION: Final = bytes.fromhex("55040a")
_UNIT: Final = bytes.fromhex("55040b")
_COMMON_NAME: Final = bytes.fromhex("550403")
_OTHER_NAMES: Final = bytes.fromhex("551d11")


class Certificate(NamedTuple):
    """What a person asks of a certificate.

    ``subject`` and ``issuer`` are the common name and organisation, ``names`` the hosts and addresses it is for; times
    are in UTC. All of it is the server's own word and may hold any character.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


def chain_of(sock: ssl.SSLSocket) -> list[Certificate]:
    """Give the certificates that a server showed, its own first.

    Before Python 3.13 that is its own alone: no public function gives the others. Empty when what it showed cannot be
    read.
    """
    ask = getattr(sock, "get_unverified_chain", None)
    shown = ask() if ask else [sock.getpeercert(binary_form=True)]
    try:
        return [read(data) for data in shown if data]
    except (ValueError, IndexError):
        return []


def library() -> str:
    """Name the TLS library and its version."""
    return " ".join(ssl.OPENSSL_VERSION.split()[:2])


def unverifying() -> ssl.SSLContext:
    """Give TLS settings that take any certificate: to look at one that was refused, and for nothing to be sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def read(data: bytes) -> Certificate:
    """Read a certificate in DER; the standard library reads none that it did not trust.

    Raises ValueError or IndexError for what is no certificate. Source: RFC 5280, section 4.1.
    """
    body = _first(_first(data))
    fields = [value for tag, value in _parts(body) if tag != _TAGGED_VERSION]
    _serial, _algorithm, issuer, validity, subject, *rest = fields
    start, end = _parts(validity)
    return Certificate(_name(subject), _name(issuer), tuple(_names(rest[-1])), _moment(*start), _moment(*end))


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give tag and content of each DER value that stands side by side."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & _LONG:
            size = length & ~_LONG
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("cut short")
        yield tag, data[at : at + length]
        at += length


def _first(data: bytes) -> bytes:
    for _, value in _parts(data):
        return value
    raise ValueError("empty")


def _name(data: bytes) -> str:
    found = {}
    for _, part in _parts(data):
        (_, kind), (_, value) = _parts(_first(part))
        found[kind] = value.decode("utf-8", "replace")
    shown = [found[kind] for kind in (_COMMON_NAME, _ORGANISATION, _UNIT) if kind in found]
    return ", ".join(shown) or "no name"


def _names(extensions: bytes) -> Iterator[str]:
    for _, extension in _parts(_first(extensions)):
        parts = list(_parts(extension))
        if parts[0][1] != _OTHER_NAMES or parts[-1][0] != _OCTETS:
            continue
        for tag, value in _parts(_first(parts[-1][1])):
            if tag == _DNS_NAME:
                yield value.decode("ascii", "replace")
            elif tag == _ADDRESS:
                yield str(ipaddress.ip_address(value))


def _moment(tag: int, value: bytes) -> datetime:
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text >= _FIRST_OF_LAST_CENTURY else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
