"""The file: whole or not there, and its record reads back as it was, whatever the names."""

import json
import os
from pathlib import Path

import pytest

import gradloop as gl
from gradloop.page.write import PLACE, as_data, built_page, filled
from page_fits import HOSTILE, houses, line

STUB = f"<!doctype html><script type='application/json'>{PLACE}</script><p>after"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_ends_its_element_and_each_reads_back(text):
    page = filled(STUB, {"title": text, text: [text]})
    data = page.removeprefix(STUB.partition(PLACE)[0]).removesuffix(STUB.partition(PLACE)[2])
    assert json.loads(data) == {"title": text, text: [text]}
    assert data.isascii() and not set("<>&") & set(data)


def test_numbers_that_json_does_not_have_are_a_fault_of_ours():
    with pytest.raises(ValueError):
        as_data({"loss": float("nan")})


def test_the_built_page_has_one_place_for_the_record():
    assert built_page().count(PLACE) == 1


def test_a_page_is_written_whole_or_not_at_all(monkeypatch):
    Path("run.html").write_text("before")
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(gl.OptionError, match=r"The page cannot be written to 'run\.html': no space left on device\."):
        line().page("run.html")
    assert os.listdir() == ["run.html"] and Path("run.html").read_text() == "before"


@pytest.mark.parametrize("path", ["run.txt", "run", "no/run.html", "a\0.html"])
def test_a_path_that_is_no_page_is_a_sentence(path):
    with pytest.raises(gl.OptionError):
        line().page(path)
    assert os.listdir() == []


def test_a_loaded_fit_needs_its_data():
    houses().save("m")
    with pytest.raises(gl.OptionError, match=r'fit\.page\("run\.html", data\)'):
        gl.load("m").page("run.html")
    assert os.listdir() == ["m"]


def test_a_path_may_be_any_path():
    line().page(Path("run.HTML"))
    assert Path("run.HTML").read_text("utf-8").lower().startswith("<!doctype html>")
