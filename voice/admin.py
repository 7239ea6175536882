"""Moderation: operators see voices and their figures, and block or allow them. Nothing is edited by hand."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import redis
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.views.decorators.http import require_POST
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from voice.errors import TooManyTries
from voice.jobs.kind import kinds
from voice.models import Block, BlockHit, Job, Synthesis, User, VoiceModel, VoiceSample
from voice.models.lifecycle import search_form
from voice.services.login_limit import login_try, logins_spend
from voice.services.moderation import block_lift, user_deactivate, voice_allow, voice_block
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
    TabularInline = admin.TabularInline[Any, Any]
    UserAdmin = auth_admin.UserAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
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

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and not obj.is_active:
            user_deactivate(user=obj)

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

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Names of accounts are compared as they are typed, texts and names of voices in their search form."""
        as_typed, may_repeat = super().get_search_results(request, queryset, search_term)
        in_form, _ = super().get_search_results(request, queryset, search_form(search_term))
        return as_typed | in_form, may_repeat


class ReasonForm(ActionForm):
    """The list's actions, with the reason of a block beside them."""

    reason = forms.CharField(
        required=False, max_length=300, label="Reason, for the owner:", widget=forms.TextInput(attrs={"size": 30})
    )


class BlockForm(forms.Form):
    """Why something is blocked."""

    reason = forms.CharField(max_length=300, help_text="Shown to the owner, and to whoever uploads the same again.")
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text="For the staff alone.")
    with_recordings = forms.BooleanField(
        required=False,
        initial=True,
        label="Also block the recordings that it was made from",
        help_text="and all other voices that were. Else the owner can clone the same voice anew.",
    )


