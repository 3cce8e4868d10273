"""Evaluators of the user's own: Python of the project, services over HTTP, and what is refused."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import CallError, ProjectError
from hone.evals import Answer, Evaluator, Given, make
from hone.store import Judgement

ASKED = Example(input={"question": "Where?"}, expected="Bern", metadata={"lang": "en"})


def made(root: Path, **asked: Any) -> Evaluator:
    (evaluator,) = make([{"type": "python"} | asked], given=Given(root=root))
    return evaluator


def judged(root: Path, code: str, text: str = "Bern", **asked: Any) -> Judgement:
    (root / "grade.py").write_text(code)
    (found,) = made(root, **{"value": "grade.py:grade"} | asked).judgements(ASKED, Answer(text=text))
    return found


def test_a_function_of_the_project_says_right_or_wrong(tmp_path: Path) -> None:
    code = "def grade(output, context):\n    return output == context['expected']\n"
    found = judged(tmp_path, code)
    assert (found.name, found.value) == ("grade", True)
    assert judged(tmp_path, code, "Basel").value is False


def test_it_gets_what_its_parameters_are_named_after(tmp_path: Path) -> None:
    code = """
def grade(example, answer, context):
    return {"pass": example.metadata == context["metadata"] and context["config"]["least"] <= len(answer.text),
            "reason": context["vars"]["question"]}
