"""The state of an installation: versions, processor, and a self-test whose answers are known beforehand."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np

from gradloop.compiler.program import processors
from gradloop.data.sources.source import memory
from gradloop.extras import CALLED, EXTRAS, cure
from gradloop.inference import load
from gradloop.larger.memory import told
from gradloop.optimizers import sgd
from gradloop.solvers.closed_form import ClosedForm
from gradloop.solvers.minibatch import Minibatch
from gradloop.solvers.newton import Newton
from gradloop.text import printable
from gradloop.training import fit
from gradloop.version import __version__

DEPENDENCIES = ("numpy", "llvmlite", "pyarrow", "typer", "rich", "safetensors", "scipy", "threadpoolctl")
VECTORS = ("sse4.2", "avx", "avx2", "fma", "avx512f", "neon", "sve", "rvv", "v")  # of all features, those worth a name
STEPS, RATE = 7, 0.1  # of the descent whose end is known
ROUNDING = 1e-12


class Check(NamedTuple):
    """A part of the self-test: what was tried, and what came of it."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Examination:
    """What `examine` found; it prints as a page."""

    versions: dict[str, str]  # of gradloop, Python and the system
    dependencies: dict[str, str | None]  # None: not installed
    extras: dict[str, dict[str, str | None]]
    processor: str
    features: list[str]  # that programs are compiled for
    threads: int
    memory: int  # bytes
    checks: list[Check]
    seconds: float  # of the self-test

    @property
    def healthy(self) -> bool:
        return all(self.dependencies.values()) and all(check.passed for check in self.checks)

    @property
    def faults(self) -> list[str]:
        """A sentence for each thing that is broken."""
        missing = [name for name, version in self.dependencies.items() if version is None]
        told_of = [f"{name} is not installed: pip install gradloop brings it." for name in missing]
        return told_of + [f"{check.name}: {check.sentence}" for check in self.checks if not check.passed]

    def __str__(self) -> str:
        known = [feature for feature in VECTORS if feature in self.features]
        vectors = f" ({', '.join(known)}; {len(self.features)} features)" if self.features else ""
        lines = [
            ", ".join(f"{name} {version}" for name, version in self.versions.items()),
            f"processor {self.processor}{vectors}, threads {self.threads}, memory {told(self.memory)}",
        ]
        needed = [[name, version or "not installed"] for name, version in self.dependencies.items()]
        wanted = [
            [f"{package} ({extra})", version or cure(extra)]
            for extra, packages in self.extras.items()
            for package, version in packages.items()
        ]
        checks = [f"{'ok   ' if check.passed else 'WRONG'} {check.name}: {check.sentence}" for check in self.checks]
        parts = ["\n".join(map(printable, lines)), listing("needed", needed), listing("extras", wanted)]
        return "\n\n".join([*parts, "\n".join([f"self-test, {self.seconds:.2f} s", *map(printable, checks)])])

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"checks": [check._asdict() for check in self.checks], "healthy": self.healthy}


def listing(title: str, rows: list[list[str]]) -> str:
    """Names and versions, both flush left."""
    widest = max(len(name) for name, _ in rows)
    return "\n".join([title, *(printable(f"  {name.ljust(widest)}  {version}") for name, version in rows)])


def examine() -> Examination:
    """Look at the installation and try it; what is broken is told, not raised.

    >>> print(*examine().faults)
    <BLANKLINE>
    """
    begun = time.perf_counter()
    checks = [tried(name, check) for name, check in CHECKS.items()]
    seconds = time.perf_counter() - begun
    packages: dict[str, dict[str, str | None]] = {extra: {} for extra in sorted(set(EXTRAS.values()))}
    for module, extra in EXTRAS.items():
        name = CALLED.get(module, module)
        packages[extra][name] = version_of(name)
    return Examination(
        versions={"gradloop": __version__, "Python": platform.python_version(), "system": platform.platform()},
        dependencies={name: version_of(name) for name in DEPENDENCIES},
        extras=packages,
        **processor(),
        threads=processors(),
        memory=memory(),
        checks=checks,
        seconds=seconds,
    )


def version_of(package: str) -> str | None:
    """The installed version, found without loading the package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def processor() -> dict[str, Any]:
    """The processor and its features, as the compiler sees them."""
    try:
        from gradloop.compiler import jit

        return {"processor": jit.processor(), "features": jit.features()}
    except Exception:  # the self-test tells what is broken
        return {"processor": platform.machine(), "features": []}


# ---- the self-test -------------------------------------------------------------------------------------------


def tried(name: str, check: Callable[[], str]) -> Check:
    """What a check says, or what went wrong with it."""
    try:
        return Check(name, True, check())
    except Exception as error:
        return Check(name, False, f"{error} ({type(error).__name__})")


def descent() -> str:
    """f(w) = (w - 1)² · 5 / 2: each step of descent leaves the share 1 - 5 · rate of the way."""
    x, known = np.array([[1.0], [3.0]]), 1 - (1 - 5 * RATE) ** STEPS
    for engine in ("native", "numpy"):
        found = fit(
            x, x[:, 0], model=proportional, start={"w": 0.0}, solver=Minibatch(sgd(RATE), "all", STEPS), engine=engine
        )
        agree(f"engine {engine}: w after {STEPS} steps", found.params["w"], known)
    return f"{STEPS} steps of descent end at the known {known:.10g}, in machine code and in NumPy"


def proportional(x: Any, w: Any) -> Any:
    return x[0] * w


def algebra() -> str:
    """A plane through points that lie on it: by NumPy's algebra, which small closed forms take, and by SciPy's."""
    random = np.random.default_rng(0)
    X, w, b = random.normal(size=(50, 3)), np.array([2.0, -3.4, 0.5]), 4.2
    for solver in (ClosedForm(), Newton()):
        found = fit(X, X @ w + b, solver=solver)
        agree("the coefficients of a plane", np.append(found.params["w"], found.params["b"]), np.append(w, b))
    return "least squares finds a known plane in closed form and by Newton's method"


def files() -> str:
    """A table is read, its model saved, loaded, and used."""
    with tempfile.TemporaryDirectory() as folder:
        data, model = os.path.join(folder, "line.csv"), os.path.join(folder, "line.gradloop")
        with open(data, "w", encoding="utf-8") as file:
            file.write("x,y\n" + "".join(f"{x},{3 * x + 1}\n" for x in range(8)))
        fit(data, target="y").save(model)
        agree("predictions of a saved model", load(model).predict({"x": [10.0, 20.0]}), np.array([31.0, 61.0]))
    return "a table is read, a model saved, loaded and used"


CHECKS: dict[str, Callable[[], str]] = {"engine": descent, "least squares": algebra, "files": files}


def agree(what: str, found: Any, known: Any) -> None:
    """Raise ValueError where numbers differ by more than rounding."""
    if not np.allclose(found, known, rtol=ROUNDING, atol=ROUNDING):
        raise ValueError(f"{what} should be {known}, but is {found}")
