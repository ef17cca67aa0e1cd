"""The rules of the house: who may import whom, how long things may be, what must be said at the door.

Every rule is a function from source text to complaints, so that each one is shown a wrong input as well.
"""

import ast
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import gradloop

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "gradloop"

# The house, one floor per line: a module may import from the lines above its own and from its own package.
FLOORS = [
    {"errors"},
    {"text", "stop", "version", "whole_file", "blas", "extras", "records", "students_t", "later"},
    {"named_function"},
    {"history", "metrics", "tensor_file", "sameness"},
    {"checkpoint", "progress"},
    {"core"},
    {"compiler", "eager"},
    {"data"},
    {"targets"},
    {"graphs"},
    {"problem"},
    {"gram"},
    {"several_scores"},
    {"hessian"},
    {"certificate"},
    {"solvers"},
    {"statistics"},
    {"result", "evaluation"},
    {"model_names", "intervals"},
    {"model_file", "units"},
    {"travel"},
    {"summary"},
    {"notebook", "explain"},
    {"inference"},
    {"examples", "predictions"},
    {"callbacks"},
    {"standard_errors", "resuming"},
    {"larger"},
    {"cluster"},
    {"training", "path", "each"},
    {"show", "runs"},
    {"sweep", "doctor"},
    {"plots", "export"},
    {"page"},
    {"cli", "sklearn", "textbook"},
]
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}

# What a user could have written: these know nothing of ours, except that an optimizer may take a schedule.
USERS_PARTS = {"models", "laws", "losses", "penalties", "schedules", "optimizers"}
USERS_ARROWS = {("optimizers", "schedules")}

# The engine: narrower than its floor would allow.
ONLY_FROM = {"core": {"errors"}, "compiler": {"errors", "core"}, "eager": {"errors", "core"}}

# Who may import what was written elsewhere; NumPy is everybody's.
IMPORTERS = {
    "llvmlite": {"compiler"},
    "pyarrow": {"data"},
    "cloudpickle": {"travel"},
    "dask": {"cluster"},
    "distributed": {"cluster"},
    "fsspec": {"cluster"},
    "duckdb": {"data"},
    "safetensors": {"inference", "tensor_file"},
    "typer": {"cli"},
    "rich": {"cli", "callbacks"},
    "matplotlib": {"plots", "textbook"},
    "onnx": {"export"},
    "sklearn": {"sklearn"},
    "scipy": {"blas", "solvers", "students_t", "later"},
    "threadpoolctl": {"blas"},
}
LOADED_LATE = (
    "llvmlite",
    "matplotlib",
    "onnx",
    "sklearn",
    "pyarrow",
    "dask",
    "distributed",
    "duckdb",
    "pandas",
    "typer",
    "rich",
    "scipy",
    "threadpoolctl",
    "asyncio",  # of the standard library, and heavy too
    "statistics",
)

LINES_OF_A_MODULE = 400
LINES_OF_A_FUNCTION = 40


class Module(NamedTuple):
    """A module: its dotted name within gradloop ("core.ops"; "" is gradloop itself) and its text."""

    name: str
    source: str
    is_package: bool = False

    @property
    def part(self) -> str:
        return self.name.partition(".")[0]

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)


