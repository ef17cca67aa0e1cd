"""Cases 17 to 31: tables and files that are not what they should be, through Python and the shell."""

import json
import os
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

import gradloop as gl
from gradloop.data import write_csv
from shell import fault, run

ROWS = 40
RANDOM = np.random.default_rng(1)
TABLE = {"x": RANDOM.normal(size=ROWS).round(3), "z": RANDOM.normal(size=ROWS).round(3)}
TABLE["y"] = (2 * TABLE["x"] - TABLE["z"] + 0.1 * RANDOM.normal(size=ROWS)).round(3)
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv("rows.csv", TABLE)


def text():
    return Path("rows.csv").read_text()


def refused(content, *words):
    """The sentence about a file of this content: the same in Python and in the shell."""
    Path("bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    said = fault("fit", "bad.csv", "--target", "y", *words)
    with pytest.raises(gl.DataError) as caught:
        gl.fit("bad.csv", target="y")
    assert said == f"gradloop: {caught.value}\n"
    return said


def same_fit(content):
    """Whether a file of this content is the same table."""
    Path("other.csv").write_bytes(content)
    found, plain = gl.fit("other.csv", target="y"), gl.fit("rows.csv", target="y")
    return found.rows == plain.rows and np.array_equal(found.params["w"], plain.params["w"])


@pytest.mark.fault(17)
def test_a_category_that_only_rows_held_out_have_follows_the_rule():
    rare = {**TABLE, "town": np.array(["Ulm", "Bonn"] * 19 + ["Kiel", "Jena"])}
    said = {}
    for rule in ("error", "other"):
        try:
            fit = gl.fit(rare, target="y", holdout=0.5, seed=2, unseen=rule)
            said[rule] = fit.holdout["R2"]
        except gl.DataError as error:
            said[rule] = str(error)
    assert "which the model has not seen" in said["error"] and 'unseen="other"' in said["error"]
    assert np.isfinite(said["other"])


@pytest.mark.fault(18)
def test_columns_are_found_by_name_whatever_stands_around_them():
    fit = gl.fit("rows.csv", target="y")
    fit.save("model")
    swapped = {"extra": TABLE["y"], "z": TABLE["z"], "x": TABLE["x"]}
    np.testing.assert_array_equal(fit.predict(swapped), fit.predict(TABLE))
    write_csv("swapped.csv", swapped)
    assert "does not use column 'extra'" in run("predict", "model", "swapped.csv")[1]
    write_csv("renamed.csv", {"X": TABLE["x"], "z": TABLE["z"]})
    assert "lacks the column 'x'" in fault("predict", "model", "renamed.csv")
    write_csv("words.csv", {"x": ["a"] * ROWS, "z": TABLE["z"]})
    assert "learned it as numbers" in fault("predict", "model", "words.csv")


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "__proto__", "=cmd|'/C calc'!A0", "two\nlines", "😀", "x" * 10_000, "\x1b[2J"]
)
def test_names_that_want_to_do_something_are_only_names(name):
    write_csv("names.csv", {name: TABLE["x"], "z": TABLE["z"], "y": TABLE["y"]})
    page, _ = run("fit", "names.csv", "--target", "y", "-o", "model")
    page += run("inspect", "model")[0] + run("fit", "names.csv", "--target", "y", "--json", "--quiet")[0]
    assert all(line.isprintable() for line in page.splitlines())
    assert max(map(len, page.splitlines()[:12])) < 300
    fit = gl.load("model")
    assert name in fit.feature_names and "<script>" not in fit._repr_html_()
    np.testing.assert_array_equal(fit.predict("names.csv"), gl.fit("rows.csv", target="y").predict(TABLE))


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    ("header", "said"), [("x,x,y", "more than one column 'x'"), ("x,,y", "without a name"), ("x, x,y", "more than one")]
)
def test_names_that_are_none(header, said):
    assert said in refused(text().replace("x,z,y", header))


@pytest.mark.fault(20)
@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), ("x,y\n", "no rows of data"), ("x,y", "no rows of data"), ("\n \n\n", "only blanks")],
)
def test_files_without_rows(content, said):
    assert said in refused(content)


