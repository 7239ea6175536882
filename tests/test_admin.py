"""The moderators' actions in the Django admin."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.http import HttpResponse
from django.test import Client, TestCase
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.api.rows import completed_synthesis, ready_model, ready_sample
from tests.conftest import PASSWORD, redis_away
from tests.jobs.test_job import make_model, make_sample, make_synthesis
from voice.api.samples import QUALITY_EXAMPLE
from voice.errors import Blocked
from voice.jobs.blocks import hit_note
from voice.models import Block, Job, Match, User, VoiceModel, VoiceSample
from voice.services.login_limit import WRONG_PASSWORDS
from voice.services.moderation import voice_block
from voice.services.synthesis import synthesis_create
from voice.services.voice_model import voice_model_clone
from voice.storage import sample_storage

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def log_in(username: str, password: str) -> HttpResponse:
    return Client().post("/admin/login/", {"username": username, "password": password})


def test_staff_logs_in_with_a_password() -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    answer = log_in("root", PASSWORD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/profile/")


@pytest.mark.parametrize("door", ["admin", "api"])
def test_wrong_passwords_close_the_account_at_both_doors(door: str, settings: Settings) -> None:
    settings.LOGINS_PER_MINUTE = 1000
    User.objects.create_superuser("root", password=PASSWORD)
    for _ in range(WRONG_PASSWORDS):
        if door == "admin":
            assert b"Please enter the correct username" in log_in("root", "guess").content
        else:
            credentials = {"username": "root", "password": "guess"}
            assert Client().post("/api/auth/token", credentials, "application/json").status_code == 401
    assert log_in("root", "").status_code == 200  # checks nothing, so it does not empty the count
    assert b"Too many wrong passwords" in log_in("root", PASSWORD).content
    answer = Client().post("/api/auth/token", {"username": "root", "password": PASSWORD}, "application/json")
    assert answer.status_code == 429


def test_an_address_has_so_many_tries_a_minute(settings: Settings) -> None:
    settings.LOGINS_PER_MINUTE = 2
    User.objects.create_superuser("root", password=PASSWORD)
    assert [b"Too many tries" in log_in(name, "guess").content for name in ("a", "b", "c")] == [False, False, True]


def test_nobody_gets_in_while_redis_is_away(settings: Settings) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    with redis_away(settings):
        assert b"Redis is away" in log_in("root", PASSWORD).content


@pytest.mark.parametrize("page", ["voicesample", "voicemodel", "synthesis", "job", "user", "block"])
def test_every_list_and_search_opens(staff: Client, user: User, page: str) -> None:
    make_synthesis(user, make_model(user, make_sample(user)))
    assert staff.get(f"/admin/voice/{page}/").status_code == 200
    assert staff.get(f"/admin/voice/{page}/?q=ada").status_code == 200


def test_a_blocked_voice_cannot_speak_and_a_blocked_recording_cannot_be_cloned(staff: Client, user: User) -> None:
    sample, model = ready_sample(user), ready_model(user)
    for page, row in (("voicesample", sample), ("voicemodel", model)):
        answer = staff.post(f"/admin/voice/{page}/", {"action": "block", "_selected_action": [str(row.pk)]})
        assert answer.status_code == 302
    sample, model = VoiceSample.objects.get(), VoiceModel.objects.get()
    with pytest.raises(Blocked, match="sample_blocked"):
        voice_model_clone(owner=user, samples=[sample], name="m", language="en")
    with pytest.raises(Blocked, match="model_blocked"):
        synthesis_create(owner=user, voice_model=model, text="Hello", language="en", output_format="mp3")
    staff.post("/admin/voice/voicemodel/", {"action": "allow", "_selected_action": [str(model.pk)]})
    synthesis_create(
        owner=user, voice_model=VoiceModel.objects.get(), text="Hello", language="en", output_format="mp3"
    )


@pytest.fixture
def helper() -> Client:
    """A member of staff who may change and delete accounts and groups, and is no superuser."""
    account = User.objects.create_user("helper", password="x", is_staff=True)
    powers = ["view", "add", "change", "delete"]
    names = [f"{power}_{model}" for power in powers for model in ("user", "group")]
    account.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(account)
    return client


def test_staff_changes_podcasters_and_gives_nobody_powers(helper: Client, user: User) -> None:
    powers = {"is_staff": "on", "is_superuser": "on", "user_permissions": [str(Permission.objects.all()[0].pk)]}
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
    form = {"username": "ada", "email": "new@example.com", "is_active": "on", **joined, **powers}
    assert helper.post(f"/admin/voice/user/{user.pk}/change/", form).status_code == 302
    user.refresh_from_db()
    assert user.email == "new@example.com"
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert not user.user_permissions.exists()


@pytest.mark.parametrize("kind", ["themselves", "another member of staff", "an administrator"])
def test_staff_does_not_touch_accounts_with_powers(helper: Client, kind: str) -> None:
    if kind == "themselves":
        account = User.objects.get(username="helper")
    else:
        account = User.objects.create_user("root", is_staff=True, is_superuser=kind == "an administrator")
    before = User.objects.filter(pk=account.pk).values().get()
    address = f"/admin/voice/user/{account.pk}"
    password = {"password1": "a new long passphrase", "password2": "a new long passphrase", "usable_password": "true"}
    answers = [
        helper.post(f"{address}/change/", {"username": "mine", "is_active": "on", "is_superuser": "on"}),
        helper.post(f"{address}/password/", password),
        helper.post(f"{address}/delete/", {"post": "yes"}),
        helper.post(
            "/admin/voice/user/",
            {"action": "delete_selected", "_selected_action": [str(account.pk)], "post": "yes"},
        ),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert User.objects.filter(pk=account.pk).values().get() == before


def test_only_a_superuser_changes_what_a_group_may_do(helper: Client, staff: Client) -> None:
    group = Group.objects.create(name="moderators")
    power = Permission.objects.get(codename="change_voicesample")
    form = {"name": "moderators", "permissions": [str(power.pk)]}
    assert helper.post(f"/admin/auth/group/{group.pk}/change/", form).status_code == 403
    assert helper.post("/admin/auth/group/add/", {**form, "name": "more"}).status_code == 403
    assert not group.permissions.exists()
    assert staff.post(f"/admin/auth/group/{group.pk}/change/", form).status_code == 302
    assert group.permissions.get() == power


def test_nothing_is_added_or_edited_by_hand(staff: Client, user: User) -> None:
    sample = make_sample(user)
    assert staff.get("/admin/voice/voicesample/add/").status_code == 403
    page = staff.get(f"/admin/voice/voicesample/{sample.pk}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content


def test_deleting_in_the_admin_goes_through_the_service(staff: Client, user: User) -> None:
    sample = make_sample(user)
    model = make_model(user, sample)
    confirmed = {"action": "delete_selected", "_selected_action": [str(sample.pk)], "post": "yes"}
    assert staff.post("/admin/voice/voicesample/", confirmed).status_code == 302
    model.refresh_from_db()
    assert model.error_code == "dependency_failed"


def test_a_viewer_cannot_block(client: Client, user: User) -> None:
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_voicesample"))
    client.force_login(viewer)
    sample = make_sample(user)
    client.post("/admin/voice/voicesample/", {"action": "block", "_selected_action": [str(sample.pk)]})
    sample.refresh_from_db()
    assert not sample.is_blocked


def test_deleting_an_account_deletes_its_voices_and_their_files(staff: Client, user: User) -> None:
    synthesis = make_synthesis(user, make_model(user, make_sample(user)))
    name = sample_storage().save(f"{user.pk}/{VoiceSample.objects.get().pk}/1.flac", ContentFile(b"voice"))
    confirmed = {"action": "delete_selected", "_selected_action": [str(user.pk)], "post": "yes"}
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert staff.post("/admin/voice/user/", confirmed).status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()
    assert not type(synthesis).objects.exists()
    assert not sample_storage().exists(name)


REASON = "This is not your voice."
PAGES = pytest.mark.parametrize(("page", "make"), [("voicesample", ready_sample), ("voicemodel", ready_model)])


@PAGES
def test_a_page_has_a_button_that_asks_for_the_reason_and_blocks(
    staff: Client, user: User, page: str, make: Callable[[User], VoiceSample | VoiceModel]
) -> None:
    row = make(user)
    address = f"/admin/voice/{page}/{row.pk}"
    assert f"{address}/block/" in staff.get(f"{address}/change/").content.decode()
    assert "Shown to the owner" in staff.get(f"{address}/block/").content.decode()
    assert b"This field is required" in staff.post(f"{address}/block/", {"reason": " "}).content
    answer = staff.post(f"{address}/block/", {"reason": REASON, "note": "Ticket 7."})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{address}/change/")
    row.refresh_from_db()
    assert (row.is_blocked, row.blocked_reason) == (True, REASON)
    block = Block.objects.get()
    assert (block.note, block.made_by) == ("Ticket 7.", User.objects.get(username="root"))
    shown = staff.get(f"{address}/change/").content.decode()
    assert f"blocked: {REASON}" in shown
    assert f"/admin/voice/block/{block.pk}/change/" in shown
    assert "icon-no" not in shown
    assert staff.get(f"{address}/allow/").status_code == 405
    assert staff.post(f"{address}/allow/").status_code == 302
    row.refresh_from_db()
    assert not row.is_blocked


@pytest.mark.parametrize("also", [True, False])
def test_the_recordings_of_a_voice_are_blocked_with_it_where_that_is_ticked(
    staff: Client, user: User, also: bool
) -> None:
    sample = ready_sample(user)
    model = ready_model(user, sample)
    form = {"reason": REASON, **({"with_recordings": "on"} if also else {})}
    staff.post(f"/admin/voice/voicemodel/{model.pk}/block/", form)
    sample.refresh_from_db()
    assert sample.is_blocked == also


@PAGES
def test_who_may_only_look_finds_no_button_and_no_way_to_block(
    client: Client, user: User, page: str, make: Callable[[User], VoiceSample | VoiceModel]
) -> None:
    viewer = User.objects.create_user("viewer", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename=f"view_{page}"))
    client.force_login(viewer)
    row = make(user)
    address = f"/admin/voice/{page}/{row.pk}"
    assert "/block/" not in client.get(f"{address}/change/").content.decode()
    assert client.get(f"{address}/block/").status_code == 403
    assert client.post(f"{address}/block/", {"reason": REASON}).status_code == 403
    assert client.post(f"{address}/allow/").status_code == 403
    row.refresh_from_db()
    assert not row.is_blocked


@PAGES
def test_blocking_takes_the_token_of_the_form(
    user: User, page: str, make: Callable[[User], VoiceSample | VoiceModel]
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root", password="x"))
    row = make(user)
    for action in ("block", "allow"):
        answer = client.post(f"/admin/voice/{page}/{row.pk}/{action}/", {"reason": REASON})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_the_list_blocks_for_the_reason_that_is_written_beside_it(staff: Client, user: User) -> None:
    row = ready_model(user)
    form = {"action": "block", "reason": REASON, "_selected_action": [str(row.pk)]}
    staff.post("/admin/voice/voicemodel/", form)
    row.refresh_from_db()
    assert row.blocked_reason == REASON
    assert "icon-no" not in staff.get("/admin/voice/voicemodel/").content.decode()


def test_a_block_shows_what_it_reaches_and_is_lifted_by_deleting_it(staff: Client, user: User) -> None:
    model = ready_model(user, ready_sample(user))
    block = voice_block(row=VoiceSample.objects.get(), reason=REASON)
    hit_note(block=block, user=user, match=Match.FILE)
    listed = staff.get("/admin/voice/block/").content.decode()
    assert "1 recordings, 1 voices, 0 syntheses" in listed
    shown = staff.get(f"/admin/voice/block/{block.pk}/change/").content.decode()
    assert "the same file" in shown
    assert staff.post(f"/admin/voice/block/{block.pk}/delete/", {"post": "yes"}).status_code == 302
    model.refresh_from_db()
    assert not model.is_blocked
    assert not Block.objects.exists()


def test_quality_is_shown_in_words(staff: Client, user: User) -> None:
    sample = ready_sample(user, quality=QUALITY_EXAMPLE)
    shown = staff.get(f"/admin/voice/voicesample/{sample.pk}/change/").content.decode()
    assert "<b>snr</b>: 22.898 dB score 67.6. Record in a quieter room" in shown
    assert "{&#x27;" not in shown
    model = ready_model(user, quality={"similarity": 0.94, "sample_score": 86.5})
    shown = staff.get(f"/admin/voice/voicemodel/{model.pk}/change/").content.decode()
    assert "<b>sample score</b>: 86.5" in shown


def test_syntheses_are_found_by_their_text_and_jobs_come_newest_first(staff: Client, user: User) -> None:
    completed_synthesis(user, text="The quick brown fox", voice_model_label="Fox")
    completed_synthesis(user, text="The lazy dog", voice_model_label="Dog")
    found = staff.get("/admin/voice/synthesis/?q=brown+fox").content.decode()
    assert "Fox" in found
    assert "Dog" not in found
    jobs = staff.get("/admin/voice/job/").content.decode()
    first, second = Job.objects.order_by("-created_at", "-id")
    assert jobs.index(str(first.pk)) < jobs.index(str(second.pk))


@pytest.mark.parametrize("query", ["CAFÉ", "cafe\u0301", "Café ADA"])
@pytest.mark.parametrize("page", ["voicesample", "voicemodel", "synthesis"])
def test_names_and_texts_are_found_however_their_letters_are_written(
    staff: Client, user: User, page: str, query: str
) -> None:
    ready_sample(user, name="Café Noir")
    ready_model(user, name="Cafe\u0301 Noir")
    completed_synthesis(user, text="Un café noir", voice_model_label="Café")
    found = staff.get(f"/admin/voice/{page}/", {"q": query}).content.decode()
    assert "1 result" in found
    assert "0 results" in staff.get(f"/admin/voice/{page}/", {"q": "thé"}).content.decode()
    assert staff.get(f"/admin/voice/{page}/", {"q": "\0"}).status_code == 200


def test_a_voice_and_a_recording_are_found_by_their_new_names(staff: Client, user: User, api: APIClient) -> None:
    for page, row in (("samples", ready_sample(user)), ("models", ready_model(user))):
        assert api.patch(f"/api/voice/{page}/{row.pk}", {"name": "Été"}).status_code == 200
        kind = row._meta.model_name
        assert "1 result" in staff.get(f"/admin/voice/{kind}/", {"q": "ÉTÉ"}).content.decode()
        assert "0 results" in staff.get(f"/admin/voice/{kind}/", {"q": row.name}).content.decode()


def test_accounts_are_found_by_their_names_as_they_are_written(staff: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(username="Strauß")
    ready_sample(user)
    assert "1 result" in staff.get("/admin/voice/voicesample/", {"q": "Strauß"}).content.decode()


def test_to_deactivate_an_account_ends_its_jobs(helper: Client, user: User) -> None:
    sample = make_sample(user)
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
    assert helper.post(f"/admin/voice/user/{user.pk}/change/", {"username": "ada", **joined}).status_code == 302
    sample.refresh_from_db()
    assert (sample.status, sample.error_code) == ("failed", "user_inactive")
    assert not User.objects.get(pk=user.pk).is_active
