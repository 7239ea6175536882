"""Accounts and tokens: /api/auth."""

from typing import Any

from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voice.api import examples
from voice.api.methods import METHODS
from voice.api.schema import operation
from voice.api.serializers.auth import (
    RefreshSerializer,
    RegisterAnswer,
    RegisterSerializer,
    TokenPairSerializer,
    TokenSerializer,
    UserAnswer,
    UserSerializer,
)
from voice.services.account import (
    token_pair_issue,
    token_pair_refresh,
    token_revoke,
    user_authenticate,
    user_register,
)
from voice.services.login_limit import login_try, logins_spend


class PublicView(APIView):
    """For those who have no token yet."""

    authentication_classes: list[Any] = []
    permission_classes = [permissions.AllowAny]
    http_method_names = METHODS

    def valid(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        serializer = shape(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class RegisterView(PublicView):
    """POST /register."""

    @operation(
        "register",
        summary="Make an account",
        description="Answers 403 `registration_closed` where the operator gives out accounts.",
        tag="auth",
        request=(RegisterSerializer, examples.REGISTER_REQUEST),
        answers={201: (RegisterAnswer, examples.REGISTERED)},
        problems=(400, 403, 422, 429, 503),
        is_public=True,
    )
    def post(self, request: Request) -> Response:
        fields = self.valid(RegisterSerializer)
        logins_spend(request)
        user = user_register(**fields)
        pair = token_pair_issue(user=user)
        return Response({"user": UserSerializer(user).data, **TokenPairSerializer(pair).data}, status=201)


class TokenView(PublicView):
    """POST /token."""

    @operation(
        "log_in",
        summary="Log in",
        description="Ten wrong passwords close an account's login for the rest of a quarter of an hour: 429.",
        tag="auth",
        request=(TokenSerializer, examples.TOKEN_REQUEST),
        answers={200: (TokenPairSerializer, examples.TOKEN_PAIR)},
        problems=(400, 401, 422, 429, 503),
        is_public=True,
    )
    def post(self, request: Request) -> Response:
        fields = self.valid(TokenSerializer)
        logins_spend(request)
        with login_try(fields["username"]):
            user = user_authenticate(request=request._request, **fields)
        return Response(TokenPairSerializer(token_pair_issue(user=user)).data)


class TokenRefreshView(PublicView):
    """POST /token/refresh."""

    @operation(
        "refresh",
        summary="Get the next pair of tokens",
        description="A refresh token works once. One that comes a second time revokes all of its account's.",
        tag="auth",
        request=(RefreshSerializer, examples.REFRESH_REQUEST),
        answers={200: (TokenPairSerializer, examples.TOKEN_PAIR)},
        problems=(400, 401, 422, 503),
        is_public=True,
    )
    def post(self, request: Request) -> Response:
        pair = token_pair_refresh(**self.valid(RefreshSerializer))
        return Response(TokenPairSerializer(pair).data)


class LogoutView(PublicView):
    """POST /logout."""

    @operation(
        "log_out",
        summary="Log out: the refresh token buys nothing any more",
        tag="auth",
        request=(RefreshSerializer, examples.REFRESH_REQUEST),
        answers={204: (None, None)},
        problems=(400, 401, 422, 503),
        is_public=True,
    )
    def post(self, request: Request) -> Response:
        token_revoke(**self.valid(RefreshSerializer))
        return Response(status=204)


class MeView(APIView):
    """GET /me."""

    http_method_names = METHODS

    @operation(
        "me", summary="The account that is signed in", tag="auth", answers={200: (UserAnswer, {"user": examples.USER})}
    )
    def get(self, request: Request) -> Response:
        return Response({"user": UserSerializer(request.user).data})
