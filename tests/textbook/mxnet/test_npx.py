"""What NumPy has no name for."""

from gradloop.textbook.mxnet import npx


def test_switches_do_nothing_and_say_so_in_their_docstring():
    for function in (npx.set_np, npx.reset_np, npx.waitall):
        assert function() is None and "Nothing to" in function.__doc__
    assert str(npx.cpu()) == "cpu(0)" and npx.num_gpus() == 0
