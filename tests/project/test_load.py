"""hone.toml: what it may say, and how it says what is wrong."""

from pathlib import Path

import pytest

from hone.core import Price, object_schema
from hone.errors import ProjectError
from hone.project import Gate, Metric, Project, Rate, Rollback, Spend, Timeout, find, load

WHOLE = """\
project = "support"

[models.fast]
use = "openai/gpt-5-mini"
api_key = "${OPENAI_API_KEY}"
[models.ours]
use = "openai-compatible/org/qwen3-8b"
base_url = "http://${GPU_HOST}:8000/v1"
price = { input = 0.05, output = 0.20 }
parameters = { temperature = 0 }

[tasks.answer]
input = { question = "string" }
models = ["ours", "anthropic/claude-haiku-4-5"]
prompt = "answer"
knowledge = "handbook"
parameters = { temperature = 0.5, max_tokens = 300 }
metrics = ["helpful"]
timeout = "20s"
cache = "1h"
[tasks.answer.variants.concise]
prompt = "answer-concise"
parameters = { temperature = 0 }
k = 2
[tasks.answer.variants.alone]
knowledge = ""
[tasks.answer.variants.research]
flow = "flows/research.py:answer"

[metrics.helpful]
kind = "boolean"
[judges.polite]
prompt = "answer"
model = "fast"
sample = 0.05

[knowledge.handbook]
sources = ["docs/**/*.md"]
[budgets.trial]
match = { tier = "trial" }
spend = "5 USD / day"
rate = "20 / minute"
[releases.answer]
production = { baseline = 0.95, concise = 0.05 }
staging = { concise = 1 }
gate = { metric = "helpful", not_worse_by = 0.02 }
rollback = { error_rate = 0.02, p95 = "8s" }
[retention]
bodies = "30d"
[server]
max_body = "2 MB"
max_file = "1 GB"
batch_concurrency = 3
[telemetry]
durable = true
"""
ENV = {"OPENAI_API_KEY": "k", "GPU_HOST": "gpu-1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/research.py").write_text("")
    for name in ("answer", "answer-concise"):
        (tmp_path / f"prompts/{name}.prompt.md").write_text("{{ question }}")
    return tmp_path


def read(folder: Path, text: str, **env: str) -> Project:
    (folder / "hone.toml").write_text(text)
    return load(folder, env)


def refused(folder: Path, text: str, **env: str) -> tuple[str, str | None]:
    with pytest.raises(ProjectError) as caught:
        read(folder, text, **env)
    return caught.value.message, caught.value.hint


def test_every_key_of_the_contract_is_understood(folder: Path) -> None:
    project = read(folder, WHOLE, **ENV)
    answer = project.tasks["answer"]
    assert (project.name, answer.cache) == ("support", 3600.0)
    assert answer.timeout == Timeout(between=20.0, whole=20.0)
    assert project.models["ours"].price == Price(input=0.05, output=0.2)
    assert project.metrics["helpful"] == Metric(kind="boolean", direction="up")
    assert project.budgets["trial"].match == {"tier": "trial"}
    assert project.budgets["trial"].spend == Spend(5.0, "day")
    assert project.budgets["trial"].rate == Rate(20, "minute")
    assert project.releases == {
        "answer": {"production": {"baseline": 0.95, "concise": 0.05}, "staging": {"concise": 1.0}}
    }
    assert project.gates == {"answer": Gate(metric="helpful", not_worse_by=0.02)}
    assert project.rollbacks == {"answer": Rollback(error_rate=0.02, p95=8.0)}
    assert project.retention.bodies == 30 * 86_400
    assert (project.server.max_file, project.server.batch_concurrency) == (1_000_000_000, 3)
    assert (project.server.max_body, project.telemetry.durable) == (2_000_000, True)
    assert project.environments == ["production", "staging"]
    assert list(project.prompts) == ["answer", "answer-concise"]


