"""Accounts and tokens."""

from typing import Any

from rest_framework import serializers

from voice.api.serializers.base import StrictSerializer, StringField


class RegisterSerializer(StrictSerializer):
    """A new account."""

    username = StringField(max_length=150)
    password = StringField(max_length=128, trim_whitespace=False, write_only=True, style={"input_type": "password"})
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254)


class TokenSerializer(StrictSerializer):
    """Credentials."""

    username = StringField(max_length=150)
    password = StringField(max_length=128, trim_whitespace=False, write_only=True, style={"input_type": "password"})


class RefreshSerializer(StrictSerializer):
    """A refresh token."""

    refresh = StringField(max_length=4096)


class UserSerializer(serializers.Serializer[Any]):
    """An account."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    created_at = serializers.DateTimeField(source="date_joined")


class UserAnswer(serializers.Serializer[Any]):
    """The account that is signed in."""

    user = UserSerializer()


class TokenPairSerializer(serializers.Serializer[Any]):
    """Send `access` as `Authorization: Bearer <access>`; `refresh` buys the next pair, once."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class RegisterAnswer(TokenPairSerializer):
    """The new account, signed in."""

    user = UserSerializer()
