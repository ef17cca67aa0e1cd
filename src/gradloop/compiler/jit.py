"""LLVM IR to machine code: the target machine, the passes, and what has been compiled already."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from gradloop.compiler.order import FILL_ORDER, order_module


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


def processor() -> str:
    """The name that LLVM gives this computer's processor."""
    return str(llvm.get_host_cpu_name())


def features() -> list[str]:
    """What that processor can do and programs are compiled for, as LLVM calls it."""
    return sorted(name for name, present in llvm.get_host_cpu_features().items() if present)


def parsed(text: str) -> Any:
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def optimised(text: str, vectors: bool = False) -> Any:
    """Parse IR and run LLVM's passes on it; the one that makes vectors of a loop's rounds only if asked for.

    The vectors along a row's entries stand in the text already.
    """
    module = parsed(text)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.slp_vectorization = options.loop_unrolling = False
    options.loop_vectorization = vectors
    passes = llvm.create_pass_builder(target_machine(), options)
    passes.getModulePassManager().run(module, passes)
    return module


@cache
def engine() -> Any:
    """Holds all machine code of this process, and owns the target machine."""
    return llvm.create_mcjit_compiler(parsed(""), target_machine())


@cache
def add_order() -> None:
    """Compile the order of rows, which every shuffled program calls.

    No pass is run on it: it is written as it should run, and comes out a little slower where LLVM rearranges it.
    """
    engine().add_module(parsed(str(order_module())))


def compile_function(text: str, name: str, vectors: bool = False) -> int:
    """Compile a module and return the address of its one function, which is called `name` in the text."""
    with _lock:
        compiled.modules += 1
        unique = f"{name}.{compiled.modules}"
        if FILL_ORDER in text:
            add_order()
        engine().add_module(optimised(text.replace(f'@"{name}"', f'@"{unique}"'), vectors))
        engine().finalize_object()
        return int(engine().get_function_address(unique))


def optimised_text(text: str, vectors: bool = False) -> str:
    """The IR after LLVM's passes, for reading."""
    with _lock:
        return str(optimised(text, vectors))


def assembly(text: str, vectors: bool = False) -> str:
    """The machine instructions, for reading."""
    with _lock:
        return str(target_machine().emit_assembly(optimised(text, vectors)))
