"""Two runs take as many instructions as was recorded, within 5 %: no clock is asked."""

import shutil

import pytest

from benchmarks import instructions


def test_a_figure_is_recorded_for_each_run_and_kept_for_others(tmp_path, monkeypatch):
    monkeypatch.setattr(instructions, "RECORD", tmp_path / "record.csv")
    monkeypatch.setattr(instructions, "key", lambda: "this")
    instructions.record({"textbook": 5})
    monkeypatch.setattr(instructions, "key", lambda: "that")
    instructions.record({"textbook": 7, "closed_form": 8})
    instructions.record({"textbook": 9})
    assert instructions.recorded() == {"textbook": 9}
    monkeypatch.setattr(instructions, "key", lambda: "this")
    assert instructions.recorded() == {"textbook": 5}


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("name", instructions.RUNS)
def test_instructions_stay_where_they_were(name):
    known = instructions.recorded()
    if not known:
        pytest.skip(f"no figure is recorded for {instructions.key()}")
    assert instructions.counted(name) == pytest.approx(known[name], rel=0.05)
