"""`hone demo` as a newcomer runs it, and its report counted again from what it left in the store."""

import functools
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from scipy.stats import binomtest

from hone.cli.demo import _model
from hone.cli.demo._loop import Loop
from hone.cli.demo._model import chosen
from hone.cli.demo._page import page
from hone.cli.demo._project import BY_WORDS, write
from hone.core import from_json, wilson
from hone.errors import CallError, ProjectError, UpstreamError
from hone.evals import compare_paired
from hone.local import House
from hone.providers._vendors import Vendor
from hone.server import Server
from hone.store import ScoreQuery, SpanQuery
from hone.testing import FakeUpstream

_NUMBER = re.compile(r'data-number="([^"]+)" data-value="([^"]+)">([^<]+)<')
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("HONE_", "OPENAI_", "ANTHROPIC_"))
}


one_worker = pytest.mark.xdist_group("demo")  # a minute and a half that is spent once


class Ran(NamedTuple):
    folder: Path
    told: dict[str, Any]
    talk: str
    html: str
    numbers: dict[str, float]
    shown: dict[str, str]  # the text that a person reads


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("demo") / "kept"
    done = subprocess.run(
        [sys.executable, "-m", "hone", "demo", "--json", "--keep", str(folder)],
        capture_output=True, text=True, timeout=900, env=_ENVIRONMENT, cwd=folder.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    html = Path(told["report"]).read_text("utf-8")
    found = _NUMBER.findall(html)
    numbers, shown = {name: float(value) for name, value, _ in found}, {name: text for name, _, text in found}
    return Ran(folder, told, done.stderr, html, numbers, shown)


@pytest.fixture
def house(ran: Ran) -> Iterator[House]:
    house = House.open(ran.folder)
    yield house
    house.close()


def judged(house: House, tag: str) -> dict[str, dict[str, bool]]:
    """variant -> question -> right, from the stored spans and scores of the calls with a tag."""
    spans = house.telemetry.spans(SpanQuery(kind="task", tag=tag, limit=10_000))
    scores = house.telemetry.scores(ScoreQuery(name="correct", limit=100_000))
    right = {score.target.id: score.value for score in scores}
    found: dict[str, dict[str, bool]] = {}
    for span in spans:
        found.setdefault(span.variant, {})[from_json(span.input)["question"]] = right[span.span_id]
    return found


def judged_in(house: House, experiment: str) -> dict[str, dict[str, bool]]:
    """The same of an experiment's answers, some of which an earlier experiment has asked for."""
    scores = house.telemetry.scores(ScoreQuery(name="correct", limit=100_000))
    right = {score.target.id: score.value for score in scores}
    found: dict[str, dict[str, bool]] = {}
    for result in house.experiments.results(experiment):
        found.setdefault(result.variant, {})[from_json(result.input)["question"]] = right[result.span_id]
    return found


@one_worker
def test_it_says_first_that_the_model_is_extractive(ran: Ran) -> None:
    assert "the model is extractive" in ran.talk.splitlines()[0]
    assert ran.told["questions"] == 318 + 355
    assert ran.told["chunks"] > 3000


@one_worker
def test_the_numbers_of_the_held_out_questions_are_those_of_the_stored_scores(ran: Ran, house: House) -> None:
    runs = [each for each in house.experiments.latest("python-docs", limit=100) if each.split == "held-out"]
    assert len(runs) == 2  # one a turn
    counted = {}
    for run in runs:
        for variant, answers in judged_in(house, run.id).items():
            counted[variant] = answers
    assert {one["name"] for one in ran.told["variants"]} == set(counted)
    for one in ran.told["variants"]:
        answers = counted[one["name"]]
        again = wilson(sum(answers.values()), len(answers))
        assert (one["n"], one["mean"], one["low"], one["high"]) == (again.n, again.mean, again.low, again.high)
        for part in ("n", "mean", "low", "high"):
            assert ran.numbers[f"held-out/{one['name']}/{part}"] == one[part]
        assert ran.shown[f"held-out/{one['name']}/mean"] == f"{100 * again.mean:.1f} %"
        assert ran.shown[f"held-out/{one['name']}/low"] == f"{100 * again.low:.1f} %"
        assert ran.shown[f"held-out/{one['name']}/high"] == f"{100 * again.high:.1f} %"


@one_worker
@pytest.mark.parametrize("turn", [0, 1])
def test_the_comparison_of_a_turn_is_that_of_the_stored_scores(ran: Ran, house: House, turn: int) -> None:
    told = ran.told["turns"][turn]
    (experiment,) = told["comparison"]["experiments"]
    answers = judged_in(house, experiment)
    ours, theirs = answers[told["chosen"]], answers[told["against"]]
    assert ours.keys() == theirs.keys()
    assert len(ours) == told["comparison"]["n"] == 355
    wins = sum(ours[key] and not theirs[key] for key in ours)
    losses = sum(theirs[key] and not ours[key] for key in ours)
    assert told["comparison"]["difference"] == pytest.approx((wins - losses) / 355)
    assert told["comparison"]["p"] == pytest.approx(binomtest(wins, wins + losses).pvalue)
    for part in ("difference", "low", "high", "p"):
        assert ran.numbers[f"turn{turn + 1}/{part}"] == told["comparison"][part]
    assert ran.shown[f"turn{turn + 1}/difference"] == f"{100 * (wins - losses) / 355:+.1f} points"
    again = compare_paired(ours, theirs, boolean=True, a="", b="", metric="correct")
    assert (again.low, again.high) == (told["comparison"]["low"], told["comparison"]["high"])


@one_worker
def test_the_numbers_of_the_dev_questions_are_those_of_the_stored_scores(ran: Ran, house: House) -> None:
    runs = [each for each in house.experiments.latest("python-docs", limit=100) if each.split == "dev"][::-1]
    assert len(runs) == 2
    for turn, run in enumerate(runs):
        answers = judged_in(house, run.id)
        assert set(answers) == {one["name"] for one in ran.told["turns"][turn]["dev"]}
        for one in ran.told["turns"][turn]["dev"]:
            again = wilson(sum(answers[one["name"]].values()), 318)
            assert (one["n"], one["mean"], one["low"], one["high"]) == (again.n, again.mean, again.low, again.high)
            assert ran.numbers[f"turn{turn + 1}/dev/{one['name']}/mean"] == one["mean"]


@one_worker
@pytest.mark.parametrize("turn", [0, 1])
def test_failures_are_as_many_as_stored_scores_say_no(ran: Ran, house: House, turn: int) -> None:
    told, phase = ran.told["turns"][turn], ("traffic", "canary")[turn]
    answers = judged(house, f"{ran.told['run']}-{phase}")[told["against"]]
    assert sum(told["failures"].values()) == sum(not right for right in answers.values()) > 0
    tags = f"{ran.told['run']}-{phase}"
    missed = 0
    data = [json.loads(line) for line in (ran.folder / "datasets" / "questions.jsonl").read_text("utf-8").splitlines()]
    sources = {each["input"]["question"]: set(each.get("context", ())) for each in data}
    for span in house.telemetry.spans(SpanQuery(kind="retrieval", tag=tags, variant=told["against"], limit=10_000)):
        question = from_json(span.input)
        found = {passage["source"] for passage in from_json(span.output)}
        missed += not answers[question] and bool(sources[question]) and not found & sources[question]
    assert missed == told["failures"]["not found"]


@one_worker
def test_the_improvement_is_real_or_the_report_says_that_it_cannot_tell(ran: Ran) -> None:
    found = ran.told["comparison"]
    if found["verdict"] == "pass":
        assert found["low"] > 0
        assert ran.told["released"] is not None
    else:
        assert found["verdict"] == "cannot_tell"
        assert "cannot be told apart" in ran.html


@one_worker
def test_live_numbers_are_those_of_the_stored_scores(ran: Ran, house: House) -> None:
    assert ran.told["traffic"][0]["name"] == "traffic"
    for phase in ran.told["traffic"]:
        counted = judged(house, f"{ran.told['run']}-{phase['name']}")
        assert {one["name"] for one in phase["variants"]} == set(counted)
        assert sum(one["n"] for one in phase["variants"]) == 318
        for one in phase["variants"]:
            again = wilson(sum(counted[one["name"]].values()), len(counted[one["name"]]))
            assert (one["n"], one["mean"], one["low"], one["high"]) == (again.n, again.mean, again.low, again.high)
            for part in ("n", "mean", "low", "high"):
                assert ran.numbers[f"live/{phase['name']}/{one['name']}/{part}"] == one[part]
    if ran.told["ab"] is not None:
        halves = judged(house, f"{ran.told['run']}-ab")
        shares = {variant: sum(found.values()) / len(found) for variant, found in halves.items()}
        chosen, against = ran.told["turns"][0]["chosen"], ran.told["turns"][0]["against"]
        assert ran.told["ab"]["difference"] == pytest.approx(shares[chosen] - shares[against])


@one_worker
def test_the_bad_canary_is_taken_back_by_the_server_itself(ran: Ran, house: House) -> None:
    assert ran.told["rolled_back"] == "careless"
    history = house.releases.history("answer")
    back = next(each for each in history if each.action == "rollback")
    assert back.by == "hone"
    assert "careless" not in back.weights
    assert "careless" in (back.reason or "")
    spans = house.telemetry.spans(SpanQuery(kind="task", tag=f"{ran.told['run']}-canary", limit=10_000))
    before = [span for span in spans if span.start < back.created]
    assert ran.told["canary"]["of"] == len(before)
    assert ran.told["canary"]["calls"] == sum(span.variant == "careless" for span in before) > 0


@one_worker
def test_no_held_out_question_was_asked_by_a_user_or_collected(ran: Ran, house: House) -> None:
    data = [json.loads(line) for line in (ran.folder / "datasets" / "questions.jsonl").read_text("utf-8").splitlines()]
    held_out = {each["input"]["question"] for each in data if each["split"] == "held-out"}
    asked = {question for answers in judged(house, "demo").values() for question in answers}
    assert len(held_out) == 355
    assert not asked & held_out
    failures = (ran.folder / "datasets" / "failures.jsonl").read_text("utf-8").splitlines()
    assert len(failures) > 100
    assert not {json.loads(line)["input"]["question"] for line in failures} & held_out


@one_worker
def test_the_report_stands_alone(ran: Ran) -> None:
    assert "<script" not in ran.html
    assert not re.search(r"(src|href)=|url\(|@import", ran.html)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return tmp_path / "small"


def told_by(folder: Path, upstream: str | None) -> tuple[Any, list[str]]:
    """The loop over few questions and by words alone, which takes seconds."""
    model = chosen("stand-in" if upstream else None, upstream)
    write(folder, model, BY_WORDS)
    house = House.open(folder)
    try:
        with Server(house, "127.0.0.1", 0, look_every=0.2) as server:
            story = Loop(house, server, model, BY_WORDS, limit=12).run()
    finally:
        house.close()
    return story, [phase.name for phase in story.phases]


def test_a_generative_model_behind_a_base_url_takes_the_same_way(small: Path) -> None:
    with FakeUpstream() as upstream:  # repeats the prompt, so it is right where the passage was found
        story, phases = told_by(small, upstream.url)
        assert {request.body["model"] for request in upstream.received} == {"stand-in"}
    assert story.generative
    assert phases[0] == "traffic"
    assert phases[-1] == "canary"
    # Two dozen questions show nothing, and the report says so.
    assert {turn.comparison.verdict for turn in story.turns} == {"cannot_tell"}
    assert story.released is None
    assert "stand-in" in page(story)


def test_it_may_be_run_again_in_the_same_folder(small: Path) -> None:
    first, _ = told_by(small, None)
    second, _ = told_by(small, None)
    assert second.variants == first.variants
    assert second.phases[0] == first.phases[0]
    assert second.run != first.run
    assert len(second.history) == len(first.history)


def test_a_model_that_cannot_be_reached_stops_it_at_the_first_question(small: Path) -> None:
    with FakeUpstream() as upstream:
        url = upstream.url
    with pytest.raises(UpstreamError, match="the first question could not be answered"):
        told_by(small, url)


@pytest.mark.parametrize("listens", ["an SSH banner", "nothing but silence closes"])
def test_what_listens_at_a_usual_port_and_is_no_model_server_is_passed_over(
    listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def banner() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(1000)
                if listens == "an SSH banner":
                    caller.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        thread = threading.Thread(target=banner, daemon=True)
        thread.start()
        monkeypatch.setattr(_model, "VENDORS", {"ollama": Vendor(f"http://127.0.0.1:{server.getsockname()[1]}/v1")})
        assert _model.offered() is None
        thread.join(10)


def test_a_local_server_is_found_by_what_it_lists(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    listed = json.dumps({"object": "list", "data": [{"id": "qwen3:8b", "object": "model"}]})
    (tmp_path / "models").write_text(listed)
    serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setattr(_model, "VENDORS", {"ollama": Vendor(f"http://127.0.0.1:{server.server_port}")})
        assert _model.offered() == "ollama/qwen3:8b"
        assert chosen("auto", None).use == "ollama/qwen3:8b"
        server.shutdown()
        thread.join(10)
    monkeypatch.setattr(_model, "VENDORS", {})
    assert chosen("auto", None).use == "openai/gpt-5-mini"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(CallError, match="no model is found"):
        chosen("auto", None)


def test_at_a_base_url_a_model_goes_by_the_servers_own_name_and_no_key_is_sent_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    made = chosen("openai/gpt-oss-20b", "http://gpu-1:8000/v1")
    assert made.use == "openai-compatible/openai/gpt-oss-20b"
    assert "api_key" not in made.settings
    assert "secret" not in made.settings
    assert 'api_key = "${OTHER}"' in chosen("x", "http://gpu-1:8000/v1", "OTHER").settings
    with pytest.raises(CallError, match="password"):
        chosen("x", "http://me:secret@gpu-1:8000/v1")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ProjectError, match="holds something else"):
        write(tmp_path, chosen(None, None), BY_WORDS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        (None, "http://127.0.0.1:1/v1", "nothing says which model"),
        ("gpt-5-mini", None, "names no provider"),
        ("openai/gpt-5-mini", None, "OPENAI_API_KEY"),
        ("openai-compatible/qwen3", None, "nothing says where"),
    ],
)
def test_a_model_that_cannot_be_meant_is_refused(
    name: str | None, url: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(CallError, match=said):
        chosen(name, url)


def test_serve_leaves_the_server_up_and_search_by_meaning_is_not_needed(tmp_path: Path) -> None:
    without = "import sys; sys.modules['tokenizers'] = None; from hone.cli import main; main(sys.argv[1:])"
    with FakeUpstream() as upstream:
        demo = subprocess.Popen(
            [sys.executable, "-c", without, "demo", "--serve", "--port", "0", "--limit", "10",
             "--model", "stand-in", "--base-url", upstream.url],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_ENVIRONMENT, cwd=tmp_path,
        )  # fmt: skip
        assert demo.stderr is not None
        url, before = None, ""
        for line in demo.stderr:
            if found := re.match(r"\s+(http://127\.0\.0\.1:\d+)/\s+overview", line):
                url = found[1]
            if "still serving" in line:
                break
            before += line
        assert "search by meaning is not installed" in before
        assert url is not None
        with urllib.request.urlopen(f"{url}/overview.json", timeout=30) as answer:
            assert json.load(answer)["tasks"][0]["task"] == "answer"
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
        demo.stdout.close()
        demo.stderr.close()
    assert (tmp_path / "hone-demo.html").is_file()