"""
    found = judged(tmp_path, code, config={"least": 4})
    assert (found.value, found.explanation) == (True, "Where?")


def test_a_number_is_asked_for_by_the_annotation_the_setting_or_a_threshold(tmp_path: Path) -> None:
    assert judged(tmp_path, "def grade(output) -> float:\n    return len(output) / 8\n").value == 0.5
    plain = "def grade(output):\n    return len(output) / 8\n"
    assert judged(tmp_path, plain, number=True).value == 0.5
    assert judged(tmp_path, plain, threshold=0.4).value is True
    unsaid = judged(tmp_path, plain)
    assert unsaid.value is False
    assert "say what is right" in (unsaid.explanation or "")


def test_a_coroutine_function_is_awaited(tmp_path: Path) -> None:
    assert judged(tmp_path, "async def grade(output):\n    return 'B' in output\n").value is True


def test_a_function_that_raises_or_gives_something_else_is_told_of(tmp_path: Path) -> None:
    broken = judged(tmp_path, "def grade(output):\n    return 1 / 0\n")
    assert (broken.value, broken.explanation) == (False, "the evaluator failed: ZeroDivisionError: division by zero")
    assert "gave" in (judged(tmp_path, "def grade(output):\n    return 'yes'\n").explanation or "")
    assert "gave" in (judged(tmp_path, "def grade(output):\n    return object()\n").explanation or "")
    assert "gave" in (judged(tmp_path, "def grade(output):\n    return {'pass': 'true'}\n").explanation or "")


def test_promptfoos_function_is_the_one_where_none_is_named(tmp_path: Path) -> None:
    code = "def get_assert(output, context):\n    return {'pass': True, 'score': 0.3, 'reason': 'r'}\n"
    assert judged(tmp_path, code, value="file://grade.py").value is True


def test_another_file_is_another_evaluator(tmp_path: Path) -> None:
    (tmp_path / "grade.py").write_text("def grade(output):\n    return True\n")
    before = made(tmp_path, value="grade.py:grade")
    (tmp_path / "grade.py").write_text("def grade(output):\n    return False\n")
    after = made(tmp_path, value="grade.py:grade")
    assert before.key != after.key
    assert after.judgements(ASKED, Answer(text="x"))[0].value is False


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("../grade.py:grade", "is not inside the project"),
        ("out.py:grade", "is not inside the project"),
        ("none.py:grade", "there is no Python file none.py"),
        ("grade.py:other", "has no function 'other'"),
        ("broken.py:grade", "cannot be run: SyntaxError"),
        ("strange.py:grade", "has a parameter `prompt`"),
        (None, "needs a function of the project"),
    ],
)
def test_what_cannot_be_run_is_told_before_the_first_call(tmp_path: Path, value: Any, message: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    good = "def grade(output):\n    return True\n"
    (tmp_path / "grade.py").write_text(good)
    (root / "grade.py").write_text(good)
    (root / "out.py").symlink_to(tmp_path / "grade.py")
    (root / "broken.py").write_text("def grade(:\n")
    (root / "strange.py").write_text("def grade(prompt):\n    return True\n")
    with pytest.raises((CallError, ProjectError), match=message):
        made(root, value=value)


def test_without_a_project_there_is_nothing_to_run() -> None:
    with pytest.raises(CallError, match="there is none here"):
        make([{"type": "python", "value": "grade.py:grade"}])


@pytest.mark.parametrize("name", ["javascript", "ruby"])
def test_other_languages_are_refused_with_what_to_write_instead(name: str) -> None:
    with pytest.raises(CallError) as refused:
        make([{"type": name, "value": "return true"}])
    assert "python" in str(refused.value.hint)
    assert "webhook" in str(refused.value.hint)


class Service(BaseHTTPRequestHandler):
    """Answers by the path; keeps what it was asked."""

    asked: list[tuple[dict[str, Any], str | None]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((body, self.headers["Authorization"]))
        status, answer = {
            "/fine": (200, '{"pass": true, "score": 0.5, "reason": "short"}'),
            "/plain": (200, '{"pass": false}'),
            "/words": (200, '{"pass": "true"}'),
            "/html": (200, "<html>"),
            "/broken": (500, "{}"),
            "/away": (302, "{}"),
            "/slow": (200, '{"pass": true}'),
        }[self.path.partition("?")[0]]
        if self.path == "/slow":
            time.sleep(0.5)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/fine")
        with contextlib.suppress(BrokenPipeError):  # who asked may have gone
            self.end_headers()
            self.wfile.write(answer.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Service.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def asked(url: str, **more: Any) -> Judgement:
    (evaluator,) = make([{"type": "webhook", "value": url} | more])
    (found,) = evaluator.judgements(ASKED, Answer(text="Bern"))
    return found


def test_a_service_judges_over_http(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "geheim")
    found = asked(f"{service}/fine", headers={"Authorization": "Bearer ${JUDGE_KEY}"})
    assert (found.name, found.value, found.explanation) == ("webhook", True, "short")
    context = {"vars": {"question": "Where?"}, "expected": "Bern", "metadata": {"lang": "en"}}
    assert Service.asked == [({"output": "Bern", "context": context}, "Bearer geheim")]
    assert asked(f"{service}/fine", number=True).value == 0.5
    assert asked(f"{service}/fine", threshold=0.6).value is False
    assert asked(f"{service}/plain").value is False


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/words", "did not say whether it passed"),
        ("/html", "answered with no JSON"),
        ("/broken?token=secret", "/broken answered 500"),
        ("/away", "answered 302"),
        ("/slow", "did not answer in 0.1 s"),
    ],
)
def test_a_service_that_does_not_answer_as_it_should_has_not_passed(service: str, path: str, why: str) -> None:
    found = asked(f"{service}{path}", timeout=0.1 if path == "/slow" else 5)
    assert found.value is False
    assert why in (found.explanation or "")
    assert "secret" not in (found.explanation or "")


def test_a_service_that_is_not_there_has_not_passed(service: str) -> None:
    found = asked("http://127.0.0.1:9/judge", timeout=2)
    assert found.value is False
    assert "cannot be reached" in (found.explanation or "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "file:///etc/passwd"},
        {"value": None},
        {"value": "http://"},
        {"timeout": "long"},
        {"timeout": 0},
        {"headers": {"A": 1}},
        {"headers": {"A": "${HONE_NO_SUCH_VARIABLE}"}},
        {"retries": 3},
    ],
)
def test_a_webhook_that_is_written_wrong_is_told_of(wrong: dict[str, Any]) -> None:
    with pytest.raises(CallError):
        make([{"type": "webhook", "value": "http://127.0.0.1:9/"} | wrong])
