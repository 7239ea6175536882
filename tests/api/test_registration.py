"""New accounts: which names and passwords are given, to whom of many, and when none is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.conftest import NEW
from tests.conftest import PASSWORD
from voice.models import User


@pytest.mark.django_db
def test_registering_signs_in(anybody: APIClient) -> None:
    response = anybody.post("/api/auth/register", NEW)
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"user", "access", "refresh"}
    assert body["user"]["username"] == "grace"
    assert set(body["user"]) == {"id", "username", "email", "created_at"}
    me = anybody.get("/api/auth/me", headers={"Authorization": f"Bearer {body['access']}"})
    assert me.json()["user"] == body["user"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"password": "short"}, "password", "password_too_short"),
        ({"password": "password"}, "password", "password_too_common"),
        ({"password": "8123456790123"}, "password", "password_entirely_numeric"),
        ({"password": "grace@example.com"}, "password", "password_too_similar"),
        ({"username": ""}, "username", "blank"),
        ({"username": "two words"}, "username", "invalid"),
        ({"username": "a" * 151}, "username", "max_length"),
        ({"username": 7}, "username", "invalid"),
        ({"username": "nul\0"}, "username", "null_characters_not_allowed"),
        ({"email": "nowhere"}, "email", "invalid"),
        ({"is_superuser": True}, "is_superuser", "unknown_field"),
    ],
)
def test_what_registration_refuses(anybody: APIClient, changes: dict[str, Any], field: str, code: str) -> None:
    response = anybody.post("/api/auth/register", {**NEW, **changes})
    assert response.status_code == 422
    assert response.json()["code"] == "invalid"
    assert code in [each["code"] for each in response.json()["errors"][field]]
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["ada", "ADA", "ａｄａ"])
def test_a_name_is_given_once_whatever_its_case_or_width(anybody: APIClient, user: User, name: str) -> None:
    response = anybody.post("/api/auth/register", {**NEW, "username": name})
    assert response.status_code == 422
    assert response.json()["errors"]["username"][0]["code"] == "username_taken"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_register_one_name_at_once_one_gets_it(settings: Settings) -> None:
    settings.LOGINS_PER_MINUTE = 1000

    spellings = ["grace", "GRACE", "Grace", "graCe", "grace", "gRace", "graCE", "ｇrace"]

    def register(number: int) -> int:
        try:
            return APIClient().post("/api/auth/register", {**NEW, "username": spellings[number]}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(register, range(8))) == [201] + [422] * 7
    assert User.objects.get().username_folded == "grace"


@pytest.mark.django_db
def test_a_name_is_compared_the_same_on_both_databases(anybody: APIClient) -> None:
    for name, status in (("Éva", 201), ("éva", 422), ("straße", 201), ("STRASSE", 422)):
        assert anybody.post("/api/auth/register", {**NEW, "username": name}).status_code == status, name


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("аdа", "mixed_scripts"),  # its first and last letter are Cyrillic
        ("gracе", "mixed_scripts"),
        ("аԁа", "username_taken"),  # all of it is Cyrillic, and looks like ada
        ("admin", "username_reserved"),
        ("Ad.Min_1", "username_reserved"),
        ("ｒｏｏｔ", "username_reserved"),
    ],
)
def test_a_name_that_could_be_taken_for_another_is_refused(
    anybody: APIClient, user: User, name: str, code: str
) -> None:
    response = anybody.post("/api/auth/register", {**NEW, "username": name})
    assert response.status_code == 422
    assert code in [each["code"] for each in response.json()["errors"]["username"]]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Вера", "田中さん", "김철수", "Ζωή", "zoë", "عائشة", "administratorin", "o.brien"])
def test_names_of_one_script_are_given(anybody: APIClient, name: str) -> None:
    assert anybody.post("/api/auth/register", {**NEW, "username": name}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_accounts_that_shared_a_name_before_are_told_and_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("voice", "0007_synthesis_formats")])
    try:
        before = executor.loader.project_state([("voice", "0007_synthesis_formats")]).apps.get_model("voice", "User")
        for number, name in enumerate(["Bob", "bob", "eve", "BOB"]):
            joined = timezone.now() + timedelta(seconds=number)
            before.objects.create(username=name, password=make_password(PASSWORD), date_joined=joined)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    printed = capfd.readouterr().out
    assert "'bob' has the name of the older account 'Bob'" in printed
    assert "'BOB' has the name of the older account 'Bob'" in printed
    assert "eve" not in printed
    for name in ("Bob", "bob", "BOB", "eve"):
        user = User.objects.get(username=name)
        user.save()
        pair = APIClient().post("/api/auth/token", {"username": name, "password": PASSWORD})
        assert pair.status_code == 200
    refused = APIClient().post("/api/auth/register", {**NEW, "username": "boB"})
    assert refused.json()["errors"]["username"][0]["code"] == "username_taken"


@pytest.mark.django_db
def test_registration_can_be_closed(anybody: APIClient, settings: Settings) -> None:
    settings.REGISTRATION_OPEN = False
    response = anybody.post("/api/auth/register", NEW)
    assert (response.status_code, response.json()["code"]) == (403, "registration_closed")
    assert not User.objects.exists()