@pytest.mark.fault(20)
def test_the_last_line_needs_no_end():
    assert same_fit(text().rstrip().encode())


@pytest.mark.fault(21)
@pytest.mark.parametrize("end", ["\r\n", "\r", "\r\r\n"])
def test_any_end_of_line_and_a_mark_of_byte_order(end):
    assert same_fit(b"\xef\xbb\xbf" + text().replace("\n", end).encode())


@pytest.mark.fault(21)
@pytest.mark.parametrize(
    ("encoding", "said"), [("utf-16", "UTF-16"), ("latin-1", "byte 83 (line 6) is 0xe9"), ("gb18030", "not UTF-8")]
)
def test_other_encodings_are_told_with_the_first_byte(encoding, said):
    letter = "é" if encoding != "gb18030" else "北"
    lines = text().splitlines()
    lines[5] = f"{letter},1,2"
    place = len("\n".join(lines[:5])) + 1
    assert said.replace("83", str(place)) in refused("\n".join(lines).encode(encoding))


@pytest.mark.fault(21)
def test_a_byte_of_nothing_is_told_by_its_line():
    lines = text().splitlines()
    lines[3] += "\0"
    said = refused("\n".join(lines))
    assert "NUL byte at byte" in said and "line 4" in said


@pytest.mark.fault(22)
@pytest.mark.parametrize("spelling", ["${:,.2f}", "{:.1f}%", "{:.0f} €", "USD {:.2f}", "({:.2f})", "{:,.0f}"])
def test_numbers_in_disguise_are_told_and_never_categories(spelling):
    column = [spelling.format(1000 * abs(value) + 1000) for value in TABLE["x"]]
    write_csv("bad.csv", {"x": column, "y": TABLE["y"]})
    said = refused(Path("bad.csv").read_text())
    assert "column 'x' is text because 40 of 40 rows are written like" in said and "in line 2" in said


@pytest.mark.fault(22)
def test_semicolons_and_tabs_are_found_and_decimal_commas_told():
    assert same_fit(text().replace(",", ";").encode()) and same_fit(text().replace(",", "\t").encode())
    assert "written like" in refused(text().replace(",", ";").replace(".", ","))


@pytest.mark.fault(23)
@pytest.mark.parametrize("words", [(), ("--memory", "17MB")], ids=["in memory", "in pieces"])
def test_one_bad_cell_among_a_million_is_told(words):
    lines = ["x,z,y", *(f"{row % 97},{row % 89},{row % 83}" for row in range(500_000))]
    lines[400_000] = "oops,1,2"
    Path("bad.csv").write_text("\n".join(lines))
    said = fault("fit", "bad.csv", "--target", "y", *words)
    assert '"oops"' in said and "line 400001" in said and "'x'" in said


@pytest.mark.fault(24)
@pytest.mark.parametrize(("row", "fields"), [("1,2", 2), ("1,2,3,4", 4)])
def test_rows_of_another_length_are_told_by_their_line(row, fields):
    lines = text().splitlines()
    lines[20] = row
    assert f"line 21: found {fields} fields, expected 3" in refused("\n".join(lines))


@pytest.mark.fault(24)
def test_rows_that_are_all_one_longer_are_never_shifted():
    head, *lines = text().splitlines()
    said = refused("\n".join([head, *(f"{line},9" for line in lines)]))
    assert "line 2: found 4 fields, expected 3" in said and "39 other rows" in said


@pytest.mark.fault(25)
def test_words_for_nothing_are_categories_among_words():
    write_csv("words.csv", {"land": ["NA", "None", "nan", "DE"] * 10, "y": TABLE["y"]})
    assert gl.fit("words.csv", target="y").feature_names == ("land=NA", "land=None", "land=nan")
    write_csv("blank.csv", {"land": ["", "None", "nan", "DE"] * 10, "y": TABLE["y"]})
    assert "no value in 10 rows" in fault("fit", "blank.csv", "--target", "y")


