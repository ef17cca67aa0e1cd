"""The pages of docs/ are run again: they must print what stands there, make their pictures, and have no dead links."""

import doctest
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import gradloop
from docs import docstrings
from docs.execute import ROOT, blocks, executed, workplace, write_output
from gradloop.solvers.auto import SOLVERS

DOCS = ROOT / "docs"
ALL = sorted(DOCS.rglob("*.md"))
PAGES = [page for page in ALL if page.relative_to(DOCS).parts[0] not in ("zh", "api")]
CHINESE = [(DOCS / "zh" / page.relative_to(DOCS), page) for page in (DOCS / "index.md", *DOCS.glob("road/*.md"))]
MEASURED = {DOCS / "benchmarks" / "README.md", DOCS / "cluster.md"}  # pictures of what was measured, not by their code
NEEDED = {"canvas(": "matplotlib", "sklearn": "sklearn", "import duckdb": "duckdb", "onnxruntime": "onnxruntime"}
NUMBER = re.compile(r"[-+]?\d+(?:,\d{3}(?!\d))*(?:\.\d+)?(?:e[-+]?\d+)?")  # 1,442 is one number, 0.01,0.1 are two
NOTHING = 1e-9  # two numbers that are both smaller are rounding errors
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)]+)\)")
SECONDS = re.compile(r"\b\d[\d.]* ?(?:s|ms|µs|seconds)\b|\bseconds\b")


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS).with_suffix(""))


def words(text: str) -> list[str]:
    return NUMBER.sub(" # ", text).split()


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in NUMBER.findall(text)]


def same_output(text: str, expected: str) -> bool:
    """Whether two pages say the same, but for the last digits, which processors round differently."""
    pairs = zip(numbers(text), numbers(expected), strict=False)
    return words(text) == words(expected) and all(
        max(abs(a), abs(b)) < NOTHING or abs(a - b) <= 0.02 * max(abs(a), abs(b)) for a, b in pairs
    )


