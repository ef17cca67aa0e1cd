import pytest

from gradloop.cli import options
from gradloop.errors import OptionError
from gradloop.losses import LOSSES
from gradloop.models import MODELS
from gradloop.optimizers import OPTIMIZERS, sgd
from gradloop.solvers.auto import SOLVERS


def test_the_command_line_offers_all_there_is():
    assert set(options.names(options.ModelName)) == set(MODELS)
    assert set(options.names(options.SolverName)) == {"auto", *SOLVERS}
    assert set(options.names(options.LossName)) == set(LOSSES)
    assert set(options.names(options.OptimizerName)) == set(OPTIMIZERS)


def test_only_a_polynomial_has_a_degree():
    assert options.build_model("polynomial", 3).name == "polynomial(3)"
    assert options.build_model("polynomial", None).name == "polynomial(2)"
    assert options.build_model("linear", None) == "linear"
    with pytest.raises(OptionError, match="--degree"):
        options.build_model("linear", 2)


def test_a_rate_that_is_not_given_is_derived_or_the_optimizers_own():
    assert options.build_optimizer("sgd", None) is sgd
    assert options.build_optimizer("adam", None).rate(1) == 0.001
    assert options.build_optimizer("sgd", 0.5).rate(1) == 0.5


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(OptionError, match="--learning-rate"):
        options.build_optimizer("sgd", rate)


def test_penalties_add_up():
    assert options.build_penalty(None, None) is None
    assert options.build_penalty(None, 0.5).name == "l2"
    assert options.build_penalty(0.5, None).name == "l1"
    both = options.build_penalty(1.0, 0.5)
    assert both.name == "elastic_net" and both.value(-2.0) == 1.0 * 2 + 0.5 / 2 * 4


def test_a_penalty_of_infinite_strength_is_refused():
    with pytest.raises(OptionError, match="penalty l1 is inf"):
        options.build_penalty(float("inf"), None)


def test_the_solver_gets_what_was_given():
    solver = options.build_solver("minibatch", None, None, "10", 3)
    assert (solver.optimizer, solver.batch_size, solver.epochs) == (sgd, 10, 3)
    assert options.build_solver("minibatch", None, None, None, None) == options.Minibatch(sgd)


def test_settings_of_minibatches_choose_them_and_fit_no_other_solver():
    assert options.build_solver("auto", None, None, None, None) is None
    assert options.build_solver("auto", None, None, None, 3).epochs == 3
    assert options.build_solver("newton", None, None, None, None) == SOLVERS["newton"]()
    assert options.build_solver("gradient_descent", None, 0.5, None, None).learning_rate == 0.5
    with pytest.raises(OptionError, match="--learning-rate"):
        options.build_solver("gradient_descent", None, -0.5, None, None)
    with pytest.raises(OptionError, match="--epochs is for --solver minibatch"):
        options.build_solver("gradient_descent", None, None, None, 5)
    with pytest.raises(OptionError, match="--learning-rate is for --solver minibatch"):
        options.build_solver("newton", None, 0.5, None, None)


def test_a_batch_of_all_rows_is_named_and_other_words_are_refused():
    assert options.build_solver("auto", None, None, "all", None).batch_size == "all"
    with pytest.raises(OptionError, match="--batch-size is 'ten', but it must be a whole number"):
        options.build_solver("auto", None, None, "ten", None)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("2", 2), ("1.5min", 90), (" 1 h", 3600), (".5s", 0.5), ("0s", 0)]
)
def test_lengths_of_time(text, seconds):
    assert options.as_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1e3s", "soon", "3 days", "nan", "1min30s"])
def test_other_words_are_no_length_of_time(text):
    with pytest.raises(OptionError, match="--every is .*such as 30s, 5min or 1h"):
        options.as_seconds(text)


def test_units_by_name():
    assert options.named_units(["area=m²", "a=b=V"]) == {"area": "m²", "a=b": "V"}
    assert options.named_units(None) is options.named_units([]) is None
    with pytest.raises(OptionError, match="--unit is 'm'"):
        options.named_units(["m"])
