"""Content negotiation of routes that answer with audio."""

import hashlib
import logging
import re
import unicodedata
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header, parse_etags
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from voice.api.exceptions import Refused
from voice.audio.formats import FORMATS
from voice.errors import Gone
from voice.storage.base import VoiceStorage

_SINGLE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE | re.ASCII)
logger = logging.getLogger(__name__)
BLOCK_BYTES = 65_536


class AnyAccept(DefaultContentNegotiation):
    """Whatever the client accepts, it gets the audio that there is; errors stay JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


def parse_range(header: str | None, size: int) -> range | None:
    """The part of `size` bytes that a Range header asks for, or None for the whole.

    Several ranges at once, other units and what does not parse are ignored, as the RFC allows: the whole is sent.
    Raises Refused `range_not_satisfiable`.
    """
    found = _SINGLE.fullmatch(header.strip()) if header else None
    if found is None:
        return None
    first, last = found.groups()
    if first:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < start:
            return None
    elif last:
        start, end = max(0, size - int(last)), size - 1
    else:
        return None
    if start > end:
        raise Refused(
            "range_not_satisfiable",
            f"The audio has {size} bytes and ends before this range.",
            status=416,
            headers={"Content-Range": f"bytes */{size}"},
        )
    return range(start, end + 1)


def etag_matches(header: str | None, etag: str) -> bool:
    """True where an If-None-Match header names this entity tag, by weak comparison."""
    named = parse_etags(header or "")
    return "*" in named or etag in (tag.removeprefix("W/") for tag in named)


def audio_response(
    request: HttpRequest,
    *,
    storage: VoiceStorage,
    name: str,
    label: str,
    as_attachment: bool,
    rate_hz: int | None = None,
) -> HttpResponseBase:
    """The stored file `name`, or the part that the request's Range header asks for, read as it is sent.

    Where the storage signs addresses, a GET is sent there instead. `label` becomes the download name; `rate_hz` is
    needed where the file does not hold it. Raises Refused `range_not_satisfiable` or `precondition_failed`, Gone
    `audio_gone`.
    """
    suffix = name.rpartition(".")[2]
    etag = '"' + hashlib.sha256(name.encode()).hexdigest()[:32] + '"'  # a name is written once
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    _check_if_match(request, etag)
    if etag_matches(request.headers.get("If-None-Match"), etag):
        return HttpResponseNotModified(headers=headers)
    content_type = FORMATS[suffix].content_type_at(rate_hz)
    disposition = content_disposition_header(as_attachment, f"{safe_file_name(label)}.{suffix}") or "inline"
    with _gone_if_missing(name):
        size = storage.size(name)
    signed = storage.signed_url(name, content_type=content_type, disposition=disposition)
    if signed and request.method == "GET":
        return HttpResponseRedirect(signed, headers={"Cache-Control": "no-store"})
    part, status = _part(request, etag, size), 206
    if part is None:
        part, status = range(size), 200
    else:
        headers["Content-Range"] = f"bytes {part[0]}-{part[-1]}/{size}"
    headers |= {"Content-Length": str(len(part)), "Content-Disposition": disposition}
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=content_type)
    with _gone_if_missing(name):
        file = storage.open_part(name, start=part.start, length=len(part))
    return _stream(request, file, len(part), status=status, headers=headers, content_type=content_type)


def safe_file_name(label: str) -> str:
    """A label as a file name without suffix: no paths, no control or invisible characters, at most 80 characters."""
    shown = (c for c in unicodedata.normalize("NFC", label) if unicodedata.category(c)[0] != "C")
    plain = "".join("_" if c in '/\\:*?"<>|%' else c for c in shown)
    return " ".join(plain.split())[:80].strip(" .") or "audio"


def audio_gone() -> Gone:
    """There was audio, and its file is no more."""
    return Gone("audio_gone", "This audio is no longer on the server. Make it again.")


@contextmanager
def _gone_if_missing(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        logger.error("file of a row is missing: %s", name)
        raise audio_gone() from error


def _check_if_match(request: HttpRequest, etag: str) -> None:
    """Raise Refused where an If-Match header names other entity tags, by strong comparison (RFC 9110, 13.1.1)."""
    header = request.headers.get("If-Match")
    if header is not None and not {"*", etag} & set(parse_etags(header)):
        raise Refused(
            "precondition_failed",
            "This audio is another one than `If-Match` names.",
            status=412,
            headers={"ETag": etag},
        )


def _part(request: HttpRequest, etag: str, size: int) -> range | None:
    if request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return None
    return parse_range(request.headers.get("Range"), size)


def _stream(
    request: HttpRequest, file: BinaryIO, length: int, *, status: int, headers: dict[str, str], content_type: str
) -> HttpResponseBase:
    # Under ASGI Django would read a plain iterator to its end before it sends the first byte.
    content = blocks_async(file, length) if isinstance(request, ASGIRequest) else _blocks(file, length)
    response = StreamingHttpResponse(content, status=status, headers=headers, content_type=content_type)
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    return response


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length > 0 and (block := file.read(min(BLOCK_BYTES, length))):
        length -= len(block)
        yield block


async def blocks_async(file: BinaryIO, length: int) -> AsyncIterator[bytes]:
    """At most `length` bytes of a file, as they are asked for; for answers under ASGI."""
    read = sync_to_async(file.read, thread_sensitive=False)
    while length > 0 and (block := await read(min(BLOCK_BYTES, length))):
        length -= len(block)
        yield block
