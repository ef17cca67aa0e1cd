"""LLVM IR to machine code: the target machine, the passes, and what has been compiled already."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm


@dataclass
class Counter:
    """How much has been compiled in this process; tests use it to see that a second fit compiles nothing."""

    modules: int = 0


compiled = Counter()
_lock = threading.Lock()  # LLVM's code generation here is not safe to enter twice


@cache
def target_machine() -> Any:
    """This computer's processor, with all it can do."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, jit=True
    )


def optimised(text: str) -> Any:
    """Parse IR and run LLVM's passes on it."""
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_unrolling = True
    passes = llvm.create_pass_builder(target_machine(), options)
    passes.getModulePassManager().run(module, passes)
    return module


@dataclass(frozen=True)
class Compiled:
    """Machine code in memory; it lives as long as its engine."""

    address: int
    engine: Any


def compile_function(text: str, name: str) -> Compiled:
    """Compile a module and find one of its functions."""
    with _lock:
        engine = llvm.create_mcjit_compiler(optimised(text), target_machine())
        engine.finalize_object()
        compiled.modules += 1
        return Compiled(engine.get_function_address(name), engine)


def optimised_text(text: str) -> str:
    """The IR after LLVM's passes, for reading."""
    with _lock:
        return str(optimised(text))


def assembly(text: str) -> str:
    """The machine instructions, for reading."""
    with _lock:
        return str(target_machine().emit_assembly(optimised(text)))
