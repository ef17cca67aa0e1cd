"""The command that draws: a saved model on data, or a table fitted on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from gradloop import plots
from gradloop.cli import options
from gradloop.cli.completion import columns
from gradloop.cli.terminal import sentences
from gradloop.data.words import listed
from gradloop.errors import OptionError
from gradloop.inference import Fit, load
from gradloop.plots.style import SIZE, check_path, check_size
from gradloop.training import fit as train

Kind = Literal[
    "data", "loss", "loss-curve", "loss-surface", "residuals", "predicted", "coefficients", "boundaries", "roc",
    "calibration", "methods", "learning-rates",
]  # fmt: skip
Axes = Any

KindArgument = Annotated[Kind, typer.Argument(metavar="KIND", help="; ".join(options.names(Kind)) + ".")]
Source = Annotated[
    Path, typer.Argument(metavar="SOURCE", help="File that gradloop fit -o wrote; or a table, with --target.")
]
Data = Annotated[Path | None, typer.Argument(metavar="DATA", help="Table on which a saved model is looked at.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Picture: .svg, .png or .pdf.")]
Target = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column of SOURCE to predict: it is fitted first.", autocompletion=columns),
]
Feature = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="data, boundaries: feature to look at; may be repeated.", autocompletion=columns),
]
Parameter = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="loss-curve: the parameter; loss-surface, methods: two; w of a feature by its name.",
        autocompletion=columns,
    ),
]
Of = Annotated[str | None, typer.Option(metavar="CLASS", help="calibration: which class, of more than two.")]
Against = Annotated[Literal["epoch", "rows", "seconds"] | None, typer.Option(help="loss: what runs along the axis.")]
Per = Annotated[Literal["unit", "deviation"] | None, typer.Option(help="coefficients: of the column.")]
Rates = Annotated[str | None, typer.Option(metavar="LIST", help="learning-rates: such as 0.01,0.1,1.")]
ModelChoice = Annotated[options.ModelName | None, typer.Option("--model", help="With --target; otherwise linear.")]
SolverChoice = Annotated[options.SolverName | None, typer.Option("--solver", help="With --target; otherwise auto.")]
MissingChoice = Annotated[
    Literal["error", "drop", "mean", "indicator"] | None,
    typer.Option("--missing", help="With --target: as for fit; otherwise error."),
]
SeedChoice = Annotated[int | None, typer.Option("--seed", min=0, help="With --target; otherwise 0.")]
Dark = Annotated[bool, typer.Option("--dark", help="Light ink on dark paper.")]
Size = Annotated[str | None, typer.Option(metavar="WxH", help="Inches; otherwise 6.4x4.")]


class Drawing(NamedTuple):
    """How a kind is drawn, and which of the options it takes."""

    draw: Callable[..., Axes]  # of a fit with (data, axes, **taken), or of a table with (path, target, axes, **taken)
    takes: tuple[str, ...] = ()
    needs_data: bool = True  # of a saved model
    of_table: bool = False  # makes its own fits


def plot(
    kind: KindArgument, source: Source, data: Data = None, *, output: Output, target: Target = None,
    feature: Feature = None, parameter: Parameter = None, of: Of = None, against: Against = None, per: Per = None,
    rates: Rates = None, model: ModelChoice = None, degree: options.Degree = None, loss: options.LossOption = None,
    solver: SolverChoice = None, optimizer: options.OptimizerOption = None,
    learning_rate: options.LearningRate = None, batch_size: options.BatchSize = None, epochs: options.Epochs = None,
    l1: options.L1 = None, l2: options.L2 = None, seed: SeedChoice = None, leave_out: options.LeaveOut = None,
    missing: MissingChoice = None, max_levels: options.MaxLevels = None, trust: options.Trust = False,
    dark: Dark = False, size: Size = None,
) -> None:  # fmt: skip
    """Draw a picture of a saved model, or of a table that is fitted first (with --target)."""
    with sentences():
        check_path(output)
        looks = {
            "feature": feature, "parameter": parameter, "of": of, "against": against, "per": per, "rates": rates
        }  # fmt: skip
        fits = {
            "model": model, "degree": degree, "loss": loss, "solver": solver, "optimizer": optimizer,
            "learning_rate": learning_rate, "batch_size": batch_size, "epochs": epochs, "seed": seed,
            "l1": l1, "l2": l2, "leave_out": leave_out, "missing": missing, "max_levels": max_levels,
        }  # fmt: skip
        inches, drawn = as_size(size), drawing_of(kind, source, data, target, trust, given(looks), given(fits))
        with plots.canvas(output, dark=dark, size=inches) as axes:
            drawn(axes)


def drawing_of(
    kind: Kind,
    source: Path,
    data: Path | None,
    target: str | None,
    trust: bool,
    taken: dict[str, Any],
    settings: dict[str, Any],
) -> Callable[[Axes], Axes]:
    """What is left to do with axes, once the options are known to suit each other and the fit is there."""
    drawing = DRAWINGS[kind]
    check_taken(kind, drawing, taken)
    if target is None:
        fitted = saved(kind, drawing, source, data, trust, settings)
        return lambda axes: drawing.draw(fitted, data, axes, **taken)
    if trust:
        raise OptionError("--trust is for a saved model, and with --target SOURCE is a table; leave it out.")
    if data is not None:
        raise OptionError("With --target, SOURCE is the table, and there is no DATA beside it; leave one out.")
    if drawing.of_table:
        own = of_table(kind, settings)
        return lambda axes: drawing.draw(source, target, axes, **own, **taken)
    fitted = train(source, target=target, **as_options(settings))
    return lambda axes: drawing.draw(fitted, None, axes, **taken)


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in values.items() if value not in (None, [])}


def check_taken(kind: str, drawing: Drawing, taken: dict[str, Any]) -> None:
    """No option is silently ignored."""
    for name in taken:
        if name not in drawing.takes:
            kinds = listed(other for other, found in DRAWINGS.items() if name in found.takes)
            raise OptionError(f"--{name} is for {kinds}, not for {kind}; leave it out.")


def saved(kind: str, drawing: Drawing, source: Path, data: Path | None, trust: bool, settings: dict[str, Any]) -> Fit:
    """The model of a file, once it is sure that the rest of the command suits it."""
    if drawing.of_table:
        raise OptionError(f"The picture {kind} makes its own fits: give a table, and --target, the column to predict.")
    if settings:
        raise OptionError(
            f"--{next(iter(settings)).replace('_', '-')} says how to fit; give a table and --target, or leave it out."
        )
    if drawing.needs_data and data is None:
        raise OptionError(
            f"A saved model does not hold its data: gradloop plot {kind} MODEL DATA; or give a table, and --target."
        )
    if not drawing.needs_data and data is not None:
        raise OptionError(f"The picture {kind} of a saved model needs no data; leave out {data}.")
    return load(source, trust=trust)


def as_options(settings: dict[str, Any]) -> dict[str, Any]:
    """What `gradloop.fit` is told."""
    names = ("optimizer", "learning_rate", "batch_size", "epochs")
    return {
        "model": options.build_model(settings.get("model", "linear"), settings.get("degree")),
        "loss": settings.get("loss"),
        "solver": options.build_solver(settings.get("solver", "auto"), *(settings.get(name) for name in names)),
        "penalty": options.build_penalty(settings.get("l1"), settings.get("l2")),
        **{name: settings[name] for name in ("seed", "leave_out", "missing", "max_levels") if name in settings},
    }


def of_table(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """What the pictures are told that make their own fits."""
    allowed = {"model", "degree", "loss", "leave_out", "missing"} | (
        {"batch_size", "seed"} if kind == "methods" else set()
    )
    for name in settings:
        if name not in allowed:
            raise OptionError(f"--{name.replace('_', '-')} is not for {kind}, which makes its own fits; leave it out.")
    own: dict[str, Any] = {"model": options.build_model(settings.get("model", "linear"), settings.get("degree"))}
    own |= {name: settings[name] for name in ("loss", "seed", "leave_out", "missing") if name in settings}
    if "batch_size" in settings:
        own["batch_size"] = options.as_batch_size(settings["batch_size"])
    return own


def as_size(text: str | None) -> tuple[float, float]:
    """Width and height in inches."""
    if text is None:
        return SIZE
    try:
        width, height = map(float, text.lower().split("x"))
    except ValueError:
        raise OptionError(
            f"--size is {text!r}, but it must be a width and a height in inches, such as 6.4x4."
        ) from None
    check_size((width, height))
    return width, height


def as_rates(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise OptionError(f"--rates is {text!r}, but it must list numbers, such as 0.01,0.1,1.") from None


# ---- the kinds -----------------------------------------------------------------------------------------------


def of_data(fit: Fit, data: Any, axes: Axes, feature: Any = ()) -> Axes:
    return fit.plot.data(data, features=feature, axes=axes)


def of_loss(fit: Fit, data: Any, axes: Axes, against: Any = "epoch") -> Axes:
    return fit.plot.loss(against=against, axes=axes)


def of_curve(fit: Fit, data: Any, axes: Axes, parameter: Any = ()) -> Axes:
    if len(parameter) != 1:
        raise OptionError("A loss-curve is over one parameter; name it with --parameter.")
    return fit.plot.loss_curve(parameter[0], data=data, axes=axes)


def of_surface(fit: Fit, data: Any, axes: Axes, parameter: Any = ()) -> Axes:
    return fit.plot.loss_surface(parameter, data, axes=axes)


def of_coefficients(fit: Fit, data: Any, axes: Axes, per: Any = None) -> Axes:
    return fit.plot.coefficients(per=per, axes=axes)


def of_boundaries(fit: Fit, data: Any, axes: Axes, feature: Any = ()) -> Axes:
    return fit.plot.boundaries(data, features=feature, axes=axes)


def of_calibration(fit: Fit, data: Any, axes: Axes, of: Any = None) -> Axes:
    return fit.plot.calibration(data, of=of, axes=axes)


def of_methods(table: Path, target: str, axes: Axes, parameter: Any = (), **settings: Any) -> Axes:
    return plots.methods(table, target=target, parameters=parameter, axes=axes, **settings)


def of_rates(table: Path, target: str, axes: Axes, rates: str | None = None, **settings: Any) -> Axes:
    tried = None if rates is None else as_rates(rates)
    return plots.learning_rates(table, target=target, rates=tried, axes=axes, **settings)


DRAWINGS: dict[str, Drawing] = {
    "data": Drawing(of_data, ("feature",)),
    "loss": Drawing(of_loss, ("against",), needs_data=False),
    "loss-curve": Drawing(of_curve, ("parameter",)),
    "loss-surface": Drawing(of_surface, ("parameter",)),
    "residuals": Drawing(lambda fit, data, axes: fit.plot.residuals(data, axes=axes)),
    "predicted": Drawing(lambda fit, data, axes: fit.plot.predicted(data, axes=axes)),
    "coefficients": Drawing(of_coefficients, ("per",), needs_data=False),
    "boundaries": Drawing(of_boundaries, ("feature",)),
    "roc": Drawing(lambda fit, data, axes: fit.plot.roc(data, axes=axes)),
    "calibration": Drawing(of_calibration, ("of",)),
    "methods": Drawing(of_methods, ("parameter",), of_table=True),
    "learning-rates": Drawing(of_rates, ("rates",), of_table=True),
}
