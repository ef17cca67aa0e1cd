"""Pictures of results.csv for the docs: `python -m benchmarks.pictures`."""

from collections.abc import Mapping

from benchmarks.problems.least_squares import growth
from benchmarks.results import read
from benchmarks.table import NAMES, ROOT, SHOWN, rivals_of

PLACE = ROOT / "docs" / "benchmarks"
Rows = list[dict[str, str]]


def ratios(rows: Rows) -> dict[str, list[tuple[str, float]]]:
    """For each problem that README shows, the rivals, fastest first, and their times as multiples of ours."""
    found = {}
    for name in SHOWN:
        of_problem = [row for row in rows if row["problem"] == name]
        ours = [float(row["median"]) for row in of_problem if row["rival"] == "gradloop" and row["median"]]
        others = [(row["rival"], float(row["median"])) for row in rivals_of(of_problem)]
        if ours and others:
            found[name] = [(rival, seconds / ours[0]) for rival, seconds in others]
    return found


def draw_ratios(found: Mapping[str, list[tuple[str, float]]], path: str) -> None:
    """A line for each problem, a dot for each rival, on a logarithmic scale; gradloop stands at 1."""
    from gradloop.plots.style import canvas

    with canvas(path, size=(8, 0.45 * len(found) + 1)) as axes:
        for height, (_, points) in enumerate(reversed(found.items())):
            axes.plot([ratio for _, ratio in points], [height] * len(points), "o", color="C0", alpha=0.7)
            rival, ratio = points[0]
            place = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center", "fontsize": 7}
            axes.annotate(NAMES.get(rival, rival), (ratio, height), **place)
        axes.axvline(1, linestyle=":", color="C1")
        axes.set_xscale("log")
        axes.set_yticks(range(len(found)), [SHOWN[name] for name in reversed(found)])
        axes.set_xlabel("time ÷ time of gradloop; the fastest other is named")


def grown(rows: Rows, what: str) -> dict[str, list[tuple[int, float]]]:
    """For each rival of the problems that grow, the size ("rows" or "features") and the seconds."""
    found: dict[str, list[tuple[int, float]]] = {}
    prefix = {"rows": "rows-", "features": "columns-"}[what]
    sizes = {problem.name: getattr(problem, what) for problem in growth() if problem.name.startswith(prefix)}
    for row in rows:
        if row["problem"] in sizes and row["median"]:
            found.setdefault(row["rival"], []).append((sizes[row["problem"]], float(row["median"])))
    return {rival: sorted(points) for rival, points in found.items()}


def draw_growth(found: Mapping[str, list[tuple[int, float]]], what: str, path: str) -> None:
    """Seconds of a closed form against the size of the table."""
    from gradloop.plots.style import canvas

    with canvas(path) as axes:
        for rival, points in found.items():
            line = "-o" if rival == "gradloop" else ":" if rival == "floor" else "-"
            axes.plot(*zip(*points, strict=True), line, label=NAMES.get(rival, rival))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(what)
        axes.set_ylabel("seconds of a closed form")
        axes.legend(fontsize=7)


def main() -> None:
    rows = read()
    PLACE.mkdir(exist_ok=True)
    draw_ratios(ratios(rows), str(PLACE / "ratios.svg"))
    for what, label in (("rows", "rows, 2 columns"), ("features", "columns, 20,000 rows")):
        if found := grown(rows, what):
            draw_growth(found, label, str(PLACE / f"{what}.svg"))


if __name__ == "__main__":
    main()
