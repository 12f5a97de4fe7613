"""The body of an upload: any file comes out of it as it went in, or not at all."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import os
import pickle
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from paytraq_direct.connection import Broken
from paytraq_direct.payt import Token
from paytraq_direct.payt.body import _PIECE, Body, fields_of
from paytraq_direct.payt.file_rules import Flaw
from paytraq_direct.payt.intake import Intake

from .desk import CSV, PDF, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def taken(data: bytes, name: str = "it.bin", kind: str | None = "invoice_attachment", **how: bool) -> Iterator[Intake]:
    """Give a file that was looked through."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        with Intake(path, kind) as intake:
            intake.look_through(**how)
            yield intake


def read(body: Body) -> Any:
    """Give the JSON of a body, whose size must be as it says."""
    data = b"".join(body.pieces())
    assert body.size == len(data)
    return json.loads(data)


_sizes = [1, 2, 3, 4, _PIECE - 1, _PIECE, _PIECE + 1, 2 * _PIECE, 2 * _PIECE + 2]


@given(data=st.binary(min_size=1, max_size=300), name=st.text("ab \"\\é😀/'", min_size=1, max_size=12))
@example(data=b"\x1f", name='"')
def test_any_bytes_go_through(data: bytes, name: str) -> None:
    """Every byte and every name come out as they went in, and the size is known beforehand."""
    with taken(b"%PDF-" + data) as intake:
        body = read(Body(intake, {"filename": name, "administration_code": '"}{'}))
    assert base64.b64decode(body["file"]["base64_data"], validate=True) == b"%PDF-" + data
    assert (body["file"]["filename"], body["administration_code"]) == (name, '"}{')


@pytest.mark.parametrize("size", _sizes)
def test_sizes_around_a_piece(size: int) -> None:
    """Where pieces end is not seen in what comes out; a body gives itself again and again."""
    data = b"a" + os.urandom(size)[1:]
    with taken(data) as intake:
        body = Body(intake, {"filename": "x"})
        assert [base64.b64decode(read(body)["file"]["base64_data"]) for _ in range(2)] == [data, data]


@given(size=st.integers(1, 400), data=st.binary(min_size=1, max_size=400))
def test_pieces_of_any_size(size: int, data: bytes) -> None:
    """A file in pieces of any size is the file."""
    with taken(b"a" + data) as intake:
        pieces = list(intake.pieces(size))
    assert b"".join(pieces) == b"a" + data
    assert all(len(piece) == size for piece in pieces[:-1])


def test_gzip_is_the_same_each_time() -> None:
    """What is compressed has no time and no name in it, so that the same file is the same bytes."""
    made = []
    for _ in range(2):
        with taken(CSV, "a.csv", None, compress=True) as intake:
            assert intake.facts is not None
            made.append((intake.facts, b"".join(intake.pieces(_PIECE))))
    assert made[0] == made[1]
    facts, data = made[0]
    assert gzip.decompress(data) == CSV
    assert (facts.name, facts.size, facts.sent_size, facts.sha256 == facts.sent_sha256) == (
        "a.csv.gz",
        len(CSV),
        len(data),
        False,
    )


def change(path: str, data: bytes, mode: str) -> None:
    """Write into a file."""
    with open(path, mode) as stream:  # noqa: PTH123 - the path is text
        stream.write(data)


@pytest.mark.parametrize(("data", "mode"), [(b"!", "r+b"), (b"!", "ab"), (b"", "wb"), (PDF[:-1], "wb")])
def test_a_file_that_changes_never_goes_whole(data: bytes, mode: str) -> None:
    """Other bytes, more, fewer or none: it is broken off before its last piece, so that no server can take it."""
    with taken(PDF * 5_000, "it.pdf", None) as intake:
        change(intake.path, data, mode)
        pieces: list[bytes] = []
        with pytest.raises(Broken, match="the file changed"):
            pieces.extend(Body(intake, {"filename": "it.pdf"}).pieces())
    assert not b"".join(pieces).endswith(b"}")


def test_a_file_that_is_replaced_goes_as_it_was_looked_at() -> None:
    """Whoever replaces the file meanwhile changes nothing: what was looked at is what is open."""
    with taken(PDF, "it.pdf", None) as intake:
        Path(intake.path).unlink()
        Path(intake.path).write_bytes(b"other")
        assert b"".join(intake.pieces(_PIECE)) == PDF


def test_a_file_that_grows_while_it_is_looked_through_is_refused(tmp_path: Path) -> None:
    """Whoever is not done writing must not have half of it sent."""
    path = tmp_path / "a.csv"
    path.write_bytes(CSV * 100_000)
    with Intake(path) as intake:
        stream, intake._stream = intake._stream, _Growing(intake._stream, str(path))  # type: ignore[assignment]
        with pytest.raises(Flaw) as caught:
            intake.look_through()
        intake._stream = stream
    assert caught.value.fault.code == "PD-233"


class _Growing:
    """A stream whose file is written to at the first read."""

    def __init__(self, stream: Any, path: str) -> None:
        self._stream = stream
        self._path = path

    def read(self, size: int) -> bytes:
        """Read, and write."""
        change(self._path, b"more;1\n", "ab")
        return self._stream.read(size)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def test_a_body_gives_no_token_away() -> None:
    """Neither text nor pickle nor copy of a body has the token that is in it."""
    with taken(PDF, "it.pdf", None) as intake:
        body = Body(intake, {"filename": "it.pdf", "import_token": Token(TOKEN)})
        assert TOKEN in json.dumps(read(body))
        assert TOKEN not in f"{body} {body!r}"
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled"):
                way(body)


@given(st.dictionaries(st.sampled_from(["filename", "base64_data", "import_token"]), st.text("ab.", max_size=5)))
def test_a_table_of_names_is_refused_or_works(changes: dict[str, str]) -> None:
    """Either a change of names is refused, or every value has a place of its own."""
    try:
        fields = fields_of(changes)
    except ValueError:
        return
    with taken(PDF, "it.pdf", None) as intake:
        values = {name: name for name in fields if name != "base64_data"}
        body = read(Body(intake, values, fields))
    for name, path in fields.items():
        found = body
        for part in path.split("."):
            found = found[part]
        assert found == (base64.b64encode(PDF).decode() if name == "base64_data" else name)
