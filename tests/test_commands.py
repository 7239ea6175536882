"""Every management command of ours."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def test_preload_engines_says_that_the_engine_is_ready() -> None:
    out = StringIO()
    call_command("preload_engines", stdout=out)
    assert "embedded" in out.getvalue()
    assert "17 languages" in out.getvalue()


def test_preload_engines_fails_for_an_engine_that_is_not_here() -> None:
    err = StringIO()
    with pytest.raises(CommandError, match="nosuch"):
        call_command("preload_engines", "nosuch", stderr=err)
    assert "There is no engine called" in err.getvalue()
