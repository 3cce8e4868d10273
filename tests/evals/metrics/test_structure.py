"""Evaluators of shape: JSON, XML, HTML, SQL, and what every call has."""

from collections.abc import Callable
from typing import Any

import pytest

from hone.evals import Answer
from hone.store import Judgement

Judged = Callable[..., list[Judgement]]
Value = Callable[..., Any]

USERS = {"databaseType": "PostgreSQL", "allowedTables": ["(select|update)::null::users"]}
COLUMNS = {"allowedColumns": ["select::users::(id|name)"]}


@pytest.mark.parametrize(
    ("asked", "answer", "right"),
    [
        ("is-json", "[1, 2]", True),
        ("is-json", "so: [1, 2]", False),
        ({"type": "is-json", "value": {"type": "object"}}, "[1, 2]", False),
        ({"type": "is-json", "value": "type: object\nrequired: [days]"}, '{"days": 7}', True),
        ("contains-json", 'so: {"days": 7}.', True),
        ("contains-json", "seven [days", False),
        ({"type": "contains-json", "value": {"required": ["days"]}}, 'first {"weeks": 1}, then {"days": 7}', True),
        ({"type": "contains-json", "value": {"required": ["days"]}}, '{"weeks": {"days": 7}}', False),
        ("is-xml", "<?xml version='1.0'?><order><item/></order>", True),
        ("is-xml", "<order><item></order>", False),
        ("is-xml", "<a/><b/>", False),
        ({"type": "is-xml", "value": ["order.item"]}, "<order><item/></order>", True),
        ({"type": "is-xml", "value": {"requiredElements": ["order.price"]}}, "<order><item/></order>", False),
        ("contains-xml", "Here: <order><item/></order> it is", True),
        ("contains-xml", "a < b and b > a", False),
        ("contains-xml", "an empty one <br/> too", True),
        ("is-html", "<!DOCTYPE html><html><body><p>Hi</p></body></html>", True),
        ("is-html", "<my-card>Hi</my-card>", True),
        ("is-html", "<order><item/></order>", False),
        ("is-html", "Hi <b>there</b>", False),
        ("contains-html", "Hi <b>there</b>", True),
        ("contains-html", "if a<b then b>a", False),
        ("contains-html", "one<br>two", True),
        ("is-sql", "SELECT a, count(*) FROM t GROUP BY a", True),
        ("is-sql", "select 1; delete from t where a = 1", True),
        ("is-sql", "hello world", False),
        ("is-sql", "select from where", False),
        ("is-sql", "", False),
        ("contains-sql", "Run this:\n```sql\nselect a from t\n```", True),
        ("contains-sql", "Run this:\nselect a from t;\nand that is it", True),
        ("contains-sql", "Please select one of them.", False),
        ({"type": "is-sql", "value": USERS}, "select id from users", True),
        ({"type": "is-sql", "value": USERS}, "delete from users", False),
        ({"type": "is-sql", "value": USERS}, "select id from users join accounts using (id)", False),
        ({"type": "is-sql", "value": USERS}, "with u as (select * from users) select * from u", True),
        ({"type": "is-sql", "value": COLUMNS}, "select u.id, u.name from users u", True),
        ({"type": "is-sql", "value": COLUMNS}, "select u.id, u.password from users u", False),
        ({"type": "is-sql", "value": COLUMNS}, "select * from users", False),
        ("finish-reason:stop", Answer(text="x", finish_reason="STOP"), True),
        ({"type": "finish-reason", "value": "stop"}, Answer(text="x", finish_reason="length"), False),
        ("finish-reason:stop", "x", False),
    ],
)
def test_right_and_wrong(value: Value, asked: Any, answer: Any, right: bool) -> None:
    assert value(asked, answer) is right


def test_xml_that_would_grow_without_end_is_refused(judged: Judged) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;&c;&c;</a>'
    (said,) = judged("is-xml", bomb)
    assert said.value is False
    assert "defines the entity b" in (said.explanation or "")


def test_looking_for_xml_ends_however_many_tags_there_are(judged: Judged) -> None:
    assert judged("contains-xml", "<a>" * 3000 + "</b>" * 3000)[0].value is False
    assert judged("contains-xml", "<a><b></a>" * 2000)[0].value is False


def test_json_that_is_nested_without_end_is_not_json(judged: Judged) -> None:
    assert judged("is-json", "[" * 100_000)[0].value is False
    assert judged("contains-json", "[" * 100_000)[0].value is False


def test_time_and_money_have_a_number_and_with_a_threshold_a_verdict(judged: Judged) -> None:
    answer = Answer(text="x", seconds=1.5, cost=0.002)
    assert judged({"type": "latency", "threshold": 2}, answer) == [
        Judgement("latency", 1.5),
        Judgement("latency-passes", True, "1.5, at most 2 is asked for"),
    ]
    assert judged({"type": "latency", "threshold": 1000, "unit": "ms"}, answer)[1].value is False
    assert judged({"type": "cost", "threshold": 0.001}, answer)[1].value is False
    assert judged({"type": "cost", "threshold": 0.001}, "x") == [], "an unknown price is not nothing"
