"""A real browser, started once: the system's Chromium. Where it or Playwright is missing, its tests say so and skip."""

import os
import shutil
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]


@pytest.fixture(scope="session")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    if not os.access(CHROMIUM, os.X_OK):
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watched:
    """A page in the browser, and everything on which it may not be quiet."""

    def __init__(self, context, path: Path) -> None:
        self.faults, self.requests = [], []
        self.page = page = context.new_page()
        page.on("console", lambda message: self.faults.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: self.requests.append(request.url))
        page.expose_function("hostile", lambda *_: self.faults.append("text of the data was run"))
        page.goto(path.as_uri())
        page.wait_for_load_state()

    def check(self, path: Path) -> None:
        """Nothing was complained about, nothing of the data was run, nothing else was loaded."""
        assert self.faults == []
        assert [url for url in self.requests if not url.startswith("data:")] == [path.as_uri()]


@pytest.fixture
def opened(chromium, tmp_path):
    """A function that writes the page of a fit and opens it, at a width; the pages are judged when the test ends."""
    contexts, pages = [], []

    def open_page(fit, *data, width=1200, height=900, locale="en-US", **more):
        path = tmp_path / f"run{len(pages)}.html"
        fit.page(path, *data)
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, locale=locale, **more))
        watched = Watched(contexts[-1], path)
        pages.append((watched, path))
        return watched.page

    yield open_page
    try:
        for watched, path in pages:
            watched.check(path)
    finally:
        for context in contexts:
            context.close()
