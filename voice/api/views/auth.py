"""Accounts and tokens: /api/auth."""

from rest_framework.request import Request
from rest_framework.response import Response

from voice.api.schema import Operation
from voice.api.serializers.auth import (
    RefreshSerializer,
    RegisterAnswer,
    RegisterSerializer,
    TokenPairSerializer,
    TokenSerializer,
    UserAnswer,
    UserSerializer,
)
from voice.api.views.base import PublicView, View
from voice.services.account import (
    token_pair_issue,
    token_pair_refresh,
    token_revoke,
    user_authenticate,
    user_register,
)
from voice.services.login_limit import login_try, logins_spend


class RegisterView(PublicView):
    """POST /register."""

    tag = "auth"
    operations = {
        "post": Operation(
            "register",
            "Make an account",
            "Answers 403 `registration_closed` where the operator gives out accounts.",
            request=RegisterSerializer,
            answer=RegisterAnswer,
            status=201,
            problems=(400, 403, 422, 429, 503),
        )
    }

    def post(self, request: Request) -> Response:
        fields = RegisterSerializer.read(request.data)
        logins_spend(request)
        user = user_register(**fields)
        pair = token_pair_issue(user=user)
        return Response({"user": UserSerializer(user).data, **TokenPairSerializer(pair).data}, status=201)


class TokenView(PublicView):
    """POST /token."""

    tag = "auth"
    operations = {
        "post": Operation(
            "log_in",
            "Log in",
            "Ten wrong passwords close an account's login for the rest of a quarter of an hour: 429.",
            request=TokenSerializer,
            answer=TokenPairSerializer,
            problems=(400, 401, 422, 429, 503),
        )
    }

    def post(self, request: Request) -> Response:
        fields = TokenSerializer.read(request.data)
        logins_spend(request)
        with login_try(fields["username"]):
            user = user_authenticate(request=request._request, **fields)
        return Response(TokenPairSerializer(token_pair_issue(user=user)).data)


class TokenRefreshView(PublicView):
    """POST /token/refresh."""

    tag = "auth"
    operations = {
        "post": Operation(
            "refresh",
            "Get the next pair of tokens",
            "A refresh token works once. One that comes a second time revokes all of its account's.",
            request=RefreshSerializer,
            answer=TokenPairSerializer,
        )
    }

    def post(self, request: Request) -> Response:
        pair = token_pair_refresh(**RefreshSerializer.read(request.data))
        return Response(TokenPairSerializer(pair).data)


class LogoutView(PublicView):
    """POST /logout."""

    tag = "auth"
    operations = {
        "post": Operation(
            "log_out", "Log out: the refresh token buys nothing any more", request=RefreshSerializer, status=204
        )
    }

    def post(self, request: Request) -> Response:
        token_revoke(**RefreshSerializer.read(request.data))
        return Response(status=204)


class MeView(View):
    """GET /me."""

    tag = "auth"
    operations = {"get": Operation("me", "The account that is signed in", answer=UserAnswer)}

    def get(self, request: Request) -> Response:
        return Response({"user": UserSerializer(request.user).data})
