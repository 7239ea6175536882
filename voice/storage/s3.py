"""Files in a bucket of S3, or of a server that speaks its protocol. Only this module imports boto3.

It is loaded where STORAGE says so, by its name in the settings.
"""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage as DjangoS3Storage

from voice.disk_full import storage_full
from voice.errors import ServiceUnavailable
from voice.storage.base import Entry, VoiceStorage

NOT_FOUND = {"404", "NoSuchKey", "NotFound"}
FULL = {"QuotaExceeded", "XMinioAdminBucketQuotaExceeded"}  # of Ceph and MinIO; most say it by the status
INSUFFICIENT_STORAGE = 507


class S3Storage(VoiceStorage, DjangoS3Storage):  # type: ignore[misc]  # it has no types
    """A folder of a private bucket. An object appears whole or not at all, which is S3's own promise.

    django-storages gives every thread a connection of its own, and ASGI every request a thread of its own: here all
    threads of a process share one, through its client, which is safe to share (boto3's "resources" are not).
    Raises ServiceUnavailable `storage_unavailable` while S3 is away, has no such bucket, or refuses us, and
    StorageFull where it has no room.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._connecting = threading.Lock()
        self._shared: tuple[int, Any] | None = None

    def get_default_settings(self) -> dict[str, Any]:
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "auto"},
            connect_timeout=3,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 3},
            # servers other than Amazon's know the newer checksums only since lately
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        fixed = {"client_config": config, "default_acl": None, "file_overwrite": False, "querystring_auth": True}
        return {**super().get_default_settings(), **fixed, "querystring_expire": 0}

    @property
    def connection(self) -> Any:
        with self._connecting:
            if self._shared is None or self._shared[0] != os.getpid():  # sockets do not survive a fork
                session = self._create_session()
                options = {"region_name": self.region_name, "endpoint_url": self.endpoint_url}
                self._shared = os.getpid(), session.resource("s3", config=self.client_config, **options)
            return self._shared[1]

    def open_part(self, name: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        end = "" if length is None else str(start + length - 1)
        part = {"Range": f"bytes={start}-{end}"} if start or end else {}
        with _translated(name):
            body = self._client.get_object(**self._address(name), **part)["Body"]
        return cast(BinaryIO, _Body(body, name))

    def signed_url(self, name: str, *, content_type: str, disposition: str) -> str | None:
        if not self.querystring_expire:
            return None
        told = {
            "ResponseContentType": content_type,
            "ResponseContentDisposition": disposition,
            "ResponseCacheControl": "private, no-cache",
        }
        with _translated(name):
            return str(
                self._client.generate_presigned_url(
                    "get_object", Params={**self._address(name), **told}, ExpiresIn=self.querystring_expire
                )
            )

    def entries(self, folder: str = "") -> Iterator[Entry]:
        root = f"{self.location.strip('/')}/"
        prefix = f"{root}{folder}/" if folder else root
        with _translated(prefix):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield Entry(found["Key"].removeprefix(root), found["Size"], found["LastModified"])

    def delete_folder(self, folder: str) -> int:
        deleted = 0
        for entry in self.entries(folder):
            self.delete(entry.name)
            deleted += 1
        return deleted

    def delete(self, name: str) -> None:
        with _translated(name):
            self._client.delete_object(**self._address(name))

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        with _translated(name):
            return int(self._client.head_object(**self._address(name))["ContentLength"])

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with _translated(name):
            folders, files = super().listdir(name)
        return folders, files

    def _save(self, name: str, content: "File[Any]") -> str:
        content.seek(0)
        source = _Unclosed(content)
        with _translated(name):
            self._client.upload_fileobj(
                source, **self._address(name), ExtraArgs=self._get_write_parameters(name), Config=self.transfer_config
            )
        return name

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    def _address(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}


class _Unclosed:
    """A file that boto3 may read and not close: it is its caller's."""

    def __init__(self, file: "File[Any]") -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return bytes(self._file.read(size))


class _Body(io.RawIOBase):
    """The body of an answer of S3 as a file."""

    def __init__(self, body: Any, name: str) -> None:
        self._body = body
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _translated(self._name):
            block = self._body.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._body.close()
        super().close()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """boto3's failures as ours."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in NOT_FOUND:
            raise FileNotFoundError(name) from error
        if _says_full(error):
            raise storage_full() from error
        raise _unavailable() from error
    except (BotoCoreError, Boto3Error) as error:
        raise _unavailable() from error


def _says_full(error: ClientError) -> bool:
    response = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == INSUFFICIENT_STORAGE or response.get("Error", {}).get("Code") in FULL


def _unavailable() -> ServiceUnavailable:
    return ServiceUnavailable(
        "storage_unavailable", "The files cannot be reached just now. Try again in a few seconds."
    )
