"""The benchmarks judge others, so they are judged here: data, objectives, gaps, turns and tables; no times."""

import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from time import monotonic, sleep

import numpy as np
import pytest

from benchmarks import cluster_cost, cluster_overhead, compare, memory, results, run, table
from benchmarks.measure import Result, Worker, measure, missed
from benchmarks.problems import PROBLEMS, cluster, descent, files, laws, least_squares, likelihood, paths, search
from benchmarks.problems.problem import Problem
from benchmarks.rivals import NotComparableError, load, names

TEXTBOOK = PROBLEMS["textbook"]
DIGITS = replace(PROBLEMS["digits"], rows=500, features=8)


# ---- problems ------------------------------------------------------------------------------------------------
def test_objective_of_the_truth_is_half_the_variance_of_the_noise() -> None:
    found = TEXTBOOK.judge({"w": np.array([2.0, -3.4]), "b": 4.2})
    assert found.objective == pytest.approx(0.01**2 / 2, rel=0.1)


def test_objective_of_equal_scores_is_the_logarithm_of_the_classes() -> None:
    assert DIGITS.judge({"w": np.zeros((8, 10)), "b": np.full(10, 300.0)}).objective == pytest.approx(np.log(10))
    softmax = replace(PROBLEMS["softmax-20"], rows=100)
    assert softmax.judge({"w": np.zeros((20, 5)), "b": np.ones(5)}).objective == pytest.approx(np.log(5))
    logistic = replace(PROBLEMS["logistic-50"], rows=100)
    assert logistic.judge({"w": np.zeros(50), "b": 0}).objective == pytest.approx(np.log(2))


def test_logistic_objective_is_minus_the_log_probability() -> None:
    problem = replace(PROBLEMS["logistic-50"], rows=100)
    X, y = likelihood.data(problem)
    w = np.linspace(-1, 1, 50)
    p = 1 / (1 + np.exp(-(X @ w + 0.2)))
    assert problem.judge({"w": w, "b": 0.2}).objective == pytest.approx(-np.mean(np.log(np.where(y == 1, p, 1 - p))))


def test_steps_count_the_short_batch() -> None:
    assert TEXTBOOK.steps == 100
    assert PROBLEMS["million-100"].steps == 3907


def test_least_squares_is_best_where_algebra_says() -> None:
    problem = replace(PROBLEMS["closed-20"], rows=300)
    X, y = least_squares.data(problem)
    best = np.linalg.lstsq(np.column_stack([X, np.ones(300)]), y)[0]
    reached = [problem.judge({"w": best[:-1] * factor, "b": best[-1]}).objective for factor in (0.99, 1, 1.01)]
    assert reached[1] < min(reached[0], reached[2])


def test_fractions_solve_the_normal_equations_exactly() -> None:
    X, y = least_squares.powers(12, 3)
    found = least_squares.exact(12, 3)
    for column in (np.ones(12), *X.T):
        left = sum(
            Fraction(float(a))
            * (Fraction(float(t)) - found[0] - sum(Fraction(float(v)) * c for v, c in zip(row, found[1:], strict=True)))
            for a, row, t in zip(column, X, y, strict=True)
        )
        assert left == 0


def test_the_path_begins_where_nothing_is_left() -> None:
    problem = replace(PROBLEMS["path-100"], rows=200, features=4, strengths=3)
    first = paths.strengths(problem)[0]
    X, y = paths.data(problem)
    slope = X.T @ (y - y.mean()) / 200
    assert np.abs(slope).max() == pytest.approx(first * problem.ratio)
    assert problem.judge({"w": np.zeros((3, 4)), "b": np.full(3, y.mean())}).objective == pytest.approx(3 * y.var() / 2)


def test_rows_on_a_cluster_are_judged_block_by_block() -> None:
    binary, plain = (replace(PROBLEMS[name], rows=50) for name in ("cluster-logistic", "cluster-linear"))
    assert binary.judge({"w": np.zeros(20), "b": [0.0]}).objective == pytest.approx(np.log(2))
    X, y = (np.concatenate(parts) for parts in zip(*(cluster.block(plain, i) for i in range(10)), strict=True))
    w = np.linspace(0, 1, 20)
    assert plain.judge({"w": w, "b": 2.0}).objective == pytest.approx(np.mean((X @ w + 2 - y) ** 2) / 2)


