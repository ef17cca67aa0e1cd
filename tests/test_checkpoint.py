import os
import resource
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from gradloop import checkpoint, tensor_file
from gradloop.checkpoint import PREVIOUS, Checkpoint, FileKeeper, open_checkpoint
from gradloop.errors import DataError, ModelFileError, OptionError
from gradloop.history import Row

SOURCE = Path(__file__).parents[1] / "src"


class Walk:
    """A run that adds its step to a number, as an example of all that changes."""

    CHANGES = ("done", "total", "place", "turned", "memory")

    def __init__(self, steps=5):
        self.steps = steps
        self.done, self.total, self.turned, self.memory = 0, 0.0, False, None
        self.place = np.zeros(3, np.float32)
        self.table, self.kept, self.notes = [], [], []
        self.begun = time.perf_counter()

    def step(self):
        self.done += 1
        self.total += 0.1 * self.done
        self.turned = not self.turned
        self.memory = np.full((2, 2), self.total) if self.turned else None
        self.place = self.place + np.float32(0.1)
        self.notes.append(f"step {self.done}")
        self.kept.append((self.done, {"w": self.place.copy(), "b": np.array(self.total)}))
        self.table.append(Row(self.done, self.total, float("nan"), 0.1, self.done, time.perf_counter() - self.begun))

    def run(self, keeper):
        keeper.begin(self, self.steps, length=3)
        while self.done < self.steps:
            self.step()
            keeper.offer(self)
        keeper.save(self)
        return self.contents()

    def contents(self):
        """All of it, but for the seconds."""
        kept = [(epoch, at["w"].tobytes(), at["b"].tobytes(), at["b"].shape) for epoch, at in self.kept]
        rows = [(*row[:2], *row[3:5]) for row in self.table]
        memory = None if self.memory is None else self.memory.tolist()
        return self.done, self.total, self.place.tolist(), self.turned, memory, kept, rows, self.notes


def keeper(resume=False, every=0.0, path="run", data=(("features", (3, "float64", "#1")),), **settings):
    place = open_checkpoint(path, every, resume)
    assert place is not None
    return FileKeeper(place, dict(data), {"seed": "1", **settings}, "abacus")


def notes(keeper):
    return " ".join(keeper.notes())


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# ---- a run as arrays, and back -------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", range(6))
def test_what_changes_comes_back_with_its_kind(steps):
    walk = Walk()
    for _ in range(steps):
        walk.step()
    first = keeper()
    first.begin(walk, 5, length=3)
    other = Walk()
    keeper(resume=True).begin(other, 5, length=3)
    assert other.contents() == walk.contents()
    assert [type(getattr(other, name)) for name in Walk.CHANGES] == [type(getattr(walk, name)) for name in Walk.CHANGES]
    assert other.place.dtype == np.float32 and other.place.flags.writeable
    assert abs((time.perf_counter() - other.begun) - (time.perf_counter() - walk.begun)) < 5


def test_numbers_that_a_run_needs_before_it_is_ready():
    walk = Walk()
    walk.step()
    keeper().begin(walk, 5, length=3)
    assert keeper(resume=True).found("done", 7) == 1 and keeper(resume=True).found("unknown", 7) == 7
    assert checkpoint.NO_KEEPER.found("done", 7) == 7


def test_without_a_keeper_nothing_is_kept():
    assert Walk().run(checkpoint.NO_KEEPER)[0] == 5 and os.listdir() == []


# ---- when --------------------------------------------------------------------------------------------------


def saves(every, monkeypatch, seconds_in_a_step):
    """After how many steps states are saved, by a clock of our own."""
    now = [1000.0]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    found = []
    monkeypatch.setattr(checkpoint, "write_whole", lambda *args, **options: found.append(walk.done))
    walk = Walk(10)
    kept = keeper(every=every)
    kept.begin(walk, 10)
    while walk.done < 10:
        walk.step()
        now[0] += seconds_in_a_step
        kept.offer(walk)
    kept.save(walk)
    return found


