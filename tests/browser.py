"""Opens a page in a real headless Chromium and brings back what became of it."""

import html
import os
import shutil
import subprocess
import tempfile
from html.parser import HTMLParser
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SETTINGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--disable-dev-shm-usage", "--force-color-profile=srgb",
)  # fmt: skip


def executable() -> str:
    """The browser of this machine. Raises AssertionError where there is none: these tests never pass without one."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, "There is no Chromium on this machine: please install it (Debian: apt-get install chromium; .ci/run does so)."
    return found


def run(page: Path, *arguments: str, width: int = 1200, height: int = 900, dark: bool = False) -> str:
    """Open a file and return what Chromium printed."""
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        command = [executable(), *SETTINGS, f"--user-data-dir={profile}", f"--window-size={width},{height}", *arguments]
        if dark:
            command.append("--blink-settings=preferredColorScheme=0")
        done = subprocess.run([*command, page.resolve().as_uri()], capture_output=True, timeout=120, env={**os.environ, "HOME": profile})
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode("utf-8")


def measured(script: str, *pages: Path, width: int = 1200, dark: bool = False) -> list[str]:
    """What the body of a function `(window, document)` returns for each page, `width` pixels wide.

    The pages lie in frames, since Chromium makes no window as narrow as a phone, and without their policy, which forbids scripts.
    """
    texts = [page.read_text(encoding="utf-8") for page in pages]
    assert all(text.count("http-equiv") == 1 for text in texts)
    frames = [f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(text.replace("http-equiv", "data-was"))}"></iframe>' for text in texts]
    look = f"""window.onload = () => document.querySelectorAll("iframe").forEach((frame, index) => {{
        document.documentElement.dataset["said" + index] = String(((window, document) => {{ {script} }})(frame.contentWindow, frame.contentDocument)); }});"""
    outer = pages[0].with_name("measured.html")
    outer.write_text(f"<!DOCTYPE html><html><head><meta name='color-scheme' content='light dark'></head><body>{''.join(frames)}<script>{look}</script></body></html>", encoding="utf-8")
    try:
        said = Page(run(outer, "--dump-dom", dark=dark)).elements[0][1]
    finally:
        outer.unlink()
    return [said[f"data-said{index}"] for index in range(len(pages))]


class Page(HTMLParser):
    """A page as Chromium had it in the end: elements as (tag, attributes), and all text outside scripts and styles."""

    def __init__(self, dom: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text, self._within = "", ""
        self.feed(dom)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_endtag(self, tag):
        self._within = ""

    def handle_data(self, data):
        if self._within not in ("script", "style"):
            self.text += data

    def count(self, tag: str) -> int:
        """How many elements of a kind there are."""
        return sum(one == tag for one, _ in self.elements)