def modules_of_gradloop() -> Iterator[Module]:
    for path in sorted(PACKAGE.rglob("*.py")):
        names = list(path.relative_to(PACKAGE).with_suffix("").parts)
        is_package = names[-1] == "__init__"
        yield Module(".".join(names[:-1] if is_package else names), path.read_text("utf-8"), is_package)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported anywhere in a module, relative imports included."""
    package = ["gradloop", *module.name.split(".")] if module.name else ["gradloop"]
    if not module.is_package:
        package = package[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*origin, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


# The rules: each takes a module and yields its complaints.


def wrong_arrows(module: Module) -> Iterator[str]:
    complaints = []
    for line, name in imports(module):
        top, below, *_ = [*name.split("."), ""]
        inner = top == "gradloop"
        complaint = wrong_inner_arrow(module.part, below) if inner else wrong_outer_arrow(module.part, top)
        if complaint:
            arrow = f"{top}.{below}" if inner else top
            complaints.append(f"{module.name or 'gradloop'}, line {line}, imports {arrow}: {complaint}")
    yield from dict.fromkeys(complaints)  # several names from one module are one complaint


def wrong_inner_arrow(part: str, other: str) -> str | None:
    if part in ("", other) or (part, other) in USERS_ARROWS:
        return None  # gradloop itself shows every part; a package may import from itself
    if part in USERS_PARTS:
        return "what a user could have written imports nothing of ours"
    if part not in FLOOR:
        return f"nobody has said where {part} belongs; add it to FLOORS in tests/test_house.py"
    if part in ONLY_FROM:
        return None if other in ONLY_FROM[part] else f"{part} imports only from {sorted(ONLY_FROM[part])}"
    if other in USERS_PARTS:
        return None if FLOOR[part] >= FLOOR["data"] else f"{part} stands below the parts that users write"
    if other not in FLOOR:
        return "there is no such part; a name is imported from the module that defines it"
    return None if FLOOR[other] < FLOOR[part] else f"{part} stands below {other}, or beside it"


def wrong_outer_arrow(part: str, top: str) -> str | None:
    if top == "numpy" or top in sys.stdlib_module_names:
        return None
    if top not in IMPORTERS:
        return "this package is not one that gradloop needs"
    return None if part in IMPORTERS[top] else f"only {sorted(IMPORTERS[top])} may import {top}"


def too_long(module: Module) -> Iterator[str]:
    lines = len(module.source.splitlines())
    if lines > LINES_OF_A_MODULE:
        yield f"{module.name} has {lines} lines; at most {LINES_OF_A_MODULE}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef) and (length := lines_of_code(node)) > LINES_OF_A_FUNCTION:
            yield f"{module.name}.{node.name} has {length} lines; at most {LINES_OF_A_FUNCTION}"


def lines_of_code(function: ast.FunctionDef) -> int:
    """From `def` to the last line, without the docstring."""
    docstring = lines_of(function.body[0]) if ast.get_docstring(function, clean=False) else 0
    return lines_of(function) - docstring


def lines_of(statement: ast.stmt) -> int:
    return (statement.end_lineno or statement.lineno) - statement.lineno + 1


def untidy_exports(module: Module) -> Iterator[str]:
    names = exported(module)
    if names != sorted(set(names), key=export_order):
        yield f"__all__ of {module.name or 'gradloop'} should be {sorted(set(names), key=export_order)}"


def exported(module: Module) -> list[str]:
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
                return list(ast.literal_eval(node.value))
    return []


def export_order(name: str) -> tuple[bool, bool, str]:
    """Constants, classes, functions, each in the order of the alphabet: as ruff sorts them."""
    return (not name.isupper(), not name[0].isupper(), name)


def silent_modules(module: Module) -> Iterator[str]:
    if not ast.get_docstring(module.tree):
        yield f"{module.name or 'gradloop'} does not say in its first line what it is for"


RULES = [wrong_arrows, too_long, untidy_exports, silent_modules]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_gradloop_keeps_the_rule(rule: Callable[[Module], Iterator[str]]) -> None:
    assert [complaint for module in modules_of_gradloop() for complaint in rule(module)] == []


def test_every_part_has_its_place() -> None:
    parts = {module.part for module in modules_of_gradloop()} - {""}
    assert parts <= FLOOR.keys() | USERS_PARTS, "add the new part to FLOORS in tests/test_house.py"


def test_every_module_has_its_tests() -> None:
    missing = [
        str(test.relative_to(ROOT))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in ("__init__.py", "__main__.py", "errors.py")
        for test in [ROOT / "tests" / path.relative_to(PACKAGE).with_name(f"test_{path.name}")]
        if not test.exists()
    ]
    assert missing == []


# The rules are shown what they must not let pass, and what they must.

LONG_FUNCTION = "def long():\n" + "    pass\n" * 40
LONG_DOCSTRING = '"""Text."""\ndef long():\n    """Text.\n' + "\n" * 60 + '    """\n    pass\n'

WRONG = [
    (wrong_arrows, Module("core.ops", "import llvmlite")),
    (wrong_arrows, Module("core.ops", "import scipy.special")),
    (wrong_arrows, Module("core.ops", "from gradloop.compiler import jit")),
    (wrong_arrows, Module("core.ops", "from ..compiler.jit import compile")),
    (wrong_arrows, Module("core.ops", "from .. import compiler")),
    (wrong_arrows, Module("core.ops", "def late():\n    from gradloop import training")),
    (wrong_arrows, Module("core", "from ..data import table", is_package=True)),
    (wrong_arrows, Module("compiler.jit", "import gradloop.data.table")),
    (wrong_arrows, Module("problem", "import llvmlite.binding as llvm")),
    (wrong_arrows, Module("problem", "from gradloop.solvers.minibatch import Minibatch")),
    (wrong_arrows, Module("solvers.minibatch", "from gradloop.training import fit")),
    (wrong_arrows, Module("inference", "from gradloop.training import fit")),
    (wrong_arrows, Module("training", "from gradloop import Fit")),
    (wrong_arrows, Module("cli", "from gradloop.sklearn import Ridge")),
    (wrong_arrows, Module("losses", "from gradloop.errors import OptionError")),
    (wrong_arrows, Module("losses", "from . import models")),
    (wrong_arrows, Module("losses", "import pyarrow")),
    (wrong_arrows, Module("core.ops", "from gradloop.losses import squared")),
    (wrong_arrows, Module("attic", "from gradloop.core import ops")),
    (too_long, Module("core.ops", "x = 1\n" * 401)),
    (too_long, Module("core.ops", LONG_FUNCTION)),
    (
        too_long,
        Module("core.ops", "class C:\n" + LONG_FUNCTION.replace("\n", "\n    ").replace("def", "    def", 1)),
    ),
    (untidy_exports, Module("", "__all__ = ['sgd', 'Fit']")),
    (untidy_exports, Module("", "__all__: list[str] = ['Fit', 'Fit']")),
    (silent_modules, Module("core.ops", "x = 1")),
]

RIGHT = [
    (
        wrong_arrows,
        Module("core.ops", "import math\nimport numpy as np\nfrom gradloop.errors import ModelError"),
    ),
    (wrong_arrows, Module("core.ops", "from .graph import Node\nfrom gradloop.core import spec")),
    (wrong_arrows, Module("compiler.jit", "import llvmlite.binding as llvm\nfrom ..core.graph import Graph")),
    (wrong_arrows, Module("optimizers", "import numpy as np\nfrom gradloop.schedules import as_schedule")),
    (wrong_arrows, Module("cli", "import typer\nfrom gradloop.training import fit")),
    (wrong_arrows, Module("", "from gradloop.training import fit\nfrom gradloop import losses")),
    (too_long, Module("core.ops", LONG_DOCSTRING)),
    (untidy_exports, Module("", "__all__ = ['LOSSES', 'Fit', 'fit', 'sgd']")),
    (silent_modules, Module("core.ops", '"""Text."""')),
]


@pytest.mark.parametrize(("rule", "module"), WRONG)
def test_rule_finds_the_wrong(rule: Callable[[Module], Iterator[str]], module: Module) -> None:
    assert len(list(rule(module))) == 1


@pytest.mark.parametrize(("rule", "module"), RIGHT)
def test_rule_lets_the_right_pass(rule: Callable[[Module], Iterator[str]], module: Module) -> None:
    assert list(rule(module)) == []


def test_rules_read_the_whole_package() -> None:
    assert {"", "errors", "core.ops"} <= {module.name for module in modules_of_gradloop()}


# What Python itself has to say.


def loaded_by(statement: str) -> list[str]:
    """Which of the heavy packages are in memory after a statement, in a process of its own."""
    look = f"import sys; print(*[name for name in {LOADED_LATE} if name in sys.modules])"
    command = [sys.executable, "-c", f"{statement}; {look}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_import_loads_nothing_heavy() -> None:
    assert loaded_by("import gradloop") == []


def test_a_small_fit_from_a_shell_loads_no_compiler_and_no_scipy() -> None:
    table = ROOT / "examples" / "diabetes.csv"
    words = ["gradloop", "fit", str(table), "--target", "progression", "--quiet"]
    run = f"import sys; sys.argv = {words}; from gradloop.cli import main\ntry: main()\nexcept SystemExit: pass\nNone"
    assert {"llvmlite", "scipy", "matplotlib", "pandas", "duckdb", "rich"} & {*loaded_by(run)} == set()


def test_the_look_at_loaded_packages_sees_them() -> None:
    assert loaded_by("import pyarrow") == ["pyarrow"]


def test_public_names_exist_and_are_documented() -> None:
    public = [getattr(gradloop, name) for name in gradloop.__all__ if not name.startswith("__")]
    silent = [thing for thing in public if not (getattr(thing, "__doc__", None) or "").strip()]
    assert silent == []


def test_dir_shows_the_public_names() -> None:
    assert set(gradloop.__all__) <= set(dir(gradloop))


@pytest.mark.parametrize(
    "module", [m for m in modules_of_gradloop() if exported(m)], ids=lambda m: m.name or "gradloop"
)
def test_exported_names_exist_and_are_documented(module: Module) -> None:
    loaded = importlib.import_module(f"gradloop.{module.name}".rstrip("."))
    silent = [
        name
        for name in exported(module)
        if callable(thing := getattr(loaded, name)) and not (thing.__doc__ or "").strip()
    ]
    assert silent == []
