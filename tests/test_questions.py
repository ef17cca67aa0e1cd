"""The pages of docs/questions are run again: they must print what stands there, and make their pictures."""

import re
import shutil
from pathlib import Path

import pytest

from docs.execute import blocks, executed

FOLDER = Path(__file__).parent.parent / "docs" / "questions"
PAGES = sorted(FOLDER.glob("*.md"))
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
NOTHING = 1e-9  # two numbers that are both smaller are rounding errors


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


def test_all_questions_have_a_page() -> None:
    assert len([page for page in PAGES if page.name[0].isdigit()]) == 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page(page: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    if "sklearn" in page.read_text("utf-8"):
        pytest.importorskip("sklearn")
    given = page.read_text("utf-8")
    found = executed(given, str(page), tmp_path)
    assert same_output(found, given), found
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", given):
        assert (FOLDER / picture).read_text("utf-8").lstrip().startswith("<?xml"), "commit the picture beside its page"
        assert (tmp_path / picture).stat().st_size > 1000


def test_every_page_shows_output_and_a_picture() -> None:
    for page in PAGES:
        text = page.read_text("utf-8")
        if page.name[0].isdigit():
            assert any(block.language in ("text", "console") for block in blocks(text)), page
            assert "![" in text, page


# The runner is shown wrong pages.


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


@pytest.mark.parametrize("other", ["w = 2.1, b 3e-12", "w = 2.0, c 3e-12", "w = 2.0"])
def test_other_output_is_noticed(other: str) -> None:
    assert same_output("w = 2.0, b 3e-12", "w = 2.0001, b 9e-13")
    assert not same_output(other, "w = 2.0, b 3e-12")
