import io
import json
import os
import pickle
import re
import stat
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from gradloop import tensor_file
from gradloop.errors import ModelFileError
from gradloop.tensor_file import decode, encode, read, write
from peak import peak_of

ARRAYS = {
    "w": np.array([[1.5, -0.0], [np.nan, np.inf]]),
    "epoch": np.array([1, 2**53 + 1]),
    "b": np.float64(4.2),
}
DOCUMENT = {"name": 'größe "\x1b\ud800', "list": [1, 2.5, None, True, {}]}


def test_what_is_written_is_read_to_the_last_bit(tmp_path):
    write(tmp_path / "f", ARRAYS, DOCUMENT)
    arrays, document = read(tmp_path / "f")
    assert document == DOCUMENT
    assert list(arrays) == list(ARRAYS)
    for name, array in arrays.items():
        assert array.shape == np.shape(ARRAYS[name])
        assert array.tobytes() == np.asarray(ARRAYS[name]).tobytes()
        assert array.flags.writeable


def test_arrays_in_any_memory_order_and_of_length_zero_are_kept():
    arrays = {
        "t": np.arange(6.0).reshape(2, 3).T,
        "r": np.arange(3.0)[::-1],
        "e": np.ones((0, 4)),
        "f": np.float32(1),
    }
    assert decode(encode(arrays, {}))[0]["f"].dtype == np.float32
    back, _ = decode(encode({**arrays, "big": np.arange(2, dtype=">f8")}, {}))
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
    assert back["big"].tolist() == [0.0, 1.0]


def test_the_same_content_gives_the_same_bytes():
    assert encode(ARRAYS, DOCUMENT) == encode(dict(ARRAYS), json.loads(json.dumps(DOCUMENT)))


def test_the_reference_library_reads_our_files():
    read_there = safetensors.numpy.load(encode(ARRAYS, DOCUMENT))
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read_there[name], array)


def test_files_of_the_reference_library_are_not_models(tmp_path):
    safetensors.numpy.save_file({"w": np.ones(2)}, tmp_path / "f", {"gradloop": "{}"})
    with pytest.raises(ModelFileError, match=r"f' is not a model file of gradloop"):
        read(tmp_path / "f")


SMALL = encode({"w": np.array([1.0, -2.0]), "epoch": np.array([3])}, {"model": "linear"})


@pytest.mark.fault(34)
def test_every_flipped_bit_is_noticed(tmp_path):
    for place in range(len(SMALL)):
        for bit in range(8):
            altered = bytearray(SMALL)
            altered[place] ^= 1 << bit
            with pytest.raises(tensor_file._RefusedError):
                decode(bytes(altered))


@pytest.mark.fault(34)
def test_every_cut_and_every_addition_is_noticed():
    for length in range(len(SMALL)):
        with pytest.raises(tensor_file._RefusedError):
            decode(SMALL[:length])
    for more in (b"\0", b"x" * 8, SMALL):
        with pytest.raises(tensor_file._RefusedError):
            decode(SMALL + more)


def hostile(header, data=b"", length=None):
    """A file with this header."""
    header = header.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def with_entries(entries, text="{}"):
    """A header with these arrays and this document, and the checksum that w = [1.0] and the document have."""
    try:
        checksum = tensor_file._checksum({"w": np.ones(1)}, json.loads(text))
    except (ValueError, RecursionError):
        checksum = "0" * 64
    metadata = json.dumps({"gradloop": f'["{checksum}",["w"],{text}]'}, separators=(",", ":"))
    header = "{" + ",".join([f'"__metadata__":{metadata}', *entries]) + "}"
    return header + " " * (-len(header) % 8)


class Gadget:
    """What unpickling it does can be seen in the folder."""

    def __reduce__(self):
        return open, ("canary", "w")


def npy_of_objects():
    file = io.BytesIO()
    np.save(file, np.array([Gadget()], dtype=object), allow_pickle=True)
    return file.getvalue()


def zip_that_climbs():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../canary", "x")
        link = zipfile.ZipInfo("w.npy")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


