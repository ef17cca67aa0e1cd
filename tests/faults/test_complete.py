"""Every case of the list has a test, which bears its number, `@pytest.mark.fault(5)`, wherever in tests it stands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CASES = TESTS.parent.parent / "shared" / "fault_cases.md"
DATA = {*range(1, 38), 41, 46}  # the others are of other parts: distributed training, and the page
PAGE = {*range(38, 41), *range(42, 46)}


def numbers(source: str) -> Iterator[int]:
    """The cases that the tests of a module prove."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for marker in node.decorator_list:
                if isinstance(marker, ast.Call) and ast.unparse(marker.func) == "pytest.mark.fault":
                    yield from map(ast.literal_eval, marker.args)


def test_every_case_is_proven() -> None:
    proven = {number for path in TESTS.rglob("test_*.py") for number in numbers(path.read_text("utf-8"))}
    assert sorted(DATA - proven) == [] and sorted(proven - DATA - PAGE) == []


@pytest.mark.skipif(not CASES.exists(), reason="the list of cases is not here")
def test_the_list_has_no_other_cases() -> None:
    listed = {int(number) for number in re.findall(r"^(\d+)\. ", CASES.read_text("utf-8"), re.MULTILINE)}
    assert listed == DATA | PAGE


def test_markers_are_found() -> None:
    source = (
        "@pytest.mark.fault(3, 4)\n@pytest.mark.slow\ndef test_a(): pass\n@pytest.mark.fault(5)\ndef helper(): pass"
    )
    assert list(numbers(source)) == [3, 4]
