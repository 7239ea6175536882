"""Logging in and out, tokens, and an account's password and end. For new accounts see test_registration.py."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from tests.api.conftest import NEW
from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.conftest import PASSWORD, StartServer, process_environment
from tests.rig.processes import HOST, answers, free_port
from voice.jobs.recovery import job_sweep
from voice.models import LoginSession, Synthesis, User
from voice.services.account import token_pair_issue
from voice.services.user_delete import closed_account_remove
from voice.storage import output_storage


def bearer(token: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def me(client: APIClient, token: Any) -> Any:
    return client.get("/api/auth/me", headers=bearer(token))


@pytest.mark.django_db
def test_logging_in_gives_a_pair_and_notes_the_time(anybody: APIClient, user: User) -> None:
    response = anybody.post("/api/auth/token", {"username": "ada", "password": PASSWORD})
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert me(anybody, response.json()["access"]).json()["user"]["id"] == str(user.pk)
    user.refresh_from_db()
    assert user.last_login is not None


@pytest.mark.django_db
def test_a_wrong_password_an_unknown_name_and_an_inactive_account_sound_the_same(
    anybody: APIClient, user: User, other_user: User
) -> None:
    User.objects.filter(pk=other_user.pk).update(is_active=False)
    tries = [("ada", "wrong"), ("nobody", PASSWORD), ("bob", PASSWORD)]
    answers = [
        anybody.post("/api/auth/token", {"username": name, "password": password}, headers={"X-Request-ID": "same"})
        for name, password in tries
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "bad_credentials"
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.django_db
def test_a_refresh_token_buys_one_pair(anybody: APIClient, user: User) -> None:
    first = token_pair_issue(user=user).refresh
    second = anybody.post("/api/auth/token/refresh", {"refresh": first})
    assert second.status_code == 200
    assert me(anybody, second.json()["access"]).status_code == 200
    third = anybody.post("/api/auth/token/refresh", {"refresh": second.json()["refresh"]})
    assert third.status_code == 200


@pytest.mark.django_db
def test_replaying_a_used_refresh_token_revokes_all_of_the_account_and_no_other(
    anybody: APIClient, user: User, other_user: User
) -> None:
    stolen, elsewhere = token_pair_issue(user=user).refresh, token_pair_issue(user=user).refresh
    someone = token_pair_issue(user=other_user).refresh
    newest = anybody.post("/api/auth/token/refresh", {"refresh": stolen}).json()["refresh"]
    replay = anybody.post("/api/auth/token/refresh", {"refresh": stolen})
    assert (replay.status_code, replay.json()["code"]) == (401, "token_not_valid")
    for token in (newest, elsewhere):
        assert anybody.post("/api/auth/token/refresh", {"refresh": token}).status_code == 401
    assert anybody.post("/api/auth/token/refresh", {"refresh": someone}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_refresh_token_used_by_many_at_once_buys_at_most_one_pair(user: User) -> None:
    token = token_pair_issue(user=user).refresh

    def refresh(_: int) -> int:
        try:
            return APIClient().post("/api/auth/token/refresh", {"refresh": token}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(refresh, range(8))) == [200] + [401] * 7


@pytest.mark.django_db
def test_logging_out_ends_the_refresh_token(anybody: APIClient, user: User) -> None:
    token = token_pair_issue(user=user).refresh
    assert anybody.post("/api/auth/logout", {"refresh": token}).status_code == 204
    assert anybody.post("/api/auth/logout", {"refresh": token}).status_code == 204
    assert anybody.post("/api/auth/token/refresh", {"refresh": token}).status_code == 401


@pytest.mark.django_db
def test_logging_out_ends_the_access_tokens_of_that_login_and_no_other(anybody: APIClient, user: User) -> None:
    here, elsewhere = token_pair_issue(user=user), token_pair_issue(user=user)
    newer = anybody.post("/api/auth/token/refresh", {"refresh": here.refresh}).json()
    assert anybody.post("/api/auth/logout", {"refresh": newer["refresh"]}).status_code == 204
    for access in (here.access, newer["access"]):
        answer = me(anybody, access)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
    assert me(anybody, elsewhere.access).status_code == 200
    assert anybody.post("/api/auth/token/refresh", {"refresh": elsewhere.refresh}).status_code == 200


@pytest.mark.django_db
def test_logging_out_ends_also_what_a_thief_got_for_the_token(anybody: APIClient, user: User) -> None:
    copied = token_pair_issue(user=user)
    thief = anybody.post("/api/auth/token/refresh", {"refresh": copied.refresh}).json()
    assert anybody.post("/api/auth/logout", {"refresh": copied.refresh}).status_code == 204
    assert me(anybody, thief["access"]).status_code == 401
    assert anybody.post("/api/auth/token/refresh", {"refresh": thief["refresh"]}).status_code == 401


@pytest.mark.django_db
def test_the_session_of_another_account_is_none(anybody: APIClient, user: User, other_user: User) -> None:
    session = LoginSession.objects.create(owner=other_user, expires_at=timezone.now())
    assert me(anybody, forged(user, sid=str(session.pk))).json()["code"] == "session_ended"


@pytest.mark.django_db
@pytest.mark.parametrize("claim", ["sub", "sid"])
def test_a_refresh_token_whose_ids_are_none_is_refused(anybody: APIClient, user: User, claim: str) -> None:
    token = RefreshToken.for_user(user)
    token[claim] = "ada"
    assert anybody.post("/api/auth/token/refresh", {"refresh": str(token)}).status_code == 401


@pytest.mark.django_db
def test_a_refresh_token_from_before_sessions_buys_a_pair_with_one(anybody: APIClient, user: User) -> None:
    older = RefreshToken.for_user(user)
    assert me(anybody, older.access_token).json()["code"] == "session_ended"
    pair = anybody.post("/api/auth/token/refresh", {"refresh": str(older)})
    assert me(anybody, pair.json()["access"]).status_code == 200


@pytest.mark.django_db
def test_sessions_are_dropped_with_their_last_token(user: User) -> None:
    token_pair_issue(user=user)
    job_sweep()
    assert LoginSession.objects.count() == 1
    LoginSession.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    job_sweep()
    assert not LoginSession.objects.exists()


@pytest.mark.django_db
def test_changing_the_password_ends_every_other_login(anybody: APIClient, user: User) -> None:
    here, elsewhere = token_pair_issue(user=user), token_pair_issue(user=user)
    change = {"current_password": PASSWORD, "new_password": "another long passphrase"}
    answer = anybody.post("/api/auth/me/password", change, headers=bearer(here.access))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert me(anybody, answer.json()["access"]).status_code == 200
    for old in (here, elsewhere):
        assert me(anybody, old.access).json()["code"] == "password_changed"
        assert anybody.post("/api/auth/token/refresh", {"refresh": old.refresh}).status_code == 401
    for password, status in ((PASSWORD, 401), ("another long passphrase", 200)):
        assert anybody.post("/api/auth/token", {"username": "ada", "password": password}).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        (
            {"current_password": "a guess", "new_password": "another long passphrase"},
            "current_password",
            "wrong_password",
        ),
        ({"current_password": PASSWORD, "new_password": "short"}, "new_password", "password_too_short"),
        ({"new_password": None}, "new_password", "null"),
    ],
)
def test_what_a_change_of_password_refuses(
    api: APIClient, user: User, change: dict[str, Any], field: str, code: str
) -> None:
    right = {"current_password": PASSWORD, "new_password": "another long passphrase"}
    answer = api.post("/api/auth/me/password", {**right, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][field][0]["code"] == code
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert api.get("/api/auth/me").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/auth/me/password", "/api/auth/me/close"])
def test_a_stolen_token_does_not_let_anybody_guess_the_password(api: APIClient, user: User, path: str) -> None:
    bodies = {
        "/api/auth/me/password": {"current_password": "a guess", "new_password": "another long passphrase"},
        "/api/auth/me/close": {"password": "a guess"},
    }
    assert [api.post(path, bodies[path]).status_code for _ in range(11)] == [422] * 10 + [429]
    user.refresh_from_db()
    assert user.is_active


@pytest.mark.django_db
def test_closing_an_account_shuts_it_at_once_and_the_sweep_removes_it(
    anybody: APIClient, user: User, other_user: User
) -> None:
    pair = token_pair_issue(user=user)
    speech = completed_synthesis(user, ready_model(user, ready_sample(user)))
    kept = completed_synthesis(other_user, ready_model(other_user, ready_sample(other_user)))
    answer = anybody.post("/api/auth/me/close", {"password": PASSWORD}, headers=bearer(pair.access))
    assert answer.status_code == 204
    assert me(anybody, pair.access).json()["code"] == "user_inactive"
    assert anybody.post("/api/auth/token", {"username": "ada", "password": PASSWORD}).status_code == 401
    while User.objects.filter(pk=user.pk).exists():
        closed_account_remove()
    assert not output_storage().exists(speech.audio_name)
    assert [*Synthesis.objects.all()] == [kept]
    assert output_storage().exists(kept.audio_name)
    assert not LoginSession.objects.exists()


@pytest.mark.django_db
def test_an_account_with_powers_is_not_closed_over_the_api(api: APIClient, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    answer = api.post("/api/auth/me/close", {"password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (403, "account_has_powers")


@pytest.mark.django_db
def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(anybody: APIClient, user: User) -> None:
    refresh = token_pair_issue(user=user)
    response = anybody.post("/api/auth/token/refresh", {"refresh": refresh.access})
    assert response.status_code == 401
    assert anybody.post("/api/auth/logout", {"refresh": refresh.access}).status_code == 401
    assert me(anybody, refresh).status_code == 401


@pytest.mark.django_db
def test_a_new_password_ends_all_tokens(anybody: APIClient, user: User) -> None:
    refresh = token_pair_issue(user=user)
    user.set_password("another long passphrase")
    user.save()
    assert me(anybody, refresh.access).status_code == 401
    assert anybody.post("/api/auth/token/refresh", {"refresh": refresh.refresh}).status_code == 401


@pytest.mark.django_db
def test_an_inactive_or_deleted_account_has_no_valid_tokens(anybody: APIClient, user: User) -> None:
    refresh = token_pair_issue(user=user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert me(anybody, refresh.access).status_code == 401
    assert anybody.post("/api/auth/token/refresh", {"refresh": refresh.refresh}).status_code == 401
    user.delete()
    assert me(anybody, refresh.access).status_code == 401
    assert anybody.post("/api/auth/token/refresh", {"refresh": refresh.refresh}).status_code == 401


def forged(user: User, *, key: str = "", algorithm: str = "HS256", **claims: Any) -> str:
    session = LoginSession.objects.create(owner=user, expires_at=timezone.now())
    own = {"aud": "podstream-voice", "iss": "podstream-voice", "sid": str(session.pk)}
    payload = {**AccessToken.for_user(user).payload, **own, **claims}
    return jwt.encode(payload, key or settings.SIMPLE_JWT["SIGNING_KEY"], algorithm=algorithm)


FORGERIES: dict[str, Callable[[User], str]] = {
    "another key": lambda user: forged(user, key="k" * 64),
    "no signature": lambda user: jwt.encode(
        {**AccessToken.for_user(user).payload, "aud": "podstream-voice", "iss": "podstream-voice"}, "", "none"
    ),
    "another algorithm": lambda user: forged(user, algorithm="HS512"),
    "another audience": lambda user: forged(user, aud="somebody else"),
    "another issuer": lambda user: forged(user, iss="somebody else"),
    "expired": lambda user: forged(user, exp=int((timezone.now() - timedelta(minutes=1)).timestamp())),
    "no id": lambda user: forged(user, jti=None),
    "unknown user": lambda user: forged(user, sub="00000000-0000-4000-8000-000000000000"),
    "no subject": lambda user: forged(user, sub=None),
    "a subject that is no id": lambda user: forged(user, sub="ada"),
    "garbage": lambda user: "a.b.c",
}


@pytest.mark.django_db
def test_a_token_with_our_own_key_and_claims_is_valid(anybody: APIClient, user: User) -> None:
    assert me(anybody, forged(user)).status_code == 200  # so that the forgeries below fail for their one difference


@pytest.mark.django_db
@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_forged_tokens_are_refused(anybody: APIClient, user: User, name: str) -> None:
    response = me(anybody, FORGERIES[name](user))
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer a b", "Basic YWRhOng=", "bearer x", "Token x"])
def test_other_authorization_headers_are_refused(anybody: APIClient, header: str) -> None:
    assert anybody.get("/api/auth/me", headers={"Authorization": header}).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(anybody: APIClient, user: User, scheme: str) -> None:
    header = f"{scheme} {token_pair_issue(user=user).access}"
    assert anybody.get("/api/auth/me", headers={"Authorization": header}).status_code == 200


@pytest.mark.django_db
def test_a_refused_account_is_told_why(anybody: APIClient, user: User) -> None:
    access = token_pair_issue(user=user).access
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert me(anybody, access).json()["code"] == "user_inactive"
    user.set_password("another long passphrase")
    user.save()
    assert me(anybody, access).json()["code"] == "password_changed"
    user.delete()
    assert me(anybody, access).json()["code"] == "user_not_found"


@pytest.mark.django_db
def test_answers_with_tokens_are_kept_by_no_cache(anybody: APIClient) -> None:
    registered = anybody.post("/api/auth/register", NEW)
    refreshed = anybody.post("/api/auth/token/refresh", {"refresh": registered.json()["refresh"]})
    logged_in = anybody.post("/api/auth/token", {"username": NEW["username"], "password": NEW["password"]})
    for answer in (registered, refreshed, logged_in):
        assert answer.status_code in {200, 201}
        assert answer.headers["Cache-Control"] == "no-store"


SERVE = "import socket; from local.web import main; main(socket.create_server(('127.0.0.1', {port})).detach())"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("proxy", "statuses"), [("", {401, 429}), ("127.0.0.1", {401})])
def test_an_address_is_taken_from_a_header_of_the_known_proxy_only(
    start_server: StartServer, proxy: str, statuses: set[int]
) -> None:
    port = free_port()
    url = f"http://{HOST}:{port}"
    environment = process_environment(FORWARDED_ALLOW_IPS=proxy)
    command = [sys.executable, "-c", SERVE.format(port=port)]
    start_server("web", command, environment, is_ready=lambda: answers(f"{url}/health/live"))
    answered = set()
    for number in range(2 * settings.LOGINS_PER_MINUTE + 2):  # a minute may end meanwhile
        sender = {"X-Forwarded-For": f"203.0.113.{number}"}
        guess = {"username": f"nobody{number}", "password": "guess"}
        answered.add(httpx.post(f"{url}/api/auth/token", json=guess, headers=sender).status_code)
    assert answered == statuses


@pytest.mark.django_db
def test_guessing_passwords_is_limited_per_address(anybody: APIClient, user: User) -> None:
    for number in range(settings.LOGINS_PER_MINUTE):
        guess = {"username": f"ada{number}", "password": "guess"}  # each account has a limit of its own
        assert anybody.post("/api/auth/token", guess).status_code == 401
    response = anybody.post("/api/auth/token", {"username": "ada", "password": PASSWORD})
    assert (response.status_code, response.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert anybody.post("/api/auth/register", NEW).status_code == 429
    elsewhere = anybody.post("/api/auth/token", {"username": "ada", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 200