def fences(page: Path) -> list[tuple[str, str]]:
    return [(block.language, block.text) for block in blocks(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page(page: Path, tmp_path: Path) -> None:
    given = page.read_text("utf-8")
    for sign, package in NEEDED.items():
        if sign in given:
            pytest.importorskip(package)
    found = executed(given, str(page), workplace(tmp_path))
    assert same_output(found, given), found
    for picture in PICTURE.findall(given):
        assert (page.parent / picture).read_text("utf-8").lstrip().startswith("<?xml"), "commit the picture beside it"
        if page not in MEASURED:
            assert (tmp_path / picture).stat().st_size > 1000


# What must be there.


def test_all_questions_have_a_page_with_output_and_a_picture() -> None:
    questions = [page for page in PAGES if page.parent.name == "questions" and page.name[0].isdigit()]
    assert len(questions) == 8
    for page in questions:
        assert {"text", "console"} & {language for language, _ in fences(page)}, page
        assert "![" in page.read_text("utf-8"), page


def test_every_solver_has_a_page_that_says_what_it_does_when_and_what_it_certifies() -> None:
    overview = (DOCS / "solvers" / "index.md").read_text("utf-8")
    for name in (*SOLVERS, "exhaustive"):
        page = DOCS / "solvers" / f"{name}.md"
        assert f"({page.name})" in overview
        text = page.read_text("utf-8")
        for part in ("**What it does.**", "**When.**", "**What it certifies.**", "**Limits.**"):
            assert part in text, (name, part)
        assert [language for language, _ in fences(page)].count("text") > 1, name


def test_every_public_name_stands_in_the_reference() -> None:
    told = "\n".join(page.read_text("utf-8") for page in DOCS.glob("api/*.md"))
    public = {name for name in gradloop.__all__ if not name.startswith("__")}
    doors = set(re.findall(r"^::: gradloop\.(\w+)", told, re.M)) | {"huber", "quantile"}  # these two stand in losses
    missing = public - doors - {"penalties", "optimizers"}  # whose members stand there one by one
    assert not missing


def test_every_page_stands_in_the_contents() -> None:
    contents = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert [name_of(page) for page in ALL if f" {page.relative_to(DOCS)}\n" not in contents] == []


@pytest.mark.parametrize("page", [*ALL, ROOT / "README.md", ROOT / "README.zh.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    without_code = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    links = [link.partition("#")[0] for link in LINK.findall(without_code) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


def test_no_page_tells_a_time() -> None:
    """Times differ from run to run, so they stand in the table of the README and nowhere else."""
    for page in PAGES:
        for language, text in fences(page):
            printed = text if language == "console" else text * (language == "text")
            assert not SECONDS.search(printed), (page, SECONDS.findall(printed))


# In two languages.


@pytest.mark.parametrize("chinese, english", CHINESE, ids=[name_of(english) for _, english in CHINESE])
def test_a_chinese_page_has_the_code_and_the_output_of_the_english_one(chinese: Path, english: Path) -> None:
    assert fences(chinese) == fences(english)
    assert re.search("[\u4e00-\u9fff]", chinese.read_text("utf-8"))


def test_the_road_is_whole_in_both_languages() -> None:
    assert {page.name for page in DOCS.glob("zh/road/*.md")} == {page.name for page in DOCS.glob("road/*.md")}


def test_the_chinese_readme_has_the_code_and_the_table_of_the_english_one() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh.md"
    assert fences(chinese) == fences(english)
    tables = [page.read_text("utf-8").partition("generated -->")[2].partition("<!--")[0] for page in (english, chinese)]
    assert tables[0] == tables[1] != ""
    heads = [page.read_text("utf-8").count("\n## ") for page in (english, chinese)]
    assert heads[0] == heads[1]


# The runner and the builder are shown wrong pages.


def test_what_is_printed_is_written_beneath_once(tmp_path: Path) -> None:
    page = "A.\n\n```python\nprint(1 + 1)\n```\n\nB.\n"
    once = executed(page, "page.md", tmp_path)
    assert once == "A.\n\n```python\nprint(1 + 1)\n```\n\n```text\n2\n```\n\nB.\n"
    assert executed(once, "page.md", tmp_path) == once
    assert executed(once.replace("\n2\n", "\n3\n"), "page.md", tmp_path) == once


def test_console_blocks_hold_their_output(tmp_path: Path) -> None:
    page = "```console\n$ echo one\nold\n$ false  # exit code 1\n```\n"
    assert executed(page, "page.md", tmp_path) == "```console\n$ echo one\none\n$ false  # exit code 1\n```\n"
    with pytest.raises(AssertionError):
        executed("```console\n$ false\n```\n", "page.md", tmp_path)


def test_a_block_that_fails_names_the_line_of_the_page(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as error:
        executed("\n\n```python\n1 / 0\n```\n", "page.md", tmp_path)
    assert error.traceback[-1].lineno == 3  # counted from 0
    shutil.rmtree(tmp_path)


def test_a_page_finds_the_examples_and_keeps_its_pictures_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    code = 'import pathlib as p\nfor n in ("a.svg", "b.txt"):\n    _ = p.Path(n).write_text(n)\n'
    page.write_text(f'```python\n{code}print(p.Path("examples/diabetes.csv").exists())\n```\n', "utf-8")
    write_output(page)
    assert page.read_text("utf-8").endswith("```text\nTrue\n```\n")
    assert {file.name for file in tmp_path.iterdir()} == {"page.md", "a.svg"}


@pytest.mark.parametrize("other", ["w = 2.1, b 3e-12", "w = 2.0, c 3e-12", "w = 2.0"])
def test_other_output_is_noticed(other: str) -> None:
    assert same_output("w = 2.0, b 3e-12", "w = 2.0001, b 9e-13")
    assert not same_output(other, "w = 2.0, b 3e-12")


@pytest.mark.parametrize(
    "html", ['<script src="https://far/x.js">', "<img src=//far/x.png>", '<link rel="stylesheet" href="http://far/x">']
)
def test_a_page_that_loads_something_from_outside_is_refused(html: str) -> None:
    from docs.hooks import on_post_page

    page = SimpleNamespace(file=SimpleNamespace(src_uri="page.md"))
    near = '<a href="https://far/">far</a><script src="assets/x.js"></script>'
    assert on_post_page(near, page=page) == near
    with pytest.raises(ValueError, match=r"page\.md would load"):
        on_post_page(html, page=page)


def test_a_page_is_run_when_it_is_built() -> None:
    from docs.hooks import on_page_markdown

    page = SimpleNamespace(file=SimpleNamespace(src_uri="page.md"))
    assert on_page_markdown("```python\nprint(2)\n```\n", page=page).endswith("```text\n2\n```\n")
    with pytest.raises(ZeroDivisionError):
        on_page_markdown("```python\n1 / 0\n```\n", page=page)


def test_docstrings_become_markdown() -> None:
    assert doctest.testmod(docstrings) == (0, 1)
    given = "A.\n\n    y = x\n\nArgs:\n    x: one.\n\n>>> f(1)\n2\n>>> f(2)\n3\n\nSource: Gauss."
    assert docstrings.as_markdown(given) == (
        "A.\n\n    y = x\n\nArgs:\n    x: one.\n\n```pycon\n>>> f(1)\n2\n>>> f(2)\n3\n```\n\n**Source:** Gauss."
    )
