"""What gradloop says when it cannot go on: one sentence with what happened, where, and what to do."""


class GradloopError(ValueError):
    """The base of every error that gradloop raises on purpose; its text is a sentence for people."""


class DataError(GradloopError):
    """A file, table or array cannot be used as it is: names the file, line, column or row."""


class ModelError(GradloopError):
    """Model, loss, start and data do not fit together: names the function and the shapes."""


class TracingError(ModelError):
    """A user's function does something that tracing cannot follow: names its file and line, and the cure."""


class TapeError(GradloopError, RuntimeError):
    """Something that an array with a tape cannot do, or whose derivative would be wrong."""


class OptionError(GradloopError):
    """An option cannot be honoured: names the option and what would be possible."""


class CallbackError(GradloopError):
    """A callback failed, and with it the fit: names the callback, the epoch, and what it raised."""


class ModelFileError(GradloopError):
    """A saved model is cut, altered, hostile, or newer than this gradloop."""
