"""How soon a page is there, in headless Chromium with an empty cache."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Mapping
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

# What tells that a page has what it is opened for; else the largest paint stands for it.
_CONTENT = {"/": ".card", "/worklist": "#rows tr[data-exam]"}
_WATCH = """
new PerformanceObserver((list) => { for (const one of list.getEntries()) window.largest = one.startTime; })
  .observe({ type: 'largest-contentful-paint', buffered: true });
window.longest = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration);
}).observe({ type: 'longtask' });
"""
_WATCHED_MS = 3_000
_PAINTED = """() => new Promise((done) => {
  const look = () => (window.largest ? done() : requestAnimationFrame(look));
  look();
})"""
_FIRST = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
_CONTENT_AT = """(selector) => new Promise((done) => {
  const isThere = () => document.querySelector(selector);
  const look = () => (isThere() ? done(performance.now()) : requestAnimationFrame(look));
  look();
})"""


def paint_ms(
    url: str, cookie: tuple[str, str], paths: Mapping[str, str], times: int
) -> dict[str, list[float]]:
    """Milliseconds from the navigation, of each of `times`: first paint, largest paint, first exam, by page.

    Then the longest task of the page while it follows the stream; 0 where none took 50 ms.

    paths: names of pages by path. cookie: name and value of a session's cookie.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("RADSTREAM_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        raise RuntimeError("Chromium is needed: install it, or set RADSTREAM_CHROMIUM to its executable")
    found: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        for path, name in paths.items():
            _open(browser, url, cookie, path)  # the first page that a process draws pays for its start
            for _ in range(times):
                for figure, value in _open(browser, url, cookie, path).items():
                    found.setdefault(f"{figure}_{name}", []).append(value)
        browser.close()
    return found


def _open(browser: Browser, url: str, cookie: tuple[str, str], path: str) -> dict[str, float]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": url}])
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(url + path)
    if urlsplit(page.url).path != path:
        raise RuntimeError(f"{path} led to {page.url}")
    found = {}
    if path in _CONTENT:
        found["first_exam_ms"] = float(page.evaluate(_CONTENT_AT, _CONTENT[path]))
    page.evaluate(_PAINTED)
    page.wait_for_timeout(1_000)  # what is painted later may be larger
    found |= {
        "first_paint_ms": float(page.evaluate(_FIRST)),
        "largest_paint_ms": float(page.evaluate("largest")),
    }
    if path in _CONTENT:
        page.evaluate("window.longest = 0")
        page.wait_for_timeout(_WATCHED_MS)
        found["longest_task_ms"] = float(page.evaluate("window.longest"))
    context.close()
    return found


def figures(found: Mapping[str, list[float]]) -> dict[str, float]:
    """The median and the worst of each."""
    medians = {f"{name}_median": round(statistics.median(values), 1) for name, values in found.items()}
    return medians | {f"{name}_max": round(max(values), 1) for name, values in found.items()}
