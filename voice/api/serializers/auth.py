"""Accounts and tokens."""

from typing import Any

from rest_framework import serializers

from voice.api.serializers.base import CREATED_AT, StrictSerializer, StringField

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

    example = {
        "id": "9a1d3c5e-7b9f-4a2c-8e4d-6f8a0b2c4d55",
        "username": "ada",
        "email": "ada@example.com",
        "created_at": CREATED_AT,
    }
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    created_at = serializers.DateTimeField(source="date_joined")


class UserAnswer(serializers.Serializer[Any]):
    """The account that is signed in."""

    user = UserSerializer()


class TokenPairSerializer(serializers.Serializer[Any]):
    """Send `access` as `Authorization: Bearer <access>`; `refresh` buys the next pair, once."""

    example: dict[str, Any] = {"access": TOKEN, "refresh": TOKEN}
    access = serializers.CharField()
    refresh = serializers.CharField()


class RegisterAnswer(TokenPairSerializer):
    """The new account, signed in."""

    example = {"user": UserSerializer.example, **TokenPairSerializer.example}
    user = UserSerializer()
