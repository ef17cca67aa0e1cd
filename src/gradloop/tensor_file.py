"""A file of named arrays and one JSON document: safetensors in one canonical form, with a checksum over all.

The layout (https://github.com/huggingface/safetensors): eight bytes with the length of the header; the
header, a JSON object that gives each array its dtype, shape and place, with a ``__metadata__`` of strings;
the arrays. Any reader of safetensors can open these files. This one accepts only what ``encode`` writes, byte
for byte: one order, no gaps, no overlap, no key twice, no second way to say a thing. So there is nothing to
exploit and nothing to misread, and no code is ever run.
"""

import hashlib
import json
import math
import os
import stat
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradloop.errors import ModelFileError
from gradloop.whole_file import PathLike, check_place, reason, write_whole

MOST_BYTES = 64 * 2**20  # eight million numbers; a hostile file can cost no more memory than this
MOST_HEADER_BYTES = 8 * 2**20
_DTYPES = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "I64": np.dtype("<i8")}
_DOCUMENT, _CHECKSUM = "gradloop", "sha256"
_NO_CHECKSUM = "0" * 64  # stands in the checksum's place while the checksum is computed

Arrays = Mapping[str, NDArray[Any]]
_Specs = dict[str, tuple[str, tuple[int, ...]]]  # name -> dtype, shape


def write(path: PathLike, arrays: Arrays, document: object) -> None:
    """Write arrays of float64, float32 or int64 and a JSON document to ``path``; all of it, or nothing.

    Raises: ModelFileError when it cannot be written.
    """
    blob = encode(arrays, document)
    if len(blob) > MOST_BYTES:
        raise ModelFileError(
            f"The model takes {len(blob) >> 20} MB and a model file holds at most {MOST_BYTES >> 20} MB; "
            "save fit.params with numpy.savez instead."
        )
    try:
        write_whole(path, [blob])
    except OSError as error:
        raise _unwritable(path, error) from error


def check_writable(path: PathLike) -> None:
    """Find out before any work whether a file could be written at ``path``.

    Raises: ModelFileError.
    """
    try:
        check_place(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def read(path: PathLike) -> tuple[dict[str, NDArray[Any]], Any]:
    """The arrays and the document of a file that ``write`` wrote.

    Raises: ModelFileError for anything else, before any of it is believed.
    """
    name = os.fspath(path)
    try:
        blob = _bytes(path)
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise ModelFileError(f"The model file {name!r} cannot be read: {reason(error)}.") from error
    try:
        return decode(blob)
    except _RefusedError as refusal:
        raise ModelFileError(f"The file {name!r} {refusal}") from None


def encode(arrays: Arrays, document: object) -> bytes:
    """The bytes of a file: the same arrays and document give the same bytes."""
    contents = {name: np.asarray(array) for name, array in arrays.items()}
    specs: _Specs = {name: (_dtype(array), array.shape) for name, array in contents.items()}
    data = b"".join(array.astype(_DTYPES[specs[name][0]]).tobytes() for name, array in contents.items())
    text = _text(document)
    return _header(specs, text, _checksum(specs, text, data)) + data


def decode(blob: bytes) -> tuple[dict[str, NDArray[Any]], Any]:
    """The arrays and the document in the bytes that ``encode`` made."""
    header, data = _split(blob)
    specs, text, checksum = _understood(header)
    document = _json(text)
    said_in_the_one_way = _header(specs, text, checksum)[8:] == header and _is_the_text(document, text)
    whole = sum(map(_size, specs.values())) == len(data) and _checksum(specs, text, data) == checksum
    if not (said_in_the_one_way and whole):
        raise _RefusedError(_ALTERED)
    arrays, place = {}, 0
    for name, spec in specs.items():
        dtype, shape = spec
        arrays[name] = np.frombuffer(data[place : place + _size(spec)], _DTYPES[dtype]).reshape(shape).copy()
        place += _size(spec)
    return arrays, document


class _RefusedError(Exception):
    """Why a file is refused, as the end of a sentence that begins with its name."""


_ALTERED = "was cut or altered after it was saved, so it is refused; save the model again or take a backup."
_FOREIGN = "is not a model file of gradloop, or it was cut; models are made by fit.save() or gradloop fit -o."


def _unwritable(path: PathLike, error: OSError) -> ModelFileError:
    return ModelFileError(f"{os.fspath(path)!r} cannot be written: {reason(error)}; choose another place.")


def _bytes(path: PathLike) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # opening a pipe must not wait
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is not a file")
        return file.read(MOST_BYTES + 1)


def _split(blob: bytes) -> tuple[bytes, memoryview]:
    """The header and the data, when the first eight bytes give a length that can be."""
    if len(blob) > MOST_BYTES:
        raise _RefusedError(f"is larger than the {MOST_BYTES >> 20} MB that a model file holds at most.")
    length = int.from_bytes(blob[:8], "little")
    if len(blob) < 8 or length > min(MOST_HEADER_BYTES, len(blob) - 8):
        raise _RefusedError(_FOREIGN)
    return blob[8 : 8 + length], memoryview(blob)[8 + length :]


def _understood(header: bytes) -> tuple[_Specs, str, str]:
    """What the header says, if it speaks at all; whether in the one right way is for the caller to see."""
    entries = _json(header)
    try:
        metadata = entries.pop("__metadata__")
        text, checksum = metadata[_DOCUMENT], metadata[_CHECKSUM]
        specs = {name: (str(entry["dtype"]), tuple(entry["shape"])) for name, entry in entries.items()}
    except (AttributeError, KeyError, TypeError):
        raise _RefusedError(_FOREIGN) from None
    if not (type(text) is str and type(checksum) is str and all(map(_possible, specs.values()))):
        raise _RefusedError(_ALTERED)
    return specs, text, checksum


def _possible(spec: tuple[str, tuple[Any, ...]]) -> bool:
    dtype, shape = spec
    lengths = all(type(length) is int and 0 <= length <= MOST_BYTES for length in shape)
    return dtype in _DTYPES and len(shape) <= 8 and lengths


def _checksum(specs: _Specs, text: str, data: bytes | memoryview) -> str:
    """Over the whole file, with zeros in the place of the checksum itself: no bit is left out."""
    digest = hashlib.sha256(_header(specs, text, _NO_CHECKSUM))
    digest.update(data)
    return digest.hexdigest()


def _header(specs: _Specs, text: str, checksum: str) -> bytes:
    entries: dict[str, object] = {"__metadata__": {_DOCUMENT: text, _CHECKSUM: checksum}}
    place = 0
    for name, spec in specs.items():
        end = place + _size(spec)
        entries[name] = {"dtype": spec[0], "shape": spec[1], "data_offsets": [place, end]}
        place = end
    header = json.dumps(entries, separators=(",", ":")).encode("ascii")
    header += b" " * (-len(header) % 8)  # the format asks for data at a multiple of eight
    return len(header).to_bytes(8, "little") + header


def _size(spec: tuple[str, tuple[int, ...]]) -> int:
    return _DTYPES[spec[0]].itemsize * math.prod(spec[1])


def _dtype(array: NDArray[Any]) -> str:
    if array.dtype.kind in "iub":
        return "I64"
    return "F32" if array.dtype == np.float32 else "F64"


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (
        ValueError,
        RecursionError,
    ):  # not JSON, not UTF-8, a number of 10,000 digits, or too deeply nested
        raise _RefusedError(_FOREIGN) from None


def _text(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def _is_the_text(document: object, text: str) -> bool:
    try:
        return _text(document) == text
    except (ValueError, RecursionError):  # NaN, 1e999, or nested to the brim
        return False