def test_a_model_is_split_at_its_first_slash(folder: Path) -> None:
    ours = read(folder, WHOLE, **ENV).models["ours"]
    assert (ours.alias, ours.provider, ours.name) == ("ours", "openai-compatible", "org/qwen3-8b")


def test_a_variant_inherits_what_it_leaves_unset(folder: Path) -> None:
    answer = read(folder, WHOLE, **ENV).tasks["answer"]
    concise = answer.variant("concise")
    assert (concise.name, concise.prompt, concise.k) == ("concise", "answer-concise", 2)
    assert (concise.models, concise.knowledge) == (("ours", "anthropic/claude-haiku-4-5"), "handbook")
    assert concise.parameters == {"temperature": 0, "max_tokens": 300}


def test_the_tasks_own_settings_are_the_variant_baseline(folder: Path) -> None:
    answer = read(folder, WHOLE, **ENV).tasks["answer"]
    assert answer.variant_names == ["baseline", "concise", "alone", "research"]
    assert (answer.variant("baseline").prompt, answer.variant("baseline").k) == ("answer", 5)


def test_a_variant_can_do_without_the_tasks_knowledge(folder: Path) -> None:
    assert read(folder, WHOLE, **ENV).tasks["answer"].variant("alone").knowledge is None


def test_references_to_the_environment_are_resolved(folder: Path) -> None:
    models = read(folder, WHOLE, **ENV).models
    assert (models["fast"].api_key, models["ours"].base_url) == ("k", "http://gpu-1:8000/v1")
    assert models["fast"].missing == ()


def test_a_missing_variable_is_an_error_only_when_its_model_is_used(folder: Path) -> None:
    models = read(folder, WHOLE, GPU_HOST="").models
    assert (models["fast"].api_key, models["fast"].missing) == (None, ("OPENAI_API_KEY",))
    assert models["ours"].missing == ("GPU_HOST",)
    # Never None: a call meant for this host would go to the vendor's own.
    assert models["ours"].base_url == "http://${GPU_HOST}:8000/v1"


def test_secrets_do_not_show_in_a_repr(folder: Path) -> None:
    project = read(folder, WHOLE, OPENAI_API_KEY="geheim", HONE_DATABASE_URL="postgresql://u:geheim@h/d")
    assert "geheim" not in repr(project) + repr(project.models)


def test_state_stands_in_the_project_unless_the_environment_says_otherwise(folder: Path, tmp_path: Path) -> None:
    project = read(folder, 'project = "p"')
    assert project.state == folder / ".hone"
    assert project.database_url == f"sqlite:///{folder}/.hone/hone.db"
    assert project.blobs_url == f"file://{folder}/.hone/blobs"
    assert (project.environment, project.server.port) == ("production", 4700)
    project = read(
        folder,
        'project = "p"\n[server]\nport = 5000',
        HONE_HOME=str(tmp_path / "home"),
        HONE_DATABASE_URL="postgresql://db/hone",
        HONE_BLOBS_URL="s3://bucket",
        HONE_ENV="staging",
        HONE_PORT="8080",
    )
    assert (project.state, project.database_url) == (tmp_path / "home", "postgresql://db/hone")
    assert (project.blobs_url, project.environment, project.server.port) == ("s3://bucket", "staging", 8080)


def test_a_project_is_found_from_any_folder_inside_it(folder: Path) -> None:
    (folder / "hone.toml").write_text("")
    (folder / "docs/deep").mkdir(parents=True)
    assert find(folder / "docs/deep") == folder


def test_no_project_points_to_hone_init(tmp_path: Path) -> None:
    for look in (find, load):
        with pytest.raises(ProjectError, match=r"(?s)no hone\.toml in .*hint: `hone init`"):
            look(tmp_path)


def test_an_editors_byte_order_mark_is_no_part_of_the_text(folder: Path) -> None:
    (folder / "hone.toml").write_bytes(b'\xef\xbb\xbfproject = "p"\r\n[server]\r\nport = 1\r\n')
    assert load(folder, {}).server.port == 1


