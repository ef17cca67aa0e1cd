"""How much memory a process took."""

import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_megabytes() -> float | None:
    """The most that this process, or one that it ran to its end, ever had in memory; None where it is not told.

    Interpreter and libraries are included. Linux counts for getrusage what the parent had when it forked; the line
    VmHWM begins anew with the program.
    """
    if sys.platform == "win32":
        return None
    import resource

    unit = 1e6 if sys.platform == "darwin" else 1e6 / 1024  # macOS counts bytes, others KiB
    own, others = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        own = int(line.split()[1]) * 1024 / 1e6
    return round(max(own, others), 1)