@pytest.mark.fault(27)
def test_files_of_other_columns_or_types_are_told_by_name():
    Path("folder").mkdir()
    write_csv("folder/a.csv", TABLE)
    write_csv("folder/b.csv", {"x": TABLE["x"], "y": TABLE["y"]})
    assert "b.csv lacks the column 'z', unlike folder/a.csv" in fault("fit", "folder", "--target", "y")
    write_csv("folder/b.csv", {**TABLE, "z": ["a"] * ROWS})
    assert "folder/b.csv: column 'z' holds text" in fault("fit", "folder", "--target", "y")


EXACT = {
    "halves": pyarrow.array(TABLE["x"].astype(np.float16)),
    "decimals": pyarrow.array([Decimal(str(value)) for value in TABLE["x"]]),
    "truths": pyarrow.array(TABLE["x"] > 0),
    "texts": pyarrow.array(np.where(TABLE["x"] > 0, "a", "b")).dictionary_encode(),
    "zoned": pyarrow.array([10**15 * row for row in range(ROWS)], pyarrow.timestamp("us", "Europe/Berlin")),
}
UNUSABLE = {
    "too long for a 64-bit float": pyarrow.array(np.arange(ROWS) + 2**53),
    "too long for": pyarrow.array([Decimal(2**70 + row) for row in range(ROWS)], pyarrow.decimal128(38, 0)),
    "values of type list": pyarrow.array([[1, 2]] * ROWS),
    "values of type binary": pyarrow.array([b"\xff"] * ROWS),
    "values of type duration": pyarrow.array(np.arange(ROWS).astype("m8[s]")),
    "no finite number in row group 0, row 5": pyarrow.array(np.where(np.arange(ROWS) == 5, np.inf, TABLE["x"])),
}


def parquet_with(column):
    parquet.write_table(pyarrow.table({"q": column, "z": TABLE["z"], "y": TABLE["y"]}), "rows.parquet")
    return "rows.parquet"


@pytest.mark.fault(12, 27)
@pytest.mark.parametrize("name", EXACT)
def test_columns_of_every_type_are_the_same_on_every_road(name):
    roads = [gl.fit(parquet_with(EXACT[name]), target="y", **how) for how in ({}, {"memory": "17MB"}, {"cache": "."})]
    for fit in roads:
        assert len(fit.feature_names) == 2
        np.testing.assert_allclose(fit.params["w"], roads[0].params["w"], rtol=1e-12)


@pytest.mark.fault(12, 27)
@pytest.mark.parametrize("said", UNUSABLE)
def test_columns_that_are_no_numbers_are_refused_on_every_road(said):
    path = parquet_with(UNUSABLE[said])
    for how in ({}, {"memory": "17MB"}, {"cache": "."}):
        with pytest.raises(gl.DataError, match=f"rows.parquet: column 'q' holds .*{said}"):
            gl.fit(path, target="y", **how)
    assert said in fault("fit", path, "--target", "y")


@pytest.mark.fault(28)
def test_a_file_that_changed_is_no_longer_that_of_the_checkpoint():
    words = ["fit", "rows.csv", "--target", "y", "--solver", "minibatch", "--checkpoint", "state"]
    run(*words, "--epochs", "3")
    write_csv("rows.csv", {**TABLE, "y": TABLE["y"] + 1})
    said = fault(*words, "--epochs", "3", "--resume")
    assert "have changed" in said


@pytest.mark.fault(29)
def test_the_order_of_rows_does_not_matter_and_names_are_only_names():
    import sqlite3

    with sqlite3.connect("rows.db") as base:
        base.execute('create table "a;drop table b" ("x" real, "z" real, "y;--" real)')
        base.executemany(
            'insert into "a;drop table b" values (?, ?, ?)', zip(*(TABLE[name].tolist() for name in "xzy"), strict=True)
        )
    fits = [
        gl.fit(gl.sql(f'select * from "a;drop table b" order by {how}', "rows.db"), target="y;--")
        for how in ("rowid", "rowid desc", "random()")
    ]
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.params["w"], fits[0].params["w"], rtol=1e-10)
    query = 'delete from "a;drop table b"'
    assert "more than read" in fault("fit", "--sql", query, "--db", "rows.db", "--target", "y;--")
    assert len(gl.fit(gl.sql('select * from "a;drop table b"', "rows.db"), target="y;--").predict(TABLE)) == ROWS


