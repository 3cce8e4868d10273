"""The command as a person and a script use it: real processes, stdout for data, stderr for talk."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from openai import OpenAI

from hone.local import House
from hone.store import Batch

QUESTION = "When does a parcel count as lost?"


@pytest.fixture
def hone(tmp_path: Path):
    """Run `hone ...` in a folder of its own, with an environment that says nothing of other hones."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}

    def run(*arguments: str, cwd: Path | None = None, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hone", *arguments],
            cwd=cwd or tmp_path, env={**environment, **more}, input=stdin, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


@pytest.fixture
def project(hone, tmp_path: Path) -> Path:
    assert hone("init", "parcels").returncode == 0
    return tmp_path / "parcels"


def test_from_nothing_to_a_scored_trace(hone, project):
    answer = hone("run", "answer", QUESTION, "--json", cwd=project)
    assert answer.returncode == 0, answer.stderr
    reply = json.loads(answer.stdout)
    assert "seven working days" in reply["text"]
    assert reply["variant"] == "answer@baseline"
    added = hone("feedback", "add", reply["trace_id"], "helpful", "true", "--comment", "good", "--json", cwd=project)
    assert set(json.loads(added.stdout)) == {"id"}
    listed = json.loads(hone("traces", "list", "--json", cwd=project).stdout)
    assert listed["next"] is None
    (row,) = listed["items"]
    assert row["trace_id"] == reply["trace_id"]
    assert [(score["name"], score["value"], score["by"]) for score in row["scores"]] == [("helpful", True, "human")]
    shown = json.loads(hone("traces", "show", reply["trace_id"][:8], "--json", cwd=project).stdout)
    (root,) = shown["roots"]
    assert [child["span"]["kind"] for child in root["children"]] == ["retrieval", "llm"]


def test_a_trace_is_scored_by_the_id_that_the_list_shows(hone, project):
    trace = json.loads(hone("run", "answer", QUESTION, "--json", cwd=project).stdout)["trace_id"]
    assert hone("feedback", "add", trace[:10], "helpful", "false", cwd=project).returncode == 0
    (row,) = json.loads(hone("traces", "list", "--score", "helpful:false", "--json", cwd=project).stdout)["items"]
    assert row["trace_id"] == trace
    assert row["scores"][0]["target"] == {"kind": "trace", "id": trace}
    nowhere = hone("feedback", "add", "zzz", "helpful", "true", cwd=project)
    assert (nowhere.returncode, "no trace 'zzz'" in nowhere.stderr) == (1, True)
    odd = hone("feedback", "add", trace, "helpfull", "true", cwd=project)
    assert "declares no metric 'helpfull'; it has: helpful, contains" in odd.stderr


def test_the_sample_project_goes_on_to_an_evaluation_and_a_release(hone, project):
    run = hone("evals", "run", "answer", "answer@brief", "--data", "questions", "--compare", "answer@brief", "--json",
               cwd=project)  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    right = {each["variant"]: each["mean"] for each in found["summaries"] if each["metric"] == "contains"}
    assert right["baseline"] > 0.6
    assert found["comparison"]["n"] == 14
    assert json.loads(hone("releases", "canary", "answer@brief", "--share", "0.1", "--json", cwd=project).stdout)[
        "weights"
    ] == {"baseline": 0.9, "brief": 0.1}
    assert hone("releases", "rollback", "answer", cwd=project).returncode == 0


def test_data_goes_to_stdout_and_talk_to_stderr(hone, project):
    done = hone("run", "answer", QUESTION, cwd=project)
    assert "seven working days" in done.stdout
    assert "trace" not in done.stdout
    assert "answer@baseline" in done.stderr
    assert "free" in done.stderr


def test_input_comes_by_name_or_from_stdin_too(hone, project):
    by_name = hone("run", "answer@brief", "-i", f"question={QUESTION}", cwd=project)
    from_stdin = hone("run", "answer", "-", stdin=QUESTION, cwd=project)
    assert "seven working days" in by_name.stdout
    assert "seven working days" in from_stdin.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["run", "anwser", "hi"], 2, "did you mean `answer`?"),
        (["run", "answer", "-i", "nonsense"], 2, "is not NAME=VALUE"),
        (["run", "answer", "-i", "topic=x"], 2, "has no input 'topic'\nhint: it takes: question"),
        (["traces", "show", "ffff"], 1, "no trace"),
        (["traces", "list"], 1, "nothing yet"),
        (["feedback", "add", "abc", "helpful", "3"], 2, "declared as boolean"),
        (["init"], 2, "already exists"),
        (["init", "/proc/nowhere"], 2, "cannot write to /proc/nowhere"),
        (["frobnicate"], 2, "No such command"),
        (["relases", "list"], 2, "did you mean `releases`?"),
    ],
)
def test_a_mistake_has_its_status_and_a_way_out(hone, project, arguments, status, said):
    done = hone(*arguments, cwd=project)
    assert done.returncode == status
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_outside_a_project_the_way_in_is_named(hone):
    done = hone("run", "answer", "hi")
    assert done.returncode == 2
    assert "hone init" in done.stderr


