"""A run as TensorBoard reads it: a folder with a file of events."""

from __future__ import annotations

import os
import time
from typing import Any

from gradloop.callbacks.measured import described, scalars
from gradloop.callbacks.protocol import Callback, Outline
from gradloop.errors import OptionError
from gradloop.extras import require
from gradloop.progress import Progress
from gradloop.whole_file import PathLike


class TensorBoard(Callback):
    """Writes loss, loss on rows held out, learning rate, gradient norm and rows/s of each epoch as an event file.

    Each fit writes a file of its own into the folder; `tensorboard --logdir FOLDER` shows them. Event files hold
    numbers with 24 bits. The package is the extra `tensorboard`.

    Args: folder, where the file is to be; it is made where it is not there.

    Raises: OptionError where tensorboard is not installed; CallbackError where the folder cannot be written.

    >>> TensorBoard("runs/first").folder
    'runs/first'
    """

    def __init__(self, folder: PathLike) -> None:
        if not isinstance(folder, (str, os.PathLike)) or not os.fspath(folder):
            raise OptionError(f"folder is {folder!r}, but it must be the path of a folder.")
        require("tensorboard", "Event files")
        self.folder = os.fspath(folder)
        self.writer: Any = None

    def on_start(self, outline: Outline) -> None:
        events = require("tensorboard.summary.writer.event_file_writer", "Event files")
        self.writer = events.EventFileWriter(self.folder)
        self.tell("run", "\n".join(f"    {name}: {text}" for name, text in described(outline)))

    def on_epoch(self, progress: Progress) -> None:
        summary = require("tensorboard.compat.proto.summary_pb2", "Event files").Summary
        values = [summary.Value(tag=name, simple_value=value) for name, value in scalars(progress).items()]
        self.write(summary(value=values), progress.epoch)

    def on_stop(self, fit: Any) -> None:
        if self.writer is None:
            return
        self.tell("end", "Training ended with an error." if fit is None else " ".join([str(fit.stop), *fit.notes]))
        self.writer.close()
        self.writer = None

    def tell(self, tag: str, text: str) -> None:
        metadata = require("tensorboard.plugins.text.metadata", "Event files").create_summary_metadata("", "")
        proto = require("tensorboard.compat.proto.summary_pb2", "Event files").Summary
        tensor = require("tensorboard.util.tensor_util", "Event files").make_tensor_proto([text])
        self.write(proto(value=[proto.Value(tag=tag, metadata=metadata, tensor=tensor)]), 0)

    def write(self, summary: Any, epoch: int) -> None:
        event = require("tensorboard.compat.proto.event_pb2", "Event files").Event
        self.writer.add_event(event(wall_time=time.time(), step=epoch, summary=summary))
