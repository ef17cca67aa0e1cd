"""Model files that somebody changed, with a right checksum."""

import json

import numpy as np

from gradloop import model_file


def rewritten(fit, change):
    """The arrays and document of a fit after somebody changed them, with a right checksum."""
    arrays, document = dict(model_file._arrays(fit)), model_file._document(fit)
    change(arrays, document)
    return arrays, json.loads(json.dumps(document))


def put(key, value):
    return lambda arrays, document: document.update({key: value})


def put_in(key, inner, value):
    return lambda arrays, document: document[key].update({inner: value})


def array(name, value):
    return lambda arrays, document: arrays.update({name: np.asarray(value)})


def without(name):
    return lambda arrays, document: (arrays.pop(name, None), document.pop(name, None))