W = '"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}'
ONE = struct.pack("<d", 1.0)
DEEP = "[" * 100_000
HOSTILE = {
    "empty": b"",
    "seven bytes": b"\0" * 7,
    "length 2^63": struct.pack("<Q", 2**63) + b"{}",
    "length beyond the end": hostile(with_entries([W]), ONE, length=10_000),
    "length into the data": hostile(with_entries([W]), ONE, length=len(with_entries([W])) + 8),
    "pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "zip": b"PK\x03\x04" + b"\0" * 60,
    "deep": hostile(DEEP),
    "deep and closed": hostile(DEEP + "]" * 100_000),
    "deep document": hostile(with_entries([W], DEEP + "]" * 100_000), ONE),
    "deep, but not too deep to parse": hostile(with_entries([W], "[" * 900 + "]" * 900 + " "), ONE),
    "key twice in the header": hostile(with_entries([W, W]), ONE),
    "key twice in the document": hostile(with_entries([W], '{"a":1,"a":2}'), ONE),
    "metadata twice": hostile(with_entries([W])[:-1].rstrip().rstrip("}") + "}," + with_entries([W])[1:], ONE),
    "NaN in the document": hostile(with_entries([W], '{"a":NaN}'), ONE),
    "1e999 in the document": hostile(with_entries([W], '{"a":1e999}'), ONE),
    "a number of 10,000 digits": hostile(with_entries([W], '{"a":%s}' % ("9" * 10_000)), ONE),
    "a document that is no JSON": hostile(with_entries([W], "__import__('os')"), ONE),
    "a document that is a list": hostile('{"__metadata__":{"gradloop":"[1]"},' + W + "}", ONE),
    "metadata is a list": hostile('{"__metadata__":[]}'),
    "header is a list": hostile("[]      "),
    "header is a number": hostile("1       "),
    "no metadata": hostile("{" + W + "}", ONE),
    "entry is a string": hostile(with_entries(['"w":"F64"'])),
    "shape is a string": hostile(with_entries(['"w":{"dtype":"F64","shape":"11","data_offsets":[0,8]}']), ONE),
    "shape is null": hostile(with_entries(['"w":{"dtype":"F64","shape":null,"data_offsets":[0,8]}']), ONE),
    "another dtype": hostile(with_entries([W.replace("F64", "BF16")]), ONE),
    "an object dtype": hostile(with_entries([W.replace("F64", "O")]), ONE),
    "dtype is a list": hostile(with_entries([W.replace('"F64"', '["F64"]')]), ONE),
    "negative length": hostile(with_entries([W.replace("[1]", "[-1]")]), ONE),
    "negative lengths": hostile(with_entries([W.replace("[1]", "[-1,-1]")]), ONE),
    "true for one": hostile(with_entries([W.replace("[1]", "[true]")]), ONE),
    "fraction for a length": hostile(with_entries([W.replace("[1]", "[1.0]")]), ONE),
    "product of lengths overflows": hostile(with_entries([W.replace("[1]", "[4294967296,4294967296,8]")]), ONE),
    "product overflows to zero": hostile(with_entries([W.replace("[1]", f"[{2**63},0]").replace("8]", "0]")])),
    "thirty dimensions": hostile(with_entries([W.replace("[1]", str([1] * 30).replace(" ", ""))]), ONE),
    "fewer bytes than the shape": hostile(with_entries([W.replace("[1]", "[2]")]), ONE),
    "offsets beyond the end": hostile(with_entries([W.replace("[0,8]", "[0,16]")]), ONE),
    "offsets overlap": hostile(with_entries([W, W.replace('"w"', '"v"')]), ONE * 2),
    "offsets leave a gap": hostile(with_entries([W.replace("[0,8]", "[8,16]")]), ONE * 2),
    "offsets turned round": hostile(with_entries([W.replace("[0,8]", "[8,0]")]), ONE),
    "data that nobody names": hostile(with_entries([W]), ONE * 2),
    "more in an entry": hostile(with_entries([W[:-1] + ',"code":"x"}']), ONE),
    "spaces in the header": hostile(with_entries([W]).replace(",", ", "), ONE),
    "too much padding": hostile(with_entries([W]) + " " * 8, ONE),
    "an escape too many": hostile(with_entries([W.replace('"w"', r'"\u0077"')]), ONE),
    "wrong checksum": hostile(with_entries([W]), ONE).replace(ONE, struct.pack("<d", 2.0)),
    "capital checksum": re.sub(rb"[0-9a-f]{64}", lambda found: found[0].upper(), encode({"w": np.ones(1)}, {})),
    "latin-1": b"\x08\0\0\0\0\0\0\0" + "{'ö': 1}".encode("latin-1"),
    "UTF-16": struct.pack("<Q", 2 * len(with_entries([W])) + 2) + with_entries([W]).encode("utf-16") + ONE,
    "200,000 arrays": hostile(
        with_entries([f'"{i}"' + ':{"dtype":"F64","shape":[0],"data_offsets":[0,0]}' for i in range(200_000)])
    ),
    "a text of 60 MB": hostile(with_entries([W], " " * 60_000_000), ONE),
    "larger than any model": bytes(tensor_file.MOST_BYTES + 100),
    "a gadget": pickle.dumps(Gadget()),
    "tags of YAML": b"!!python/object/apply:builtins.open ['canary', 'w']\n",
    "tags of YAML as the document": hostile(with_entries([W], "!!python/object/apply:builtins.open [canary, w]"), ONE),
    "an array of objects": npy_of_objects(),
    "a zip that climbs out, with a link": zip_that_climbs(),
}


