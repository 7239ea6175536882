"""Who asks: the access token of a request, as simplejwt reads it, with what it leaves open."""

from typing import Any
from uuid import UUID

from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

SCHEME = b"bearer"


class AccessTokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access>`. Thread-safe."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token of a header. The scheme may be written in any case (RFC 9110, 11.1)."""
        scheme, _, rest = header.partition(b" ")
        return super().get_raw_token(b"Bearer " + rest if scheme.lower() == SCHEME else header)

    def get_user(self, validated_token: Token) -> Any:
        """The account of a token. Raises InvalidToken where its subject is no id of an account."""
        try:
            UUID(validated_token["sub"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidToken("This token names no account.") from error
        return super().get_user(validated_token)
