"""Accounts and their tokens."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from voice.errors import Forbidden, InvalidRequest, NotAuthenticated
from voice.models import User


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A short-lived access token, and the refresh token that buys the next pair, once."""

    access: str
    refresh: str


class _SignedRefresh(Token):
    """A refresh token by signature, audience, issuer, type and age; whether it was used is asked apart."""

    token_type = "refresh"  # noqa: S105 (a name of the token's kind)
    lifetime = RefreshToken.lifetime


def user_register(*, username: str, password: str, email: str = "") -> User:
    """A new account. Raises Forbidden `registration_closed`, or InvalidRequest `invalid` with errors per field."""
    if not settings.REGISTRATION_OPEN:
        raise Forbidden("registration_closed", "This server takes no new accounts. Ask its operator for one.")
    user = User(username=User.normalize_username(username), email=User.objects.normalize_email(email))
    _validate(user, password)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:  # somebody took the name since it was looked up
        taken = {"code": "username_taken", "message": "This name belongs to somebody already."}
        raise _invalid({"username": [taken]}) from error
    return user


def _validate(user: User, password: str) -> None:
    found: dict[str, list[dict[str, str]]] = {}
    try:
        user.full_clean(exclude=["password", "username", "username_folded"], validate_unique=False)
        User._meta.get_field("username").clean(user.username, user)
    except ValidationError as error:
        fields = error.error_dict if hasattr(error, "error_dict") else {"username": error.error_list}
        found |= {name: _told(problems) for name, problems in fields.items()}
    try:
        validate_password(password, user)
    except ValidationError as error:
        found["password"] = _told(error.error_list)
    if found:
        raise _invalid(found)


def _told(problems: list[ValidationError]) -> list[dict[str, str]]:
    return [{"code": str(each.code), "message": each.messages[0]} for each in problems]


def _invalid(found: dict[str, list[dict[str, str]]]) -> InvalidRequest:
    return InvalidRequest("invalid", "Some fields are not valid: see errors.", details={"errors": found})


def user_authenticate(*, request: HttpRequest, username: str, password: str) -> User:
    """The active account with these credentials. Raises NotAuthenticated `bad_credentials`."""
    user = authenticate(request, username=username, password=password)
    if not isinstance(user, User):
        raise NotAuthenticated("bad_credentials", "No active account has this name and password.")
    update_last_login(User, user)
    return user


def token_pair_issue(*, user: User) -> TokenPair:
    """A fresh pair for a user whose credentials were checked."""
    refresh = RefreshToken.for_user(user)
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def token_pair_refresh(*, refresh: str) -> TokenPair:
    """The next pair for a refresh token, which is used up by this.

    A refresh token that comes twice was stolen from, or by, somebody: then every refresh token of its user is
    revoked. Raises NotAuthenticated `token_not_valid`.
    """
    token = _signed(refresh)
    with transaction.atomic():
        user = _locked_user_of(token)
        was_used = _was_used(token)
        if was_used:
            _revoke_all(user)
        else:
            _blacklist(refresh)
            pair = token_pair_issue(user=user)
    if was_used:  # raised out here, so that the revocation is committed
        raise _token_not_valid()
    return pair


def token_revoke(*, refresh: str) -> None:
    """Log out: this refresh token buys nothing any more, nor, if somebody has used it up, what they got for it.

    Raises NotAuthenticated `token_not_valid`.
    """
    token = _signed(refresh)
    with transaction.atomic():
        user = _locked_user_of(token)
        if _was_used(token):
            _revoke_all(user)
        else:
            _blacklist(refresh)


def _signed(refresh: str) -> Token:
    try:
        return _SignedRefresh(refresh)  # type: ignore[arg-type]
    except TokenError as error:
        raise _token_not_valid() from error


def _locked_user_of(token: Token) -> User:
    user = User.objects.select_for_update().filter(pk=token["sub"]).first()
    if user is None or not user.is_active or token.get("hash_password") != get_md5_hash_password(user.password):
        raise _token_not_valid()
    return user


def _was_used(token: Token) -> bool:
    return BlacklistedToken.objects.filter(token__jti=token["jti"]).exists()


def _blacklist(refresh: str) -> None:
    token: Any = RefreshToken(refresh, verify=False)  # type: ignore[arg-type]
    token.blacklist()


def _revoke_all(user: User) -> None:
    alive = OutstandingToken.objects.filter(user=user, blacklistedtoken=None)
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in alive], ignore_conflicts=True)


def _token_not_valid() -> NotAuthenticated:
    return NotAuthenticated("token_not_valid", "This token is not valid, has expired or was used. Log in again.")
