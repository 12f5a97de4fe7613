"""Signed links: when they die, which their own query tells."""

from __future__ import annotations

import base64
import binascii
import json
import re
import urllib.parse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Amazon S3, Signature Version 4; Google Cloud Storage, V4 signing: when it was signed, and for how many seconds.
_SPANS: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
# Azure's shared access signature; CloudFront's canned policy, which S3 V2 and Google V2 share; what others made of it.
_MOMENTS: Final = ("se", "expires", "exp", "expiry", "expires_at")
_CLOUDFRONT: Final = str.maketrans("-_~", "+=/")
_FIRST: Final = datetime(2001, 9, 9, tzinfo=UTC).timestamp()  # a number below that is no moment but a number
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_LAST_YEAR: Final = 9000  # beyond it, adding up ends
_MILLISECONDS: Final = 1000
_is_number = re.compile(r"[0-9]{1,15}").fullmatch


def dies_at(link: str) -> datetime | None:
    """Give the moment from which a link is refused, in UTC: the earliest that its query names; None when it names none.

    Sources: the providers' pages on signed links (Amazon S3 and CloudFront, Google Cloud Storage, Azure Storage).
    """
    try:
        pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query, max_num_fields=200)
    except ValueError:
        return None
    return min(_moments({name.lower(): value for name, value in pairs}), default=None)


def _moments(query: dict[str, str]) -> Iterator[datetime]:
    for date, seconds in _SPANS:
        signed = _of_iso(query.get(date, ""))
        if signed and signed.year < _LAST_YEAR and _is_number(query.get(seconds, "")):
            yield signed + timedelta(seconds=min(int(query[seconds]), _LAST))
    for name in _MOMENTS:
        if name != "se" or "sig" in query:
            moment = _of_text(query.get(name, ""))
            if moment:
                yield moment
    if "policy" in query and (moment := _of_policy(query["policy"])):
        yield moment


def _of_text(text: str) -> datetime | None:
    """Read a moment: seconds or milliseconds since 1970, or ISO 8601."""
    if not _is_number(text):
        return _of_iso(text)
    number = float(text)
    for seconds in (number, number / _MILLISECONDS):
        if _FIRST <= seconds <= _LAST:
            return datetime.fromtimestamp(seconds, UTC)
    return None


def _of_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))  # a bare + of a query is read as a blank
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def _of_policy(text: str) -> datetime | None:
    """Read CloudFront's custom policy."""
    try:
        policy = json.loads(base64.b64decode(text.translate(_CLOUDFRONT)))
        moment = policy["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]
    except (ValueError, binascii.Error, LookupError, TypeError, RecursionError):
        return None
    return _of_text(str(moment))
