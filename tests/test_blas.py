import subprocess
import sys

import threadpoolctl

from gradloop.blas import one_blas_thread


def threads():
    return [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]


def test_one_thread_inside_and_as_before_outside():
    with one_blas_thread():
        pass  # every library is loaded
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = threads()
        with one_blas_thread():
            with one_blas_thread():
                assert set(threads()) == {1}
            assert set(threads()) == {1}  # the inner one must not restore what the outer one needs
        assert threads() == before


LATE = """
import sys, threadpoolctl
from gradloop.blas import one_blas_thread, scipy_linalg
def threads():
    return [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]
with one_blas_thread():
    assert "scipy" not in sys.modules
    assert scipy_linalg().cholesky([[4.0]]) == 2.0
    inside = threads()
print(len(inside), set(inside) == {1})
"""


def test_a_library_that_is_loaded_inside_has_one_thread_too():
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True)
    libraries, alone = done.stdout.split()
    assert int(libraries) >= 1 and alone == "True"
