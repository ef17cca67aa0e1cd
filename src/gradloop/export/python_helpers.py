"""Functions that an exported Python module brings along: reading a row's cells, and NumPy's answers at the edges.

Python's own raise an error where a number is too large or a logarithm's argument is not positive. A law may pass
through infinity and come back, so these answer as the model was trained. Each may call those that stand before it.
"""

from collections.abc import Mapping

_TEXT = r"""
def is_missing(row, name):
    if name not in row:
        raise ValueError(f"the row has no column {name!r}")
    value = row[name]
    return value is None or value != value or (isinstance(value, str) and not value.strip())

def number(row, name, fill):
    if not is_missing(row, name):
        value = float(row[name])
        if not math.isfinite(value):
            raise ValueError(f"column {name!r} is {value}")
        return value
    if fill is None:
        raise ValueError(f"column {name!r} has no value")
    return fill

def truth(row, name, fill):
    if is_missing(row, name):
        return number(row, name, fill)
    text = str(row[name]).lower()
    value = float({"true": 1, "false": 0}.get(text, text))
    if value not in (0.0, 1.0):
        raise ValueError(f"column {name!r} is {value}, and the model learned true and false")
    return value

def days(row, name, origin, fill):
    if is_missing(row, name):
        return number(row, name, fill)
    from datetime import datetime, timedelta, timezone

    moment = datetime.fromisoformat(str(row[name]))
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return (moment - datetime.fromisoformat(origin)) / timedelta(days=1)

def level(row, name, levels, others, optional):
    if is_missing(row, name):
        if not optional:
            raise ValueError(f"column {name!r} has no value")
        return -1
    text = str(row[name])
    if not isinstance(row[name], str):
        text = {each.lower(): each for each in levels}.get(text.lower(), text)
    if text in levels:
        return levels.index(text)
    if others is None:
        raise ValueError(f"column {name!r} is {text!r}, which the model has not seen")
    return others

def finite(numbers):
    if not all(map(math.isfinite, numbers)):
        raise ValueError("the prediction is not finite; the row's values are too far from those of the training")
    return numbers

def exp(x):
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf

def expm1(x):
    try:
        return math.expm1(x)
    except OverflowError:
        return math.inf

def log(x):
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan

def log1p(x):
    return math.log1p(x) if x > -1 else -math.inf if x == -1 else math.nan

def sqrt(x):
    return math.sqrt(x) if x >= 0 else math.nan

def sign(x):
    return float((x > 0) - (x < 0)) if x == x else x

def floor(x):
    return math.copysign(math.floor(x), x) if math.isfinite(x) else x

def sin(x):
    return math.sin(x) if math.isfinite(x) else math.nan

def cos(x):
    return math.cos(x) if math.isfinite(x) else math.nan

def logistic(x):
    decay = math.exp(-abs(x))
    return (1.0 if x >= 0 else decay) / (1.0 + decay)

def divide(a, b):
    if b:
        return a / b
    return math.copysign(math.inf, a) * math.copysign(1.0, b) if a and a == a else math.nan

def power(a, b):
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        return math.nan if a else math.copysign(math.inf, a) if b % 2 == 1 else math.inf

def maximum(a, b):
    return a if a >= b or a != a else b

def minimum(a, b):
    return a if a <= b or a != a else b

def logaddexp(a, b):
    return a + math.log(2.0) if a == b else maximum(a, b) + math.log1p(math.exp(-abs(a - b)))
"""


def _functions(text: str) -> dict[str, str]:
    """The functions of a text by their names."""
    parts = [f"def {part.strip()}" for part in text.split("\ndef ")[1:]]
    return {part[4 : part.index("(")]: part for part in parts}


HELPERS: Mapping[str, str] = _functions(_TEXT)
