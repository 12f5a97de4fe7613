"""The body of an upload: JSON with the file in base64 on one line, made while it is sent."""

from __future__ import annotations

import binascii
import json
import secrets
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from paytraq_direct.payt.endpoint import Token
    from paytraq_direct.payt.intake import Intake

# Observed in one public integration in November 2026, not in Payt's own text: where each value stands in the JSON.
FIELDS: Final[Mapping[str, str]] = {
    "filename": "file.filename",
    "base64_data": "file.base64_data",
    "administration_code": "administration_code",
    "administration_id": "administration_id",
    "import_token": "import_token",
}
# A multiple of 3, so that no piece of base64 but the last is padded.
_PIECE: Final = 49_152


def fields_of(changes: Mapping[str, str]) -> dict[str, str]:
    """Give the table of names with some of them changed: ``{"base64_data": "content"}``; a dot leads into an object.

    Raises ValueError for a name that is not in the table, and where two values would stand in the same place.
    """
    if unknown := [name for name in changes if name not in FIELDS]:
        raise ValueError(f"there is no field {unknown[0]}: there are {', '.join(FIELDS)}")
    fields = {**FIELDS, **changes}
    if bad := [path for path in fields.values() if not all(path.split(".")) or not path.isprintable()]:
        raise ValueError(f"the name {bad[0]!r} cannot be written: names are separated by dots, and none is empty")
    paths = [path.split(".") for path in fields.values()]
    for number, path in enumerate(paths):
        if any(other[: len(path)] == path for index, other in enumerate(paths) if index != number):
            raise ValueError(f"two values would stand at {'.'.join(path)}")
    return fields


class Body:
    """A body in pieces: ``fields`` says where each value stands, ``values`` what it is but for the file's own bytes.

    It may hold a token, and so shows and gives away nothing.
    """

    __slots__ = ("_after", "_before", "_intake", "size")

    size: int

    def __init__(self, intake: Intake, values: Mapping[str, str | Token], fields: Mapping[str, str] = FIELDS) -> None:
        assert intake.facts is not None  # noqa: S101 - it was looked through
        mark = secrets.token_hex(16)
        tree: dict[str, Any] = {}
        for name, path in fields.items():
            if name == "base64_data" or name in values:
                value = mark if name == "base64_data" else values[name]
                _put(tree, path.split("."), value if isinstance(value, str) else value.reveal())
        before, after = json.dumps(tree, ensure_ascii=False).split(mark)
        self._before, self._after = before.encode(), after.encode()
        self._intake = intake
        self.size = len(self._before) + 4 * -(-intake.facts.sent_size // 3) + len(self._after)

    def pieces(self) -> Iterator[bytes]:
        """Give it from its beginning; raises Broken when the file changed."""
        yield self._before
        for piece in self._intake.pieces(_PIECE):
            yield binascii.b2a_base64(piece, newline=False)
        yield self._after

    def __repr__(self) -> str:
        return f"<Body of {self.size:,} bytes>"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a body under way cannot be pickled")


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    *outer, last = path
    for name in outer:
        tree = tree.setdefault(name, {})
    tree[last] = value
