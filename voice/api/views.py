"""The parts that views are made of: of everybody, of accounts, and of a resource with its list and its audio."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponseBase
from rest_framework import pagination, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from voice.api.audio_response import audio_gone, audio_response
from voice.api.creation import CreatingViewSet
from voice.api.schema import Operation
from voice.api.serializers import AudioQuery, PageQuery, StrictSerializer
from voice.errors import Blocked, Conflict, NotAuthenticated, NotFound
from voice.models import LoginSession, User
from voice.models.lifecycle import Moderated
from voice.services.account import SESSION_CLAIM
from voice.storage.base import VoiceStorage

METHODS = ["get", "head", "post", "patch", "delete"]
"""Not OPTIONS, which would describe a view's fields in a format of DRF's own: that is the schema's task."""


class AccessTokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access>`. Thread-safe."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token of a header. The scheme may be written in any case (RFC 9110, 11.1)."""
        scheme, _, rest = header.partition(b" ")
        return super().get_raw_token(b"Bearer " + rest if scheme.lower() == b"bearer" else header)

    def get_user(self, validated_token: Token) -> Any:
        """The account of a token whose login has not ended, in one query.

        Raises NotAuthenticated: `user_not_found`, `user_inactive`, `password_changed`, or `session_ended`.
        """
        session = LoginSession.objects.filter(pk=_claimed_id(validated_token, SESSION_CLAIM), owner=OuterRef("pk"))
        users = User.objects.annotate(has_session=Exists(session))
        user = users.filter(pk=_claimed_id(validated_token, "sub")).first()
        if user is None:
            raise NotAuthenticated("user_not_found", "The account of this token is gone.")
        if not user.is_active:
            raise NotAuthenticated("user_inactive", "This account is closed. Ask the operator of this server.")
        if validated_token.get("hash_password") != get_md5_hash_password(user.password):
            raise NotAuthenticated("password_changed", "The password was changed since. Log in again.")
        if not user.has_session:
            raise NotAuthenticated("session_ended", "This login has ended. Log in again.")
        return user


def _claimed_id(token: Token, name: str) -> UUID:
    """An id that a token carries; one that nothing has where it carries none."""
    try:
        return UUID(token[name])
    except (KeyError, TypeError, ValueError, AttributeError):
        return UUID(int=0)


class AskingFirst:
    """Asks who it is before anything else: whoever may not come in learns no more than that."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.perform_authentication(request)  # type: ignore[attr-defined]
        self.check_permissions(request)  # type: ignore[attr-defined]
        super().initial(request, *args, **kwargs)  # type: ignore[misc]


class View(AskingFirst, APIView):
    """For accounts: a token is needed."""

    authentication_classes: list[Any] = [AccessTokenAuthentication]
    http_method_names = METHODS


class PublicView(View):
    """For those who have no token yet, and for probes."""

    authentication_classes = []
    permission_classes = [permissions.AllowAny]


class Pages(pagination.PageNumberPagination):
    """`?page=` from 1, `?page_size=` up to 100. Links are absolute paths: right behind any proxy."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_next_link(self) -> str | None:
        return _path_of(super().get_next_link())

    def get_previous_link(self) -> str | None:
        return _path_of(super().get_previous_link())

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "description": "Absolute path of that page."}
        properties = {
            "count": {"type": "integer", "example": 42},
            "next": {**link, "example": "/api/voice/history?page=3"},
            "previous": {**link, "example": "/api/voice/history?page=1"},
            "results": schema,
        }
        return {"type": "object", "required": [*properties], "properties": properties}


def _path_of(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class ResourceViewSet(AskingFirst, CreatingViewSet):
    """The resources of the user who asks: made, listed, shown, changed and deleted.

    A subclass says which are visible, how one is made, updated and deleted, and with which serializers. One is called
    `noun` in JSON, and `word` by people.
    """

    authentication_classes = [AccessTokenAuthentication]
    http_method_names = METHODS
    pagination_class = Pages
    noun: str
    word: str
    tag: str
    update_class: type[StrictSerializer]
    query_class: type[StrictSerializer] = PageQuery
    operations: Mapping[str, Operation]

    def update_one(self, resource: Any, **fields: Any) -> None:
        """Change it; `fields` are those of `update_class`."""
        raise NotImplementedError

    def delete_one(self, resource: Any) -> None:
        raise NotImplementedError

    def narrowed(self, rows: QuerySet[Any], query: Mapping[str, Any]) -> QuerySet[Any]:
        """Those rows of a list that its query asks for, in its order."""
        return rows

    def represent(self, resource: Any) -> dict[str, Any]:
        return {self.noun: self.get_serializer(resource).data}

    def found(self, id: UUID) -> Any:
        """The resource of that id, or 404, whether it is missing or somebody else's."""
        resource = self.visible().filter(pk=id).first()
        if resource is None:
            raise NotFound("not_found", "There is nothing at this address that you can see.")
        return resource

    def query(self, shape: type[StrictSerializer]) -> dict[str, Any]:
        """The query string in that shape, or 422."""
        sent = self.request.query_params
        repeated = [name for name, values in sent.lists() if len(values) > 1]
        if repeated:
            raise serializers.ValidationError({name: ["Send this once."] for name in repeated}, code="repeated")
        return shape.read(sent.dict())

    def list(self, request: Request) -> Response:
        rows = self.narrowed(self.visible(), self.query(self.query_class))
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)

    def retrieve(self, request: Request, id: UUID) -> Response:
        return Response(self.represent(self.found(id)))

    def partial_update(self, request: Request, id: UUID) -> Response:
        self.found(id)
        fields = self.update_class.read(request.data)
        with transaction.atomic():
            resource = self.found(id)
            self.spend_write(rows_written=0)
            self.update_one(resource, **fields)
        return self.retrieve(request, id)

    def destroy(self, request: Request, id: UUID) -> Response:
        self.delete_one(self.found(id))
        return Response(status=204)


def is_withheld(resource: Moderated) -> bool:
    """True for audio that its owner does not get, because a moderator's block reaches it."""
    return resource.is_blocked and not settings.BLOCKED_AUDIO_SERVED


class AudioViewSet(ResourceViewSet):
    """Resources that have audio. `audio_label` names the field that a download is named after."""

    audio_label: str

    def audio_storage(self) -> VoiceStorage:
        raise NotImplementedError

    def audio(self, request: Request, id: UUID) -> HttpResponseBase:
        """All of it, or the part that `Range` asks for."""
        query = self.query(AudioQuery)
        resource = self.found(id)
        if is_withheld(resource):
            raise Blocked("audio_blocked", f"A moderator has blocked this audio. {resource.blocked_reason}".strip())
        if getattr(resource, "audio_removed_at", None) is not None:
            raise audio_gone()
        if not resource.audio_name:
            raise Conflict("not_ready", f"There is no audio: the {self.word} is {resource.status}.")
        return audio_response(
            request._request,
            storage=self.audio_storage(),
            name=resource.audio_name,
            label=getattr(resource, self.audio_label),
            as_attachment=query["download"],
            rate_hz=resource.rate_hz,
        )


def named_in_body(rows: QuerySet[Any], *ids: UUID, field: str, message: str) -> list[Any]:
    """The rows that a body names, in its order; 404 where one is missing or somebody else's."""
    found = rows.in_bulk(ids)
    if len(found) < len(ids):
        problem = {"code": "not_found", "message": message}
        raise NotFound("not_found", message, details={"errors": {field: [problem]}})
    return [found[id] for id in ids]
