"""The corpus of polluted CSV files; and that what counts silent differences can see one."""

from collections import Counter
from pathlib import Path

import pytest

from polluted import CORPUS, outcome, outcomes


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of polluted files is not here")
def test_few_polluted_files_are_read_as_something_else_without_a_word() -> None:
    found = Counter(outcomes().values())
    assert found.total() == 70
    assert found["silently different"] < 10, found


@pytest.mark.parametrize(
    ("dirty", "what"),
    [
        ("a,b\n1,x\n2,\n", "the clean table"),
        ("a;b\n1.0;x\n2;\n", "the clean table"),
        ("a,b\n1,x\n3,\n", "silently different"),
        ("a,c\n1,x\n2,\n", "silently different"),
        ("a,b\n1,x\n", "silently different"),
        ("a,b\n1,x\n2\n", "refused"),
    ],
)
def test_outcomes_are_told_apart(dirty: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "clean.csv").write_text("a,b\n1,x\n2,\n")
    (tmp_path / "dirty.csv").write_text(dirty)
    assert outcome(tmp_path / "dirty.csv", tmp_path / "clean.csv") == what