def test_states_are_saved_at_first_then_when_it_is_time_and_at_the_end(monkeypatch):
    assert saves(30.0, monkeypatch, 10) == [0, 3, 6, 9, 10]
    assert saves(0.0, monkeypatch, 0) == [0, *range(1, 11), 10]
    assert saves(float("inf"), monkeypatch, 1e6) == [0, 10]


@pytest.mark.fault(37)
def test_clocks_on_the_wall_do_not_matter(monkeypatch):
    def jumping():
        raise AssertionError("the time of day was asked for")

    monkeypatch.setattr(time, "time", jumping)
    Walk().run(keeper())
    os.utime("run", (0, 0))  # older than the previous one, by the clock
    assert keeper(resume=True).found("done", 0) == 5


# ---- the previous one ----------------------------------------------------------------------------------------


def test_the_state_before_is_kept():
    walk, kept = Walk(), keeper()
    kept.begin(walk, 5, length=3)
    assert os.listdir() == ["run"]
    for done in range(1, 4):
        walk.step()
        kept.offer(walk)
        assert sorted(os.listdir()) == ["run", "run.previous"]
        ends = [tensor_file.read(name)[0]["run.done"] for name in ("run", "run.previous")]
        assert ends == [done, done - 1]


@pytest.mark.fault(34)
def test_each_damage_is_noticed_and_the_state_before_is_used():
    undisturbed = Walk().run(keeper())
    whole, before = Path("run").read_bytes(), Path("run.previous").read_bytes()
    Walk(2).run(keeper(path="other"))
    other = Path("other").read_bytes()
    flips = range(0, 8 * len(whole), 101)
    damages = [whole[:length] for length in (*range(0, len(whole), 13), len(whole) - 1)]
    damages += [whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :] for bit in flips]
    damages += [whole + b"\0", other[:1000] + whole[1000:], whole[:2000] + other[2000:]]
    assert len(damages) > 300
    for damaged in damages:
        Path("run").write_bytes(damaged)
        place = open_checkpoint("run", 0.0, True)
        assert "The checkpoint 'run' was cut or altered, so the one before it was used." in place.notes
        assert not place.whole and int(place.saved.arrays["run.done"]) == 5
    resumed = keeper(resume=True)
    assert Walk().run(resumed) == undisturbed
    assert tensor_file.read("run") and Path("run.previous").read_bytes() == before, (
        "the damaged one must not replace it"
    )


@pytest.mark.fault(34)
def test_where_the_newest_is_missing_the_state_before_is_used():
    Walk().run(keeper())
    os.remove("run")
    place = open_checkpoint("run", None, True)
    assert place.notes[0] == "The checkpoint 'run' was missing, so the one before it was used." and place.whole


@pytest.mark.fault(34)
def test_where_both_are_damaged_nothing_is_resumed_and_nothing_is_overwritten():
    Walk().run(keeper())
    for name in ("run", "run.previous"):
        Path(name).write_bytes(Path(name).read_bytes()[:-1])
    with pytest.raises(ModelFileError, match="'run' and 'run.previous' cannot be resumed from: .* cut or altered"):
        open_checkpoint("run", None, True)
    Path("data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ModelFileError, match="'data.csv' cannot be resumed from"):
        open_checkpoint("data.csv", None, True)
    assert Path("data.csv").read_text() == "a,b\n1,2\n"


@pytest.mark.fault(34)
@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "is a file of gradloop, but no checkpoint"),
        ([], "is a file of gradloop, but no checkpoint"),
        (
            {"kind": "checkpoint", "format": 2, "gradloop": "9.1\x1b"},
            r"made by gradloop 9.1\\x1b.*resume with gradloop 9.1",
        ),
    ],
)
def test_other_files_and_newer_ones_are_no_damage(document, said):
    Walk().run(keeper())
    tensor_file.write("run", {}, document)
    with pytest.raises(ModelFileError, match=said):
        open_checkpoint("run", None, True)


