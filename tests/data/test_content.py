"""Files and pipes: read as often as can be, watched for changes, and told in one sentence when they cannot be read."""

import gzip
import io
import os
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from gradloop.data.content import START, Content, rejoined
from tables import refusal


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_bytes(b"a,b\n1,2\n" * 1000)
    return path


def pipe(content, pieces=3):
    """The reading end of a pipe into which the content comes slowly, by pieces."""
    reading, writing = os.pipe()

    def feed():
        with os.fdopen(writing, "wb", buffering=0) as file:
            for start in range(pieces):
                file.write(content[start:] if start == pieces - 1 else content[start : start + 1])
                time.sleep(0.01)

    threading.Thread(target=feed).start()
    return os.fdopen(reading, "rb")


def as_standard_input(monkeypatch, file):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=file, fileno=file.fileno, isatty=lambda: False))
    return Content("-")


def test_a_file_is_read_as_often_as_it_is_asked_for(path):
    content = Content(path)
    assert content.path == str(path) and not content.one_pass and content.start == path.read_bytes()[:START]
    assert content.read() == content.read() == content.file().read() == path.read_bytes()


def test_what_is_packed_is_unpacked(path):
    packed = path.with_name("houses")  # what the name says does not count
    packed.write_bytes(gzip.compress(path.read_bytes()))
    content = Content(packed)
    assert content.path is None and content.start == path.read_bytes()[:START]
    assert content.read() == content.file().read() == content.read() == path.read_bytes()


@pytest.mark.fault(30)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_is_read_once(monkeypatch, path, pack):
    content = as_standard_input(monkeypatch, pipe(pack(path.read_bytes())))
    assert content.name == "standard input" and content.one_pass and content.path is None
    assert content.start == path.read_bytes()[:START] and content.read() == path.read_bytes()
    assert "standard input can be read only once, and this needs it again; save it" in refusal(content.open)


@pytest.mark.fault(30)
def test_named_pipes_are_read_once(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    threading.Thread(target=(tmp_path / "fifo").write_bytes, args=(b"a\n1\n",)).start()
    content = Content(tmp_path / "fifo")
    assert content.one_pass and content.read() == b"a\n1\n"


def test_the_keyboard_is_no_table(monkeypatch):
    first, second = os.openpty()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: second, isatty=lambda: True))
    assert "Standard input is the keyboard; send it a table" in refusal(Content, "-")
    os.close(first)
    os.close(second)


def test_closed_standard_input_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert "Standard input is closed" in refusal(Content, "-")


@pytest.mark.fault(28)
def test_a_change_is_noticed(path):
    content = Content(path)
    before = content.fingerprint()
    assert before == Content(path).fingerprint() != Content(_other(path)).fingerprint()
    with open(path, "ab") as file:
        file.write(b"3,4\n")
    assert "houses.csv changed while it was in use; start again" in refusal(content.read)
    assert "changed" in refusal(content.file) and Content(path).fingerprint() != before


@pytest.mark.fault(28)
def test_a_change_of_the_same_length_is_noticed(path):
    content = Content(path)
    before = content.fingerprint()
    path.write_bytes(b"a,b\n1,3\n" * 1000)
    os.utime(path, ns=(1, 1))
    assert "changed" in refusal(content.check_unchanged) and Content(path).fingerprint() != before


def _other(path):
    other = path.with_name("other.csv")
    other.write_bytes(path.read_bytes() + b"9,9\n")
    return other


@pytest.mark.fault(30)
def test_paths_that_cannot_be_read(tmp_path, path):
    assert f"{tmp_path}/house.csv: there is no such file; did you mean {path}." in refusal(
        Content, tmp_path / "house.csv"
    )
    assert "nor a folder" in refusal(Content, tmp_path / "none" / "house.csv")
    assert "is a folder; give a file in it" in refusal(Content, tmp_path)
    assert "is a device, not a file" in refusal(Content, "/dev/zero")
    assert "cannot be read" in refusal(Content, "a\0b")
    assert "cannot be read" in refusal(Content, tmp_path / ("x" * 300))
    (tmp_path / "circle").symlink_to("circle")
    assert "too many levels of symbolic links" in refusal(Content, tmp_path / "circle")


@pytest.mark.fault(30)
def test_names_of_files_may_be_anything(tmp_path):
    path = tmp_path / "a b\n\x1b[2J ü.csv"
    path.write_bytes(b"a\n1\n")
    assert Content(path).read() == b"a\n1\n" and Content(path).name.isprintable()


@pytest.mark.fault(30)
def test_a_socket_is_no_file(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert "is a device" in refusal(Content, tmp_path / "socket")


def test_a_stream_is_put_together_again():
    stream = rejoined(b"abc", io.BytesIO(b"defg"))
    assert stream.read(1) == b"a" and stream.read() == b"bcdefg"


@pytest.mark.parametrize("packed", [False, True])
def test_its_length_is_counted_as_far_as_it_matters(tmp_path, packed):
    text = b"x,y\n" + b"1,2\n" * 1_000_000
    path = tmp_path / "t"
    path.write_bytes(gzip.compress(text) if packed else text)
    content = Content(path)
    assert content.length(10**9) == len(text) and content.length(2 * 10**6) > 2 * 10**6
    assert content.read() == text


def test_what_was_counted_of_a_pipe_is_read_all_the_same():
    text = b"x,y\n" + b"1,2\n" * 1_000_000
    program = """
import sys
from gradloop.data.content import Content
content = Content("-")
assert content.length(2_000_000) == 2 << 20
assert content.length(10**9) == 4_000_004 == content.length(10**9)
stream = content.open()
found = stream.read(70_001)
while part := stream.read(3_333_333):
    found += part
sys.stdout.buffer.write(found)
"""
    done = subprocess.run([sys.executable, "-c", program], input=text, capture_output=True, check=True)
    assert done.stdout == text
