"""The twin of Payt: it answers as Payt's pages say, or as its script says."""

from __future__ import annotations

import base64
import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import run, started

from paytraq_direct import payt
from paytraq_direct.inbox.script import Script
from paytraq_direct.payt.twin import FILE_TYPES, Arrived, Twin

from .invoices import numbered, smallest

if TYPE_CHECKING:
    from collections.abc import Iterator

_INVOICES = "/v1/invoices"
_RIGHT = "right-token"


@pytest.fixture
def twin() -> Iterator[Twin]:
    """Give a twin that knows one token and one administration, its clock standing still."""
    with Twin(token=_RIGHT, administration="1", clock=lambda: 0.0) as opened:
        yield opened


def ask(
    twin: Twin, path: str = _INVOICES, body: object = None, token: str | None = _RIGHT, method: str = "POST"
) -> tuple[int, Any, dict[str, str]]:
    """Ask a twin as any client would; give status, body and headers."""
    connection = http.client.HTTPConnection(twin.url.removeprefix("http://"), timeout=10)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    is_json = (answer.headers["Content-Type"] or "").startswith("application/json")
    return answer.status, json.loads(said) if is_json else said, dict(answer.headers)


def upserting(*invoices: object, administration: object = "1") -> dict[str, object]:
    """Give the body of an upsert."""
    return {"administration_id": administration, "invoices": list(invoices)}


def test_a_partial_failure_is_a_success(twin: Twin) -> None:
    """Errors and warnings by number, the count without those that failed; what was taken is kept."""
    twin.refusals["2"] = ["Unknown debtor"]
    twin.warnings["3"] = ["VAT number without a country code"]
    late = smallest("4", due_date="2020-01-01")
    status, said, _ = ask(twin, body=upserting(*numbered([1, 2, 3]), late))
    assert status == 201
    assert (said["success"], said["count"]) == (True, 2)
    assert said["errors"]["2"] == ["Unknown debtor"]
    assert "before invoice_date" in said["errors"]["4"][0]
    assert said["warnings"] == {"3": ["VAT number without a country code"]}
    assert twin.invoices == {"1": smallest("1"), "3": smallest("3")}


def test_an_upsert_changes_what_is_there(twin: Twin) -> None:
    """The same number again takes the place of what was there."""
    for left in ("121.00", "0.00"):
        ask(twin, body=upserting(smallest(amount_open=left)))
    assert twin.invoices["2026-001"]["amount_open"] == "0.00"


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"token": None}, 401, "unauthorized"), ({"token": "wrong"}, 401, "unauthorized"),
        ({"body": upserting(administration="2")}, 403, "forbidden"), ({"body": upserting(administration=None)}, 422, "unprocessable"),
        ({"body": {"administration_id": "1"}}, 422, "unprocessable"), ({"body": b"not JSON"}, 422, "unprocessable"),
    ],
)  # fmt: skip
def test_what_it_refuses(twin: Twin, asked: dict[str, Any], status: int, code: str) -> None:
    """Token, administration and form are looked at, and the body of the refusal is as documented."""
    found, said, _ = ask(twin, **asked)
    assert (found, said["code"]) == (status, code)


def test_what_is_not_there(twin: Twin) -> None:
    """Other paths are 404, other methods 405."""
    assert ask(twin, "/v1/debtors")[0] == 404
    assert ask(twin, "/import/files/zip")[0] == 404
    assert ask(twin, method="GET")[0] == 405


def test_it_takes_ten_upserts_and_three_files_a_second() -> None:
    """One more is 429 with a Retry-After, until the second is over."""
    now = [0.0]
    file = {"file": {"filename": "a.csv", "base64_data": "eA=="}, "administration_code": "1"}
    with Twin(clock=lambda: now[0]) as twin:
        for path, most, body in ((_INVOICES, 10, upserting()), ("/import/files/csv", 3, file)):
            answers = [ask(twin, path, body) for _ in range(most + 1)]
            assert [answer[0] // 100 for answer in answers] == [2] * most + [4]
            assert (answers[-1][0], answers[-1][2]["Retry-After"]) == (429, "1")
        now[0] = 1.0
        assert ask(twin, body=upserting())[0] == 201


@pytest.mark.parametrize("kind", sorted(FILE_TYPES))
def test_files_are_taken_at_their_endpoints(kind: str) -> None:
    """A file with a name, base64 and an administration is taken; without one of them it is not."""
    content = base64.b64encode(b"x").decode()
    good = {"file": {"filename": "a.csv", "base64_data": content}, "administration_code": "CODE"}
    with Twin(clock=iter(range(100)).__next__) as twin:
        assert ask(twin, f"/import/files/{kind}", good)[0] == 200
        assert twin.arrived[-1] == Arrived(f"/import/files/{kind}", "CODE", ("a.csv",), len(json.dumps(good)), "200")
        for bad in ({**good, "administration_code": None}, {**good, "file": {"filename": "a.csv"}},
                    {**good, "file": {"filename": "a.csv", "base64_data": f"{content}\n?"}}):  # fmt: skip
            assert ask(twin, f"/import/files/{kind}", bad)[0] == 422


@pytest.mark.parametrize(
    ("step", "outcome"),
    [("429:Retry-After=1", "deferred"), ("reset", "in_doubt"), ("cut-headers", "in_doubt"), ("cut-body", "in_doubt"),
     ("garbage", "in_doubt"), ("500", "rejected"), ("early", "in_doubt"), ("slow=10ms", "delivered")],
)  # fmt: skip
def test_it_misbehaves_as_its_script_says(step: str, outcome: str) -> None:
    """Each step comes to the outcome that it stands for; after it, all is as usual."""
    with Twin(script=Script.parse(step)) as twin:
        how: dict[str, Any] = {"token": _RIGHT, "url": twin.url, "retry_for_s": 0, "deadline_s": 5.0}
        first, second = (next(payt.upsert([smallest()], "1", **how)) for _ in range(2))
    assert (first.outcome, second.outcome) == (outcome, "delivered")


def test_the_command_tells_what_arrives() -> None:
    """Payt twin prints its address and a line for each request, and ends at a signal."""
    process = started("payt", "twin", "--refuse", "2=Unknown debtor", "--warn", "1=No VAT number")
    assert process.stdout is not None
    url = process.stdout.readline().decode().split()[1]
    data = json.dumps(numbered([1, 2])).encode()
    told = run("payt", "upsert", "-", "--administration", "7", "--url", url, data=data, env={"PAYT_TOKEN": _RIGHT})
    line = process.stdout.readline().decode()
    process.terminate()
    rest, _ = process.communicate(timeout=10)
    assert told.returncode == 4
    assert b"Payt says: Unknown debtor" in told.stderr
    assert b"of Payt: No VAT number" in told.stdout
    assert line.startswith("201 ")
    assert f"{_INVOICES}  7  1, 2 " in line
    assert rest == b"1 arrived\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("--refuse", "7"), "7 is not NUMBER=WHY"), (("--script", "boom"), "the script has no step 'boom'")],
)
def test_wrong_usage(arguments: tuple[str, ...], says: str) -> None:
    """What cannot be read is said before anything is opened."""
    told = run("payt", "twin", *arguments)
    assert (told.returncode, told.stdout) == (2, b"")
    assert says in told.stderr.decode()
