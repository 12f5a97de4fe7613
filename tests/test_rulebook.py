"""The rule book: every rule has its page, its examples are true, and docs/rules.md is made from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import run
from test_rules import smallest

from paytraq_direct import check, rulebook, rules
from paytraq_direct.readers import sale

if TYPE_CHECKING:
    from conftest import Golden

    from paytraq_direct import Fault

DOCS = Path(__file__).parent.parent / "docs"
RULES = {rule.code: rule for rule in rules.every()}
HEAD = """\
# The rules

What an invoice is held against, by code. A code never changes its meaning once it is published. `paytraq-check --rule CODE`
prints one of them. An error keeps an invoice from being sent, a warning does not unless `--strict` is given.

An error rests on what PayTraq documents (its PayTraq Direct page, as read {read}), on safety, or on this package's own
contract for records. What is only inferred warns. In `<Sale>` documents written by others, the contract for records only
warns as well.
"""


def _faults(example: str) -> tuple[Fault, ...] | None:
    """Give the faults of an example; None when it is told in words."""
    if example.startswith("<"):
        return sale.read("it.xml", example.encode()).faults
    if not example.startswith('"') or example.endswith(("ignore-unknown", "--links")) or " of " in example:
        return None
    members = {part.partition('"')[2].partition('"')[0] for part in example.split(", ") if part.startswith('"')}
    rest = json.dumps({name: value for name, value in smallest().items() if name not in members})
    return check(f"{rest[:-1]}, {example}}}")


def test_every_rule_has_a_page_and_an_example() -> None:
    """No rule is without its examples, and no example without its rule."""
    assert set(rulebook.EXAMPLES) == set(RULES)


@pytest.mark.parametrize("code", sorted(RULES))
def test_examples_are_true(code: str) -> None:
    """What is called bad breaks the rule, and what is called good does not, and has no error of another rule either."""
    example = rulebook.EXAMPLES[code]
    bad, good = _faults(example.bad), _faults(example.good)
    assert bad is None or code in {fault.code for fault in bad}
    assert good is None or code not in {fault.code for fault in good}
    if good is not None and not example.good.startswith("<"):
        assert not [fault for fault in good if fault.is_error]


def test_few_examples_are_told_in_words() -> None:
    """Where an example can be tried, it is: the rest needs a size, an option, another program, or a UBL document."""
    in_words = {code for code, example in rulebook.EXAMPLES.items() if _faults(example.bad) is None}
    assert in_words == {
        "PD-001", "PD-003", "PD-004", "PD-011", "PD-012", "PD-013", "PD-014", "PD-015", "PD-022", "PD-025", "PD-040",
        "PD-094", "PD-110", "PD-111", *(f"PD-{number}" for number in (*range(130, 138), *range(140, 153))),
    }  # fmt: skip


def test_the_page_of_rules_is_that_of_the_table(golden: Golden) -> None:
    """docs/rules.md says of every rule what the table says; a changed meaning shows as a changed page."""
    pages = ("\n".join(("```", *rulebook.page(rule), "```")) for rule in RULES.values())
    golden.check(DOCS / "rules.md", HEAD.format(read=rulebook.READ_ON) + "\n" + "\n\n".join(pages) + "\n")


@pytest.mark.parametrize("code", ["PD-031", "pd-031"])
def test_rule_prints_the_page_of_one(code: str) -> None:
    """--rule explains one rule; the code's case does not matter."""
    result = run("paytraq-check", "--rule", code)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().splitlines() == list(rulebook.page(RULES["PD-031"]))


def test_an_unknown_rule_is_wrong_usage() -> None:
    """A code that no rule has is exit 2, and the message says where they all are."""
    result = run("paytraq-check", "--rule", "PD-999")
    assert result.returncode == 2
    assert b"there is no rule PD-999; docs/rules.md lists them all" in result.stderr