class ModeratedAdmin(ReadOnlyAdmin):
    """Rows that a moderator can block and allow."""

    actions = ["block", "allow"]
    action_form = ReasonForm
    change_form_template = "admin/voice/moderated_change_form.html"
    exclude = ["is_blocked", "blocked_reason", "blocks", "quality"]
    readonly_fields = ["blocked", "blocked_by", "shown_quality"]

    @admin.display(description="blocked", ordering="is_blocked")
    def blocked(self, row: VoiceSample | VoiceModel) -> str:
        return f"blocked: {row.blocked_reason}" if row.is_blocked else "no"

    @admin.display(description="blocks")
    def blocked_by(self, row: VoiceSample | VoiceModel) -> str:
        lines = (
            (
                reverse("admin:voice_block_change", args=[block.pk]),
                block.made_by or "nobody known",
                f"{block.created_at:%Y-%m-%d %H:%M}",
            )
            for block in row.blocks.select_related("made_by")
        )
        return format_html_join("", '<div><a href="{}">by {}, {}</a></div>', lines) or "none"

    @admin.display(description="quality")
    def shown_quality(self, row: VoiceSample | VoiceModel) -> str:
        return _shown_quality(row.quality or {}) or "not measured"

    @admin.action(description="Block the selected voices", permissions=["moderate"])
    def block(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self._block(request, row, reason=request.POST.get("reason", "").strip()[:300] or BLOCK_REASON)
        self.message_user(request, f"{len(queryset)} blocked.", messages.SUCCESS)

    @admin.action(description="Allow the selected voices", permissions=["moderate"])
    def allow(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            voice_allow(row=row)
            self.log_change(request, row, "Allowed.")
        self.message_user(request, f"{len(queryset)} allowed.", messages.SUCCESS)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"voice.change_{self.opts.model_name}")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        context = {**(extra_context or {}), "may_moderate": self.has_moderate_permission(request)}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[Any]:
        name = f"voice_{self.opts.model_name}"
        block = self.admin_site.admin_view(self.block_view)
        allow = self.admin_site.admin_view(require_POST(self.allow_view))
        return [
            path("<uuid:id>/block/", block, name=f"{name}_block"),
            path("<uuid:id>/allow/", allow, name=f"{name}_allow"),
            *super().get_urls(),
        ]

    def block_view(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Asks for the reason, and blocks."""
        row = self._moderated(request, id)
        form = BlockForm(request.POST or None)
        if isinstance(row, VoiceSample):
            del form.fields["with_recordings"]
        if request.method == "POST" and form.is_valid():
            self._block(request, row, **form.cleaned_data)
            self.message_user(request, "Blocked, with all that was made from it.", messages.SUCCESS)
            return self._back(row)
        context = {**self.admin_site.each_context(request), "form": form, "row": row, "opts": self.opts}
        return TemplateResponse(request, "admin/voice/block.html", {**context, "title": f"Block {row}"})

    def allow_view(self, request: HttpRequest, id: UUID) -> HttpResponse:
        row = self._moderated(request, id)
        voice_allow(row=row)
        self.log_change(request, row, "Allowed.")
        self.message_user(request, "Allowed.", messages.SUCCESS)
        return self._back(row)

    def _moderated(self, request: HttpRequest, id: UUID) -> Any:
        """The row, for whoever may block it. Raises PermissionDenied or Http404."""
        if not self.has_moderate_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=id)

    def _block(self, request: HttpRequest, row: Any, **why: Any) -> None:
        voice_block(row=row, made_by=cast(User, request.user), **why)
        self.log_change(request, row, "Blocked.")

    def _back(self, row: Any) -> HttpResponse:
        return redirect(f"admin:voice_{self.opts.model_name}_change", row.pk)


def _shown_quality(quality: dict[str, Any]) -> str:
    """Figures and advice, a line each."""
    parts = quality.get("parts", {})
    plain = {name: value for name, value in quality.items() if name not in ("parts", "advice")}
    lines = [(name.replace("_", " "), value, "") for name, value in plain.items()]
    lines += [
        (
            name.replace("_", " "),
            f"{part['value']:g} {part['unit']}",
            f"score {part['score']:g}. {part['advice'] or ''}",
        )
        for name, part in parts.items()
    ]
    return format_html_join("", "<div><b>{}</b>: {} {}</div>", lines)


@admin.register(VoiceSample)
class VoiceSampleAdmin(ModeratedAdmin):
    list_display = ["name", "owner", "status", "length", "score", "blocked", "created_at"]
    list_filter = ["status", "is_blocked", "audio_format"]
    search_fields = ["id", "search_form", "owner__username"]

    @admin.display(description="length", ordering="duration_s")
    def length(self, sample: VoiceSample) -> str:
        return f"{sample.duration_s:.1f} s"

    @admin.display(description="quality")
    def score(self, sample: VoiceSample) -> object:
        return (sample.quality or {}).get("score", "")

    def delete_model(self, request: HttpRequest, obj: VoiceSample) -> None:
        sample_delete(sample=obj)


@admin.register(VoiceModel)
class VoiceModelAdmin(ModeratedAdmin):
    list_display = ["name", "owner", "language", "engine", "status", "blocked", "created_at"]
    list_filter = ["status", "is_blocked", "engine", "language"]
    search_fields = ["id", "search_form", "owner__username"]

    def delete_model(self, request: HttpRequest, obj: VoiceModel) -> None:
        voice_model_delete(voice_model=obj)


class HitInline(TabularInline):
    """Who uploaded what is blocked."""

    model = BlockHit
    fields = ("user", "match", "times", "created_at", "last_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Block)
class BlockAdmin(DeletesByService):
    """Moderators' decisions. To delete one lifts it."""

    list_display = ["reason", "made_by", "reach", "uploads", "created_at"]
    list_select_related = ["made_by"]
    search_fields = ["id", "reason", "note"]
    readonly_fields = ["reach"]
    inlines = [HitInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        blocks: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = blocks.annotate(upload_times=Sum("hits__times"))
        return counted

    @admin.display(description="uploaded again", ordering="upload_times")
    def uploads(self, block: Any) -> int:
        return block.upload_times or 0

    @admin.display(description="reaches")
    def reach(self, block: Block) -> str:
        counts = (block.voicesample_set.count(), block.voicemodel_set.count(), block.synthesis_set.count())
        return "{} recordings, {} voices, {} syntheses".format(*counts)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], Any]:
        deleted, counts, _, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set(), protected  # its fingerprints and hits have no pages of their own

    def delete_model(self, request: HttpRequest, obj: Block) -> None:
        block_lift(block=obj)


@admin.register(Synthesis)
class SynthesisAdmin(ReadOnlyAdmin):
    """Spoken texts are private: the list shows figures, and only the page of an entry shows its text."""

    list_display = ["voice_model_label", "owner", "language", "status", "length", "blocked", "created_at"]
    list_filter = ["status", "is_blocked", "language", "output_format"]
    search_fields = ["id", "owner__username", "search_form"]
    exclude = ["is_blocked", "blocked_reason", "blocks"]
    readonly_fields = ["blocked"]

    @admin.display(description="length", ordering="duration_s")
    def length(self, synthesis: Synthesis) -> str:
        return "" if synthesis.duration_s is None else f"{synthesis.duration_s:.1f} s"

    @admin.display(description="blocked", ordering="is_blocked")
    def blocked(self, synthesis: Synthesis) -> str:
        return f"blocked: {synthesis.blocked_reason}" if synthesis.is_blocked else "no"

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
    list_display = ["created_at", "kind", "owner", "state", "attempt", "done", "error_code"]
    ordering = ["-created_at", "-id"]
    list_filter = ["state", KindFilter, "error_code"]
    search_fields = ["id", "owner__username"]

    @admin.display(description="progress", ordering="progress")
    def done(self, job: Job) -> str:
        return f"{job.progress:.0%} {job.phase}"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
