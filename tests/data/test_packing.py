"""Compressed files: recognised by their content, unpacked whole, and their damage told."""

import bz2
import gzip
import io
import lzma
import zipfile

import pyarrow
import pytest

from gradloop.data.packing import SIGNATURES, packing, unpack
from tables import refusal

TEXT = b"a,b\n" + b"".join(b"%d,%d\n" % (row, row * row % 97) for row in range(5000))


def packed(how, content=TEXT, names=("houses.csv",)):
    if how in ("gzip", "bz2", "xz"):
        return {"gzip": gzip, "bz2": bz2, "xz": lzma}[how].compress(content)
    if how == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, content)
        return file.getvalue()
    out = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(out, how) as stream:
        stream.write(content)
    return out.getvalue().to_pybytes()


def unpacked(content, how):
    with unpack(io.BytesIO(content), how, "houses") as stream:
        return b"".join(iter(lambda: stream.read(1000), b""))


HOW = sorted(SIGNATURES.values())


@pytest.mark.fault(26)
@pytest.mark.parametrize("how", HOW)
def test_every_packing_is_recognised_and_undone(how):
    content = packed(how)
    assert packing(content) == how and unpacked(content, how) == TEXT
    assert packing(TEXT) is None and packing(b"") is None


@pytest.mark.fault(26)
@pytest.mark.parametrize("how", [how for how in HOW if how != "zip"])
def test_members_that_follow_each_other_are_one_content(how):
    assert unpacked(packed(how) + packed(how, b"9,9\n"), how) == TEXT + b"9,9\n"


@pytest.mark.fault(26)
@pytest.mark.parametrize("how", HOW)
def test_what_is_cut_short_is_told(how):
    content = packed(how)
    said = refusal(unpacked, content[: len(content) // 2], how)
    assert said.startswith(f"houses, compressed with {how}, is ") and "copy it again" in said
    if how != "zip":  # whose table of contents is at the end
        assert "is cut short" in said


@pytest.mark.fault(26)
@pytest.mark.parametrize("how", ["gzip", "bz2", "xz", "zip"])  # zstd and lz4 may leave the checksum out
def test_a_flipped_bit_is_told(how):
    content = bytearray(packed(how))
    content[len(content) // 2] ^= 4
    assert "is damaged or is not what it seems" in refusal(unpacked, bytes(content), how)


@pytest.mark.fault(26)
@pytest.mark.parametrize("how", ["gzip", "bz2", "zip", "xz"])
def test_a_wrong_checksum_is_told(how):
    content = bytearray(packed(how))
    place = {"gzip": -5, "bz2": -6, "xz": -20, "zip": content.find(b"PK\x01\x02") + 16}[how]
    content[place] ^= 1
    assert refusal(unpacked, bytes(content), how)


@pytest.mark.fault(26)
@pytest.mark.parametrize("how", ["gzip", "bz2", "xz", "zstd", "zip"])
def test_what_was_made_to_fill_the_memory_is_refused_early(how, monkeypatch):
    monkeypatch.setattr("gradloop.data.packing._HARMLESS", 1 << 20)
    assert "more than 200 times its size" in refusal(unpacked, packed(how, bytes(1 << 24)), how)


def test_dense_tables_of_a_harmless_size_are_no_bombs():
    assert len(unpacked(packed("gzip", bytes(1 << 24)), "gzip")) == 1 << 24


@pytest.mark.fault(26)
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a.csv", "b.csv"), "houses is a zip archive of 2 files ('a.csv' and 'b.csv'), and exactly one is needed;"),
        ((), "houses is a zip archive of 0 files, and exactly one"),
        (("[Content_Types].xml", "xl/workbook.xml"), "houses is a spreadsheet or document; export"),
    ],
)
def test_zip_archives_hold_one_file(names, said):
    assert said in refusal(unpacked, packed("zip", names=names) or b"", "zip")


def test_what_systems_put_beside_the_file_does_not_count():
    assert unpacked(packed("zip", names=("x/", "houses.csv", "__MACOSX/._houses.csv")), "zip") == TEXT


def test_a_password_is_asked_for_nowhere():
    content = bytearray(packed("zip"))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + place] |= 1
    assert "locked with a password" in refusal(unpacked, bytes(content), "zip")