def test_costs_of_a_cluster_are_recovered_from_runs_that_they_made() -> None:
    truth = cluster_cost.Model({"sum": 1e-8, "work": 2e-8}, {"sum": 1e-9, "work": 3e-10}, task=1e-3, round=0.02)
    sizes = [(rows, columns, at_work, parts) for rows in (10**5, 10**7) for columns in (5, 50)
             for at_work in (1, 2) for parts in (8, 100)]  # fmt: skip
    runs = [cluster_cost.Run(kind, rows, columns, at_work, at_work, parts, 0, 0, 0.0)
            for kind in cluster_cost.KINDS for rows, columns, at_work, parts in sizes]  # fmt: skip
    runs = [run._replace(seconds=float(np.dot(cluster_cost.terms(run), cluster_cost.flat(truth)))) for run in runs]
    assert cluster_cost.flat(cluster_cost.fitted(runs)) == pytest.approx(cluster_cost.flat(truth))
    assert cluster_cost.tasks(100) == 100 + 13 + 2  # the client joins the two
    network = cluster_cost.Network(0.0, 1e99)
    many = cluster_cost.saturated(truth, 1e10)
    for workers, sooner in ((many - 1, False), (many, True)):
        found = cluster_cost.parts_of(truth, network, "sum", 1e10, cluster_cost.COLUMNS, workers, 1e3)
        assert (found.scheduler >= found.rows) is sooner


def test_the_page_of_clusters_says_what_the_runs_say(tmp_path) -> None:
    runs, text = cluster_cost.read(), cluster_cost.PAGE.read_text("utf-8")
    model = cluster_cost.fitted(runs)
    assert table.replaced(text, cluster_cost.SECTION, cluster_cost.section(model, runs)) == text
    crowded = cluster_cost.at(model, cluster_cost.MANY, 1000)
    assert crowded.scheduler > max(crowded.rows, crowded.network), "the page says that the scheduler saturates first"
    cluster_cost.write(runs, tmp_path / "again.csv")
    assert cluster_cost.read(tmp_path / "again.csv") == runs


def test_the_page_of_clusters_counts_and_rounds() -> None:
    truth = cluster_cost.Model({"sum": 1e-8, "work": 2e-8}, {"sum": 1e-9, "work": 3e-10}, task=1e-3, round=0.02)
    run = cluster_cost.Run("sum", 10**6, 10, 3, 2, 8, 0, 0, 0.038)  # by the model 1e6 · (1e-8 + 1e-8) / 2 + 0.028
    found = " ".join(cluster_cost.section(truth, [run, run._replace(seconds=0.05)]).split())
    for said in ("2 runs with 1 to 3 workers on 2 processors", "| loss and slope | 10 | 1 |", "s = 1 ms", "r = 20 ms",
                 "typically missed by 12 %, the worst by 24 %", "from about 260 workers"):  # fmt: skip
        assert said in found, (said, found)
    assert [cluster_cost.two(x) for x in (0.2523, 144.6, 1e12, 1.25e4)] == ["0.25", "140", "1e12", "1.2e4"]


def test_the_page_of_clusters_says_what_was_measured_beside_threads() -> None:
    text, fits = cluster_overhead.PAGE.read_text("utf-8"), cluster_overhead.read()
    assert table.replaced(text, cluster_overhead.SECTION, cluster_overhead.section(fits)) == text
    some = [cluster_overhead.Fit("linear", where, 60, turn, 2, clock, 10 * clock)
            for where, times in (("cluster", (5.0, 3.0, 4.0)), ("threads", (2.0, 2.4)))
            for turn, clock in reversed([*enumerate(times, 1)])]  # fmt: skip
    assert cluster_overhead.line("it", some, "clock") == "| it | 3 (5) | 2 (2) | 1.5 |"
    assert cluster_overhead.line("it", some, "processor") == "| it | 30 (50) | 20 (20) | 1.5 |"


