"""How much memory a process took."""

import sys

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None  # type: ignore[assignment]


def peak_megabytes() -> float | None:
    """The most that this process ever had in memory, interpreter and libraries included; None where it is not told."""
    if resource is None:
        return None
    unit = 1e6 if sys.platform == "darwin" else 1e6 / 1024  # macOS counts bytes, Linux KiB
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