def test_broken_toml_names_the_line(folder: Path) -> None:
    message, _ = refused(folder, 'project = "p"\n\n[models.fast\nuse = 1')
    assert message.endswith("(hone.toml:3)")
    assert refused(folder, 'project = """p\n\n')[0].endswith("(hone.toml:3)")


def test_text_that_is_not_utf8_says_so(folder: Path) -> None:
    (folder / "hone.toml").write_bytes(b'project = "\xff"')
    with pytest.raises(ProjectError, match="is not UTF-8"):
        load(folder, {})


@pytest.mark.parametrize(
    ("after", "message", "hint"),
    [
        ("[task.a]", "unknown key `task` (hone.toml:2, task)", "did you mean `tasks`?"),
        (
            '[models.m]\n# a comment\nuse = "a/b"\nbaseurl = "x"',
            "unknown key `baseurl` (hone.toml:5, models.m.baseurl)",
            "did you mean `base_url`?",
        ),
        (
            '[models.m]\nuse = "a/b"\nprice = { input = 1, output = 1, cached = 1 }',
            "unknown key `cached` (hone.toml:4, models.m.price.cached)",
            "did you mean `cache_read`?",
        ),
        (
            "[tasks.answer.variants.x]\ntimeout = '20s'",
            "unknown key `timeout` (hone.toml:3, tasks.answer.variants.x.timeout)",
            "there are: prompt, models, parameters, knowledge, search, k, threshold, technique, flow",
        ),
        ("[releases.a]\ngate = { metrik = 1 }", "unknown key `metrik` (hone.toml:3, releases.a.gate.metrik)", "metric"),
    ],
)
def test_an_unknown_key_names_the_line_and_the_nearest_key(folder: Path, after: str, message: str, hint: str) -> None:
    found, near = refused(folder, f'project = "p"\n{after}\n')
    assert found == message
    assert near is not None
    assert hint in near


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("[models.m]\nprivacy = 'x'", "the key `use` is missing (hone.toml:2, models.m)"),
        ("[tasks.a]\nk = 'five'", "expected `integer`, got `string` (hone.toml:3, tasks.a.k)"),
        ("[tasks.a]\nk = 0", "expected `integer` >= 1 (hone.toml:3, tasks.a.k)"),
        ("[tasks.a]\nmodels = ['x/y', 3]", "expected `string`, got `integer` (hone.toml:3, tasks.a.models.1)"),
        ("[tasks.a]\nsearch = 'fuzzy'", "invalid enum value 'fuzzy' (hone.toml:3, tasks.a.search)"),
        ("tasks = 3", "expected a table, got `integer` (hone.toml:2, tasks)"),
        ("[tasks.a]\ntimeout = 20", "expected a string with a unit, got `integer` (hone.toml:3, tasks.a.timeout)"),
        (
            "[tasks.a]\ntimeout = { frist = '20s' }",
            "unknown key `frist` (hone.toml:3, tasks.a.timeout.frist)",
        ),
        (
            "[models.a]\nuse = 'a/b'\ntimeout = { total = 20 }",
            "expected a string with a unit, got `integer` (hone.toml:4, models.a.timeout.total)",
        ),
        (
            "[tasks.a]\ntimeout = '20 sec'",
            '\'20 sec\' is no duration; write "500ms", "20s", "5m", "1h" or "30d" (hone.toml:3, tasks.a.timeout)',
        ),
        ("[tasks.a]\ninput = { q = 'text' }", "'text' is no type (hone.toml:3, tasks.a.input.q)"),
        ("[models.m]\nuse = 'gpt'", "'gpt' is no model (hone.toml:3, models.m.use)"),
        (
            "[models.m]\nuse = 'a/b'\nprice = { input = -1, output = 1 }",
            "a price is dollars per million tokens, 0 or more (hone.toml:4, models.m.price)",
        ),
        (
            "[judges.j]\nprompt = 'answer'\nmodel = 'a/b'\nsample = 5",
            "expected `float` <= 1.0 (hone.toml:5, judges.j.sample)",
        ),
        ("[knowledge.k]\nsources = []", "expected `array` of length >= 1 (hone.toml:3, knowledge.k.sources)"),
        (
            "[tasks.a]\ninput = { q = 'string' }\ncache_similarity = 0.9",
            "`cache_similarity` needs `cache` (hone.toml:4, tasks.a.cache_similarity)",
        ),
        (
            "[tasks.a]\ninput = { q = 'string', r = 'string' }\ncache = '1h'\ncache_similarity = 0.9",
            "`cache_similarity` compares one text, so the task needs one string among its inputs (hone.toml:5, "
            "tasks.a.cache_similarity)",
        ),
        (
            "[knowledge.k]\nsources = ['x']\nchunk = 10\noverlap = 10",
            "`overlap` must be less than `chunk` (hone.toml:5, knowledge.k.overlap)",
        ),
        ("[metrics.'a b']\nkind = 'text'", "'a b' cannot be a name (hone.toml:2, metrics.a b)"),
    ],
)
def test_a_value_that_does_not_fit_is_told_where_it_stands(folder: Path, after: str, message: str) -> None:
    assert refused(folder, f'project = "p"\n{after}\n')[0] == message