def test_the_same_fit_is_timed_on_a_cluster_and_beside_it(tmp_path, monkeypatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster_overhead, "FITS", 2)
    monkeypatch.setitem(cluster_overhead.ASKED, "logistic", cluster_overhead.ASKED["linear"])
    monkeypatch.delitem(cluster_overhead.ASKED, "linear")
    cluster_overhead.measure(2000, tmp_path / "times.csv")
    found = cluster_overhead.read(tmp_path / "times.csv")
    assert [(fit.where, fit.rows, fit.turn) for fit in found] == [
        ("cluster", 2000, 1), ("cluster", 2000, 2), ("threads", 2000, 1), ("threads", 2000, 2)
    ]  # fmt: skip
    assert all(fit.clock > 0 and fit.processor >= 0 for fit in found)
    other = lambda model, rows: ([], {"w": np.ones(10), "b": 9.0})  # noqa: E731
    monkeypatch.setattr(cluster_overhead, "on_workers", other)
    with pytest.raises(AssertionError, match="Not equal"):
        cluster_overhead.measure(2000, tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


def test_the_search_is_judged_at_what_was_found() -> None:
    x, y = search.data(PROBLEMS["grid-401"])
    assert PROBLEMS["grid-401"].judge({"w": 1, "b": 2}).objective == pytest.approx(np.mean((x + 2 - y) ** 2) / 2)


def test_spectra_of_the_truth_leave_the_noise() -> None:
    problem = replace(PROBLEMS["planck-100000"], spectra=20)
    wavelength, measured = laws.data(problem)
    random = np.random.default_rng(0)
    scale, temperature = random.uniform(0.5, 2.0, 20), random.uniform(3000, 9000, 20)
    found = problem.judge({"scale": scale[:5], "temperature": temperature[:5]}).objective
    assert found == pytest.approx(np.mean((0.01 * measured[:5].max(axis=1)) ** 2) / 2, rel=0.3)
    sun = laws.planck(0.5, 1.0, 5772.0)  # the sun's surface at 0.5 µm: 2.6e13 W/m³/sr
    assert sun == pytest.approx(2.6, rel=0.02) and len(wavelength) == 50


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_hold_the_rows_that_are_judged(kind, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GRADLOOP_BENCHMARKS", str(tmp_path))
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 30)
    problem = files.FileToModel("some", "", 70, 2, kind=kind)
    problem.make()
    read = np.loadtxt(problem.path, delimiter=",", skiprows=1) if kind == "csv" else parquet(problem.path)
    X, y = files.part(2, 30, 0, kind)
    assert read.shape == (70, 3) and np.allclose(read[:30], np.column_stack([X, y]), atol=1e-12)
    assert problem.judge({"w": np.zeros(2), "b": 0}).objective == pytest.approx(np.mean(y**2) / 2)
    assert [path.name for path in tmp_path.iterdir()] == [problem.path.name]


def parquet(path):
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path).to_pandas().to_numpy()


def test_growth_is_read_by_its_picture() -> None:
    from benchmarks import pictures

    rows = [{"problem": "rows-1000", "rival": "gradloop", "median": "0.5"}]
    rows += [{"problem": "columns-500", "rival": "gradloop", "median": "0.7"}]
    assert pictures.grown(rows, "rows") == {"gradloop": [(1000, 0.5)]}
    assert pictures.grown(rows, "features") == {"gradloop": [(500, 0.7)]}


# ---- rivals --------------------------------------------------------------------------------------------------
def test_a_rival_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "benchmarks.rivals.jax", None)
    assert "not installed" in load("jax")


def test_gradloop_and_the_floor_come_first() -> None:
    assert names()[:2] == ["gradloop", "floor"]


@pytest.mark.parametrize("name", ["gradloop", "floor", "numpy_scipy", "normal_equations", "scikit_learn"])
@pytest.mark.parametrize(
    "problem", ["closed-20", "logistic-50", "grid-401", "textbook", "path-100", "planck", "softmax-20"]
)
def test_answers_reach_the_goal(name: str, problem: str) -> None:
    rival, given = load(name), PROBLEMS[problem]
    prepare = rival.SOLVES.get(type(given))
    if prepare is None:
        return
    small = {"textbook": 1000, "grid-401": 50, "planck": 60}.get(problem, 2000)
    given = replace(given, rows=small, **({"repetitions": 1} if problem == "textbook" else {}))
    try:
        seconds, answer = prepare(given)()
    except NotComparableError as error:
        assert str(error)
        return
    assert seconds and min(seconds) > 0
    if answer is not None:
        best = load("gradloop").SOLVES[type(given)](given)()[1]
        reached, least = given.judge(answer).objective, given.judge(best).objective
        assert reached == pytest.approx(least, rel=1e-6 if given.gap else 0.1)


