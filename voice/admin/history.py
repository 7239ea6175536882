"""What was spoken, and the jobs."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from voice.admin.rows import ReadOnlyAdmin
from voice.jobs.kind import kinds
from voice.models import Job, Synthesis
from voice.services.synthesis import synthesis_delete


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
