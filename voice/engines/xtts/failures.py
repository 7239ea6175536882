"""The errors that sentences fail with when models or device break, and when the device broke too often. No torch."""

from voice.errors import EngineError, EngineUnavailable, VoiceError

DEVICE_FAILURES_MAX = 3
"""So many in a row, without a success in between, and the engine ends."""


class DeviceMemoryFull(Exception):
    """The device has no memory for this; whoever asked shrinks the batch and asks again."""


class EngineOutOfMemory(EngineError):
    """The device has no memory for this sentence though nothing else runs on it. It may have later."""

    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "engine_out_of_memory", "The device ran out of memory. Try again, or give it less other work."
        )


class EngineFailed(EngineError):
    """Something broke in the model or on the device; the sentence that broke may have been another one."""

    retryable = True

    def __init__(self) -> None:
        super().__init__("engine_failed", "The speech engine broke on this. It is logged. Try again.")


class DeviceBroken(Exception):
    """The device failed again and again, as it does after an error that its context does not survive."""


def engine_stopped() -> EngineUnavailable:
    """The error of a call to an engine that has ended."""
    return EngineUnavailable(
        "engine_stopped", "The engine has stopped here. Try again; tell the operator if it stays."
    )


def caused(error: VoiceError, cause: BaseException | None) -> VoiceError:
    """`error`, of `cause`: one of its own for each ticket, as it is raised in another thread."""
    error.__cause__ = cause
    return error


def forget_frames(error: BaseException) -> None:
    """Once it is logged: let go of the frames that failed, whose tensors would live as long as somebody keeps it."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__


def copied(error: VoiceError) -> VoiceError:
    """A copy to be raised: its traceback leads to frames that hold the ticket, which must not hold it in turn."""
    like = type(error).__new__(type(error), *error.args)
    like.__dict__.update(error.__dict__)
    like.__cause__ = error.__cause__
    return like
