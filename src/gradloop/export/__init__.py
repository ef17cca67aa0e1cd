"""A trained model in other languages: plain Python, SQL, ONNX, and its coefficients as JSON.

What is written is the traced graph of the prediction, operation by operation, with the preparation of the columns
before it; so a user's own law is exported like the models that are shipped. ``fit.export(path)`` writes a file.
"""

from gradloop.export.coefficients import to_json
from gradloop.export.files import export
from gradloop.export.onnx import to_onnx
from gradloop.export.python import to_python
from gradloop.export.sql import to_sql

__all__ = ["export", "to_json", "to_onnx", "to_python", "to_sql"]