def test_a_timeout_may_say_each_limit_by_itself(folder: Path) -> None:
    limits = "timeout = { connect = '2s', first = '5s', between = '10s', whole = '30s', total = '1m' }"
    text = f"project = 'p'\n[models.a]\nuse = 'a/b'\n{limits}\n[tasks.t]\ntimeout = {{ total = '1m' }}\n"
    project = read(folder, text)
    assert project.models["a"].timeout == Timeout(connect=2.0, first=5.0, between=10.0, whole=30.0, total=60.0)
    assert project.tasks["t"].timeout == Timeout(total=60.0)


TASK = 'project = "p"\n[models.fast]\nuse = "a/b"\n[metrics.good]\nkind = "boolean"\n[tasks.answer]\n'


@pytest.mark.parametrize(
    ("after", "message", "hint"),
    [
        ("prompt = 'anwser'", "no prompt named `anwser` in prompts/ (hone.toml:7, tasks.answer.prompt)", "`answer`"),
        (
            "models = ['a/b', 'fasst']",
            "no model named `fasst` in [models] (hone.toml:7, tasks.answer.models.1)",
            "`fast`",
        ),
        ("knowledge = 'x'", "no knowledge named `x` in [knowledge] (hone.toml:7, tasks.answer.knowledge)", "none"),
        (
            "metrics = ['god']",
            "no metric named `god` in [metrics] or [judges] (hone.toml:7, tasks.answer.metrics.0)",
            "`good`",
        ),
        (
            "[tasks.answer.variants.x]\nprompt = 'answr'",
            "no prompt named `answr` in prompts/ (hone.toml:8, tasks.answer.variants.x.prompt)",
            "`answer`",
        ),
        ("flow = 'flows/none.py:go'", "no flow 'flows/none.py:go' (hone.toml:7, tasks.answer.flow)", "flows/FILE.py"),
        ("[releases.anwser]", "no task named `anwser` in [tasks] (hone.toml:7, releases.anwser)", "`answer`"),
        (
            "[releases.answer]\nproduction = { basline = 1 }",
            "no variant named `basline` of 'answer' (hone.toml:8, releases.answer.production.basline)",
            "`baseline`",
        ),
        (
            "[releases.answer]\ngate = { metric = 'goood', not_worse_by = 0 }",
            "no metric named `goood` in [metrics] or [judges] (hone.toml:8, releases.answer.gate.metric)",
            "`good`",
        ),
        (
            "[judges.j]\nprompt = 'answer'\nmodel = 'fats'",
            "no model named `fats` in [models] (hone.toml:9, judges.j.model)",
            "`fast`",
        ),
    ],
)
def test_a_name_that_is_not_defined_is_told_with_the_nearest_that_is(
    folder: Path, after: str, message: str, hint: str
) -> None:
    found, near = refused(folder, f"{TASK}{after}\n")
    assert found == message
    assert near is not None
    assert hint in near


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("{ baseline = 0.5 }", "the shares add up to 0.5, not to 1 (hone.toml:9, releases.answer.production)"),
        ("{}", "the shares add up to 0, not to 1 (hone.toml:9, releases.answer.production)"),
        (
            "{ baseline = 1, x = 0 }",
            "a share must be more than 0, not 0.0 (hone.toml:9, releases.answer.production.x)",
        ),
        (
            "{ baseline = nan, x = 1 }",
            "a share must be more than 0, not nan (hone.toml:9, releases.answer.production.baseline)",
        ),
    ],
)
def test_the_shares_of_a_release_are_positive_and_add_up(folder: Path, weights: str, message: str) -> None:
    text = f"{TASK}[tasks.answer.variants.x]\n[releases.answer]\nproduction = {weights}\n"
    assert refused(folder, text)[0] == message


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("[tasks.fast]", "'fast' is a task and a model, so a caller could not say which (hone.toml:7, tasks.fast)"),
        (
            "[tasks.answer.variants.baseline]",
            "the variant `baseline` is the task's own settings (hone.toml:7, tasks.answer.variants.baseline)",
        ),
        (
            "[tasks.answer.variants.v2]",
            "the variant 'v2' looks like a version: answer@v2 (hone.toml:7, tasks.answer.variants.v2)",
        ),
        (
            "[tasks.answer.variants.staging]\n[releases.answer]\nstaging = { baseline = 1 }",
            "'staging' is a variant and an environment, so answer@staging could mean both"
            " (hone.toml:7, tasks.answer.variants.staging)",
        ),
        (
            "[tasks.answer.variants.production]",
            "'production' is a variant and an environment, so answer@production could mean both"
            " (hone.toml:7, tasks.answer.variants.production)",
        ),
        (
            "[releases.answer]\nv3 = { baseline = 1 }",
            "'v3' cannot be an environment: it is a variant or a version (hone.toml:8, releases.answer.v3)",
        ),
    ],
)
def test_a_name_that_could_mean_two_things_is_refused(folder: Path, after: str, message: str) -> None:
    assert refused(folder, f"{TASK}{after}\n")[0] == message


