"""Removes a person: account, recordings, voices, speech, files, tokens, sessions, and what the admin wrote of them."""

import sys
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from voice.management.maintenance import MaintenanceCommand
from voice.models import User
from voice.services.first_account import first_account_forget
from voice.services.user_delete import PersonCounts, user_trace_count, user_trace_delete


class Command(MaintenanceCommand):
    help = "Remove everything about a person. Safe to run twice: give the id, and it removes what may be left."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("person", help="name or id of the account")
        parser.add_argument("--no-input", action="store_false", dest="interactive", help="Do not ask before removing.")

    def handle(self, *args: Any, person: str, dry_run: bool, interactive: bool, **options: Any) -> None:
        user_id, name = _found(person)
        found = user_trace_count(user_id=user_id)
        if not dry_run:
            if interactive:
                self._ask(person, found)
            with self.progress("removing", total=sum(found.rows.values())) as step:
                found = user_trace_delete(user_id=user_id, on_row=step)
            if name:
                first_account_forget(settings.VAR_DIR, name)
        self.report(_words(found), dry_run=dry_run)
        if found.redis_keys is None:
            raise CommandError(f"Redis is away, all else was done. When it is back: manage.py purge_user {user_id}")

    def _ask(self, person: str, found: PersonCounts) -> None:
        """Raises CommandError unless somebody at the terminal types the name again."""
        self.report(_words(found), dry_run=True)
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to confirm this. With --no-input it does not ask.")
        if input(f"All of this is removed, and nothing brings it back. Type {person} to go on: ").strip() != person:
            raise CommandError("Nothing was removed.")


def _found(person: str) -> tuple[UUID, str]:
    """The id of an account by its name or id, and its name. An id is taken as it is: its account may be gone."""
    user = User.objects.filter(username=person).first()
    if user is not None:
        return user.pk, user.username
    try:
        user_id = UUID(person)
    except ValueError as error:
        raise CommandError(f"There is no account {person!r}. Give its name or its id.") from error
    return user_id, User.objects.filter(pk=user_id).values_list("username", flat=True).first() or ""


def _words(counts: PersonCounts) -> dict[str, int]:
    """The counts in the order of their fields, `rows` spread out."""
    words: dict[str, int] = {}
    for name, count in asdict(counts).items():
        words |= count if name == "rows" else {name.replace("_", " "): count or 0}
    return words
