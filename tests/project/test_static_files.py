"""The static files of the admin and the docs, from the real web server."""

import httpx
import pytest

from tests.conftest import StartWeb, process_environment

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
STYLE = "/static/admin/css/base.css"


def test_static_files_come_whole_in_parts_and_without_a_warning(start_web: StartWeb) -> None:
    url, server = start_web(process_environment(PYTHONWARNINGS="default"))
    with httpx.Client(base_url=url) as client:
        whole = client.get(STYLE)
        assert whole.status_code == 200
        assert whole.headers["Content-Type"].startswith("text/css")
        assert int(whole.headers["Content-Length"]) == len(whole.content) > 10_000
        part = client.get(STYLE, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        again = client.get(STYLE, headers={"If-Modified-Since": whole.headers["Last-Modified"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.head(STYLE).headers["Content-Length"] == whole.headers["Content-Length"]
        icon = client.get("/favicon.ico", follow_redirects=True)
        assert (icon.status_code, icon.headers["Content-Type"]) == (200, "image/svg+xml")
        assert client.get("/static/missing.css").status_code == 404
        for page in ("/", "/admin/login/"):
            assert "/static/voice/favicon.svg" in client.get(page).text
    assert not server.said(b"Warning")
