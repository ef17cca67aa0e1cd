"""Packages that only some people need: imported when they are used, with one sentence where they are missing."""

import importlib
from typing import Any

from gradloop.errors import OptionError

EXTRAS = {
    "adbc_driver_postgresql": "sql",
    "distributed": "dask",
    "duckdb": "sql",
    "fsspec": "dask",
    "jax": "bench",
    "matplotlib": "plots",
    "mkdocs": "docs",
    "mlflow": "mlflow",
    "onnx": "onnx",
    "pytest": "dev",
    "sklearn": "sklearn",
    "tensorboard": "tensorboard",
    "torch": "bench",
}  # the package, and the extra of gradloop that brings it
CALLED = {"adbc_driver_postgresql": "adbc-driver-postgresql", "mlflow": "mlflow-skinny", "sklearn": "scikit-learn"}


def require(module: str, what: str) -> Any:
    """A module of a package that is not installed with gradloop itself.

    Args: module, its dotted name, whose package is in EXTRAS; what, a plural that needs it, for the sentence.

    Raises: OptionError with the command that installs it. A package that is there but broken says so itself.

    >>> require("matplotlib", "Pictures").__name__
    'matplotlib'
    """
    package = module.partition(".")[0]
    try:
        importlib.import_module(package)  # a part of it may be in memory, and it be gone
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        name = CALLED.get(package, package)
        raise OptionError(f"{what} need {name}, which is not installed: {cure(EXTRAS[package])}.") from None


def cure(extra: str) -> str:
    """The command that installs an extra.

    >>> print(cure("plots"))
    pip install "gradloop[plots]"
    """
    return f'pip install "gradloop[{extra}]"'