@pytest.mark.fault(41)
def test_a_file_larger_than_any_model_is_not_read_to_its_end(tmp_path):
    with open(tmp_path / "model", "wb") as file:
        file.truncate(2**31)  # a hole: it takes no room on the disk
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="is larger than the 64 MB"):
        read(tmp_path / "model")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 2**20


MEASURED = """
import sys
import numpy, safetensors.numpy
from gradloop import tensor_file
from gradloop.errors import ModelFileError
before = peak()
for path in sys.argv[1:]:
    try:
        tensor_file.read(path)
    except ModelFileError:
        continue
    sys.exit(path + " was read")
assert peak() - before < 100 + tensor_file.MOST_BYTES / 2**20, "a file is read before it is judged"
"""


def test_hostile_files_take_little_memory_and_run_nothing(tmp_path, monkeypatch):
    """Of the whole process, and so of the library that reads the layout, too; a hole takes no room on the disk."""
    cases = [*HOSTILE.values(), struct.pack("<Q", 10_000_000 * 60) + b'{"0":', struct.pack("<Q", 2**30) + b'{"']
    for place, content in enumerate(cases):
        (tmp_path / str(place)).write_bytes(content)
    for place in (len(cases) - 2, len(cases) - 1):  # ten million tensors; a text of 1 GB
        os.truncate(tmp_path / str(place), 2**30 + 100)
    monkeypatch.chdir(tmp_path)
    peak_of(MEASURED, *map(str, range(len(cases))))
    (tmp_path / "peak").unlink()
    assert {path.name for path in tmp_path.iterdir()} == set(map(str, range(len(cases))))


def test_the_gadget_would_leave_a_trace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(HOSTILE["a gadget"]).close()
    assert [path.name for path in tmp_path.iterdir()] == ["canary"]


def test_a_sound_file_beyond_the_limit_is_refused():
    blob = encode({"w": np.ones(200)}, {})
    decode(blob, most=len(blob))
    with pytest.raises(tensor_file._RefusedError, match="is larger"):
        decode(blob, most=len(blob) - 1)


def test_the_builder_of_hostile_files_can_build_a_good_one():
    arrays, document = decode(hostile(with_entries([W]), ONE))
    assert arrays["w"].tolist() == [1.0] and document == {}


@pytest.mark.fault(41)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_with_a_sentence(tmp_path, case):
    (tmp_path / "model").write_bytes(HOSTILE[case])
    tracemalloc.start()
    with pytest.raises(
        ModelFileError, match=r"^The file '.*model' (is not a model|was cut or altered|is larger)"
    ) as told:
        read(tmp_path / "model")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * 2**20
    assert str(told.value).endswith(".") and "\n" not in str(told.value)


@pytest.mark.fault(30)
@pytest.mark.parametrize("path", ["missing", ".", "/dev/zero", "pipe", "a\0b", "x" * 5000])
def test_what_is_not_a_file_is_not_waited_for(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    tensor_file.os.mkfifo("pipe")
    with pytest.raises(ModelFileError, match="cannot be read: "):
        read(path)


def test_a_model_larger_than_a_file_may_be_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(tensor_file, "MOST_BYTES", 1000)
    with pytest.raises(ModelFileError, match="holds at most"):
        write(tmp_path / "f", {"w": np.ones(200)}, {})
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("path", ["missing/f", ".", "/dev/full", "a\0b"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError, match=r"^'.*' cannot be written: .*; choose another place\.$"):
        write(path, {}, {})
