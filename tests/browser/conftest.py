"""A real Chromium, headless, with a fresh profile. Where there is none these tests are skipped, unless
HONE_TEST_BROWSER=required, as on the machine that decides."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_AXE = Path(__file__).with_name("vendor") / "axe.min.js"
_QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]


@pytest.fixture(scope="module")  # Playwright's own event loop must be gone before tests with another one run
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("HONE_TEST_BROWSER") == "required":
            pytest.fail("no Chromium, and HONE_TEST_BROWSER=required")
        pytest.skip("no Chromium: apt-get install chromium")
    # Names that a hostile DNS server would send to this machine.
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--no-first-run", *_QUIET, rules]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def unreadable() -> Callable[[Page, str], list[str]]:
    """What keeps somebody from reading a page: what axe-core finds with everything unfolded, and a sideways scroll."""

    def look(page: Page, url: str) -> list[str]:
        page.goto(url)
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        page.evaluate(_AXE.read_text())
        found: list[str] = page.evaluate(
            "async () => (await axe.run()).violations.map((one) => [one.id, ...one.nodes.map((n) => n.html)].join(' '))"
        )
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append("wider than the screen")
        return found

    return look


@pytest.fixture(scope="module")
def first_load(chromium: Browser) -> Callable[[str], tuple[int, int]]:
    """Bytes of script and style on the wire, and requests, of a browser that has nothing yet."""

    def load(url: str) -> tuple[int, int]:
        context = chromium.new_context()
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        kinds: dict[str, str] = {}
        sizes: dict[str, int] = {}
        wire.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
        wire.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
        page.goto(url, wait_until="load")
        page.evaluate("document.fonts.ready.then(() => 0)")
        page.wait_for_timeout(200)
        context.close()
        return sum(sizes[one] for one, kind in kinds.items() if kind in ("Script", "Stylesheet")), len(kinds)

    return load
