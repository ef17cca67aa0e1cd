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
