"""Is the answer SQL, or is there some in it, and does it keep to the tables and columns that it may use?"""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError, MissingExtra
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check
from hone.store import Judgement

_FENCED = re.compile(r"```(?:\w+)?[ \t]*\n?(.*?)```", re.DOTALL)
_LINES = re.compile(
    r"^[ \t]*((?:select|with|insert|update|delete|create|alter|drop|merge|replace|truncate)\b[^;]*;)",
    re.IGNORECASE | re.MULTILINE,
)
_KEYS = ("databaseType", "allowedTables", "allowedColumns")
_HINT = '{"databaseType": "postgresql", "allowedTables": ["select::null::users"]}'
_DIALECTS = {"postgresql": "postgres", "transactsql": "tsql", "mariadb": "mysql", "flinksql": "", "noql": ""}


class _Rules(Struct, frozen=True):
    """The dialect, and what may be used: None is everything. As promptfoo has it, each is a regular expression over
    `select::SCHEMA::NAME`, with `null` where there is no schema or table."""

    dialect: str
    tables: tuple[str, ...] | None
    columns: tuple[str, ...] | None


def is_sql(given: Given) -> Evaluator:
    """Right when the whole answer is SQL, one statement or several. Parsed by sqlglot, nothing is run.

    `value` may be an object with `databaseType` (mysql, postgresql, sqlite, ...), `allowedTables` such as
    `select::null::users` and `allowedColumns` such as `select::users::id`, as promptfoo writes them.

    Raises:
        CallError: the value is none of that.
        MissingExtra: sqlglot is not installed.
    """
    check("is-sql", given)
    rules = _rules("is-sql", given.value)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        wrong = problem(answer.text, rules)
        return [Judgement("is-sql", wrong is None, wrong)]

    return boolean("is-sql", judge)


def contains_sql(given: Given) -> Evaluator:
    """Right when SQL stands in the answer: as a block of code, as the whole of it, or from the beginning of a line to
    the next semicolon. Anything looser would find SQL in `select the best from the list`, which is some."""
    check("contains-sql", given)
    rules = _rules("contains-sql", given.value)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        why = "no SQL in the answer"
        for piece in pieces_in(answer.text):
            wrong = problem(piece, rules)
            if wrong is None:
                return [Judgement("contains-sql", True, f"found {piece.strip()[:80]}")]
            why = wrong
        return [Judgement("contains-sql", False, why)]

    return boolean("contains-sql", judge)


def problem(text: str, rules: _Rules) -> str | None:
    """Why a text is not SQL, or not within the rules; None if it is."""
    import sqlglot
    from sqlglot import errors, exp

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every statement that it only skims
    try:
        found = [each for each in sqlglot.parse(text, dialect=rules.dialect) if each is not None]
    except (errors.SqlglotError, RecursionError) as wrong:
        return f"not SQL: {str(wrong).splitlines()[0]}"
    statements = (exp.Query, exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.Describe, exp.Show, exp.Use, exp.Set)
    more = (exp.Command, exp.Transaction, exp.Commit, exp.Rollback, exp.TruncateTable, exp.Pragma)
    if not found or not all(isinstance(each, statements + more) for each in found):
        return "not SQL: no statement"
    if rules.tables is None and rules.columns is None:
        return None
    return _forbidden(found, rules)


def pieces_in(text: str) -> Iterator[str]:
    """What of a text might be SQL, the likeliest first."""
    yield from _FENCED.findall(text)
    yield text
    yield from _LINES.findall(text)


def _forbidden(statements: Sequence[Any], rules: _Rules) -> str | None:
    for each in statements:
        for kind, allowed, used in (
            ("table", rules.tables, _tables(each)),
            ("column", rules.columns, _columns(each)),
        ):
            for one in used if allowed is not None else ():
                if not any(re.fullmatch(pattern, one, re.IGNORECASE) for pattern in allowed or ()):
                    return f"the {kind} {one} is not allowed"
    return None


def _tables(statement: Any) -> list[str]:
    from sqlglot import exp

    named = {each.alias_or_name for each in statement.find_all(exp.CTE)}
    return [
        f"{_verb(statement)}::{each.db or 'null'}::{each.name}"
        for each in statement.find_all(exp.Table)
        if each.name not in named
    ]


def _columns(statement: Any) -> list[str]:
    from sqlglot import exp

    aliases = {each.alias: each.name for each in statement.find_all(exp.Table)}
    found = [f"{aliases.get(each.table, each.table) or 'null'}::{each.name}" for each in statement.find_all(exp.Column)]
    stars = ["null::(.*)" for each in statement.find_all(exp.Star) if not isinstance(each.parent, exp.Count)]
    return [f"{_verb(statement)}::{each}" for each in [*found, *stars]]


def _verb(statement: Any) -> str:
    return str(statement.key) if statement.key in ("insert", "update", "delete") else "select"


def _rules(name: str, value: Any) -> _Rules:
    try:
        import sqlglot
    except ModuleNotFoundError:
        raise MissingExtra(f"the evaluator `{name}`", "evals") from None
    value = {} if value is None else value
    if not isinstance(value, dict) or not value.keys() <= set(_KEYS):
        raise CallError(f"{name} cannot use the value {to_json(value)}", hint=_HINT)
    asked = str(value.get("databaseType", "mysql")).lower()
    dialect = _DIALECTS.get(asked, asked)
    try:
        sqlglot.Dialect.get_or_raise(dialect)
    except ValueError:
        raise CallError(
            f"{name} knows no SQL of {value['databaseType']!r}", hint="mysql, postgresql, sqlite ..."
        ) from None
    return _Rules(dialect, _allowed(name, value.get("allowedTables")), _allowed(name, value.get("allowedColumns")))


def _allowed(name: str, value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise CallError(f"{name} cannot use {to_json(value)} as what is allowed", hint=_HINT)
    for each in value:
        try:
            re.compile(each)
        except re.error as wrong:
            raise CallError(f"{each!r} is no pattern: {wrong}", hint=_HINT) from None
    return tuple(value)