def test_a_disk_where_files_have_one_name_loses_nothing(monkeypatch):
    def no_links(*_):
        raise PermissionError(1, "Operation not permitted")

    undisturbed = Walk().run(checkpoint.NO_KEEPER)
    monkeypatch.setattr(os, "link", no_links)
    replace, steps = os.replace, count(1)
    for last in range(1, 12):

        def fail(*paths, steps=count(1), last=last):  # noqa: B008
            if next(steps) == last:
                raise KeyboardInterrupt
            replace(*paths)

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(KeyboardInterrupt):
            Walk().run(keeper(resume=True))
        monkeypatch.setattr(os, "replace", replace)
        assert Walk().run(keeper(resume=True)) == undisturbed
        for name in os.listdir():
            os.remove(name)
    assert next(steps) == 1


# ---- faults of the disk --------------------------------------------------------------------------------------


@pytest.mark.fault(32)
@pytest.mark.parametrize("step", ["write", "fsync", "link", "replace"])
def test_whichever_write_fails_the_run_goes_on_and_what_is_there_is_whole(step, monkeypatch):
    undisturbed = Walk().run(keeper())
    for name in os.listdir():
        os.remove(name)
    where = (tensor_file, "encode") if step == "write" else (os, step)
    real = getattr(*where)
    for last in count(2):  # the first state of all must be saved

        def fail(*args, steps=count(1), last=last):  # noqa: B008
            if next(steps) == last:
                raise OSError(28, "No space left on device")
            return real(*args)

        monkeypatch.setattr(*where, fail)
        kept = keeper()
        try:
            assert Walk().run(kept) == undisturbed
        except ModelFileError:
            assert step in ("fsync", "replace")  # of the folder, whose failing is no harm, or of the first state
        monkeypatch.setattr(*where, real)
        failed = bool(kept.failures)
        assert ("could not be written to 'run': no space left on device" in notes(kept)) == failed
        assert all(tensor_file.read(name) for name in os.listdir())
        assert Walk().run(keeper(resume=True)) == undisturbed
        for name in os.listdir():
            os.remove(name)
        if last > 6:
            break


def test_a_disk_that_is_full_at_first_is_told_at_once(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    kept = keeper()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelFileError, match="'run' cannot be written: no space left on device; choose another place"):
        kept.begin(Walk(), 5)
    assert os.listdir() == []


FULL = """
import numpy as np, gradloop as gl
X = np.random.default_rng(0).normal(size=(200, 3))
fit = gl.fit(X, X @ [1, 2, 3.0], solver=gl.Minibatch(gl.sgd(0.01), epochs=200), checkpoint="run", every=0)
print(fit.stop.name, *fit.notes)
"""


@pytest.mark.fault(32)
@pytest.mark.parametrize("limit", [0, 100, 8000])
def test_a_full_disk_is_a_sentence_or_a_note(limit):
    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    if limit < 1000:
        assert "ModelFileError: The checkpoint 'run' cannot be written: file too large" in done.stderr
        assert os.listdir() == []
    else:
        assert "FINISHED" in done.stdout and "checkpoints could not be written to 'run': file too large" in done.stdout
        assert sorted(os.listdir()) == ["run", "run.previous"] and tensor_file.read("run")


def test_a_state_that_is_too_large_is_told_at_once(monkeypatch):
    monkeypatch.setattr(checkpoint, "MOST_BYTES", 2**20)
    walk = Walk()
    walk.place = np.zeros(2**18)
    with pytest.raises(ModelFileError, match="its 2 megabytes are more than the 1 that it may take"):
        keeper().begin(walk, 5)


@pytest.mark.fault(33)
def test_what_killed_writers_left_behind_is_removed():
    (leftover := Path(".gradloop-5076a4c0-0123456789abcdef.tmp")).write_bytes(b"half")
    (other := Path(".gradloop-00000000-0123456789abcdef.tmp")).write_bytes(b"of another file")
    keeper()
    assert not leftover.exists() and other.exists()


@pytest.mark.fault(33)
def test_leftovers_go_before_the_place_is_probed(monkeypatch):
    """A probe may be left behind too: were it made first, kills at that moment would pile files up."""
    Path(".gradloop-5076a4c0-0123456789abcdef.tmp").write_bytes(b"half")
    seen = []
    monkeypatch.setattr(tensor_file, "check_writable", lambda path: seen.append(list(Path().glob("*.tmp"))))
    keeper()
    assert seen and seen[0] == []


