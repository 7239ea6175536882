"""Recordings and voices, which moderators block and allow, and the blocks."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.views.decorators.http import require_POST

from voice.admin.rows import DeletesByService, ReadOnlyAdmin, TabularInline
from voice.models import Block, BlockHit, User, VoiceModel, VoiceSample
from voice.services.moderation import block_lift, voice_allow, voice_block
from voice.services.sample import sample_delete
from voice.services.voice_model import voice_model_delete

BLOCK_REASON = "Blocked by a moderator."


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
