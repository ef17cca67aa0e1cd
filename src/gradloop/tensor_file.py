"""A file of named arrays and one JSON document: safetensors, with a checksum over all.

The safetensors library (https://github.com/huggingface/safetensors) writes and reads the layout; any reader of
safetensors can open these files. A file is accepted only if writing its contents again gives the same bytes, so that
there is one way to say a thing, no gap and no key twice, and only with its checksum right. No code is ever run.
"""

import hashlib
import json
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
_KEY = "gradloop"  # the entry of the metadata that holds document and checksum
_DTYPES: dict[str, np.dtype[Any]] = {"f4": np.dtype("<f4"), "f8": np.dtype("<f8"), "i8": np.dtype("<i8")}

Arrays = Mapping[str, NDArray[Any]]


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


def read(path: PathLike, most: int = MOST_BYTES) -> tuple[dict[str, NDArray[Any]], Any]:
    """The arrays and the document of a file that ``write`` wrote, if it has no more than so many bytes.

    Raises: ModelFileError for anything else, before any of it is believed.
    """
    name = os.fspath(path)
    try:
        blob = _bytes(path, most)
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
        raise ModelFileError(f"The model file {name!r} cannot be read: {reason(error)}.") from error
    try:
        return decode(blob, most)
    except _RefusedError as refusal:
        raise ModelFileError(f"The file {name!r} {refusal}") from None


def encode(arrays: Arrays, document: object) -> bytes:
    """The bytes of a file: the same arrays and document give the same bytes."""
    from safetensors.numpy import save

    contents = {name: _storable(array) for name, array in arrays.items()}
    told = [_checksum(contents, document), list(contents), document]  # the library does not keep the order of names
    text = json.dumps(told, separators=(",", ":"), allow_nan=False)
    return bytes(save(contents, {_KEY: text}))


def decode(blob: bytes, most: int = MOST_BYTES) -> tuple[dict[str, NDArray[Any]], Any]:
    """The arrays and the document in the bytes that ``encode`` made."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        text = json.loads(_header(blob, most))["__metadata__"][_KEY]
        _, names, document = json.loads(text)
        loaded = load(blob)
        arrays = {name: loaded[name].copy() for name in names}
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        raise _RefusedError(_FOREIGN) from None
    if not _says_the_same(blob, arrays, document):
        raise _RefusedError(_ALTERED)
    return arrays, document


class _RefusedError(Exception):
    """Why a file is refused, as the end of a sentence that begins with its name."""


_ALTERED = "was cut or altered after it was saved, so it is refused; save the model again or take a backup."
_FOREIGN = "is not a model file of gradloop, or it was cut; models are made by fit.save() or gradloop fit -o."


def _unwritable(path: PathLike, error: OSError) -> ModelFileError:
    return ModelFileError(f"{os.fspath(path)!r} cannot be written: {reason(error)}; choose another place.")


def _bytes(path: PathLike, most: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # opening a pipe must not wait
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is not a file")
        return file.read(most + 1)


def _header(blob: bytes, most: int) -> bytes:
    """The header, when the first eight bytes give a length that can be."""
    if len(blob) > most:
        raise _RefusedError(f"is larger than the {most >> 20} MB that such a file holds at most.")
    length = int.from_bytes(blob[:8], "little")
    if len(blob) < 8 or length > min(MOST_HEADER_BYTES, len(blob) - 8):
        raise _RefusedError(_FOREIGN)
    return blob[8 : 8 + length]


def _says_the_same(blob: bytes, arrays: Arrays, document: object) -> bool:
    try:
        return encode(arrays, document) == blob
    except (ValueError, RecursionError):  # NaN or 1e999 in the document, or nested to the brim
        return False


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    """float32, float64 or int64, in the order of bytes that every machine reads."""
    found = np.asarray(array)
    kind = "i8" if found.dtype.kind in "iub" else "f4" if found.dtype == np.float32 else "f8"
    return found.astype(_DTYPES[kind], order="C")


def _checksum(contents: Arrays, document: object) -> str:
    """Over names, shapes, types, numbers and document: the rest of the file follows from these."""
    digest = hashlib.sha256(json.dumps(document, allow_nan=False).encode())
    for name, array in sorted(contents.items()):
        digest.update(repr((name, array.dtype.str, array.shape)).encode() + array.tobytes())
    return digest.hexdigest()
