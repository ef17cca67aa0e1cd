"""Writing a file so that its path always holds the old or the new content, whole, even when writing fails."""

import contextlib
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

PathLike = str | os.PathLike[str]


def write_whole(path: PathLike, chunks: Iterable[bytes], previous: PathLike | None = None) -> None:
    """Write the chunks to a temporary file beside ``path``, force them to the disk, and rename it into place.

    Two writers of one path never mix: the last rename wins, whole. A path that is a link keeps being one. The old file
    is then found at ``previous``, where that is given; at every instant one of the two is there, whole.

    Raises: OSError; the old file is then untouched and the temporary file gone.
    """
    place = _place(path)
    temporary = _temporary(place)
    try:
        with open(temporary, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and place.exists():
            _name_also(place, Path(os.path.realpath(previous)))
        os.replace(temporary, place)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # the file is whole either way; not every system can force a folder
        _force_folder(place.parent)


def check_place(path: PathLike) -> None:
    """Find out now, before hours of work, whether a file could be written at ``path``.

    Raises: OSError.
    """
    probe = _temporary(_place(path))
    with open(probe, "xb"):
        pass
    probe.unlink()


def remove_leftovers(path: PathLike) -> None:
    """Remove what writers of ``path`` that were killed have left beside it."""
    with contextlib.suppress(OSError):  # whoever writes there next will tell
        place = _place(path)
        for leftover in place.parent.glob(f"{_beginning(place)}*.tmp"):
            leftover.unlink(missing_ok=True)


def reason(error: OSError | ValueError) -> str:
    """Why it failed, in the system's words, as the end of a sentence that names the path."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _place(path: PathLike) -> Path:
    if "\0" in os.fspath(path):
        raise OSError("the name contains a NUL character")
    place = Path(os.path.realpath(path))
    if place.is_symlink():
        raise OSError("it is a link that leads in a circle")
    if place.exists() and not place.is_file():  # renaming over a device or a pipe would replace it
        raise OSError("it is there and is not a file")
    return place


def _temporary(place: Path) -> Path:
    return place.with_name(f"{_beginning(place)}{os.urandom(8).hex()}.tmp")


def _beginning(place: Path) -> str:
    """The same for all temporary files of a path, and as short for a long name."""
    return f".gradloop-{zlib.crc32(os.fsencode(place.name)):08x}-"


def _name_also(place: Path, other: Path) -> None:
    """Let another name mean this file too, in place of what it meant."""
    link = _temporary(place)
    try:
        os.link(place, link)
    except OSError:  # a disk where a file has one name only
        os.replace(place, other)
        return
    os.replace(link, other)
    link.unlink(missing_ok=True)  # renaming a file to another name of itself leaves both


def _force_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
