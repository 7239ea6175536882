"""Accounts and tokens: /api/auth."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSetMixin

from voice.api.schema import Operation
from voice.api.serializers import CREATED_AT, StrictSerializer, StringField
from voice.api.views import PublicView, View
from voice.services.account import (
    token_pair_issue,
    token_pair_refresh,
    token_revoke,
    user_authenticate,
    user_register,
)
from voice.services.login_limit import login_try, logins_spend

PASSWORD = "correct horse battery staple"  # noqa: S105 (an example)
TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl"  # noqa: S105 (signed by nobody)


class TokenSerializer(StrictSerializer):
    """Credentials."""

    example = {"username": "ada", "password": PASSWORD}
    username = StringField(max_length=150)
    password = StringField(max_length=128, trim_whitespace=False, write_only=True, style={"input_type": "password"})


class RegisterSerializer(TokenSerializer):
    """A new account."""

    example = {**TokenSerializer.example, "email": "ada@example.com"}
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)


class RefreshSerializer(StrictSerializer):
    """A refresh token."""

    example = {"refresh": TOKEN}
    refresh = StringField(max_length=4096)


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


class AccountView(ViewSetMixin, PublicView):
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
            "A refresh token works once. One that comes a second time revokes all of its account's.",
            request=RefreshSerializer,
            answer=TokenPairSerializer,
        ),
        "log_out": Operation(
            "log_out",
            "Log out: the refresh token buys nothing any more",
            request=RefreshSerializer,
            status=204,
        ),
    }

    @property
    def default_response_headers(self) -> dict[str, str]:
        """No cache keeps a token (RFC 6749, 5.1)."""
        return {**super().default_response_headers, "Cache-Control": "no-store"}

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


class MeView(View):
    """The account itself, without its password."""

    tag = "auth"
    operations = {"get": Operation("me", "The account that is signed in", answer=UserAnswer)}

    def get(self, request: Request) -> Response:
        return Response({"user": UserSerializer(request.user).data})
