"""Accounts and tokens: /api/auth."""

import re
from typing import Any, cast

from django.contrib.auth.password_validation import get_default_password_validators
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from voice.api.schema import Operation
from voice.api.serializers import CREATED_AT, StrictSerializer, StringField
from voice.api.views import PublicView, View
from voice.models import User
from voice.services.account import (
    account_close,
    password_change,
    token_pair_issue,
    token_pair_refresh,
    token_revoke,
    user_authenticate,
    user_register,
)
from voice.services.login_limit import login_try, logins_spend

PASSWORD = "correct horse battery staple"  # noqa: S105 (an example)
TYPED = {"input_type": "password"}
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl"  # noqa: S105 (signed by nobody)


class TokenSerializer(StrictSerializer):
    """Credentials."""

    example = {"username": "ada", "password": PASSWORD}
    username = StringField(max_length=150)
    password = StringField(max_length=128, trim_whitespace=False, write_only=True, style=TYPED)


class NewPasswordField(StringField):
    """A password that is to be set. The service judges it; the schema says what it can of that."""

    def __init__(self) -> None:
        super().__init__(max_length=128, trim_whitespace=False, write_only=True, style=TYPED)

    @property
    def described(self) -> dict[str, Any]:
        lengths = [each.min_length for each in get_default_password_validators() if hasattr(each, "min_length")]
        return {**super().described, "minLength": max(1, *lengths)}


class UsernameField(StringField):
    """A name that is to be given: letters and digits of any script, and a few signs. The service judges the rest."""

    # \w is ASCII alone in browsers, and \p{L} is not known everywhere: so the blocks of letters are named
    described = {
        "pattern": r"^[\w.@+\-\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02c1\u0370-\u1fff\u2c00-\u2dff"
        r"\u3005-\u3007\u3041-\ud7fb\uf900-\uffdc]+$"
    }
    default_error_messages = {"invalid": "Write it with letters, digits and @ . + - _ only."}

    def check_sent(self, sent: str) -> None:
        super().check_sent(sent)
        if (
            sent
            and "\0" not in sent
            and not all(re.fullmatch(r"[\w.@+-]+", form) for form in (sent, User.normalize_username(sent)))
        ):
            self.fail("invalid")


class EmailField(StringField, serializers.EmailField):
    """An address of e-mail, or nothing."""

    described = {"pattern": r"^([^\u0000\r\n]+@[^\s@]+)?$"}

    def check_sent(self, sent: str) -> None:
        super().check_sent(sent)
        if not re.fullmatch(self.described["pattern"], sent):
            self.fail("invalid")


class RegisterSerializer(StrictSerializer):
    """A new account."""

    example = {**TokenSerializer.example, "email": "ada@example.com"}
    username = UsernameField(max_length=150, trim_whitespace=False)
    password = NewPasswordField()
    email = EmailField(required=False, allow_blank=True, max_length=254)


class RefreshSerializer(StrictSerializer):
    """A refresh token."""

    example = {"refresh": TOKEN}
    refresh = StringField(max_length=4096)


class PasswordChangeSerializer(StrictSerializer):
    """The password that the account has, and the one that it gets."""

    example = {"current_password": PASSWORD, "new_password": "another horse, another staple"}
    current_password = StringField(max_length=128, trim_whitespace=False, write_only=True, style=TYPED)
    new_password = NewPasswordField()


class PasswordSerializer(StrictSerializer):
    """The account's password, as a confirmation."""

    example = {"password": PASSWORD}
    password = StringField(max_length=128, trim_whitespace=False, write_only=True, style=TYPED)


class UserSerializer(serializers.Serializer[Any]):
    """An account."""

    example = {"id": "9a1d3c5e-7b9f-4a2c-8e4d-6f8a0b2c4d55", "created_at": CREATED_AT}
    id = serializers.UUIDField()
    username = serializers.CharField(initial="ada")
    email = serializers.CharField(initial="ada@example.com")
    created_at = serializers.DateTimeField(source="date_joined")


