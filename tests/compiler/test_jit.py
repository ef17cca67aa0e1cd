"""From IR to machine code: what is compiled once is not compiled again, and every stage can be read."""

import ctypes
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest

from gradloop.compiler.jit import assembly, compile_function, compiled, features, optimised_text
from gradloop.compiler.loops import Inputs, Map
from gradloop.compiler.program import Program, module_text
from gradloop.core.spec import FLOAT64, Spec
from gradloop.core.trace import trace
from gradloop.optimizers import adam, sgd
from training import cross_entropy, label_data, label_params, linear_data, linear_params, squared, training

TWICE = """
define double @"run"(double %x) {
  %y = fadd double %x, %x
  ret double %y
}
"""


def test_a_function_can_be_called() -> None:
    found: Any = compile_function(TWICE, "run")
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(found)(21.0) == 42.0


def test_functions_of_one_name_stay_apart() -> None:
    first, second = compile_function(TWICE, "run"), compile_function(TWICE.replace("fadd", "fmul"), "run")
    kind = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
    assert (kind(first)(5.0), kind(second)(5.0)) == (10.0, 25.0)


def test_text_that_is_no_program_is_refused() -> None:
    with pytest.raises(RuntimeError, match="expected"):
        compile_function("nonsense", "run")
    assert ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(compile_function(TWICE, "run"))(1.0) == 2.0


def test_a_second_fit_of_the_same_shape_compiles_nothing() -> None:
    def fit(n: int, rate: float, epochs: int, batch_size: int, seed: int) -> None:
        training(squared, linear_data(n, 3), linear_params(3), adam(rate, beta1=0.8)).run(0, epochs, batch_size, seed)
        training(cross_entropy, label_data(n, 3, 4), label_params(3, 4), sgd(rate)).run(0, epochs, batch_size, seed)

    fit(20, 0.1, 1, 5, 0)
    before = compiled.modules
    fit(20, 0.1, 1, 5, 0)
    fit(20, 0.25, 1, 5, 0)
    fit(700, 0.0625, 9, 64, 1)
    assert compiled.modules == before
    training(squared, linear_data(20, 4), linear_params(4), adam(0.1)).run(0, 1, 5)
    assert compiled.modules == before + 1


def test_programs_may_come_and_go() -> None:
    """Compiled code is used after other programs are gone, and the other way round."""
    graph = trace(lambda x, w: x * w, {"x": Spec((), FLOAT64), "w": Spec((), FLOAT64)})
    loop = Map(graph, Inputs(graph.inputs[:1], graph.inputs[1:]))
    kept = [Program(loop)]
    for _ in range(10):
        Program(loop)
    kept.append(Program(loop))
    for program in kept:
        assert program.map([np.array([2.0])], np.array([4.0]))[0] == 8.0


def test_every_stage_can_be_read() -> None:
    text = module_text(training(squared, linear_data(5, 8, np.float32), linear_params(8, np.float32), sgd(0.1)).loop)
    assert 'define i64 @"run"' in text
    assert "define i64 @run" in optimised_text(text)
    assert "run" in assembly(text)
    assert "ret" in assembly(text)


def test_the_features_are_those_that_programs_are_compiled_for() -> None:
    flattened = llvm.get_host_cpu_features().flatten().split(",")
    assert features() == sorted(name[1:] for name in flattened if name.startswith("+"))
