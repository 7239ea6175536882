"""A further engine is a package that is found: the example of this folder, while nothing else is changed."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from podstream.environment import Environment
from tests.conftest import ROOT
from tests.engines.example import with_example_engine
from voice.checks import engine_is_known, engines_can_be_used
from voice.engines.registry import engine_configure, engine_get, engine_names, engine_specs
from voice.errors import EngineUnavailable


@pytest.fixture(autouse=True)
def example() -> Iterator[None]:
    with with_example_engine(), override_settings(HUM_VOLUME=0.2):
        yield


def test_the_registry_finds_it_beside_the_others() -> None:
    assert engine_names() == ("embedded", "xtts", "hum")
    assert engine_get("hum") is engine_get("hum")
    with pytest.raises(EngineUnavailable, match="engine_unknown"):
        engine_get("hem")


def test_its_settings_are_read_as_it_declares_them() -> None:
    (volume,) = engine_specs()["hum"].settings
    assert Environment({"HUM_VOLUME": "0.7"}).engine_setting(volume, folder=ROOT) == 0.7
    wrong = Environment({"HUM_VOLUME": "7"})
    assert wrong.engine_setting(volume, folder=ROOT) == volume.default
    assert "not between 0 and 1" in wrong.problems["HUM_VOLUME"]


def test_its_settings_reach_it() -> None:
    assert vars(engine_get("hum"))["_volume"] == 0.2
    engine_configure("hum", **engine_specs()["hum"].values(SimpleNamespace(HUM_VOLUME=0.5)))
    assert vars(engine_get("hum"))["_volume"] == 0.5
    engine_configure("hum")


def test_its_check_is_one_of_the_system_checks() -> None:
    assert "voice.W900" not in {problem.id for problem in engines_can_be_used()}
    with override_settings(HUM_VOLUME=0.0):
        assert "voice.W900" in {problem.id for problem in engines_can_be_used()}


def test_it_can_be_the_engine_of_new_voices() -> None:
    with override_settings(VOICE_ENGINE="hum"):
        assert engine_is_known() == []


@pytest.mark.django_db
def test_the_api_lists_it_with_its_options_and_languages(api: APIClient) -> None:
    (hum,) = [each for each in api.get("/api/voice/engines").json()["engines"] if each["name"] == "hum"]
    assert (hum["is_available"], hum["languages"]) == (True, ["de", "en"])
    assert [option["name"] for option in hum["options"]] == ["vibrato"]
    languages = {each["code"]: each["engines"] for each in api.get("/api/voice/languages").json()["languages"]}
    assert "hum" in languages["en"]
    assert "hum" not in languages["fr"]
