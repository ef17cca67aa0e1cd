import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from gradloop.whole_file import check_place, remove_leftovers, write_whole


def alone(path):
    """The path is the only thing in its folder."""
    return os.listdir(path.parent) == [path.name]


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "model"
    write_whole(path, [b"old"])
    write_whole(path, [b"ne", b"w"])
    assert path.read_bytes() == b"new" and alone(path)


def test_permissions_are_those_of_any_new_file(tmp_path):
    write_whole(tmp_path / "ours", [b""])
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_keeps_being_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_whole(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_bytes() == b"new"


@pytest.mark.fault(33)
@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="this system does not tell what is open")
def test_the_content_is_on_the_disk_before_the_name_and_the_name_after(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, os.replace

    def remember_fsync(descriptor):
        steps.append(Path(f"/proc/self/fd/{descriptor}").readlink().suffix or "folder")
        fsync(descriptor)

    def remember_replace(source, target):
        steps.append((Path(source).read_bytes(), Path(source).parent == Path(target).parent))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", remember_fsync)
    monkeypatch.setattr(os, "replace", remember_replace)
    write_whole(tmp_path / "model", [b"new"])
    assert steps == [".tmp", (b"new", True), "folder"]


@pytest.mark.fault(32)
@pytest.mark.parametrize("fault", ["open", "write", "fsync", "replace", "interrupt"])
def test_whatever_fails_the_old_file_stays_and_the_temporary_goes(tmp_path, monkeypatch, fault):
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(5, "Input/output error")

    def chunks():
        yield b"half"
        if fault == "write":
            fail()
        if fault == "interrupt":
            raise KeyboardInterrupt

    if fault == "open":
        monkeypatch.setattr("builtins.open", fail)
    elif fault in ("fsync", "replace"):
        monkeypatch.setattr(os, fault, fail)
    with pytest.raises((OSError, KeyboardInterrupt)):
        write_whole(path, chunks())
    monkeypatch.undo()
    assert path.read_bytes() == b"old" and alone(path)


@pytest.mark.fault(32)
@pytest.mark.parametrize("limit", [0, 1, 4096, 99_999])
def test_a_full_disk_leaves_the_old_file(tmp_path, limit):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    program = "import sys; from gradloop.whole_file import write_whole; write_whole(sys.argv[1], [b'x' * 100_000])"
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert "OSError: [Errno 27] File too large" in done.stderr
    assert path.read_bytes() == b"old" and alone(path)


@pytest.mark.parametrize("path", ["/dev/full", "/dev/null", "."])
def test_what_is_not_a_file_is_not_replaced(path):
    before = os.stat(path)
    for attempt in (check_place, lambda place: write_whole(place, [b"x"])):
        with pytest.raises(OSError, match="is not a file"):
            attempt(path)
    assert os.stat(path).st_ino == before.st_ino


@pytest.mark.fault(32)
@pytest.mark.parametrize("path", ["missing/folder/model", "a\0b", "x" * 5000, "loop"])
def test_impossible_places_are_told_at_once(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    for attempt in (check_place, lambda place: write_whole(place, [b"x"])):
        with pytest.raises(OSError):
            attempt(path)
    assert os.listdir(tmp_path) == ["loop"]


def test_asking_leaves_nothing_behind(tmp_path):
    check_place(tmp_path / "model")
    assert os.listdir(tmp_path) == []


def test_the_old_file_stays_under_another_name(tmp_path):
    path, previous = tmp_path / "model", tmp_path / "model.previous"
    for number in range(4):
        write_whole(path, [b"%d" % number], previous)
        assert path.read_bytes() == b"%d" % number
        assert not number or previous.read_bytes() == b"%d" % (number - 1)
    assert sorted(os.listdir(tmp_path)) == ["model", "model.previous"]


def test_two_names_of_one_file_leave_nothing_behind(tmp_path):
    """So a writer leaves them that was killed between naming the old file and replacing it."""
    path, previous = tmp_path / "model", tmp_path / "model.previous"
    path.write_bytes(b"old")
    os.link(path, previous)
    write_whole(path, [b"new"], previous)
    assert sorted(os.listdir(tmp_path)) == ["model", "model.previous"]
    assert (path.read_bytes(), previous.read_bytes()) == (b"new", b"old")


def test_leftovers_of_this_path_go_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "unlink", lambda *args, **options: None)  # as if the writer were killed
    for name in ("a", "b" * 250):
        with pytest.raises(OSError):
            write_whole(tmp_path / name, failing())
    monkeypatch.undo()
    assert len(os.listdir(tmp_path)) == 2
    remove_leftovers(tmp_path / "a")
    assert len(os.listdir(tmp_path)) == 1
    remove_leftovers(tmp_path / ("b" * 250))
    assert os.listdir(tmp_path) == []


def failing():
    yield b"half"
    raise OSError
