"""Whether this server may and can use XTTS. No torch in here: the web process asks before it takes a job."""

from voice.engines.xtts.configuration import XttsConfiguration
from voice.engines.xtts.files import checkpoint_problem
from voice.errors import EngineUnavailable


def require_available(configuration: XttsConfiguration) -> None:
    """Raise EngineUnavailable `xtts_licence_missing` or `xtts_weights_missing` where an operator has to act first.

    The messages are for users and name no path; `checkpoint_problem` tells the operator more.
    """
    if not configuration.is_licence_accepted:
        raise EngineUnavailable(
            "xtts_licence_missing",
            "XTTS is not available here: the operator of this server has not accepted the licence of its weights "
            "(XTTS_LICENCE_ACCEPTED). Use another engine, or ask the operator.",
        )
    if checkpoint_problem(configuration.checkpoint) is not None:
        raise EngineUnavailable(
            "xtts_weights_missing",
            "XTTS is not available here: its weights are not installed (`manage.py download_xtts`). Use another "
            "engine, or ask the operator.",
        )