@pytest.mark.fault(35)
def test_two_writers_leave_a_whole_file():
    """The last one wins, whole."""
    faults = []

    def write(steps):
        try:
            kept = FileKeeper(Checkpoint("run", 0.0), {}, {}, "abacus")
            for _ in range(30):
                Walk(steps).run(kept)
        except Exception as error:
            faults.append(error)

    def look():
        while any(thread.is_alive() for thread in writers):
            for name in ("run", "run.previous"):
                if os.path.exists(name):
                    tensor_file.read(name)

    writers = [threading.Thread(target=write, args=[steps]) for steps in (3, 4)]
    for thread in writers:
        thread.start()
    look()
    for thread in writers:
        thread.join()
    assert not faults and int(tensor_file.read("run")[0]["run.done"]) in (3, 4)


# ---- what is asked for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "run" + PREVIOUS])
def test_what_is_there_is_never_overwritten_unasked(name):
    Path(name).write_text("mine")
    with pytest.raises(OptionError, match=f"'{name}' is there already: resume goes on from it"):
        open_checkpoint("run", None, False)
    assert Path(name).read_text() == "mine"


def test_resuming_without_a_file_begins_at_the_start_and_says_so():
    place = open_checkpoint("run", None, True)
    assert place.saved is None and place.every == 30
    assert place.notes == ("There was no checkpoint 'run' to resume from, so training began at the start.",)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((None, 3.0, False), "every is for checkpoints"),
        ((None, None, True), "resume is for checkpoints"),
        (("", None, False), "checkpoint is ''"),
        ((True, None, False), "checkpoint is True"),
        (("run", -1, False), "every is -1"),
        (("run", float("nan"), False), "every is nan"),
        (("run", "30s", False), "every is '30s'"),
    ],
)
def test_options_that_cannot_be_honoured_are_sentences(options, said):
    with pytest.raises(OptionError, match=said):
        open_checkpoint(*options)
    assert open_checkpoint(None, None, False) is None


@pytest.mark.parametrize("path", ["no/folder", "/dev/full", "."])
def test_impossible_places_are_told_at_once(path):
    with pytest.raises(ModelFileError, match="cannot be written"):
        open_checkpoint(path, None, False)


@pytest.mark.fault(34)
def test_another_run_is_not_resumed():
    Walk().run(keeper())
    with pytest.raises(OptionError, match="seed was 1 and is 2"):
        keeper(resume=True, seed="2")
    with pytest.raises(DataError, match="the features have changed"):
        keeper(resume=True, data=[("features", (3, "float64", "#2"))])
    with pytest.raises(OptionError, match="length was 3 and is 4"):
        keeper(resume=True).begin(Walk(), 5, length=4)
    with pytest.raises(OptionError, match="holds 5 epochs or iterations already, more than the 4 asked for"):
        keeper(resume=True).begin(Walk(), 4, length=3)


# ---- Ctrl-C --------------------------------------------------------------------------------------------------


@pytest.mark.fault(35)
def test_ctrl_c_is_heard_between_two_steps_and_only_while_listening():
    walk, kept = Walk(), keeper(every=1e9)
    kept.begin(walk, 5, length=3)
    with kept.listening():
        walk.step()
        signal.raise_signal(signal.SIGINT)
        walk.step()
        with pytest.raises(KeyboardInterrupt):
            kept.offer(walk)
    assert keeper(resume=True).found("done", 0) == 2 and "The run is kept in 'run'" in notes(kept)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_solver_that_swallows_the_second_ctrl_c_does_not_make_a_fit():
    kept = keeper()
    with pytest.raises(KeyboardInterrupt), kept.listening():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            kept.offer(Walk())
    assert os.listdir() == []


def test_a_program_that_handles_ctrl_c_itself_keeps_doing_so():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        with keeper().listening():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [1]


def test_other_threads_cannot_hear_signals_and_need_not():
    found = []
    thread = threading.Thread(target=lambda: found.append(Walk().run(listened())))
    thread.start()
    thread.join()
    assert found[0][0] == 5


def listened():
    kept = keeper()
    with kept.listening():
        return kept