def test_the_program_by_hand_reaches_the_answer() -> None:
    problem = replace(PROBLEMS["by-hand"], repetitions=1)
    seconds, answer = load("gradloop").SOLVES[descent.Descent](problem)()
    assert len(seconds) == 1 and problem.judge(answer).objective == pytest.approx(5e-5, rel=0.1)


# ---- turns ---------------------------------------------------------------------------------------------------
def test_rivals_take_turns_in_processes_of_their_own() -> None:
    said: list[str] = []
    found = measure(PROBLEMS["powers"], ["gradloop", "normal_equations", "duckdb"], 2, False, said.append)
    ours, normal, none = found
    assert len(ours.seconds) >= 2 and len(normal.seconds) >= 2 and ours.peak and ours.peak > 20
    assert ours.error is not None and ours.error < 1e-12 and normal.error is not None and normal.error > 0.01
    assert not none.seconds and not none.about
    assert said.index("powers: round 1 of 2, normal_equations") < said.index("powers: round 2 of 2, gradloop")
    assert set(missed(PROBLEMS["powers"], found)) == {"normal_equations"}


def test_what_a_rival_dies_of_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker("no_such_rival", PROBLEMS["powers"])
    assert "not installed" in worker.result.remark
    worker.turn()
    worker.end()
    assert not worker.result.seconds


def test_a_waiting_rival_is_stopped_and_its_turn_lasts() -> None:
    """Threads that look for work without sleeping would slow the next rival; one short timing tells little."""
    psutil = pytest.importorskip("psutil")
    rival = Worker("floor", PROBLEMS["rows-1000"])
    process = psutil.Process(rival.process.pid)

    def is_stopped() -> bool:
        end = monotonic() + 5
        while process.status() != psutil.STATUS_STOPPED and monotonic() < end:
            sleep(0.01)
        return bool(process.status() == psutil.STATUS_STOPPED)

    try:
        assert is_stopped()
        rival.turn()
        assert is_stopped()
    finally:
        rival.end()
    assert rival.process.returncode == 0
    assert len(rival.result.seconds) > 10 and sum(rival.result.seconds) < 1


def test_a_gap_is_relative_to_the_best() -> None:
    problem = replace(PROBLEMS["closed-20"], gap=1e-3)
    found = [Result(name, [1.0], value) for name, value in [("a", 2.0), ("b", 2.001), ("c", 2.1), ("d", float("nan"))]]
    gaps = missed(problem, found[:3])
    assert set(gaps) == {"c"} and gaps["c"] == pytest.approx(0.05)
    assert "d" in missed(problem, found[3:] + found[:2])
    assert missed(Problem("x", ""), found) == {}


def test_the_peak_is_this_process_alone() -> None:
    code = "from benchmarks.memory import peak_megabytes; x = bytearray(200_000_000); print(peak_megabytes())"
    small = "from benchmarks.memory import peak_megabytes; print(peak_megabytes())"
    large = np.ones(60_000_000)  # of the parent: 480 MB
    peaks = [float(subprocess.check_output([sys.executable, "-c", each], cwd=table.ROOT)) for each in (code, small)]
    assert 200 < peaks[0] < 300 and peaks[1] < 100 and large.nbytes > 4e8 and memory.peak_megabytes() > 480


def test_slower_needs_both_a_share_and_seconds() -> None:
    assert compare.is_slower([1.0], [1.2])
    assert not compare.is_slower([1.0], [1.1])
    assert not compare.is_slower([0.01], [0.02])
    assert compare.is_slower([0.0001], [0.0002], units=1000)
    assert not compare.is_slower([1.0, 3.0], [1.05, 9.0])  # the least of each counts


