"""Models on their way to other processes: by the place of their function, by its code if asked, or not at all."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gradloop as gl
from gradloop import travel
from gradloop.errors import ModelFileError, OptionError
from gradloop.inference import Fit

TABLE = {"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.1, 6.0, 8.1]}


def slope(x: Any, k: Any) -> Any:
    return k * x


def fitted(law: Any) -> Fit:
    return gl.fit(TABLE, target="y", model=law, start={"k": 1.0})


def there_and_back(content: bytes) -> Any:
    return Fit(**travel.unpacked(content)).predict(TABLE)


def only_here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function of a module that no other process has."""
    module = ModuleType("module_of_this_process")
    exec("def law(x, k): return k * x", vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return vars(module)["law"]


def test_models_of_gradloop_travel_without_code() -> None:
    fit = gl.fit(TABLE, target="y", loss=gl.huber(0.5), model=gl.polynomial(2))
    content = travel.packed(fit, cloudpickle=True)
    assert there_and_back(content).tobytes() == fit.predict(TABLE).tobytes()
    assert b"polynomial" in content and b"cloudpickle" not in content


def test_a_function_travels_as_the_place_where_it_is() -> None:
    fit = fitted(slope)
    content = travel.packed(fit)
    assert b"test_travel:slope" in content and b"cloudpickle" not in content
    assert there_and_back(content).tobytes() == fit.predict(TABLE).tobytes()


def test_a_function_that_nobody_can_import_is_refused_unless_its_code_may_travel() -> None:
    fit = fitted(lambda x, k: k * x)
    with pytest.raises(OptionError, match=r"put it into a module, or let its code travel, with cloudpickle=True\."):
        travel.packed(fit)
    pytest.importorskip("cloudpickle")
    assert there_and_back(travel.packed(fit, cloudpickle=True)).tobytes() == fit.predict(TABLE).tobytes()


def test_code_travels_also_from_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cloudpickle")
    fit = fitted(only_here(monkeypatch))
    named, whole = travel.packed(fit), travel.packed(fit, cloudpickle=True)
    monkeypatch.delitem(sys.modules, "module_of_this_process")
    with pytest.raises(ModelFileError, match="module_of_this_process:law cannot be imported"):
        travel.unpacked(named)
    np.testing.assert_array_equal(there_and_back(whole), fit.predict(TABLE))


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = travel.packed(fitted(slope))
    monkeypatch.setattr(travel, "__version__", "0.0.1")
    with pytest.raises(OptionError, match=r"A worker has gradloop 0\.0\.1"):
        travel.unpacked(content)


def test_frames_of_dask_are_answered_when_they_are_asked() -> None:
    frames, pandas = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    frame = pandas.DataFrame({"x": random.normal(size=60), "kind": list("abc") * 20}, index=range(100, 160))
    frame["y"] = np.where(frame.x + random.normal(size=60) > 0, "yes", "no")
    lazy = frames.from_pandas(frame, npartitions=4)
    lazy = frames.concat([lazy, lazy.loc[1000:]])  # and one without rows
    fit = gl.fit(frame, target="y", model="logistic")
    found = fit.predict(lazy)
    assert isinstance(found, frames.Series) and found.name == "prediction"
    pandas.testing.assert_series_equal(
        found.compute(scheduler="sync"), fit.predict(frame), check_dtype=False, check_index_type=False
    )
    both = fit.predict_probability(lazy)
    assert list(both.columns) == ["no", "yes"]
    wanted = fit.predict_probability(frame)
    np.testing.assert_array_equal(both.compute(scheduler="sync").to_numpy(), wanted.to_numpy())
    with pytest.raises(OptionError, match="give them to gl.evaluate"):
        fit.evaluate(lazy)