@pytest.mark.fault(30)
def test_what_is_no_file_with_a_table():
    Path("empty").mkdir()
    os.symlink("loop", "loop")
    for place, said in {
        "empty": "folder without files", "loop": "symbolic links", "absent/rows.csv": "no such file",
        "/dev/zero": "device", "x" * 300: "name too long", "a\0b": "null byte", "/": "more than 10000 files",
    }.items():  # fmt: skip
        assert said in fault("fit", place, "--target", "y")
        with pytest.raises(gl.DataError, match=said):
            gl.fit(place, target="y")


@pytest.mark.fault(30)
def test_names_of_any_kind_and_pipes_are_read():
    for name in ("with space.csv", "ü😀.csv", "two\nlines.csv", f"{'n' * 250}.csv"):
        write_csv(name, TABLE)
        assert gl.fit(name, target="y").rows == ROWS
        run("fit", name, "--target", "y", "--quiet")
    if hasattr(os, "mkfifo"):
        os.mkfifo("pipe")
        writer = threading.Thread(target=lambda: Path("pipe").write_text(text()))
        writer.start()
        assert gl.fit("pipe", target="y").rows == ROWS
        writer.join()


LIMITED = """
import resource, sys
sys.path[:0] = [{tests!r}, {source!r}]
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from shell import run
print(run("fit", {path!r}, "--target", "y", *{words!r}, code=1)[1])
"""


@pytest.mark.fault(31, 46)
@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory")
@pytest.mark.parametrize("words", [(), ("--memory", "17MB")], ids=["in memory", "in pieces"])
@pytest.mark.parametrize(
    ("name", "said"), [("wide", "1000000 columns"), ("texts", "100001 columns"), ("long", "line 3: a row of more than")]
)
def test_rows_that_no_memory_holds_are_refused_before_any_work(name, said, words):
    with open("large.csv", "w") as file:
        if name == "long":
            file.writelines(["c,y\n1,2\n", *['"'], *["a" * 1_000_000] * 150, '",3\n'])
        else:
            count, cell = (999_999, "1") if name == "wide" else (100_000, "word")
            file.write(",".join(f"c{place}" for place in range(count)) + ",y\n")
            file.writelines([",".join([cell] * count) + ",1\n"] * 3)
    code = LIMITED.format(tests=str(ROOT / "tests"), source=str(ROOT / "src"), path="large.csv", words=words)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert said in done.stdout, done.stderr[-500:]


@pytest.mark.fault(46)
def test_a_million_categories_are_bounded_and_refused():
    with open("names.csv", "w") as file:
        file.write("name,x,y\n")
        file.writelines(f"name{row},{row % 7},{row % 5}\n" for row in range(300_000))
    for words in ((), ("--memory", "17MB"), ("--max-levels", "10")):
        said = fault("fit", "names.csv", "--target", "y", *words)
        assert "column 'name' has more than 100000 different texts" in said


@pytest.mark.fault(46)
@pytest.mark.parametrize(
    "header", ['"' * 300_001, "(" * 200_000 + "+" * 200_000, '"a""' * 100_000, "a," * 40_000 + "a"]
)
def test_no_header_takes_long_to_understand(header):
    Path("bad.csv").write_text(f"{header},y\n1,2\n3,4\n")
    with pytest.raises(gl.DataError):
        gl.fit("bad.csv", target="absent")


def test_the_fit_of_a_file_is_one_json_object_whatever_its_names():
    write_csv("names.csv", {'"}]': TABLE["x"], "y": TABLE["y"]})
    assert json.loads(run("fit", "names.csv", "--target", "y", "--json")[0])["feature_names"] == ['"}]']
