"""What the views of voices share."""

from collections.abc import Mapping
from typing import Any, cast

from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from voice.api.creation import Usage, writes_check, writes_spend, writes_usage
from voice.api.methods import METHODS
from voice.models import User


class VoiceViewSet(viewsets.GenericViewSet[Any]):
    """Resources of the user who asks. Writes are limited, and every answer to one says where the limit stands."""

    http_method_names = METHODS
    limited_actions = frozenset({"upload", "clone", "synthesize", "partial_update"})
    _usage: Usage | None = None

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def visible(self) -> QuerySet[Any]:
        """What exists for this user."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        return self.visible()

    def found(self, id: Any) -> Any:
        """The resource of that id, or 404, whether it is missing or somebody else's."""
        resource = self.visible().filter(pk=id).first()
        if resource is None:
            raise NotFound
        return resource

    def represent(self, resource: Any) -> dict[str, Any]:
        """The JSON-able body of an answer about one resource."""
        raise NotImplementedError

    def valid(self, shape: type[serializers.Serializer[Any]], data: Any, **kwargs: Any) -> dict[str, Any]:
        """`data` in that shape, or 422."""
        serializer = shape(data=data, **kwargs)
        serializer.is_valid(raise_exception=True)
        return dict(cast(Mapping[str, Any], serializer.validated_data))

    def query(self, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """The query string in that shape, or 422."""
        sent = self.request.query_params
        repeated = [name for name, values in sent.lists() if len(values) > 1]
        if repeated:
            raise serializers.ValidationError({name: ["Send this once."] for name in repeated}, code="repeated")
        return self.valid(shape, sent.dict())

    def page(self, rows: QuerySet[Any]) -> Response:
        """One page of a list."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def check_writes(self) -> None:
        """429 where no write is left."""
        self._usage = writes_check(self.request, self.user)

    def spend_write(self, *, rows_written: int) -> None:
        """Count this write, or 429."""
        self._usage = writes_spend(self.request, self.user, rows_written=rows_written)

    def changed(self, id: Any, change: Any) -> Response:
        """Apply `change(resource)` as one counted write."""
        with transaction.atomic():
            resource = self.found(id)
            self.spend_write(rows_written=0)
            change(resource)
        return Response(self.represent(self.found(id)))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        was_authenticated = hasattr(
            request, "_user"
        )  # asked of the request itself, it would try again, and raise again
        if self.action in self.limited_actions and was_authenticated and request.user.is_authenticated:
            self._tell_usage(request, response)
        return response

    def _tell_usage(self, request: HttpRequest, response: HttpResponseBase) -> None:
        try:
            usage = self._usage or writes_usage(request, self.user)
        except DatabaseError:
            return  # the answer says already that the database is away
        for name, value in usage.headers.items():
            response.headers[name] = value
