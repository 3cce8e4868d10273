"""Rendering: plain data in, messages out; every error names its line, and no template does too much."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.core import Passage
from hone.errors import PromptError
from hone.prompts import parse


def text(template: str, **values: Any) -> str:
    return str(parse(template, "p.md").render(**values)[0]["content"])


def refused(template: str, **values: Any) -> str:
    with pytest.raises(PromptError) as caught:
        parse(template, "prompts/p.prompt.md").render(**values)
    return str(caught.value)


def test_passages_are_given_as_context() -> None:
    template = '{% for p in context %}\n<context source="{{ p.source }}">\n{{ p.text }}\n</context>\n{% endfor %}'
    found = text(template, context=[Passage("ten days", "shop.md", 0.5), Passage("Mon-Sat", "hours.md", 0.25)])
    assert found == (
        '<context source="shop.md">\nten days\n</context>\n<context source="hours.md">\nMon-Sat\n</context>\n'
    )


def test_text_is_not_escaped_as_html() -> None:
    assert text("{{ name }} {{ [name] | tojson }}", name="AT&T <b>") == 'AT&T <b> ["AT&T <b>"]'


def test_a_field_wins_over_a_method_of_the_same_name() -> None:
    assert text("{{ order.items | join(', ') }} {{ order.keys }}", order={"items": ["a", "b"], "keys": 3}) == "a, b 3"


def test_the_filters_worth_having_work() -> None:
    assert text("{{ x | round(1) }} {{ y | upper }} {{ z | default('-') }}", x=1.26, y="a", z="b") == "1.3 A b"
    assert text("{{ x | tojson(indent=1) }}", x={"ü": [1]}) == '{\n "ü": [\n  1\n ]\n}'
    assert text("{{ x | indent(2) }}|{{ x | replace('a', 'b') }}", x="a\na") == "a\n  a|b\nb"
    assert text("{{ x | map(attribute='n') | join('-') ~ '!' }}", x=[{"n": 1}, {"n": 2}]) == "1-2!"


def test_a_value_may_have_any_name() -> None:
    assert text("{{ self_ }} {{ values }}", self_="a", values="b", self="c", name="d") == "a b"


def test_an_assistant_or_system_message_that_comes_out_empty_is_left_out() -> None:
    prompt = parse("# system\n{% if rules is defined %}{{ rules }}{% endif %}\n# user\n{{ question }}", "p.md")
    assert prompt.render(question="") == [{"role": "user", "content": ""}]
    assert [message["role"] for message in prompt.render(question="", rules="r")] == ["system", "user"]


def test_a_missing_variable_names_the_line_and_the_nearest_value() -> None:
    template = "---\ndescription: x\n---\n# system\nhi\n# user\n\none\n{{ quesion }}"
    assert refused(template, question="q") == (
        "'quesion' is undefined (prompts/p.prompt.md:9)\nhint: did you mean `question`?"
    )


def test_a_missing_variable_is_never_written_as_nothing() -> None:
    for template in (
        "{{ x }}",
        "{{ [x] }}",
        "{{ x.y }}",
        "{{ x ~ 'a' }}",
        "{% for a in x %}{% endfor %}",
        "{% if x %}{% endif %}",
    ):
        assert refused(template).startswith("'x' is undefined")


def test_a_variable_that_is_no_declared_input_is_found_before_anything_runs() -> None:
    source = "---\ninput: {question: string}\n---\n# user\n{{ context }}\n{{ quesion }}"
    with pytest.raises(PromptError) as caught:
        parse(source, "p.md")
    assert str(caught.value) == "`quesion` is not among the prompt's inputs (p.md:6)\nhint: did you mean `question`?"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a\n{% if %}", "expected an expression, got 'end of statement block' (prompts/p.prompt.md:2)"),
        ("a\n{{ x | shout }}", "no filter named 'shout'. (prompts/p.prompt.md:2)"),
        ("a\n\n{{ 'a' + 1 }}", 'TypeError: can only concatenate str (not "int") to str (prompts/p.prompt.md:3)'),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero (prompts/p.prompt.md:1)"),
        ("a\n{{ question.colour }}", "'str object' has no attribute 'colour' (prompts/p.prompt.md:2)"),
        (
            "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
            "the expressions are nested too deeply (prompts/p.prompt.md:1)",
        ),
    ],
)
def test_a_template_that_fails_names_its_line(template: str, message: str) -> None:
    assert refused(template, question="q") == message


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ question['__class__'] }}",
        "{{ question | map(attribute='__class__') | list }}",
        "{{ range.__globals__ }}",
        "{{ namespace.__init__ }}",
        "{{ question.format(1) }}",
        "{{ question['format_map'] }}",
        "{{ '%s' % question }}",
        "{{ context.append(1) }}",
        "{{ self }}",
        "{{ range }}",
        "{{ question.upper }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% macro f() %}{{ f() }}{% endmacro %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    ],
)
def test_a_template_cannot_reach_out_of_its_data(template: str) -> None:
    assert "(prompts/p.prompt.md:1)" in refused(template, question="q", context=[])


_GROW = "{% set n = namespace(x='ab') %}{% for i in range(99) %}"


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(10**9) %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}a line of text that is written again and again{% endfor %}",
        "{% for a in range(99999) %}{{ 'a constant that is written again and again' }}{% endfor %}",
        "{{ 'x' * 10**9 }}",
        "{{ [1] * 10**9 }}",
        "{{ 9**(9**9) }}",
        "{{ (['a'] * 1000) | join('b' * 10000) }}",
        "{{ ('a' * 1000) | replace('', 'b' * 10000) }}",
        _GROW + "{% set n.x = n.x ~ n.x %}{% endfor %}",
        _GROW + "{% set n.x = n.x + n.x %}{% endfor %}",
        _GROW + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        _GROW + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
        _GROW + "{% set n.x %}{{ n.x }}{{ n.x }}{% endset %}{% endfor %}",
        "{{ big }}{{ big }}{{ big }}",
    ],
)
def test_a_template_that_does_too_much_is_stopped(template: str) -> None:
    message = refused(template, big="x" * 400_000)
    assert "longer than" in message or "more than" in message or "too large" in message


def test_rendering_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("hone.prompts._sandbox.time.monotonic", lambda: float(next(clock)))
    assert "rendering takes more than 2 seconds" in refused("{% for a in range(9) %}{% endfor %}")


@pytest.mark.parametrize(
    ("value", "what"),
    [(date(2026, 1, 1), "a date"), ({"a": [object()]}, "a object"), (b"x", "a bytes"), (print, "a builtin")],
)
def test_values_are_plain_data(value: Any, what: str) -> None:
    assert refused("{{ x }}", x=value).startswith(f"the value `x` is {what}")


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert refused("{{ x }}", x=loop).startswith("the value `x` is nested too deeply")


def test_rendering_changes_no_value() -> None:
    items = ["b", "a"]
    assert text("{% for x in items | sort %}{{ x }}{% endfor %}", items=items) == "ab"
    assert items == ["b", "a"]


@given(st.text(), st.text())
def test_any_text_arrives_as_it_was_given(question: str, source: str) -> None:
    prompt = parse("# system\n{{ context[0].source }}.\n# user\n{{ question }}", "p.md")
    rendered = prompt.render(question=question, context=[{"text": "t", "source": source, "score": 1.0}])
    assert [message["content"] for message in rendered] == [f"{source}.", question]
