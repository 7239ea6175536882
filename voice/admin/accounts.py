"""The admin's login, accounts, and roles: only superusers touch those of staff."""

from typing import Any

import redis
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from voice.admin.rows import DeletesByService, UserAdmin
from voice.errors import TooManyTries
from voice.models import User
from voice.services.login_limit import login_try, logins_spend
from voice.services.moderation import user_deactivate
from voice.services.user_delete import user_delete


class LoginForm(AdminAuthenticationForm):
    """The admin's login, with the limits of the API's: whoever guesses passwords finds no second door."""

    request: HttpRequest  # the login view gives it

    def clean(self) -> dict[str, Any]:
        if not {"username", "password"} <= self.cleaned_data.keys():
            return self.cleaned_data  # nothing is checked, so nothing was right either
        try:
            logins_spend(self.request)
            with login_try(self.cleaned_data["username"]):
                return super().clean()
        except TooManyTries as error:
            raise ValidationError(error.message, code=error.code) from error
        except redis.RedisError as error:
            raise ValidationError("Redis is away, which counts logins. Try again when it is back.") from error


POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class AccountAdmin(DeletesByService, UserAdmin):
    """Accounts. Deleting one deletes the person's voices and speech, files included."""

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only a superuser gives powers: whoever else may change users would give them to himself."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _is_superuser(request) else (*fields, *POWERS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Accounts with powers are changed, and their passwords set, by superusers only."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            user_deactivate(user=obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        user_delete(user=obj)


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(auth_admin.GroupAdmin):
    """What the members of a group may do; only superusers change it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """A staff member changes accounts of podcasters; those of staff, superusers do."""
    return user is None or _is_superuser(request) or not (user.is_staff or user.is_superuser)
