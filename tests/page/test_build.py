"""The page in the package is what page/ builds, and the documents that Python writes are of the types that it reads."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import gradloop as gl
from gradloop.page.record import record_of
from gradloop.page.write import as_data, built_page
from page_fits import FITS, X, Y

SOURCES = Path(__file__).parents[2] / "page"
NO_NETWORK = ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH")
MEGABYTE = 10**6
QUOTED = re.compile(r"""(?:src|href|action|data|poster)\s*=\s*["']?([^"'\s>]+)""", re.I)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A copy of the page's sources with the tools that its lock file names."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: the committed page is not compared with a fresh build")
    if not SOURCES.is_dir():
        pytest.skip("page/ is not here: these tests are for the repository")
    folder = tmp_path_factory.mktemp("workshop")
    shutil.copytree(SOURCES, folder / "page", ignore=shutil.ignore_patterns("node_modules"))
    (folder / "src" / "gradloop" / "page").mkdir(parents=True)
    done = npm_run(folder / "page", "ci", "--no-audit", "--no-fund")
    if done.returncode and any(word in done.stderr for word in NO_NETWORK):
        pytest.skip("npm cannot reach its registry: the committed page is not compared with a fresh build")
    assert done.returncode == 0, done.stderr
    return folder


def npm_run(folder, *words):
    return subprocess.run(["npm", *words], cwd=folder, capture_output=True, text=True)


def test_the_committed_page_is_a_fresh_build(workshop):
    done = npm_run(workshop / "page", "run", "build")
    assert done.returncode == 0, done.stdout + done.stderr
    fresh = (workshop / "src" / "gradloop" / "page" / "page.html").read_text("utf-8")
    assert fresh == built_page(), "page/ has changed: npm ci && npm run build, and commit src/gradloop/page/page.html"


def test_what_the_page_computes(workshop):
    """The page's own tests, of its arithmetic against algebra."""
    done = npm_run(workshop / "page", "test")
    assert done.returncode == 0, done.stdout + done.stderr


def test_documents_have_the_types_of_the_page(workshop, tmp_path):
    documents = [as_data(record_of(make())) for make in FITS.values()]
    gl.fit(X, Y).save(tmp_path / "m")
    documents.append(as_data(record_of(gl.load(tmp_path / "m"), X, Y)))
    assert type_check(workshop / "page", documents) == ""
    wrong = json.loads(documents[0])
    wrong["points"]["y"] = "numbers"
    assert "documents.ts" in type_check(workshop / "page", [json.dumps(wrong)])


def type_check(page, documents):
    """What TypeScript complains about, if each document were a record; a field too many is a fault too."""
    lines = [f"export const r{i}: RunRecord = {text};" for i, text in enumerate(documents)]
    place = page / "src" / "documents.ts"
    place.write_text("\n".join(['import type { RunRecord } from "./record";', *lines]), "utf-8")
    try:
        done = subprocess.run(["npx", "tsc", "--noEmit"], cwd=page, capture_output=True, text=True)
        return done.stdout
    finally:
        place.unlink()


# The page as it is committed.


def policy():
    (found,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', built_page())
    return dict(part.strip().split(" ", 1) for part in found.split(";"))


def test_the_policy_of_the_page_allows_its_own_script_and_style_and_nothing_else():
    page = built_page()
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    styles = re.findall(r"<style>(.*?)</style>", page, re.S)
    assert len(scripts) == len(styles) == 1
    (script,), (style,) = scripts, styles
    assert policy() == {
        "default-src": "'none'",
        "script-src": f"'{sha256(script)}'",
        "style-src": f"'{sha256(style)}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert page.index("Content-Security-Policy") < page.index("<script") and page.index("<style")


def sha256(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


def test_the_page_is_small_and_names_no_place_outside():
    page = built_page()
    assert len(page.encode("utf-8")) < 1.5 * MEGABYTE
    markup = re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.S)
    assert [place for place in QUOTED.findall(markup) if not place.startswith("data:")] == []
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)", page)
    assert not re.search(r"\b(eval|importScripts|XMLHttpRequest|WebSocket|EventSource|sendBeacon)\b|\bfetch\(", page)
