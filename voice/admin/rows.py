"""What all pages of the admin share: rows are looked at, and deleted by services."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.db.models import QuerySet
from django.http import HttpRequest

from voice.models import Job, User
from voice.models.lifecycle import search_form

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]  # generic in its stubs only
    TabularInline = admin.TabularInline[Any, Any]
    UserAdmin = auth_admin.UserAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    UserAdmin = auth_admin.UserAdmin


class DeletesByService(ModelAdmin):
    """Deleting goes through a service, one row after the other, and takes the jobs of a row with it."""

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], Any]:
        # jobs cannot be deleted by themselves, which must not keep their rows from being deleted
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, forbidden - {str(Job._meta.verbose_name)}, protected


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
