"""The account that a new installation starts with, so that nobody has to read a manual before the first login."""

import os
import secrets
from pathlib import Path


def first_account(var_dir: Path) -> tuple[str, str] | None:
    """Name and password of the first administrator, made where there is none yet.

    The password is kept in VAR_DIR/first_account (mode 0600), so that it can be shown at every start. None where an
    operator has made administrators of their own, has changed this password, or has removed the file.
    """
    from django.contrib.auth import get_user_model

    users = get_user_model()._default_manager
    path = var_dir / "first_account"
    if not users.filter(is_superuser=True).exists():
        is_taken = users.filter(username="admin").exists()
        name = f"admin-{secrets.token_hex(2)}" if is_taken else "admin"
        password = secrets.token_urlsafe(12)
        users.create_superuser(username=name, password=password)
        _write_private(path, f"{name} {password}")
        return name, password
    if not path.exists():
        return None
    name, _, password = path.read_text().strip().partition(" ")
    admin = users.filter(username=name, is_active=True, is_superuser=True).first()
    return (name, password) if admin is not None and admin.check_password(password) else None


def first_account_forget(var_dir: Path, name: str) -> None:
    """Remove the file that holds name and password of the first account, if it is this one's."""
    path = var_dir / "first_account"
    if path.exists() and path.read_text().partition(" ")[0] == name:
        path.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
        f.write(text + "\n")
