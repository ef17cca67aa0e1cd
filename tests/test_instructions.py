"""Two runs take as many instructions as was recorded, within 5 %: no clock is asked."""

import shutil

import pytest

from benchmarks import instructions


def test_a_figure_is_recorded_for_each_run_and_kept_for_others(tmp_path, monkeypatch):
    monkeypatch.setattr(instructions, "RECORD", tmp_path / "record.csv")
    instructions.record({"textbook": 5}, "this")
    instructions.record({"textbook": 7, "closed_form": 8}, "that")
    instructions.record({"textbook": 9}, "that")
    assert instructions.recorded("that") == {"textbook": 9}
    assert instructions.recorded("this") == {"textbook": 5}


def test_a_patch_is_no_release():
    assert instructions.release("3.11.7") == "3.11" and instructions.release("2.4.6") == "2.4"


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("name", instructions.RUNS)
def test_instructions_stay_where_they_were(name):
    count, key = instructions.counted(name)
    known = instructions.recorded(key)
    if not known:
        pytest.skip(f"no figure is recorded for {key}")
    assert count == pytest.approx(known[name], rel=0.05)
