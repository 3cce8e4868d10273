"""The pages in a real Chromium: a person's whole way through them, the keys, the accessibility, the bytes."""

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hone.client import Remote
from hone.core import Span, now_ns
from hone.gateway import Key
from hone.local import Bench, House, Options
from hone.project import scaffold
from hone.server import Server
from hone.testing import FakeProvider, Step

pytestmark = pytest.mark.browser

QUESTION = "When does a parcel count as lost?"
EXAMPLES = """\
{"input": {"question": "When does a parcel count as lost?"}, "expected": "seven working days"}
{"input": {"question": "Where is the moon?"}, "expected": "in the sky"}
"""
TRACE = "a" * 32
PAGES = [
    "/", "/traces", f"/traces/{TRACE}", "/ask", f"/ask?trace={TRACE}", "/experiments", "/experiments/EXPERIMENT",
    "/releases", "/releases/answer", "/prompts", "/prompts/answer", "/traces?q=colour:red", "/traces?q=task:none",
    "/gateway", "/gateway?paused=1", "/keys",
]  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    scaffold(tmp_path, "parcels")
    (tmp_path / "datasets" / "lost.jsonl").write_text(EXAMPLES)
    opened = House.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def url(house: House) -> Iterator[str]:
    with Server(house, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture
def lived_in(house: House, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project in which a little of everything has happened."""
    start = now_ns()
    about = {
        "project": "parcels",
        "trace_id": TRACE,
        "task": "answer",
        "variant": "baseline",
        "environment": "production",
    }
    spans = [
        Span(**about, span_id="1" * 16, name="answer", kind="task", start=start, end=start + 9_000_000,
             input='{"question": "Where?"}', output='{"role": "assistant", "content": "There."}', session="s"),
        Span(**about, span_id="2" * 16, parent_id="1" * 16, name="handbook", kind="retrieval", start=start + 1_000_000,
             end=start + 2_000_000, output='[{"text": "It is there.", "source": "docs/delivery.md", "score": 0.9}]'),
        Span(**about, span_id="3" * 16, parent_id="1" * 16, name="floor", kind="llm", model="floor", cost=0.0021,
             start=start + 2_000_000, end=start + 8_000_000, first_token=3_000_000, input_tokens=900, output_tokens=12,
             input='[{"role": "user", "content": "Where?"}]', status="error", error="UpstreamCut: half an answer"),
    ]  # fmt: skip
    house.recorder.record(spans).wait(10)
    house.score({"span": "1" * 16}, "helpful", False, comment="not there")
    house.keys.create(Key(name="web-shop", tags=("tier:trial",), spend="5 USD / day"), by="ana")
    house.releases.canary("answer", "brief", 0.25, by="ana", reason="shorter answers")
    return url


def test_a_person_asks_looks_judges_and_collects(page, url, house):
    page.goto(f"{url}/ask")
    page.fill("#question", QUESTION)
    page.click("button:text('Ask')")
    expect(page.locator("#answer .answered")).to_contain_text("seven working days")
    expect(page.locator("#answer .sources li").first).to_contain_text("returns-and-claims.md")
    expect(page).to_have_url(f"{url}/ask?trace={trace_in(page)}")

    page.click("[aria-label='no, not helpful']")
    expect(page.locator("#answer [role=status]")).to_contain_text("helpful ✗ no")
    trace = trace_in(page)

    page.click("#answer a:text('trace')")
    expect(page.locator("h1")).to_contain_text("answer")
    page.click(".falls a:text('handbook')")
    expect(page.locator("#span .sources")).to_contain_text("seven working days")

    page.goto(url)
    page.click(".figure:has-text('helpful')")  # the number leads to the failures it was counted from
    expect(page.locator("tbody tr")).to_have_count(1)
    page.check("tbody input[type=checkbox]")
    page.fill("input[name=name]", "failures")
    page.click("button:text('Add')")
    expect(page.locator("#said")).to_contain_text("1 added")
    kept = (house.project.root / "datasets" / "failures.jsonl").read_text()
    assert QUESTION in kept
    assert trace in kept


def trace_in(page: Page) -> str:
    return page.locator("#answer a[href^='/traces/']").get_attribute("href").rpartition("/")[2]


def test_an_answer_appears_while_it_is_written(page, house):
    slow = FakeProvider(Step(text="one two three four five six", between=0.1))
    at_leisure = House(house.project, providers={"extractive": slow})
    with closing(at_leisure), Server(at_leisure, "127.0.0.1", 0) as server:
        page.goto(f"{server.url}/ask")
        page.evaluate(
            "window.seen = []; "
            "new MutationObserver(() => seen.push(document.querySelector('#answer').textContent.trim()))"
            ".observe(document.querySelector('#answer'), {subtree: true, childList: true, characterData: true})"
        )
        page.fill("#question", QUESTION)
        page.click("button:text('Ask')")
        expect(page.locator("#answer .sources")).to_be_visible()
        grown = [text for text in page.evaluate("seen") if text != "…"]
        assert len(grown) > 1
        assert all(later.startswith(earlier) for earlier, later in pairwise(grown))


def test_the_pages_read_without_a_script(chromium, lived_in):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{lived_in}/ask")
    page.fill("#question", QUESTION)
    page.click("button:text('Ask')")
    expect(page.locator("#answer .answered")).to_contain_text("seven working days")
    page.click("[aria-label='yes, helpful']")
    expect(page.locator("#answer [role=status]")).to_contain_text("helpful ✓ yes")
    page.goto(f"{lived_in}/traces/{TRACE}")
    page.click(".falls a:text('floor')")
    expect(page.locator("#span .problem")).to_contain_text("half an answer")
    context.close()


def test_new_traces_are_announced_and_no_row_moves(page, lived_in, house):
    page.goto(f"{lived_in}/traces")
    first = page.locator("tbody tr").first
    before = first.bounding_box()
    page.evaluate("fetch('/v1/chat/completions', {method: 'POST', body: JSON.stringify({model: 'answer', messages: "
                  "[{role: 'user', content: 'hello'}]})}).then((answer) => answer.text())")  # fmt: skip
    expect(page.locator("#newer")).to_have_text("1 new", timeout=15_000)
    assert first.bounding_box() == before
    page.click("#newer a")
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_gateway_is_watched_without_a_touch_and_the_focus_stays(page, lived_in):
    page.goto(f"{lived_in}/gateway")
    calls = page.locator("a.figure:has-text('Calls')").first
    expect(calls).to_contain_text("Calls0")
    calls.focus()
    page.evaluate("fetch('/v1/chat/completions', {method: 'POST', body: JSON.stringify({model: 'answer', messages: "
                  "[{role: 'user', content: 'hello'}]})}).then((answer) => answer.text())")  # fmt: skip
    expect(calls).to_contain_text("Calls1", timeout=15_000)
    expect(calls).to_be_focused()
    page.click("a:text('paused')")
    expect(page.locator("#now[hx-get]")).to_have_count(0)
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("g")
    expect(page.locator("#now[hx-get]")).to_have_count(1)


def test_the_keys_do_what_the_links_do(page, lived_in):
    page.goto(lived_in)
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("t")
    expect(page.locator("h1")).to_have_text("Traces")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("tbody input[type=checkbox]").first).to_be_checked()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_url(f"{lived_in}/traces/{TRACE}")
    for name in ("handbook", "floor"):
        page.keyboard.press("j")
        expect(page.locator("#span h2")).to_contain_text(name)
    page.keyboard.press("k")
    expect(page.locator("#span h2")).to_contain_text("handbook")
    expect(page).to_have_url(f"{lived_in}/traces/{TRACE}?span={'2' * 16}")
    with page.expect_navigation():
        page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text("Traces")
    page.keyboard.press("/")
    page.keyboard.type("status:error")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".empty")).to_contain_text("Nothing matches")
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("next, previous row")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("rel")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Releases")


def test_a_release_is_rolled_back_by_one_press_that_is_always_on_screen(page, lived_in):
    page.set_viewport_size({"width": 1280, "height": 320})
    page.goto(f"{lived_in}/releases/answer")
    expect(page.locator("button:text('Roll back')")).to_be_in_viewport()
    page.click("button:text('Roll back')")
    expect(page.locator("tbody tr:has-text('rollback')")).to_contain_text("web")
    expect(page.locator("button:text('Roll back')")).to_be_disabled()


def test_thirty_thousand_spans_open(page, url, house):
    start = now_ns()
    about = {"project": "parcels", "trace_id": TRACE}
    root = Span(**about, span_id=f"{1:016x}", name="root", start=start, end=start + 60_000_000)
    steps = [
        Span(
            **about, span_id=f"{n:016x}", parent_id=f"{1:016x}", name=f"step {n}", start=start + n, end=start + n + 900
        )
        for n in range(2, 30_001)
    ]
    house.recorder.record([root, *steps]).wait(60)
    page.goto(f"{url}/traces/{TRACE}")
    expect(page.locator(".falls tbody tr")).to_have_count(400)
    page.keyboard.press("j")
    expect(page.locator("#span h2")).to_contain_text("step 2")
    page.click("a:text('later')")
    expect(page.locator(".falls tbody tr").first).to_contain_text("step 401")


def test_a_key_is_made_shown_once_rotated_and_revoked_without_a_script(chromium, lived_in, house):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{lived_in}/keys")
    page.click("summary:has-text('New key')")
    page.fill(".make [name=name]", "mobile")
    page.fill("[name=tasks]", "answer, look-*")
    page.fill("[name=rate]", "3 / day")
    page.click("button:text('Create')")
    secret = page.locator("pre.secret").inner_text()
    assert secret.startswith("hone-")
    page.click("main a:text('Keys and budgets')")
    row = page.locator("tbody tr:has-text('mobile')").first
    expect(row).to_contain_text("answer, look-*")
    assert secret not in page.content()
    row.locator("summary").click()
    row.locator("button:text('Rotate')").click()
    assert page.locator("pre.secret").inner_text() != secret
    page.goto(f"{lived_in}/keys")
    row.locator("summary").click()
    row.locator("button:text('Revoke now')").click()
    expect(page.locator("tbody tr:has-text('mobile'):has-text('✗ revoked')")).to_have_count(2)
    assert [key.state for key in house.keys.listed() if key.name == "mobile"] == ["revoked", "revoked"]
    context.close()


def test_the_key_is_asked_for_once(page, house):
    with Server(house, "127.0.0.1", 0, api_key="s3cret") as server:
        page.goto(f"{server.url}/ask")
        page.fill("input[type=password]", "s3cret")
        page.click("button:text('Sign in')")
        page.fill("#question", QUESTION)
        page.click("button:text('Ask')")
        expect(page.locator("#answer .answered")).to_contain_text("seven working days")
        page.click("button:text('Sign out')")
        expect(page.locator("h1")).to_have_text("Sign in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_can_be_read_by_everybody(chromium, lived_in, house, unreadable, scheme, width):
    """axe-core finds nothing, and nothing is wider than the screen."""
    remote = Remote(lived_in)
    options = Options(evaluators=["contains", "latency"])
    run = Bench(house, remote).evaluate(["answer", "answer@brief"], "lost", options).experiment
    remote.close()
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        assert unreadable(page, lived_in + path.replace("EXPERIMENT", run.id)) == [], path
    assert [line for line in said if "status of 400" not in line] == []
    context.close()


@pytest.mark.parametrize(
    "path", ["/", "/traces", f"/traces/{TRACE}", f"/ask?trace={TRACE}", "/releases/answer", "/gateway", "/keys"]
)
def test_a_first_load_is_small(first_load, lived_in, path):
    code, requests = first_load(lived_in + path)
    assert code <= 90 * 1024
    assert requests <= 6
