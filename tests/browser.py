"""Headless Chromium for tests: what is on a page, and what its console said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.running_stack import RunningStack

expect.set_options(timeout=30_000)  # a machine that is busy with other tests draws late
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str:
    """The browser's executable; the test fails where there is none."""
    found = os.environ.get("RADSTREAM_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail(
            "this test drives Chromium, which is not installed: apt-get install chromium, "
            "or set RADSTREAM_CHROMIUM to its executable"
        )
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield launched
        finally:
            launched.close()


def sign_in(page: Page, password: str, name: str = "admin") -> None:
    """Fill in and send the form that the page shows."""
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@contextmanager
def desk_page(stack: RunningStack, path: str, patience_ms: float) -> Iterator[Page]:
    """A page of the dashboard for its first user, live; nothing may stand in its console at the end."""
    with browser() as launched:
        opened = launched.new_page(viewport={"width": 1440, "height": 900})
        heard = complaints(opened)
        opened.goto(stack.dashboard_url + path)
        sign_in(opened, stack.dashboard_password)
        expect(opened.locator("#link")).to_have_text("Live", timeout=patience_ms)
        yield opened
        opened.close()
        assert heard == []


def complaints(page: Page) -> list[str]:
    """A list that fills with every error and warning that the page's console shows from now on."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            heard.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def accessibility_faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page: rule and place of each.

    Colours as they are drawn, not as they fade: axe measures contrast in the middle of a transition, too.
    """
    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
    # As a debugger does: the page's own policy lets no script in.
    page.evaluate(source)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['target']}"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