def test_a_broken_project_file_is_named_with_its_line(hone, project):
    (project / "hone.toml").write_text('project = "p"\n\n[tasks.answer]\nmodles = ["x"]\n')
    done = hone("run", "answer", "hi", cwd=project)
    assert done.returncode == 2
    assert "hone.toml:4" in done.stderr
    assert "did you mean `models`" in done.stderr


def test_the_doctor_finds_what_is_broken(hone, project):
    healthy = hone("doctor", "--json", cwd=project)
    assert healthy.returncode == 0
    assert {item["state"] for item in json.loads(healthy.stdout)["items"]} <= {"ok", "warn"}
    (project / "prompts" / "answer.prompt.md").write_text("# user\n\n{{ question")
    sick = hone("doctor", "--json", cwd=project)
    assert sick.returncode == 1
    (finding,) = [item for item in json.loads(sick.stdout)["items"] if item["state"] == "fail"]
    assert finding["name"] == "prompts"
    assert "answer.prompt.md" in finding["said"]


def test_the_doctor_says_which_model_compares_meaning(hone, project):
    findings = {item["name"]: item for item in json.loads(hone("doctor", "--json", cwd=project).stdout)["items"]}
    assert findings["embeddings"]["state"] == "ok"
    assert findings["embeddings"]["said"].startswith("minilm, ")


def test_matrices_are_multiplied_on_one_thread_of_each_core_unless_told_otherwise():
    code = "import os\nfrom hone.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(os.environ['OPENBLAS_NUM_THREADS'])"
    bare = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    for environment, threads in ((bare, "1"), (bare | {"OPENBLAS_NUM_THREADS": "2"}, "2")):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
        assert done.stdout.split()[-1] == threads


def test_every_verb_explains_itself(hone):
    top = hone("--help").stdout
    for verb in (
        "init",
        "up",
        "run",
        "traces",
        "datasets",
        "evals",
        "releases",
        "prompts",
        "feedback",
        "doctor",
        "demo",
    ):
        assert f"  {verb} " in top
        assert hone(verb, "--help").returncode == 0


