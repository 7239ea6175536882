"""Accounts and their tokens."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from confusable_homoglyphs.categories import unique_aliases
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from voice.errors import Forbidden, InvalidRequest, NotAuthenticated, WrongPassword
from voice.models import LoginSession, User
from voice.models.user import username_fold

SESSION_CLAIM = "sid"
RESERVED_NAMES = frozenset(
    {
        *("admin", "administrator", "moderator", "moderation", "operator", "podstream", "podstreamvoice", "root"),
        *("security", "staff", "superuser", "support", "system", "team", "webmaster", "www", "api", "help", "info"),
        *("anonymous", "official"),
    }
)
WRITTEN_TOGETHER = (frozenset({"HAN", "HIRAGANA", "KATAKANA"}), frozenset({"HAN", "HANGUL"}))


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
    if problem := _name_problem(user.username):
        found.setdefault("username", []).append(problem)
    try:
        validate_password(password, user)
    except ValidationError as error:
        found["password"] = _told(error.error_list)
    if found:
        raise _invalid(found)


def _name_problem(username: str) -> dict[str, str] | None:
    """What speaks against a name that is free: it could be taken for somebody else's."""
    scripts = frozenset(unique_aliases(username)) - {"COMMON", "INHERITED"}
    if len(scripts) > 1 and not any(scripts <= allowed for allowed in WRITTEN_TOGETHER):
        return {"code": "mixed_scripts", "message": "Write the name in the letters of one script."}
    if re.sub(r"[\W_0-9]", "", username_fold(username)) in RESERVED_NAMES:
        return {"code": "username_reserved", "message": "This name sounds like the operator's. Choose another one."}
    return None


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


def token_pair_issue(*, user: User, session: LoginSession | None = None) -> TokenPair:
    """A fresh pair for a user whose credentials were checked, of a new session unless one goes on."""
    session = session or LoginSession(owner=user)
    session.expires_at = timezone.now() + RefreshToken.lifetime
    session.save()
    refresh = RefreshToken.for_user(user)
    refresh[SESSION_CLAIM] = str(session.pk)
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))


def token_pair_refresh(*, refresh: str) -> TokenPair:
    """The next pair for a refresh token, which is used up by this.

    A refresh token that comes twice was stolen from, or by, somebody: then all sessions of its user end. Raises
    NotAuthenticated `token_not_valid`.
    """
    token = _signed(refresh)
    with transaction.atomic():
        user = _locked_user_of(token)
        session = LoginSession.objects.filter(pk=_id_in(token, SESSION_CLAIM), owner=user).first()
        if session is None and SESSION_CLAIM in token:  # older tokens have none, and get one
            raise _token_not_valid()
        was_used = _was_used(token)
        if was_used:
            _sessions_end(user)
        else:
            _blacklist(refresh)
            pair = token_pair_issue(user=user, session=session)
    if was_used:  # raised out here, so that the revocation is committed
        raise _token_not_valid()
    return pair


def token_revoke(*, refresh: str) -> None:
    """Log out: every token of this session is void, also one that was got for this refresh token since.

    Raises NotAuthenticated `token_not_valid`.
    """
    token = _signed(refresh)
    with transaction.atomic():
        user = _locked_user_of(token)
        LoginSession.objects.filter(pk=_id_in(token, SESSION_CLAIM), owner=user).delete()
        _blacklist(refresh)


def password_change(*, user: User, current_password: str, new_password: str) -> TokenPair:
    """Set another password, end all sessions, and begin a new one.

    Raises WrongPassword, or InvalidRequest `invalid` with what a validator says.
    """
    _check_password(user=user, password=current_password, field="current_password")
    try:
        validate_password(new_password, user)
    except ValidationError as error:
        raise _invalid({"new_password": _told(error.error_list)}) from error
    with transaction.atomic():
        _sessions_end(user)
        user.set_password(new_password)
        user.save(update_fields=["password"])
        return token_pair_issue(user=user)


def account_close(*, user: User, password: str) -> None:
    """Close an account for good. It is shut at once; the sweep removes all that belongs to it.

    Raises WrongPassword, or Forbidden `account_has_powers` for staff.
    """
    if user.is_staff or user.is_superuser:
        raise Forbidden("account_has_powers", "An account of staff is removed in the admin, by a superuser.")
    _check_password(user=user, password=password, field="password")
    with transaction.atomic():
        _sessions_end(user)
        User.objects.filter(pk=user.pk).update(is_active=False, closed_at=timezone.now())


def _check_password(*, user: User, password: str, field: str) -> None:
    """Raises WrongPassword where this is not the user's password, so that a stolen token is not enough."""
    if not user.check_password(password):
        problem = {"code": "wrong_password", "message": "This is not the password of this account."}
        raise WrongPassword("invalid", "The password is wrong.", details={"errors": {field: [problem]}})


def _signed(refresh: str) -> Token:
    try:
        return _SignedRefresh(refresh)  # type: ignore[arg-type]
    except TokenError as error:
        raise _token_not_valid() from error


def _locked_user_of(token: Token) -> User:
    user = User.objects.select_for_update().filter(pk=_id_in(token, "sub")).first()
    if user is None or not user.is_active or token.get("hash_password") != get_md5_hash_password(user.password):
        raise _token_not_valid()
    return user


def _was_used(token: Token) -> bool:
    return BlacklistedToken.objects.filter(token__jti=token["jti"]).exists()


def _blacklist(refresh: str) -> None:
    token: Any = RefreshToken(refresh, verify=False)  # type: ignore[arg-type]
    token.blacklist()


def _sessions_end(user: User) -> None:
    LoginSession.objects.filter(owner=user).delete()
    alive = OutstandingToken.objects.filter(user=user, blacklistedtoken=None)  # those without a session among them
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in alive], ignore_conflicts=True)


def _id_in(claims: Any, name: str) -> UUID:
    """An id that a token carries; one that nothing has where it carries none."""
    try:
        return UUID(claims[name])
    except (KeyError, TypeError, ValueError, AttributeError):
        return UUID(int=0)


def _token_not_valid() -> NotAuthenticated:
    return NotAuthenticated("token_not_valid", "This token is not valid, has expired or was used. Log in again.")
