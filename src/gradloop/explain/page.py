"""An explanation as a page of text, in the order in which a step goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradloop.data.words import counted
from gradloop.explain.explanation import Batch, Explanation, Gradients, Second, Update, entry_labels
from gradloop.explain.numeric import Checked
from gradloop.explain.walk import Walk
from gradloop.text import number, printable, table

ROWS_SHOWN = 10
COLUMNS_SHOWN = 8
ENTRIES_SHOWN = 8
HEAD = 4  # entries of a long array that stand for the rest
CHECK_HEADER = ("", "value", "numeric", "deviation")
Array = Any
Row = Sequence[str]


def page(found: Explanation) -> str:
    """The whole page."""
    where = f"example {found.example} of the batch, {found.batch.unit} {found.batch.places[found.example - 1]}"
    walked = f"of {where}"
    parts = [
        ("1 step", step_text(found)),
        ("2 rows", rows_text(found.batch)),
        (f"3 forward: the loss {walked}", f"{forward_text(found.walk)}{merged(found)}"),
        (f"4 backward: the derivatives of the loss {walked}", backward_text(found.walk)),
        ("5 gradient of the batch", gradient_text(found.gradients)),
        ("6 update", update_text(found)),
        (f"7 second derivative of the loss {walked}", second_text(found.second)),
        ("checks", verdict(found.checks)),
    ]
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts)


# ---- numbers -------------------------------------------------------------------------------------------------


def shown(value: Array) -> str:
    """A number, or an array by its entries; of a long one the first few, and how many there are.

    >>> shown(np.array([[1.0], [2.5]])), shown(np.zeros((5, 2)))
    ('[1, 2.5]', '[0, 0, 0, 0, …] 10 numbers (5 × 2)')
    """
    array = np.squeeze(value)
    if array.size > ENTRIES_SHOWN:
        shape = f" ({' × '.join(map(str, array.shape))})" if array.ndim > 1 else ""
        return f"[{', '.join(map(number, array.ravel()[:HEAD].tolist()))}, …] {array.size} numbers{shape}"
    return nested(array.tolist())


def nested(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(nested, value))}]"
    return str(value) if isinstance(value, bool) else number(value + 0.0)  # and no -0


def check_row(check: Checked, indent: str = "") -> Row:
    """A derivative, its numeric value, how far they are apart; a mark where they do not agree."""
    seen = int(np.sum(~np.isnan(check.numeric)))
    some = f" ({seen} checked)" if seen < check.numeric.size else ""
    mark = "" if check.agrees else " !"
    far = "0" if check.deviation == 0 else f"{check.deviation:.1e}"
    return (indent + check.name, short(check.value), short(check.numeric), f"{far}{some}{mark}")


def short(value: Array) -> str:
    """The entries, or the first of many; NaN stands for one that was not checked."""
    entries = np.squeeze(value)
    if entries.size > ENTRIES_SHOWN:
        return f"{nested(entries.ravel()[:HEAD].tolist())[:-1]}, …]"
    return nested(entries.tolist())


# ---- the parts -----------------------------------------------------------------------------------------------


def step_text(found: Explanation) -> str:
    step = found.step
    rate = f"{step.optimizer.name}, learning rate {number(step.learning_rate)}"
    rows = counted(len(step.rows), "row")
    lines = [
        f"step {step.number} of {step.steps}: epoch {step.epoch}, batch {step.batch} of {step.batches}; {rate}",
        f"{rows}: {step.order}",
    ]
    if step.batches > 1 and step.batch == step.batches:
        lines.append(f"This is the epoch's last batch, and may be short: means are taken over its {rows}.")
    if step.remark:
        lines.append(step.remark)
    return "\n".join(lines)


def rows_text(batch: Batch) -> str:
    """The rows as a table, as many as fit."""
    names = batch.feature_names[:COLUMNS_SHOWN]
    cut = len(batch.feature_names) > COLUMNS_SHOWN
    weights = () if batch.weights is None else ("weight",)
    header = ["example", batch.unit, *names, *(["…"] if cut else []), "y", *weights, "y_hat", "loss"]
    cells = [list(row_cells(batch, i, cut)) for i in range(min(len(batch.y), ROWS_SHOWN))]
    return "\n".join([table(header, cells), *row_remarks(batch)])


def row_cells(batch: Batch, i: int, cut: bool) -> Iterator[str]:
    yield from (str(i + 1), str(batch.places[i]), *map(number, batch.X[i, :COLUMNS_SHOWN]))
    if cut:
        yield "…"
    yield number(batch.y[i])
    if batch.weights is not None:
        yield number(batch.weights[i])
    yield from (shown(batch.y_hat[i]), number(batch.loss[i]))


def row_remarks(batch: Batch) -> Iterator[str]:
    if len(batch.y) > ROWS_SHOWN:
        yield f"These are the first {ROWS_SHOWN} of {len(batch.y)} rows."
    if len(batch.feature_names) > COLUMNS_SHOWN:
        yield f"These are the first {COLUMNS_SHOWN} of {len(batch.feature_names)} features."
    if batch.standardised:
        yield "The features are as training sees them: standardised."
    if batch.classes is not None:
        codes = ", ".join(f"{code} = {name}" for code, name in list(enumerate(batch.classes))[:ENTRIES_SHOWN])
        more = f", … ({len(batch.classes)} classes)" if len(batch.classes) > ENTRIES_SHOWN else ""
        yield printable(f"y: {codes}{more}")


def forward_text(walk: Walk) -> str:
    """Every value in the order of computing."""
    lines = []
    for place in walk.places:
        name = f"y_hat = {place.name}" if place.name == walk.y_hat else place.name
        lines.append((f"{name} = {place.expression}" if place.expression else name, shown(place.value)))
    width = min(max(len(left) for left, _ in lines), 60)
    return "\n".join(f"{left:<{width}}  = {right}" for left, right in lines)


def merged(found: Explanation) -> str:
    """A sentence about a prediction that no line shows."""
    if found.walk.y_hat:
        return ""
    y_hat = shown(found.batch.y_hat[found.example - 1])
    return f"\ny_hat = {y_hat} has no line of its own, because simplifying has merged it into the loss."


def backward_text(walk: Walk) -> str:
    """From the result to the parameters: what reaches a value, then the derivatives of how it was computed."""
    rows: list[Row] = []
    for place in reversed(walk.places):
        if place.slope is not None:
            rows.append(check_row(place.slope))
            rows += [check_row(check, "    ") for check in place.local]
    note = "Indented: the derivative of an operation (of the sum of its entries) with respect to what it is applied to."
    return f"{table(CHECK_HEADER, rows)}\n{note}"


def gradient_text(gradients: Gradients) -> str:
    penalty = f" + penalty {number(gradients.penalty)}" if gradients.penalty else ""
    lines = [f"objective = mean loss {number(gradients.loss)}{penalty}"]
    lines += [f"d objective / d {name} = {shown(value)}" for name, value in gradients.values.items()]
    if gradients.has_kinks:
        lines.append("The penalty's kinks have no derivative: they are left to the update's proximal step.")
    lines += ["", table(CHECK_HEADER, [check_row(check) for check in gradients.checks])]
    lines.append(f"checked on {counted(gradients.rows, 'row')} of the batch")
    return "\n".join(lines)


def update_text(found: Explanation) -> str:
    """Every parameter by its rule, and where training itself put it."""
    parts = [update_table(found)]
    for update in found.updates:
        parts.append(rule_text(update))
        parts += [state_text(update)] if update.state else []
        if not np.array_equal(update.answer, update.after.numeric.astype(update.answer.dtype)):
            parts.append(f"{update.name} that would be returned now = {shown(update.answer)}")
    return "\n\n".join(parts)


def rule_text(update: Update) -> str:
    called = "" if update.name == "w" else ", which is called w here"
    return f"the rule for {update.name}{called}\n{forward_text(update.rule)}"


def update_table(found: Explanation) -> str:
    header = ("", "before", "gradient of the loss", "after", "training's own", "deviation")
    rows = [row for update in found.updates for row in update_rows(update)]
    return table(header, rows)


def update_rows(update: Update) -> Iterator[Row]:
    """A row for each entry of a parameter, the first ones of many."""
    labels = entry_labels(update.name, update.before.shape)
    columns = (update.before, update.gradient, update.after.value, update.after.numeric)
    for i in range(min(len(labels), ENTRIES_SHOWN)):
        far = check_row(update.after)[3] if i == 0 else ""
        yield (labels[i], *(f"{column.ravel()[i]:.10g}" for column in columns), far)
    if len(labels) > ENTRIES_SHOWN:
        yield (f"… {len(labels)} entries of {update.name}",)


def state_text(update: Update) -> str:
    header = (f"memory of {update.name}", "before", "after", "training's own", "deviation")
    rows = [(check.name, shown(before), *check_row(check)[1:]) for before, check in update.state]
    return table(header, rows)


def second_text(second: Second) -> str:
    """The gradient's graph, forward and backward, then the second derivatives."""
    parts = [
        f"s = d loss / d {second.entry}, the largest entry of the gradient; its derivatives are a row of H, the matrix "
        "of second derivatives.",
        forward_text(second.walk),
        backward_text(second.walk),
    ]
    if len(second.check.value) == len(second.labels):
        rows = [(label, *map(number, row)) for label, row in zip(second.labels, second.check.value, strict=True)]
        parts.append(table(("H", *second.labels), rows))
    parts.append(table(CHECK_HEADER, [check_row(second.check)]))
    return "\n\n".join(parts)


def verdict(checks: Sequence[Checked]) -> str:
    wrong = [check for check in checks if not check.agrees]
    if not wrong:
        worst = max((check.deviation for check in checks), default=0.0)
        return f"All {len(checks)} checks agree; the largest deviation is {worst:.1e}."
    names = ", ".join(check.name for check in wrong[:ENTRIES_SHOWN])
    return (
        f"{len(wrong)} of {len(checks)} checks do not agree (marked !): {names}. At a kink this may be; anywhere "
        "else a derivative is wrong."
    )
