"""Case 41: files that want to run something when they are taken for models; see also tests/test_tensor_file.py."""

import io
import json
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import gradloop as gl
from shell import fault


class Gadget:
    def __reduce__(self):
        return os.system, ("touch canary",)


def zipped(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, pickle.dumps(Gadget()))
    return buffer.getvalue()


def linked():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("model")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def array():
    buffer = io.BytesIO()
    np.save(buffer, np.array([Gadget()], object), allow_pickle=True)
    return buffer.getvalue()


def header(text):
    content = text.encode()
    return struct.pack("<Q", len(content)) + content


ATTACKS = {
    "pickle": pickle.dumps(Gadget()),
    "old pickle": pickle.dumps(Gadget(), protocol=0),
    "array of objects": array(),
    "zip that climbs": zipped("../../canary"),
    "npz": zipped("w.npy"),
    "tar with a link": linked(),
    "yaml": b"!!python/object/apply:os.system ['touch canary']\n",
    "deep": b"[" * 100_000,
    "json": json.dumps({"model": "__import__('os').system('touch canary')"}).encode(),
    "expression": header(json.dumps({"__metadata__": {"gradloop": "().__class__.__base__.__subclasses__()"}})),
    "powers": header(json.dumps({"__metadata__": {"gradloop": "9**9**9"}})),
    "length": struct.pack("<Q", 2**63) + b"{}",
}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.fault(41)
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_a_model_file_is_ever_run(attack):
    Path("model").write_bytes(ATTACKS[attack])
    Path("rows.csv").write_text("x\n1\n")
    for words in (("inspect", "model"), ("predict", "model", "rows.csv"), ("predict", "model", "rows.csv", "--trust")):
        assert "'model'" in fault(*words)
    with pytest.raises(gl.ModelFileError):
        gl.load("model")
    assert sorted(os.listdir()) == ["model", "rows.csv"]


@pytest.mark.fault(41)
def test_the_gadget_would_work():
    pickle.loads(ATTACKS["pickle"])  # ours
    assert Path("canary").exists()
