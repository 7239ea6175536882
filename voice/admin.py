"""Moderation: operators see voices and their figures, and block or allow them. Nothing is edited by hand."""

from typing import TYPE_CHECKING, Any

import redis
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from voice.errors import TooManyTries
from voice.jobs.kind import kinds
from voice.models import Job, Synthesis, User, VoiceModel, VoiceSample
from voice.services.login_limit import login_try, logins_spend
from voice.services.moderation import voice_allow, voice_block
from voice.services.sample import sample_delete
from voice.services.synthesis import synthesis_delete
from voice.services.user_delete import user_delete
from voice.services.voice_model import voice_model_delete

admin.site.unregister(Group)
admin.site.unregister(OutstandingToken)  # its page shows tokens that can be used
admin.site.unregister(BlacklistedToken)
admin.site.site_header = "PodStream voice"
admin.site.site_title = "PodStream voice"
admin.site.index_title = "Moderation"
BLOCK_REASON = "Blocked by a moderator."


if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]  # generic in its stubs only
    UserAdmin = auth_admin.UserAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin
    UserAdmin = auth_admin.UserAdmin


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


admin.site.login_form = LoginForm


class DeletesByService(ModelAdmin):
    """Deleting goes through a service, one row after the other, and takes the jobs of a row with it."""

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], Any]:
        # jobs cannot be deleted by themselves, which must not keep their rows from being deleted
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, forbidden - {str(Job._meta.verbose_name)}, protected


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

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        user_delete(user=obj)


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


class ReadOnlyAdmin(DeletesByService):
    """Rows are made and changed by services; here they are looked at."""

    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("owner")


class ModeratedAdmin(ReadOnlyAdmin):
    """Rows that a moderator can block and allow."""

    actions = ["block", "allow"]

    @admin.action(description="Block the selected voices", permissions=["moderate"])
    def block(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            voice_block(row=row, reason=BLOCK_REASON)
            self.log_change(request, row, "Blocked.")
        self.message_user(request, f"{len(queryset)} blocked.", messages.SUCCESS)

    @admin.action(description="Allow the selected voices", permissions=["moderate"])
    def allow(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            voice_allow(row=row)
            self.log_change(request, row, "Allowed.")
        self.message_user(request, f"{len(queryset)} allowed.", messages.SUCCESS)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"voice.change_{self.opts.model_name}")


@admin.register(VoiceSample)
class VoiceSampleAdmin(ModeratedAdmin):
    list_display = ["name", "owner", "status", "duration_s", "score", "is_blocked", "created_at"]
    list_filter = ["status", "is_blocked", "audio_format"]
    search_fields = ["id", "name", "owner__username"]

    @admin.display(description="quality")
    def score(self, sample: VoiceSample) -> object:
        return (sample.quality or {}).get("score", "")

    def delete_model(self, request: HttpRequest, obj: VoiceSample) -> None:
        sample_delete(sample=obj)


@admin.register(VoiceModel)
class VoiceModelAdmin(ModeratedAdmin):
    list_display = ["name", "owner", "language", "engine", "status", "is_blocked", "created_at"]
    list_filter = ["status", "is_blocked", "engine", "language"]
    search_fields = ["id", "name", "owner__username"]

    def delete_model(self, request: HttpRequest, obj: VoiceModel) -> None:
        voice_model_delete(voice_model=obj)


@admin.register(Synthesis)
class SynthesisAdmin(ReadOnlyAdmin):
    """Spoken texts are private: the list shows figures, and only the page of an entry shows its text."""

    list_display = ["id", "owner", "voice_model_label", "language", "status", "duration_s", "created_at"]
    list_filter = ["status", "language", "output_format"]
    search_fields = ["id", "owner__username"]

    def delete_model(self, request: HttpRequest, obj: Synthesis) -> None:
        synthesis_delete(synthesis=obj)


class KindFilter(admin.SimpleListFilter):
    """The kinds of work that there are, without a look at all rows."""

    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.name, kind.name.capitalize()) for kind in kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["id", "kind", "owner", "state", "attempt", "progress", "phase", "error_code", "created_at"]
    list_filter = ["state", KindFilter, "error_code"]
    search_fields = ["id", "owner__username"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
