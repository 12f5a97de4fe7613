"""How a record is taken: at once when all is well, else field by field with everything noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields as fields_of
from dataclasses import make_dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from paytraq_direct import jsontext, limits, rules, values, wording
from paytraq_direct.values import UNSURE

if TYPE_CHECKING:
    from paytraq_direct.errors import Fault
    from paytraq_direct.fields import Field

_R = TypeVar("_R")

Values = list[Any]
"""The values of a record in the order of its table, None (of rows: an empty tuple) where one is absent."""


class Table(Generic[_R]):
    """A table of fields, made ready for taking and making records of one kind.

    ``tables`` are those of the rows that its records hold, by the name of their field.
    """

    __slots__ = (
        "_blank", "_draft", "_others", "_puts", "_required", "_takers", "_triggers", "fields", "kind", "places",
        "rules", "tables", "title",
    )  # fmt: skip

    def __init__(
        self,
        kind: type[_R],
        title: str,
        table: tuple[Field, ...],
        record_rules: Mapping[str, tuple[rules.Rule, ...]],
        **tables: Table[Any],
    ) -> None:
        self.tables = tables
        self.kind: type[_R] = kind
        self.title = title
        self.fields = table
        self.rules = record_rules
        self.places = {row.name: index for index, row in enumerate(table)}
        self._takers: dict[object, tuple[values.Take, int]] = {
            row.name: (_rows_taker(row, tables[row.name]) if row.kind == "rows" else values.taker(row), index)
            for index, row in enumerate(table)
        }
        self._blank: Values = [() if row.kind == "rows" else None for row in table]
        self._required = [(index, self._blank[index]) for index, row in enumerate(table) if row.required]
        self._triggers = [self.places[name] for name in record_rules if name]
        self._puts = [getattr(kind, row.name).__set__ for row in table]
        self._others = [column.name for column in fields_of(kind) if column.name not in self.places]  # type: ignore[arg-type]
        # A frozen record can be filled by object.__setattr__ alone, four times as slow as the plain constructor of a
        # class that has the same slots; so made() fills one of those and then says what it is.
        slots: Any = [*((name, Any) for name in self.places), *((name, Any, None) for name in self._others)]
        self._draft: Any = make_dataclass(f"_{kind.__name__}", slots, slots=True, eq=False, repr=False)

    def blank(self) -> Values:
        """Give the values of a record in which all is absent."""
        return self._blank[:]

    def quick(self, data: object) -> Values | None:
        """Give the values of an object with which all is well; None when there may be something to say.

        Every invoice comes by here, and nearly every one is good: nothing is noted, no place kept.
        """
        if type(data) is not dict:
            return None
        record = self._blank[:]
        takers = self._takers
        for key, value in data.items():
            entry = takers.get(key)
            if entry is None:
                if not _is_users_own(key):
                    return None
            elif value is not None:
                settled = entry[0](value)
                if settled is UNSURE:
                    return None
                record[entry[1]] = settled
        for index, absent in self._required:
            if record[index] is absent:
                return None
        return record if not self.rules or self._is_consistent(record) else None

    def made(self, record: Values) -> _R:
        """Make a record of values that were taken."""
        made = self._draft(*record)
        made.__class__ = self.kind
        return made  # type: ignore[no-any-return] # its class says what it is

    def fill(self, made: _R, record: Values) -> None:
        """Fill a frozen record, once."""
        for put, value in zip(self._puts, record, strict=True):
            put(made, value)
        for name in self._others:
            object.__setattr__(made, name, None)

    def spelt(self, made: _R) -> dict[str, Any]:
        """Give the values of a made record by name, None (of rows: an empty tuple) where one is absent."""
        return {row.name: getattr(made, row.name) for row in self.fields}

    def present(self, record: Values) -> dict[str, Any]:
        """Give the values that are there, by name."""
        return {row.name: value for row, value in zip(self.fields, record, strict=True) if value is not None}

    def _is_consistent(self, record: Values) -> bool:
        if all(record[index] is None for index in self._triggers) and "" not in self.rules:
            return True
        present = self.present(record)
        return not any(
            rule.broken is not None and rule.broken(present, self.fields[self.places.get(name, 0)]) is not None
            for name, record_rules in self.rules.items()
            if not name or name in present
            for rule in record_rules
        )


def _is_users_own(key: object) -> bool:
    return isinstance(key, str) and key.startswith("x_")


def _rows_taker(field: Field, table: Table[Any]) -> values.Take:
    """Give the quick look at a list of objects."""

    def take_rows(given: Any) -> object:
        if type(given) not in {list, tuple} or len(given) > limits.LINES or (field.required and not given):
            return UNSURE
        quick, made, kind = table.quick, table.made, table.kind
        taken = []
        for item in given:
            is_made = type(item) is kind  # then it has no errors, but it may have warnings
            record = quick(table.spelt(item) if is_made else item)
            if record is None:
                return UNSURE
            taken.append(item if is_made else made(record))
        return tuple(taken)

    return take_rows


class Notes:
    """The faults of one reading, each with its place in document order."""

    __slots__ = ("_foreign", "_found", "ignore_unknown")

    def __init__(self, *, foreign: bool = False, ignore_unknown: bool = False) -> None:
        self.ignore_unknown = ignore_unknown
        self._foreign = foreign
        self._found: list[tuple[tuple[int, ...], Fault]] = []

    def add(self, order: tuple[int, ...], rule: rules.Rule, path: str, **words: Any) -> None:
        """Note a broken rule."""
        self._found.append((order, rule.fault(path, foreign=self._foreign, **words)))

    def in_order(self) -> tuple[Fault, ...]:
        """Give the faults in the order of the document."""
        return tuple(fault for _, fault in sorted(self._found, key=itemgetter(0)))


class Careful:
    """Takes one object field by field and notes everything that is to be said about it."""

    __slots__ = ("_notes", "_order", "_prefix", "_record", "_refused", "_table")

    def __init__(self, table: Table[Any], notes: Notes, prefix: str = "", order: tuple[int, ...] = ()) -> None:
        self._table = table
        self._notes = notes
        self._prefix = prefix
        self._order = order
        self._record = table.blank()
        self._refused: set[str] = set()

    def take(self, data: object) -> Values:
        """Give the values that could be taken; what could not is noted."""
        table = self._table
        if isinstance(data, table.kind):
            data = table.spelt(data)
        if not isinstance(data, Mapping):
            path = self._prefix.rstrip(".")
            self._notes.add(self._order, rules.NOT_AN_INVOICE, path, value=data)
            return self._record
        for key, value in data.items():
            if not isinstance(key, str) or key not in table.places:
                self._unknown(key)
            elif value is not None:
                self._value(table.fields[table.places[key]], value)
        for key in data.twice if isinstance(data, jsontext.Repeated) else ():
            self._note(key, rules.DUPLICATE_KEY)
        self._missing(data)
        self._look_across()
        return self._record

    def _note(self, name: str, rule: rules.Rule, **words: Any) -> None:
        """Note a fault of a field; what is no field comes after all that are."""
        place = self._table.places.get(name, len(self._table.places))
        self._notes.add((*self._order, place), rule, self._prefix + wording.raw(name), **words)

    def _value(self, field: Field, value: object) -> None:
        """Try every rule of a value; put it into the record unless one refused it."""
        value = values.plain(value)
        if field.kind == "rows" and not isinstance(value, list | tuple | str | bytes | Mapping):
            value = list(islice(value, limits.LINES + 1)) if isinstance(value, Iterable) else value
        for rule in rules.of_value(field):
            words = rule.broken(value, field) if rule.broken else None
            if words is not None:
                self._note(field.name, rule, field=field, value=value, **words)
                if rule.severity(foreign=False) == "error":
                    self._refused.add(field.name)
                    return
        place = self._table.places[field.name]
        self._record[place] = self._rows(field, value) if field.kind == "rows" else values.settle(value, field)

    def _rows(self, field: Field, given: Any) -> tuple[Any, ...]:
        table = self._table.tables[field.name]
        order = (*self._order, self._table.places[field.name])
        return tuple(
            table.made(Careful(table, self._notes, f"{self._prefix}{field.name}[{index}].", (*order, index)).take(item))
            for index, item in enumerate(given)
        )

    def _missing(self, data: Mapping[Any, Any]) -> None:
        needed = ", ".join(row.name for row in self._table.fields if row.required)
        record = self._table.title.partition(" ")[2]
        for row in self._table.fields:
            if row.required and row.name not in self._refused and data.get(row.name) is None:
                meaning = row.meaning[0].lower() + row.meaning[1:].rstrip(".")
                self._note(row.name, rules.MISSING, meaning=meaning, record=record, required=needed)

    def _look_across(self) -> None:
        """Try the rules that hold one field against others; those that need a refused field are left alone."""
        present = self._table.present(self._record)
        for name, record_rules in self._table.rules.items():
            if name and name not in present:
                continue
            field = self._table.fields[self._table.places.get(name, 0)]
            for rule in record_rules:
                if rule.broken and self._refused.isdisjoint(rule.needs):
                    words = rule.broken(present, field)
                    if words is not None and name:
                        self._note(name, rule, **{"field": field, "value": present[name], **words})
                    elif words is not None:
                        self._notes.add((*self._order, -1), rule, self._prefix.rstrip("."), **words)

    def _unknown(self, key: object) -> None:
        if _is_users_own(key):
            return
        words = {"record": self._table.title}
        if alike := self._alike(key):
            words["suggestion"] = f"write {alike}"
        rule = rules.UNKNOWN_KEY_IGNORED if self._notes.ignore_unknown else rules.UNKNOWN_KEY
        self._note(key if isinstance(key, str) else wording.raw(key), rule, **words)

    def _alike(self, key: object) -> str | None:
        """Find the field that a key most likely means: its tag, or a name a slip away."""
        from difflib import get_close_matches  # noqa: PLC0415 - costs a start-up that needs it only for a fault

        plain = "".join(filter(str.isalnum, key)).casefold() if isinstance(key, str) else ""
        by_plain = {name.replace("_", ""): name for name in self._table.places}
        close = get_close_matches(plain, by_plain, n=1, cutoff=0.8)
        return by_plain[close[0]] if close else None
