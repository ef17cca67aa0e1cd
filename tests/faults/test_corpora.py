"""The corpora of bad files through the front door: no crash, no hang, memory bounded, a fit or a sentence for each."""

import re

import pytest

import gradloop as gl
from corpora import BAD, FOLDERS, outcomes
from gradloop.data import read_csv


@pytest.mark.fault(21, 27)
@pytest.mark.skipif(not BAD.exists(), reason="the corpora of bad files are not here")
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_bad_file_is_fitted_or_refused_by_name(folder):
    found = outcomes(folder)
    assert found and all(set(whats) <= {"fitted", "refused"} and len(whats) == 2 for whats in found.values()), found


@pytest.mark.skipif(not BAD.exists(), reason="the corpora of bad files are not here")
def test_no_file_is_forgotten():
    folders = {path.parent.relative_to(BAD).as_posix() for path in BAD.rglob("*") if path.is_file()}
    assert folders - {"csv_pollock/parameters"} == set(FOLDERS)


@pytest.mark.fault(20, 21, 23, 24)
@pytest.mark.skipif(not BAD.exists(), reason="the corpora of bad files are not here")
def test_refusals_of_polluted_tables_say_where():
    """By line, byte or column; but for files that have no rows at all."""
    nowhere = []
    for path in sorted((BAD / "csv_pollock" / "csv").iterdir()):
        try:
            read_csv(path)
        except gl.GradloopError as error:
            said = str(error).removeprefix(str(path))
            nowhere += [] if re.search(r"line \d|byte \d|column '", said) else [said]
    assert len(nowhere) == 2 and all("it needs" in said for said in nowhere)
