import matplotlib
import pytest


@pytest.fixture(autouse=True)
def no_figure_is_left():
    """Pictures are drawn without a screen, and every test leaves none behind."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield
    pyplot.close("all")
