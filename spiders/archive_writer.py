"""WARC files in the making: every answer as it was received, written before anything looks at it."""

from __future__ import annotations

import itertools
import json
import os
from datetime import UTC
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Self

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from spiders.archive import FAILURES, MAX_INFO
from spiders.records import ARCHIVE, REFERS_TO_FILE, header, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from spiders.visits import Visit

_PROFILE = "http://netpreserve.org/warc/1.1/revisit/"  # ISO 28500:2017, 6.7
# A connection's headers say how the bytes travelled, not what they are (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}


class ArchiveWriter:
    """A WARC file in the making: one gzip member a record, nothing under the final name before a clean end.

    Args:
        path: the file to make; it appears when the context ends without an error.
        info: fields of the warcinfo record, such as `software`, `canceropole-base` and `canceropole-source`.

    Raises:
        OSError: the folder is not writable.
    """

    def __init__(self, path: Path, info: Mapping[str, str]) -> None:
        self._path = Path(path)
        self._draft = self._path.with_name(f".{self._path.name}.part")
        self._info = {"format": "WARC File Format 1.1", **info}

    def __enter__(self) -> Self:
        self._file = self._draft.open("wb")
        self._writer = WARCWriter(self._file, gzip=True, warc_version="1.1")
        self._writer.write_record(self._writer.create_warcinfo_record(self._path.name, self._info))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if kind is not None:
            self._draft.unlink()
            return
        self._draft.replace(self._path)
        _sync_folder(self._path.parent)

    def response(
        self,
        url: str,
        status: int,
        reason: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        when: datetime,
        *,
        truncated: str = "",
    ) -> str:
        """Adds one answer, as it was received but for its transfer encoding (ISO 28500:2017, 6.3).

        Args:
            url: the address that was asked.
            status: HTTP's.
            reason: the words after it.
            headers: in the order they were received.
            body: still in its content-encoding.
            when: the moment it was received, aware.
            truncated: why the body is not whole (`length`, `disconnect`, `time`, `unspecified`; ISO 28500:2017, 5.13).

        Returns:
            The record's WARC-Record-ID, without its brackets.

        Raises:
            OSError: the file cannot be written.
        """
        kept = [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
        kept.append(("Content-Length", str(len(body))))
        fields = {"WARC-Date": printed(when)}
        if truncated:
            fields["WARC-Truncated"] = truncated
        record = self._writer.create_warc_record(
            url,
            "response",
            payload=BytesIO(body),
            length=len(body),
            warc_headers_dict=fields,
            http_headers=StatusAndHeaders(f"{status} {reason}".rstrip(), kept, protocol="HTTP/1.1"),
        )
        self._writer.write_record(record)
        return header(record, "WARC-Record-ID").strip("<>")

    def revisit(
        self, url: str, status: int, reason: str, headers: Sequence[tuple[str, str]], visit: Visit, when: datetime
    ) -> None:
        """Adds an answer that says what an earlier one said: its headers, and where that one is (ISO 28500:2017, 6.7).

        Args:
            url: the address that answered.
            status: 304, or 200 of the same body.
            reason: the words after it.
            headers: in the order they were received.
            visit: the earlier answer.
            when: the moment it was received, aware.

        Raises:
            OSError: the file cannot be written.
        """
        kept = [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
        not_modified = status == HTTPStatus.NOT_MODIFIED
        fields = {
            "WARC-Date": printed(when),
            "WARC-Profile": _PROFILE + ("server-not-modified" if not_modified else "identical-payload-digest"),
            "WARC-Payload-Digest": f"sha256:{visit.sha256}",
            "WARC-Refers-To": f"<{visit.record}>",
            "WARC-Refers-To-Target-URI": visit.url,
            "WARC-Refers-To-Date": visit.date,
            REFERS_TO_FILE: f"{visit.run}/{ARCHIVE}",
        }
        answer = StatusAndHeaders(f"{status} {reason}".rstrip(), kept, protocol="HTTP/1.1")
        record = self._writer.create_warc_record(url, "revisit", warc_headers_dict=fields, http_headers=answer)
        write(self._writer, record)

    def failures(self, addresses: Sequence[str], *, more: bool = False) -> None:
        """Adds the addresses that could not be had, as a metadata record: an archive says what is missing from it.

        Args:
            addresses: sorted.
            more: whether the crawl ended before it had found all there are.

        Raises:
            OSError: the file cannot be written.
        """
        room = itertools.accumulate(len(json.dumps(address)) + 2 for address in addresses)
        kept = [address for address, taken in zip(addresses, room, strict=True) if taken < MAX_INFO - 1_000]
        told = {"canceropole-failures": kept, "canceropole-more": more or len(kept) < len(addresses)}
        listed = json.dumps(told).encode()
        record = self._writer.create_warc_record(
            FAILURES,
            "metadata",
            payload=BytesIO(listed),
            length=len(listed),
            warc_content_type="application/json",
        )
        self._writer.write_record(record)


def printed(when: datetime) -> str:
    """A moment as a WARC-Date (ISO 28500:2017, 5.4)."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _sync_folder(folder: Path) -> None:
    """Makes a rename last: the name is the folder's data."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
