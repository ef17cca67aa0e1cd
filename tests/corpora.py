"""What happens to each file of the corpora of bad files, in processes with little memory: `python tests/corpora.py`.

Polluted and fuzzed CSV, broken and fuzzed Parquet are fitted, in memory and in pieces, to their first column of
numbers. A file may be fitted, or refused with a sentence that names it; it may not crash, hang, or take more than it
is given.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

BAD = Path(__file__).parent.parent.parent / "shared" / "data" / "bad"
FOLDERS = ("csv_fuzz", "csv_pollock/clean", "csv_pollock/csv", "csv_spectrum", "parquet_bad", "parquet_fuzz")
MEMORY = 3 << 30  # bytes of addresses: libraries and threads take two thirds
PATIENCE = 120  # seconds for a file, on however slow a machine

CHILD = """
import json, resource, signal, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
import gradloop as gl
from gradloop.data.sources import open_source

def outcome(path, choices):
    signal.alarm({patience})
    try:
        columns = open_source(path).schema()
        numbers = [each.name for each in columns if str(each.type) in ("int32", "int64", "float", "double")]
        texts = [each.name for each in columns if each.name not in numbers]
        target, *others = numbers or texts
        gl.fit(path, target=target, missing="mean", leave_out=texts if others else (), **choices)
        return "fitted"
    except gl.GradloopError as error:
        said = str(error)
        whole = said.isprintable() and path.split("/")[-1][:100] in said
        return "refused" if whole else f"refused without a name: {{said}}"

for path in sys.argv[1:]:
    for choices in ({{}}, {{"memory": "17MB"}}):
        print(json.dumps([path, *choices, outcome(path, choices)]), flush=True)
"""


def outcomes(folder: str) -> dict[str, list[str]]:
    """For each file of a folder, what happens to it in memory and in pieces; of two that crash only the first tells."""
    paths = sorted(str(path) for path in (BAD / folder).iterdir() if path.suffix != ".md")
    code = CHILD.format(memory=MEMORY, patience=PATIENCE)
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        path, *_, what = json.loads(line)
        found.setdefault(Path(path).name, []).append(what)
    if done.returncode:
        found["the process"] = [f"ended with {done.returncode}: {done.stderr[-300:]}"]
    return found


if __name__ == "__main__":
    bad = 0
    for folder in FOLDERS:
        found = outcomes(folder)
        counts = Counter(what for each in found.values() for what in each)
        print(f"{folder}: {len(found)} files; " + ", ".join(f"{count} {what}" for what, count in counts.items()))
        bad += any(what not in ("fitted", "refused") for what in counts)
    sys.exit(bad)
