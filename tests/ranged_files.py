"""Files behind HTTP read by ranges alone, for what reads fsspec files (DuckDB, pyarrow); their bytes are counted."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from typing import TYPE_CHECKING, ClassVar

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

if TYPE_CHECKING:
    import datetime as dt


class RangedFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """What a server on loopback has, as `plages://<path>`; nothing is kept or read ahead.

    Attributes:
        received: how many bytes of files the server has sent.
    """

    protocol: ClassVar[str] = "plages"
    cachable: ClassVar[bool] = False

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.received = 0

    def asked(self, path: str, method: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """A request's status, headers and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, "/" + self._strip_protocol(path), headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def info(self, path: str, **_: object) -> dict[str, object]:
        """What a reader asks first: whether there is a file, how large, and whether parts of it can be had."""
        status, headers, _body = self.asked(path, "HEAD")
        if status != 200:
            raise FileNotFoundError(path)
        assert headers["accept-ranges"] == "bytes"
        return {"name": path, "size": int(headers["content-length"]), "type": "file", "etag": headers["etag"]}

    def modified(self, path: str) -> dt.datetime:
        """When the file was last modified."""
        return parsedate_to_datetime(self.asked(path, "HEAD")[1]["last-modified"])

    def _open(self, path: str, mode: str = "rb", **_: object) -> _RangedFile:
        return _RangedFile(self, path, mode, cache_type="none")


class _RangedFile(AbstractBufferedFile):  # type: ignore[misc]  # as above
    fs: RangedFiles

    def _fetch_range(self, start: int, end: int) -> bytes:
        wanted = {"Range": f"bytes={start}-{end - 1}", "If-Range": str(self.details["etag"])}
        status, headers, body = self.fs.asked(self.path, "GET", **wanted)
        assert (status, headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{self.size}")
        self.fs.received += len(body)
        return body
