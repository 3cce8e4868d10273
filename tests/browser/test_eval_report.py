"""The report of a run in a real browser: it asks for nothing, and is legible in light and dark."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Page

from hone.core import to_json
from hone.evals import Run
from hone.evals.reports import page as page_of
from hone.evals.reports import story
from hone.store import Experiment, Judgement, Metric, Result

pytestmark = pytest.mark.browser


@pytest.fixture
def report(tmp_path: Path) -> Path:
    metrics = {"right": Metric(kind="boolean"), "latency": Metric(kind="number", direction="down")}
    experiment = Experiment(
        id="x", project="p", task="answer", dataset="sums", dataset_sha256="d", split=None, examples=40,
        variants={"new": "a", "old": "b"}, evaluators=[], metrics=metrics, key="k", created=0, by="test",
    )  # fmt: skip
    results = [
        Result(
            experiment="x", variant=variant, example=f"case-{n}", input=to_json("<img src=x>"), output="word " * 60,
            judgements=[Judgement("right", n % every > 0, "<b>why</b>"), Judgement("latency", 1.0 + n / 50)],
        )
        for n in range(40)
        for variant, every in (("new", 7), ("old", 2))
    ]  # fmt: skip
    path = tmp_path / "report.html"
    path.write_text(page_of(story(Run(experiment=replace(experiment, state="done"), results=results))))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 380])
def test_the_report_needs_nothing_and_is_legible(page: Page, report: Path, scheme: str, width: int) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(report.as_uri())
    assert asked == [report.as_uri()]
    assert said == []
    assert page.locator(".verdict").inner_text().startswith("✓PASS new beats old on right")
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    colours = page.evaluate("[getComputedStyle(document.documentElement).color, "
                            "getComputedStyle(document.documentElement).backgroundColor]")  # fmt: skip
    ink, paper = (sum(map(int, each[4:-1].split(", "))) for each in colours)
    assert (ink < paper) == (scheme == "light")
    page.get_by_text("<b>why</b>").first.wait_for()
