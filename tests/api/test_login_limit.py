"""Ten wrong passwords of one account in a quarter of an hour, from wherever they come."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, RedisClock
from voice.models import User
from voice.services.account import token_pair_issue
from voice.services.login_limit import LOGIN_WINDOW_S, WRONG_PASSWORDS, login_try


@pytest.fixture(autouse=True)
def clock(redis_clock: RedisClock, settings: Settings) -> RedisClock:
    settings.LOGINS_PER_MINUTE = 1000  # the limit per address, which would come first
    return redis_clock


def log_in(username: str, password: str) -> Any:
    credentials = {"username": username, "password": password}
    return APIClient().post("/api/auth/token", credentials, headers={"X-Request-ID": "same"})


def guess(username: str, times: int) -> list[int]:
    return [log_in(username, "guess").status_code for _ in range(times)]


@pytest.mark.django_db
def test_after_ten_wrong_passwords_not_even_the_right_one_is_looked_at(user: User, clock: RedisClock) -> None:
    assert guess("ada", WRONG_PASSWORDS) == [401] * 10
    clock.forward(100)
    answer = log_in("ada", PASSWORD)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["Retry-After"] == str(LOGIN_WINDOW_S - 100)
    clock.forward(LOGIN_WINDOW_S - 101)
    assert log_in("ada", PASSWORD).headers["Retry-After"] == "1"
    clock.forward(1)
    assert log_in("ada", PASSWORD).status_code == 200


@pytest.mark.django_db
def test_no_quarter_of_an_hour_has_more_guesses_wherever_it_begins(user: User, clock: RedisClock) -> None:
    clock.now_us = 1_790_000_000_000_000 // 900_000_000 * 900_000_000
    clock.forward(899)
    assert guess("ada", WRONG_PASSWORDS) == [401] * 10
    clock.forward(2)  # a quarter of the clock's hour has begun
    assert guess("ada", WRONG_PASSWORDS) == [429] * 10


@pytest.mark.django_db
def test_other_accounts_and_who_is_signed_in_notice_nothing(user: User, other_user: User) -> None:
    pair = token_pair_issue(user=user)
    guess("ada", WRONG_PASSWORDS + 1)
    assert log_in("bob", PASSWORD).status_code == 200
    client = APIClient()
    bearer = {"Authorization": f"Bearer {pair.access}"}
    assert client.get("/api/auth/me", headers=bearer).status_code == 200
    assert client.post("/api/auth/token/refresh", {"refresh": pair.refresh}).status_code == 200


@pytest.mark.django_db
def test_the_right_password_empties_the_count(user: User) -> None:
    for _ in range(3):
        assert guess("ada", WRONG_PASSWORDS - 1) == [401] * 9
        assert log_in("ada", PASSWORD).status_code == 200
    assert guess("ada", WRONG_PASSWORDS + 1) == [401] * 10 + [429]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["ADA", "ａｄａ"])
def test_a_name_in_another_case_or_width_is_the_same_account(user: User, name: str) -> None:
    assert guess(name, WRONG_PASSWORDS) == [401] * 10
    assert log_in("ada", PASSWORD).status_code == 429


@pytest.mark.django_db
def test_an_account_that_does_not_exist_is_closed_with_the_same_words(user: User) -> None:
    assert guess("ada", WRONG_PASSWORDS) == guess("nobody", WRONG_PASSWORDS)
    there, missing = log_in("ada", "guess"), log_in("nobody", "guess")
    assert there.status_code == missing.status_code == 429
    assert there.content == missing.content
    assert dict(there.headers) == dict(missing.headers)


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_ten_are_tried(user: User) -> None:
    def try_one(_: int) -> int:
        try:
            return guess("ada", 1)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(try_one, range(40))) == {401: WRONG_PASSWORDS, 429: 30}


@pytest.mark.django_db
def test_a_try_that_an_outage_stopped_is_given_back(user: User) -> None:
    for _ in range(WRONG_PASSWORDS + 1):
        with pytest.raises(OperationalError), login_try("ada"):
            raise OperationalError("the database is away")
    assert log_in("ada", PASSWORD).status_code == 200