@pytest.mark.parametrize(
    "line",
    [
        'api_key = "sk-geheim0123456789abcdef"',
        'api_key = "geheim"',
        'base_url = "https://me:geheim@proxy/v1"',
        'parameters = { headers = ["Bearer ghp_geheim0123456789abcdefgh"] }',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(folder: Path, line: str) -> None:
    message, hint = refused(folder, f'project = "p"\n[models.m]\nuse = "a/b"\n{line}\n')
    assert message.startswith("a secret does not belong in a file that is shared (hone.toml:4, models.m.")
    assert hint == 'write "${NAME}" and set the environment variable NAME'
    assert "geheim" not in message


def test_a_reference_where_none_is_resolved_is_refused(folder: Path) -> None:
    message, _ = refused(folder, 'project = "p"\n[knowledge.k]\nsources = ["${DOCS}/*.md"]\n')
    assert message == "a `${NAME}` is read in a model's base_url and api_key alone (hone.toml:3, knowledge.k.sources.0)"


def test_a_port_that_is_none_is_refused(folder: Path) -> None:
    assert refused(folder, 'project = "p"', HONE_PORT="http")[0] == "HONE_PORT is 'http', which is no port"


def test_an_input_may_be_a_json_schema_that_exists(folder: Path) -> None:
    (folder / "input.json").write_text('{"type": "object"}')
    (folder / "list.json").write_text("[]")
    assert read(folder, f"{TASK}input = 'input.json'").tasks["answer"].input == "input.json"
    assert refused(folder, f"{TASK}input = 'list.json'")[0].startswith(
        "'list.json' is no JSON Schema: it holds no JSON"
    )
    assert refused(folder, f"{TASK}output = 'none.json'")[0].startswith("'none.json' is no JSON Schema: [Errno 2]")


def test_an_output_is_a_schema_whichever_way_it_is_written(folder: Path) -> None:
    (folder / "days.json").write_text('{"type": "integer"}')
    task = read(folder, f"{TASK}output = {{ days = 'integer' }}\nrepairs = 2").tasks["answer"]
    assert (task.schema, task.repairs) == (object_schema({"days": "integer"}), 2)
    assert read(folder, f"{TASK}output = 'days.json'").tasks["answer"].schema == {"type": "integer"}
    assert read(folder, TASK).tasks["answer"].schema is None


def test_what_is_no_schema_is_refused_with_its_place(folder: Path) -> None:
    (folder / "bad.json").write_text('{"items": {"$ref": "other.json"}}')
    message, _ = refused(folder, f"{TASK}output = 'bad.json'")
    assert "'other.json' is not in the schema, and nothing is fetched (at $.items.$ref)" in message
    message, hint = refused(folder, f"{TASK}output = {{ days = 'intger' }}")
    assert (message.partition(" (")[0], hint) == ("'intger' is no type", "did you mean `integer`?")
    assert "<= 5" in refused(folder, f"{TASK}repairs = 6")[0]
    assert "unknown key `schema`" in refused(folder, f"{TASK}schema = 'bad.json'")[0]


def test_an_edit_of_a_schema_is_an_edit_of_the_project(folder: Path) -> None:
    shas = set()
    for schema in ('{"type": "integer"}', '{"type": "string"}'):
        (folder / "days.json").write_text(schema)
        shas.add(read(folder, f"{TASK}output = 'days.json'").sha256)
    assert len(shas) == 2


PRIVATE = """
project = "p"
[models.ours]
use = "vllm/qwen3"
privacy = "confidential"
[models.theirs]
use = "openai/gpt-5-mini"
[models.floor]
use = "extractive/extractive"
[tasks.a]
privacy = "confidential"
models = ["ours", "floor"]
metrics = ["kind"]
[tasks.a.variants.other]
k = 3
[metrics.kind]
kind = "boolean"
"""


def test_a_private_task_with_cleared_models_loads(folder: Path) -> None:
    (folder / "hone.toml").write_text(PRIVATE)
    assert load(folder, {}).tasks["a"].privacy == "confidential"


@pytest.mark.parametrize(
    ("old", "new", "model", "place"),
    [
        ('models = ["ours", "floor"]', 'models = ["ours", "theirs"]', "theirs", "tasks.a.models.1"),
        ('models = ["ours", "floor"]', 'models = ["openai/gpt-5-mini"]', "openai/gpt-5-mini", "tasks.a.models.0"),
        ("k = 3", 'models = ["theirs"]', "theirs", "tasks.a.variants.other.models.0"),
        ('privacy = "confidential"\n[models.t', 'privacy = "public"\n[models.t', "ours", "tasks.a.models.0"),
        ('[metrics.kind]\nkind = "boolean"', '[judges.kind]\nprompt = "answer"\nmodel = "theirs"', "theirs",
         "judges.kind.model"),
    ],
)  # fmt: skip
def test_a_private_task_names_no_model_that_is_not_cleared(
    folder: Path, old: str, new: str, model: str, place: str
) -> None:
    assert old in PRIVATE
    message, hint = refused(folder, PRIVATE.replace(old, new))
    assert message.startswith(f"the task 'a' is confidential, and the model '{model}' is not cleared for that")
    assert message.endswith(f"{place})")
    assert hint is not None
    assert 'privacy = "confidential"' in hint