# ---- results -------------------------------------------------------------------------------------------------
def test_rows_are_kept_by_problem(tmp_path) -> None:
    path = tmp_path / "results.csv"
    found = [
        Result("gradloop", [2.0, 1.0, 3.0], 0.5, None, 100.0, "gradloop 1"),
        Result("other", remark="not installed"),
    ]
    results.keep(results.rows(PROBLEMS["planck"], found, {}), {"planck"}, path)
    results.keep(results.rows(TEXTBOOK, found, {"gradloop": 0.1}), {"textbook"}, path)
    results.keep(results.rows(TEXTBOOK, found[:1], {"gradloop": 0.1}), {"textbook"}, path)
    rows = results.read(path)
    assert [(row["problem"], row["rival"]) for row in rows] == [
        ("planck", "gradloop"), ("planck", "other"), ("textbook", "gradloop"),
    ]  # fmt: skip
    assert rows[0]["median"] == "2" and rows[0]["fastest"] == "1" and rows[2]["gap"] == "0.1"
    assert rows[1]["remark"] == "not installed" and rows[0]["machine"] and rows[0]["date"]


def kept(problem: str, rival: str, median: str, gap: str = "", remark: str = "") -> dict[str, str]:
    return dict.fromkeys(results.COLUMNS, "") | {
        "problem": problem, "rival": rival, "median": median, "fastest": median, "gap": gap, "remark": remark,
        "machine": "M", "date": "D",
    }  # fmt: skip


def test_the_table_names_the_fastest_whose_answers_count() -> None:
    rows = [
        kept("planck", "floor", "0.1"), kept("planck", "gradloop", "2"), kept("planck", "lmfit", "30"),
        kept("planck", "numpy_scipy", "1"), kept("planck", "jax", "0.5", gap="0.1"),
        kept("planck", "river", "", remark="no"),
    ]  # fmt: skip
    line = next(line for line in table.table(rows).splitlines() if "Planck" in line)
    assert line == "| Planck's law, one spectrum | 2 s | NumPy/SciPy 0.5 ×, lmfit 15 × |"
    whole = table.whole(rows)
    assert "missed the goal by 0.1" in whole and "| river | – | – | – | – | – | no |" in whole


def test_a_run_prints_what_was_missed() -> None:
    found = [Result("gradloop", [0.001], 1.5), Result("slow", [0.1], 1.7), Result("gone", remark="not installed")]
    _, _, ours, slow, gone = run.table(PROBLEMS["planck"], found, {"slow": 0.2})
    assert ours.split() == ["gradloop", "1", "ms", "1", "ms", "1.00", "1.5", "–", "–"]
    assert slow.split()[:7] == ["slow", "100", "ms", "100", "ms", "100.00", "1.7"] and "missed" in slow
    assert "not installed" in gone


def test_problems_are_chosen_by_pattern() -> None:
    assert [problem.name for problem in run.chosen(["cold-*"], False)] == ["cold-import", "cold-textbook", "cold-table"]
    quick = run.chosen([], True)
    assert all(problem.quick for problem in quick) and len({type(problem) for problem in quick}) == len(quick) > 5
    assert run.chosen([], False) == list(PROBLEMS.values())
    with pytest.raises(SystemExit, match="There is no problem nonsense"):
        run.chosen(["nonsense"], False)


def test_the_peak_of_a_process_that_was_run_counts() -> None:
    inner = "x = bytearray(200_000_000)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}]); "
    code += "from benchmarks.memory import peak_megabytes; print(peak_megabytes())"
    assert 200 < float(subprocess.check_output([sys.executable, "-c", code], cwd=table.ROOT)) < 300


def test_the_worker_speaks_json() -> None:
    words = [sys.executable, "-m", "benchmarks.worker", "normal_equations", "powers"]
    done = subprocess.run(words, input="\n\n", capture_output=True, text=True, cwd=table.ROOT, check=True)
    about, *turns = [json.loads(line) for line in done.stdout.splitlines()]
    assert "NumPy" in about["about"] and len(turns) == 2 and turns[0]["error"] > 0.01


@pytest.mark.parametrize("page", table.PAGES)
def test_pages_hold_the_table_of_the_results(page: str) -> None:
    text = (table.ROOT / page).read_text("utf-8")
    assert table.replaced(text, "benchmarks", table.table(results.read())) == text


def test_only_what_is_between_the_marks_is_replaced() -> None:
    text = "a <!-- x: generated -->old<!-- /x --> b <!-- y: generated -->y<!-- /y -->"
    assert table.replaced(text, "x", "new") == text.replace("old", "\nnew\n")
    with pytest.raises(AssertionError, match="no place"):
        table.replaced(text, "z", "new")
