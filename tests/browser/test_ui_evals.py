"""Datasets, experiments and judges in a real Chromium: a person edits, compares and reads, with scripts and without."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hone.core import now_ns
from hone.datasets import DatasetFile, Example
from hone.evals.judges._calibrate import Verdict, card_of
from hone.evals.judges._labels import Labelled
from hone.local import House, cards_of
from hone.project import scaffold
from hone.server import Server
from hone.store import Experiment, Judgement, Metric, Result

pytestmark = pytest.mark.browser

LINES = [
    {"id": "one", "input": {"question": "Where is the counter in Bern?"}, "expected": "at the station", "split": "dev"},
    {"id": "two", "input": {"question": "where is the COUNTER in Bern?"}, "expected": "in town", "split": "held-out"},
    {"id": "three", "input": {"question": "Who pays?"}, "expected": "the sender", "tags": ["claims"], "split": "dev"},
]
PAGES = [
    "/datasets", "/datasets/lost", "/datasets/lost?example=two", "/datasets/lost?example=one&edit=fields",
    "/datasets/lost?example=one&edit=json", "/datasets/lost?edit=new", "/datasets/lost?version=v1",
    "/datasets/lost/numbers", "/datasets/lost/versions", "/datasets/lost/diff", "/experiments/run",
    "/experiments/run/compare?case=three",
    "/experiments/run/answers", "/experiments/going", "/judges", "/judges/kind", "/judges/pairs", "/judges/fluency",
]  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    scaffold(tmp_path, "parcels")
    lost = tmp_path / "datasets" / "lost.jsonl"
    lost.write_text("".join(f"{json.dumps(line)}\n" for line in LINES))
    opened = House.open(tmp_path)
    opened.versions.record(opened.dataset("lost"), by="file")
    lost.write_text(lost.read_text().replace("at the station", "at the main station"))
    opened.versions.record(opened.dataset("lost"), by="file")
    yield opened
    opened.close()


@pytest.fixture
def url(house: House) -> Iterator[str]:
    measured(house, "run", "done")
    measured(house, "going", "running")
    calibrated(house)
    with Server(house, "127.0.0.1", 0) as server:
        yield server.url


def measured(house: House, name: str, state) -> None:
    data = house.dataset("lost")
    metrics = {
        "right": Metric(kind="boolean"), "seconds": Metric(kind="number", direction="down"),
        "kind": Metric(kind="boolean", by="judge", judge="k" * 64),
    }  # fmt: skip
    made = Experiment(
        id=name, project="parcels", task="answer", dataset="lost", dataset_sha256=data.sha256, split=None, examples=3,
        variants={"baseline": "a" * 64, "brief": "b" * 64}, evaluators=list(metrics), metrics=metrics, key=name,
        state=state, created=now_ns(), by="cli",
        figures=[{"variant": "brief", "name": "right.auc", "value": 0.8, "low": 0.7, "high": 0.9, "method": "DeLong"}],
    )  # fmt: skip
    house.experiments.begin(made)
    house.experiments.keep(
        [
            Result(
                experiment=name, variant=variant, example=each.id, input=json.dumps(each.input), tags=("all",),
                output=f"It stands {'quite close' if variant == 'brief' else 'somewhere'} to the station of {each.id}",
                judgements=[
                    Judgement("right", (variant == "brief") == (each.id != "two"), f"as {each.expected} says"),
                    Judgement("seconds", 1.0 + place), Judgement("kind", True),
                ],
                trace_id="a" * 32, seconds=1.0, cost=0.01, created=now_ns(),
            )
            for place, each in enumerate(data.examples[: 2 if state == "running" else 3])
            for variant in made.variants
        ]
    )  # fmt: skip


def calibrated(house: House) -> None:
    words = [" ".join(["word"] * (n % 7 + 1)) for n in range(60)]
    rows = [Labelled(example=Example(input=f"q{n}"), answer=words[n], labels=(n % 3 > 0,)) for n in range(60)]
    rest = [Labelled(example=Example(input=f"r{n}"), answer=words[n]) for n in range(20)]
    verdicts = [Verdict(value=n % 3 > 0 if n % 10 else n % 3 == 0) for n in range(80)]
    cards_of(house).keep(card_of("kind", "k" * 64, "boolean", "labels.jsonl", [*rows, *rest], verdicts, now_ns()))
    pairs = [
        Labelled(example=Example(input=f"q{n}"), answer=words[n], other=words[n + 1], labels=("first",))
        for n in range(30)
    ]
    said = [Verdict(value="first", first="first", second="second" if n % 4 == 0 else "first", flipped=n % 4 == 0,
                    toward_first=True if n % 4 == 0 else None) for n in range(30)]  # fmt: skip
    cards_of(house).keep(card_of("pairs", "p" * 64, "pairwise", "pairs.jsonl", pairs, said, now_ns()))


def test_a_person_finds_a_duplicate_edits_it_and_sees_what_changed(page, url, house):
    page.goto(f"{url}/datasets")
    page.click("a.row:text-is('lost')")
    page.click("a:text('repeat another one')")
    expect(page.locator(".texts tbody tr")).to_have_count(2)
    page.click("a.row:text-matches('COUNTER')")
    expect(page.locator("#example")).to_contain_text("it is held out")
    expect(page.locator(".texts tr.open")).to_contain_text("COUNTER")
    page.click("#example a:text('Edit')")
    page.fill("[name='text:input.question']", "When is it open?")
    page.fill("[name='text:tags']", "hours, claims")
    page.click("button:text('Save')")
    expect(page).to_have_url(f"{url}/datasets/lost?example=two")
    expect(page.locator("#example")).to_contain_text("When is it open?")
    expect(page.locator("#example .tag")).to_have_text(["hours", "claims"])
    expect(page.locator("a:text('repeat another one')")).to_have_count(0)
    changed = house.dataset("lost").examples[1]
    assert (changed.input, changed.tags) == ({"question": "When is it open?"}, ("hours", "claims"))
    page.click("a:text('What changed')")
    expect(page.locator("ins").first).to_have_text("When")
    expect(page.locator("del").first).to_have_text("where")


def test_an_edit_that_came_too_late_is_refused_and_keeps_what_was_typed(page, url, house):
    page.goto(f"{url}/datasets/lost?example=one&edit=fields")
    DatasetFile(house.datasets, "lost").delete("three")
    page.fill("[name='text:expected']", "under the clock")
    page.click("button:text('Save')")
    expect(page.locator("[role=alert]")).to_contain_text("has changed since it was read")
    expect(page.locator("[name='text:expected']")).to_have_value("under the clock")
    assert house.dataset("lost").examples[0].expected == "at the main station"
    page.click("button:text('Save')")
    expect(page.locator("#example")).to_contain_text("under the clock")
    assert [each.id for each in house.dataset("lost")] == ["one", "two"]


def test_examples_are_added_and_deleted_without_a_script(chromium, url, house):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/datasets/lost")
    page.click("a:text('Add an example')")
    page.fill("[name='text:input.question']", "Is it free?")
    page.click("button:text('Save')")
    expect(page.locator("#example")).to_contain_text("Is it free?")
    page.click("summary:text('Delete')")
    page.click("button:text('Delete this example')")
    expect(page.locator(".texts tbody tr")).to_have_count(3)
    assert len(house.dataset("lost")) == 3
    page.fill(".filter [name=q]", "who pays")
    page.click(".filter button")
    expect(page.locator(".texts tbody tr")).to_have_count(1)
    context.close()


def test_a_person_compares_two_variants_case_by_case(page, url):
    page.goto(f"{url}/experiments/run")
    expect(page.locator("a:text('Compare brief with baseline')")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator(".verdict")).to_contain_text("brief cannot be told apart from baseline on right")
    expect(page.locator("#case")).to_contain_text("where is the COUNTER")  # the loss is the first to be seen
    page.click("a.row:text('Who pays')")
    expect(page.locator("#case ins")).to_have_text(["quite close"])
    expect(page.locator("#case del")).to_have_text(["somewhere"])
    expect(page.locator("#case")).to_contain_text("as the sender says")
    expect(page).to_have_url(f"{url}/experiments/run/compare?a=brief&b=baseline&case=three")
    page.keyboard.press("k")
    expect(page.locator("#case")).not_to_contain_text("Who pays")
    page.click("a:text('worse')")
    expect(page.locator(".texts tbody tr")).to_have_count(1)
    page.select_option("[name=metric]", "seconds")
    page.select_option("[name=with]", index=1)
    page.click("button:text('Compare')")
    expect(page.locator("h1")).to_contain_text("brief against baseline")
    expect(page.locator(".facts").first).to_contain_text("against the run of")
    page.go_back()
    expect(page.locator(".texts tbody tr")).to_have_count(1)


def test_a_run_that_goes_on_is_watched_without_a_touch(page, url, house):
    page.goto(f"{url}/experiments/going")
    expect(page.locator("#progress")).to_contain_text("4 of 6 answers")
    last = house.dataset("lost").examples[2]
    house.experiments.keep(
        [Result(experiment="going", variant="brief", example=last.id, input='"?"', created=now_ns())]
    )
    expect(page.locator("#progress")).to_contain_text("5 of 6 answers", timeout=15_000)
    house.experiments.end("going", "interrupted")
    expect(page.locator("#progress")).to_contain_text("interrupted", timeout=15_000)
    expect(page.locator("#progress[hx-get]")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_can_be_read_by_everybody(chromium, url, unreadable, scheme, width):
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        assert unreadable(page, url + path) == [], path
    assert said == []
    context.close()


@pytest.mark.parametrize("path", ["/datasets/lost?example=one", "/experiments/run/compare", "/judges/kind"])
def test_a_first_load_is_small(first_load, url, path):
    code, requests = first_load(url + path)
    assert code <= 90 * 1024
    assert requests <= 6
