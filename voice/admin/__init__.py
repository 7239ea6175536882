"""Moderation: operators see voices and their figures, and block or allow them. Nothing is edited by hand."""

from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from voice.admin import history, moderation
from voice.admin.accounts import LoginForm

__all__ = ["history", "moderation"]  # with them, their pages are registered

admin.site.unregister(OutstandingToken)  # its page shows tokens that can be used
admin.site.unregister(BlacklistedToken)
admin.site.site_header = "PodStream voice"
admin.site.site_title = "PodStream voice"
admin.site.index_title = "Moderation"
admin.site.login_form = LoginForm
