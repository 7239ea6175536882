"""Accounts and tokens: /api/auth."""

from typing import Any

from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voice.api.methods import METHODS
from voice.api.rate_limit import logins_spend
from voice.api.serializers.auth import (
    RefreshRequest,
    RegisterRequest,
    TokenPairSerializer,
    TokenRequest,
    UserSerializer,
)
from voice.services.account import (
    token_pair_issue,
    token_pair_refresh,
    token_revoke,
    user_authenticate,
    user_register,
)


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

    def post(self, request: Request) -> Response:
        fields = self.valid(RegisterRequest)
        logins_spend(request)
        user = user_register(**fields)
        pair = token_pair_issue(user=user)
        return Response({"user": UserSerializer(user).data, **TokenPairSerializer(pair).data}, status=201)


class TokenView(PublicView):
    """POST /token."""

    def post(self, request: Request) -> Response:
        fields = self.valid(TokenRequest)
        logins_spend(request)
        user = user_authenticate(request=request._request, **fields)
        return Response(TokenPairSerializer(token_pair_issue(user=user)).data)


class TokenRefreshView(PublicView):
    """POST /token/refresh."""

    def post(self, request: Request) -> Response:
        pair = token_pair_refresh(**self.valid(RefreshRequest))
        return Response(TokenPairSerializer(pair).data)


class LogoutView(PublicView):
    """POST /logout."""

    def post(self, request: Request) -> Response:
        token_revoke(**self.valid(RefreshRequest))
        return Response(status=204)


class MeView(APIView):
    """GET /me."""

    http_method_names = METHODS

    def get(self, request: Request) -> Response:
        return Response({"user": UserSerializer(request.user).data})
