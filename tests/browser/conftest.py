"""A real Chromium, headless, with a fresh profile. Where there is none these tests are skipped, unless
HONE_TEST_BROWSER=required, as on the machine that decides."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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
