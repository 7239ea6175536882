"""Limits on logging in, over the API and in the admin: tries per address and minute, wrong passwords per account."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from voice.errors import NotAuthenticated, TooManyTries, WrongPassword
from voice.models import User
from voice.redis_client import redis_client, window_count

WRONG_PASSWORDS = 10  # of one account, in any LOGIN_WINDOW_S
LOGIN_WINDOW_S = 900


def logins_spend(request: HttpRequest) -> None:
    """Count one try to log in or register from this address. Raises TooManyTries, or RedisError: then nobody gets in,
    for a guesser must not gain from an outage.
    """
    found = get_usage(request, group="logins", key="ip", rate=f"{settings.LOGINS_PER_MINUTE}/m", increment=True)
    if found["should_limit"]:
        raise _too_many("Too many tries from your address. Wait a minute.", retry_after_s=found["time_left"])


@contextmanager
def login_try(username: str) -> Iterator[None]:
    """Stands around the check of a password. Raises TooManyTries where the account has had its wrong ones.

    A try is counted before it is known to be wrong, so that guesses sent at once do not pass together. The right
    password empties the count; whatever else stops the check gives the try back. A name that nobody has is counted
    alike, so answers do not reveal which accounts exist. Raises RedisError as `logins_spend` does.
    """
    name = User.normalize_username(username).casefold()
    key = f"podstream:wrong-passwords:{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
    entry = uuid4().hex
    window = window_count(key, limit=WRONG_PASSWORDS, period_s=LOGIN_WINDOW_S, entry=entry)
    if not window.fits:
        raise _too_many(
            f"Too many wrong passwords for this name. Wait {window.reset_s} s; anyone signed in stays signed in.",
            retry_after_s=window.reset_s,
        )
    try:
        yield
    except (NotAuthenticated, WrongPassword, ValidationError):
        raise
    except Exception:
        redis_client().zrem(key, entry)
        raise
    redis_client().delete(key)


def _too_many(message: str, *, retry_after_s: int) -> TooManyTries:
    return TooManyTries("rate_limited", message, details={"retry_after_s": max(1, retry_after_s)})
