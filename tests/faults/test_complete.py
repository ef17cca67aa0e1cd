"""Every case of the list has a test, which bears its number, `@pytest.mark.fault(5)`, wherever in tests it stands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CASES = TESTS.parent.parent / "shared" / "fault_cases.md"
OURS = {*range(1, 42), 45, 46}
SERVER = {42, 43, 44}  # of a page that is served: gradloop's page is a file, and nothing is served


def numbers(source: str) -> Iterator[int]:
    """The cases that the tests of a module prove."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for marker in node.decorator_list:
                if isinstance(marker, ast.Call) and ast.unparse(marker.func) == "pytest.mark.fault":
                    yield from map(ast.literal_eval, marker.args)


def test_every_case_is_proven() -> None:
    proven = {number for path in TESTS.rglob("test_*.py") for number in numbers(path.read_text("utf-8"))}
    assert sorted(OURS - proven) == [] and sorted(proven - OURS - SERVER) == []


@pytest.mark.skipif(not CASES.exists(), reason="the list of cases is not here")
def test_the_list_has_no_other_cases() -> None:
    listed = {int(number) for number in re.findall(r"^(\d+)\. ", CASES.read_text("utf-8"), re.MULTILINE)}
    assert listed == OURS | SERVER


def test_markers_are_found() -> None:
    source = (
        "@pytest.mark.fault(3, 4)\n@pytest.mark.slow\ndef test_a(): pass\n@pytest.mark.fault(5)\ndef helper(): pass"
    )
    assert list(numbers(source)) == [3, 4]
