"""How a record is taken: at once when all is well, else field by field with everything noted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields as fields_of
from dataclasses import make_dataclass
from itertools import islice, repeat, starmap
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from paytraq_direct import jsontext, limits, meant, rules, values, wording
from paytraq_direct.errors import Fix, InvalidInvoice
from paytraq_direct.values import UNSURE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from paytraq_direct.errors import Fault
    from paytraq_direct.fields import Field

_R = TypeVar("_R")

# What a missing field may look like, by its kind.
_SAMPLES: Final = {
    "text": '"…"', "name": '"…"', "link": '"https://…"', "date": '"2026-01-30"', "code": '"…"', "currency": '"EUR"',
    "boolean": "true", "amount": "121.00", "percent": "10", "days": "14", "rows": "[…]",
}  # fmt: skip

# So many rows are taken sooner by columns: fewer do not pay for it, more would take memory for all at once.
_MANY: Final = range(8, 10_001)


class Kinds(NamedTuple):
    """How values of each kind of field are taken: at once, or rule by rule; and what a missing one may look like."""

    taker: Callable[[Field], values.Take]
    rules_of: Callable[[Field], tuple[rules.Rule, ...]]
    settle: Callable[[Any, Field], object]
    samples: Mapping[str, str]


INVOICE_KINDS: Final = Kinds(values.taker, rules.of_value, values.settle, _SAMPLES)

Values = list[Any]
"""The values of a record in the order of its table, None (of rows: an empty tuple) where one is absent."""


class Table(Generic[_R]):
    """A table of fields, made ready for taking and making records of one kind.

    ``tables`` are those of the rows that its records hold, by the name of their field; so are those of the one object
    that a field of kind object holds.
    """

    __slots__ = (
        "_blank", "_columns", "_draft", "_others", "_puts", "_required", "_takers", "_triggers", "fields", "kind",
        "kinds", "places", "rules", "tables", "title",
    )  # fmt: skip

    def __init__(
        self,
        kind: type[_R],
        title: str,
        table: tuple[Field, ...],
        record_rules: Mapping[str, tuple[rules.Rule, ...]],
        kinds: Kinds = INVOICE_KINDS,
        **tables: Table[Any],
    ) -> None:
        self.tables = tables
        self.kinds = kinds
        self.kind: type[_R] = kind
        self.title = title
        self.fields = table
        self.rules = record_rules
        self.places = {row.name: index for index, row in enumerate(table)}
        self._takers: dict[object, tuple[values.Take, int]] = {
            row.name: (self._taker(row), index) for index, row in enumerate(table)
        }
        self._blank: Values = [() if row.kind == "rows" else None for row in table]
        self._columns = [
            (row.name, values.taker_of_all(take), self._blank[index], row.required)
            for row, (take, index) in zip(table, self._takers.values(), strict=True)
        ]
        self._required = [(index, self._blank[index]) for index, row in enumerate(table) if row.required]
        self._triggers = [self.places[name] for name in record_rules if name]
        self._puts = [getattr(kind, row.name).__set__ for row in table]
        self._others = [column.name for column in fields_of(kind) if column.name not in self.places]  # type: ignore[arg-type]
        # A frozen record can be filled by object.__setattr__ alone, four times as slow as the plain constructor of a
        # class that has the same slots; so made() fills one of those and then says what it is.
        slots: Any = [*((name, Any) for name in self.places), *((name, Any, None) for name in self._others)]
        self._draft: Any = make_dataclass(f"_{kind.__name__}", slots, slots=True, eq=False, repr=False)

    def _taker(self, row: Field) -> values.Take:
        if row.kind in _HOLDING:
            return _HOLDING[row.kind](row, self.tables[row.name])
        return self.kinds.taker(row)

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

    def quick_rows(self, rows: Sequence[dict[Any, Any]]) -> list[_R] | None:
        """Give the records of many objects with which all is well, taken column by column; None as quick() gives it.

        For a table without rules that hold one field against others.
        """
        names = set[object]().union(*rows)
        if not all(map(_is_users_own, names.difference(self.places))):
            return None
        columns = []
        for name, take_all, absent, is_required in self._columns:
            given = [value for row in rows if (value := row.get(name)) is not None] if name in names else []
            taken = take_all(given) if given else []
            if taken is None or (is_required and len(given) < len(rows)):
                return None
            if 0 < len(given) < len(rows):
                present = iter(taken)
                taken = [absent if row.get(name) is None else next(present) for row in rows]
            columns.append(taken or repeat(absent, len(rows)))
        made = list(starmap(self._draft, zip(*columns, strict=True)))
        for record in made:
            record.__class__ = self.kind
        return made

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

    def order_of(self, path: str) -> tuple[int, ...]:
        """Tell where a field stands in document order, by its path: ``gross_amount``, ``line_items[2].qty``."""
        name, _, rest = path.partition("[")
        index, _, below = rest.partition("].")
        place = self.places[name]
        return (place, int(index), *self.tables[name].order_of(below)) if rest else (place,)

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
        if len(given) in _MANY and not table.rules and {*map(type, given)} == {dict}:
            rows = table.quick_rows(given)
            return UNSURE if rows is None else tuple(rows)
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


def _object_taker(_: Field, table: Table[Any]) -> values.Take:
    """Give the quick look at one object."""

    def take_object(given: Any) -> object:
        record = table.quick(table.spelt(given) if type(given) is table.kind else given)
        return UNSURE if record is None else table.made(record)

    return take_object


_HOLDING: Final = {"rows": _rows_taker, "object": _object_taker}


class Notes:
    """The faults of one reading, each with its place in document order."""

    __slots__ = ("_found", "foreign", "ignore_unknown")

    def __init__(self, *, foreign: bool = False, ignore_unknown: bool = False) -> None:
        self.ignore_unknown = ignore_unknown
        self.foreign = foreign
        self._found: list[tuple[tuple[int, ...], Fault]] = []

    def add(self, order: tuple[int, ...], rule: rules.Rule, path: str, **words: Any) -> None:
        """Note a broken rule."""
        self._found.append((order, rule.fault(path, foreign=self.foreign, **words)))

    @property
    def has_errors(self) -> bool:
        """Whether any of them keeps the invoice from being sent."""
        return any(fault.is_error for _, fault in self._found)

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
        taken_for: set[str] = set()
        for key, value in data.items():
            if not isinstance(key, str) or key not in table.places:
                taken_for.update(self._unknown(key, data))
            elif value is not None:
                self._value(table.fields[table.places[key]], value)
        for key in data.twice if isinstance(data, jsontext.Repeated) else ():
            self._note(key, rules.DUPLICATE_KEY)
        self._missing(data, taken_for)
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
        if field.kind == "object" and isinstance(value, (table := self._table.tables[field.name]).kind):
            value = table.spelt(value)
        for rule in self._table.kinds.rules_of(field):
            words = rule.broken(value, field) if rule.broken else None
            if words is not None:
                self._note(field.name, rule, field=field, value=value, **words)
                if rule.severity(foreign=False) == "error":
                    self._refused.add(field.name)
                    return
        place = self._table.places[field.name]
        if field.kind == "rows":
            self._record[place] = self._rows(field, value)
        elif field.kind == "object":
            self._record[place] = self._object(field, value)
        else:
            self._record[place] = self._table.kinds.settle(value, field)

    def _object(self, field: Field, given: Any) -> Any:
        table = self._table.tables[field.name]
        order = (*self._order, self._table.places[field.name])
        return table.made(Careful(table, self._notes, f"{self._prefix}{field.name}.", order).take(given))

    def _rows(self, field: Field, given: Any) -> tuple[Any, ...]:
        table = self._table.tables[field.name]
        order = (*self._order, self._table.places[field.name])
        return tuple(
            table.made(Careful(table, self._notes, f"{self._prefix}{field.name}[{index}].", (*order, index)).take(item))
            for index, item in enumerate(given)
        )

    def _missing(self, data: Mapping[Any, Any], taken_for: set[str]) -> None:
        """Note the required fields that are not there, unless a misspelt key is told of already."""
        for row in self._table.fields:
            if row.required and row.name not in self._refused | taken_for and data.get(row.name) is None:
                meaning = row.meaning.rstrip(".")
                if meaning[1:2].islower() or meaning[1:2] == " ":
                    meaning = meaning[0].lower() + meaning[1:]
                sample = f"<{row.tag}>" if self._notes.foreign else self._sample(row)
                self._note(row.name, rules.MISSING, meaning=meaning, sample=sample)

    def _sample(self, row: Field) -> str:
        return f'"{row.name}": {self._table.kinds.samples[row.kind]}'

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

    def _unknown(self, key: object, data: Mapping[Any, Any]) -> list[str]:
        """Note a key that is no field, and give the fields that it is taken for."""
        if _is_users_own(key):
            return []
        words: dict[str, Any] = {"record": self._table.title}
        alike = self._alike(key)
        if alike:
            words["suggestion"] = f"write {' or '.join(alike)}"
        if len(alike) == 1 and data.get(alike[0]) is None:
            words["fix"] = Fix("rename", key=alike[0])
        rule = rules.UNKNOWN_KEY_IGNORED if self._notes.ignore_unknown else rules.UNKNOWN_KEY
        self._note(key if isinstance(key, str) else wording.raw(key), rule, **words)
        return alike if rule is rules.UNKNOWN_KEY else []

    def _alike(self, key: object) -> list[str]:
        """Find the fields that a key may mean: its tag, its letters, or a name a slip away."""
        names = {row.name: row.name for row in self._table.fields}
        tags = Counter(row.tag for row in self._table.fields)
        names |= {row.tag: row.name for row in self._table.fields if tags[row.tag] == 1}
        return meant.named(key, names) if isinstance(key, str) else []


def taken(table: Table[Any], data: object) -> Values:
    """Take a record whose errors are raised, all in one InvalidInvoice; its warnings are for others to tell."""
    record = table.quick(data)
    if record is None:
        notes = Notes()
        record = Careful(table, notes).take(data)
        if errors := [fault for fault in notes.in_order() if fault.is_error]:
            raise InvalidInvoice(errors)
    return record