def test_help_does_not_load_the_heavy_parts():
    code = (
        "import sys\nfrom hone.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('duckdb', 'pyarrow', 'sqlalchemy', 'numpy', 'starlette') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def up(project: Path):
    """`hone up` as a process of its own; its first line says where it serves."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "hone", "up", "--port", "0", "--json"],
        cwd=project, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    yield process, json.loads(process.stdout.readline())["url"]
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    process.stdout.close()


def ask(url: str) -> str:
    with OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        messages = [{"role": "user", "content": QUESTION}]
        return client.chat.completions.with_raw_response.create(model="answer", messages=messages).headers[
            "x-hone-trace-id"
        ]


def test_a_server_and_the_command_work_on_one_project_at_once(hone, project, up):
    _, url = up
    over_http = ask(url)
    beside = json.loads(hone("run", "answer", QUESTION, "--json", cwd=project).stdout)["trace_id"]
    remote = json.loads(hone("run", "answer", QUESTION, "--json", HONE_URL=url).stdout)["trace_id"]
    listed = json.loads(hone("traces", "list", "--json", cwd=project).stdout)["items"]
    assert {over_http, beside, remote} == {row["trace_id"] for row in listed}


def test_a_server_that_is_killed_loses_no_call_that_it_answered(hone, project, up):
    process, url = up
    asked = {ask(url) for _ in range(5)}
    process.kill()
    process.wait()
    listed = json.loads(hone("traces", "list", "--json", cwd=project).stdout)["items"]
    assert {row["trace_id"] for row in listed} == asked
    assert all(row["spans"] == 3 for row in listed)


def test_a_server_that_is_asked_to_stop_stops_cleanly(up):
    process, url = up
    ask(url)
    process.send_signal(signal.SIGINT)  # ctrl-c
    assert process.wait(20) == 0


def test_a_taken_port_is_said_plainly(hone, project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = hone("up", "--port", str(taken.getsockname()[1]), cwd=project)
    assert done.returncode == 2
    assert "cannot listen on 127.0.0.1" in done.stderr


def test_listening_to_the_world_without_a_key_is_refused(hone, project):
    done = hone("up", "--host", "0.0.0.0", cwd=project)
    assert done.returncode == 2
    assert "HONE_API_KEY" in done.stderr


def test_a_key_is_made_listed_rotated_and_revoked(hone, project):
    made = hone("keys", "create", "shop", "--task", "answer", "--spend", "5 USD / day", "--expires", "90d", cwd=project)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert secret.startswith("hone-") and len(secret) > 40
    (row,) = json.loads(hone("keys", "list", "--json", cwd=project).stdout)["items"]
    assert (row["name"], row["tasks"], row["spend"], row["state"]) == ("shop", ["answer"], "5 USD / day", "valid")
    assert secret not in hone("keys", "list", cwd=project).stdout
    again = hone("keys", "create", "shop", cwd=project)
    assert (again.returncode, "hone keys rotate shop" in again.stderr) == (2, True)
    rotated = json.loads(hone("keys", "rotate", "shop", "--json", cwd=project).stdout)
    assert rotated["secret"] != secret
    assert rotated["expires"] == row["expires"], "a rotation gives no more time"
    assert hone("keys", "revoke", "shop", cwd=project).returncode == 0
    states = [each["state"] for each in json.loads(hone("keys", "list", "--json", cwd=project).stdout)["items"]]
    assert states == ["revoked", "revoked"]
    assert hone("keys", "revoke", "shop", cwd=project).returncode == 2


@pytest.mark.parametrize(
    ("option", "value"), [("--spend", "5 EUR / day"), ("--rate", "often"), ("--tokens", "1"), ("--expires", "soon")]
)
def test_a_limit_that_cannot_be_read_makes_no_key(hone, project, option, value):
    refused = hone("keys", "create", "shop", option, value, cwd=project)
    assert refused.returncode == 2
    assert "write" in refused.stderr
    assert json.loads(hone("keys", "list", "--json", cwd=project).stdout)["items"] == []


def test_budgets_show_what_is_used(hone, project):
    assert json.loads(hone("budgets", "list", "--json", cwd=project).stdout)["items"] == []
    with (project / "hone.toml").open("a") as file:
        file.write('\n[budgets.everyone]\nrate = "3 / day"\n')
    for _ in range(3):
        assert hone("run", "answer", QUESTION, cwd=project).returncode == 0
    refused = hone("run", "answer", QUESTION, cwd=project)
    assert refused.returncode == 2
    assert "allows 3 calls a day" in refused.stderr
    (row,) = json.loads(hone("budgets", "list", "--json", cwd=project).stdout)["items"]
    assert (row["budget"], row["measure"], row["limit"]) == ("everyone", "calls", 3.0)
    assert 2.9 < row["used"] <= 3.0
    assert "everyone" in hone("budgets", "list", cwd=project).stdout


def test_batches_are_listed_shown_and_cancelled(hone, project):
    assert "nothing yet" in hone("batches", "list", cwd=project).stderr
    house = House.open(project)
    upload = house.files.new()
    upload.write(b"{}\n")
    file = house.files.add(upload, "calls.jsonl", "batch", None)
    for name in ("batch_a", "batch_b"):
        house.batches.begin(
            Batch(id=name, owner=None, endpoint="/v1/embeddings", input_file=file.id, created=1, expires=2)
        )
    house.close()
    listed = json.loads(hone("batches", "list", "--limit", "1", "--json", cwd=project).stdout)
    assert [each["id"] for each in listed["items"]] == ["batch_b"] == [listed["next"]]
    assert "batch_a" in hone("batches", "list", "--after", "batch_b", cwd=project).stdout
    shown = hone("batches", "show", "batch_a", cwd=project).stdout
    assert "batch_a: validating, 0 of 0 answered" in shown and f"files/{file.id}" in shown
    cancelled = hone("batches", "cancel", "batch_a", "--json", cwd=project)
    assert json.loads(cancelled.stdout)["batch"]["status"] == "cancelling"
    assert hone("batches", "cancel", "batch_a", cwd=project).stdout.startswith("batch_a: cancelling")
    nobody = hone("batches", "show", "nobody", cwd=project)
    assert (nobody.returncode, nobody.stderr.strip()) == (1, "error: there is no batch 'nobody'")