class UserAnswer(serializers.Serializer[Any]):
    """The account that is signed in."""

    user = UserSerializer()


class TokenPairSerializer(serializers.Serializer[Any]):
    """Send `access` as `Authorization: Bearer <access>`; `refresh` buys the next pair, once."""

    access = serializers.CharField(initial=TOKEN)
    refresh = serializers.CharField(initial=TOKEN)


class RegisterAnswer(TokenPairSerializer):
    """The new account, signed in."""

    user = UserSerializer()


class TokenAnswers(APIView):
    """Answers that hold tokens: no cache keeps them (RFC 6749, 5.1)."""

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}


class AccountView(TokenAnswers, ViewSetMixin, PublicView):
    """Accounts and their tokens."""

    tag = "auth"
    operations = {
        "register": Operation(
            "register",
            "Make an account",
            "Answers 403 `registration_closed` where the operator gives out accounts.",
            request=RegisterSerializer,
            answer=RegisterAnswer,
            status=201,
            problems=(400, 403, 422, 429, 503),
        ),
        "log_in": Operation(
            "log_in",
            "Log in",
            "Ten wrong passwords close an account's login for the rest of a quarter of an hour: 429.",
            request=TokenSerializer,
            answer=TokenPairSerializer,
            problems=(400, 401, 422, 429, 503),
        ),
        "refresh": Operation(
            "refresh",
            "Get the next pair of tokens",
            "A refresh token works once. One that comes a second time ends all logins of its account.",
            request=RefreshSerializer,
            answer=TokenPairSerializer,
        ),
        "log_out": Operation(
            "log_out",
            "Log out: the tokens of this login are void, access tokens included",
            request=RefreshSerializer,
            status=204,
        ),
    }

    def register(self, request: Request) -> Response:
        fields = RegisterSerializer.read(request.data)
        logins_spend(request)
        user = user_register(**fields)
        pair = token_pair_issue(user=user)
        return Response({"user": UserSerializer(user).data, **TokenPairSerializer(pair).data}, status=201)

    def log_in(self, request: Request) -> Response:
        fields = TokenSerializer.read(request.data)
        logins_spend(request)
        with login_try(fields["username"]):
            user = user_authenticate(request=request._request, **fields)
        return Response(TokenPairSerializer(token_pair_issue(user=user)).data)

    def refresh(self, request: Request) -> Response:
        pair = token_pair_refresh(**RefreshSerializer.read(request.data))
        return Response(TokenPairSerializer(pair).data)

    def log_out(self, request: Request) -> Response:
        token_revoke(**RefreshSerializer.read(request.data))
        return Response(status=204)


class MeView(TokenAnswers, ViewSetMixin, View):
    """The account that is signed in."""

    tag = "auth"
    operations = {
        "me": Operation("me", "The account that is signed in", answer=UserAnswer),
        "change_password": Operation(
            "change_password",
            "Change the password",
            "Ends every login of the account, and answers with the tokens of a new one.",
            request=PasswordChangeSerializer,
            answer=TokenPairSerializer,
            problems=(400, 401, 422, 429, 503),
        ),
        "close": Operation(
            "close_account",
            "Delete the account, with all recordings, voices and speech",
            "The account is closed at once and for good. What belongs to it is removed in the background. Answers 403 "
            "`account_has_powers` to staff, whose accounts are removed in the admin.",
            request=PasswordSerializer,
            status=204,
            problems=(400, 401, 403, 422, 429, 503),
        ),
    }

    def me(self, request: Request) -> Response:
        return Response({"user": UserSerializer(request.user).data})

    def change_password(self, request: Request) -> Response:
        fields = PasswordChangeSerializer.read(request.data)
        user = cast(User, request.user)
        with login_try(user.username):  # a stolen token must not let anybody guess
            pair = password_change(user=user, **fields)
        return Response(TokenPairSerializer(pair).data)

    def close(self, request: Request) -> Response:
        fields = PasswordSerializer.read(request.data)
        user = cast(User, request.user)
        with login_try(user.username):
            account_close(user=user, **fields)
        return Response(status=204)
