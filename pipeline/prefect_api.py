"""Prefect's API for one command: the configured server, or a small one of our own that lives as long as the command.

Left alone, Prefect imports its whole server into the command before starting another process for it: 9 s warm, 23 s
the first time. Started here at once, beside the command's own imports, it costs 4 s warm (docs/decisions/0003).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from pipeline.failures import RunFailedError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

_SETTINGS = {
    # No telemetry, no network but the portal's.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # One line a person reads on the terminal comes from the command itself; Prefect's logs go to its API.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "canceropole",
    # Block types serve workers and notifications, not a run that ends in seconds.
    "PREFECT_SERVER_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_CLI_PROMPT": "false",
}
_SERVER = {
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    # In memory, a server that is killed forgets who holds a portal's only slot, and no run of it ever gets it again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}


def configure() -> None:
    """Sets what Prefect reads at its import; what the user has set stays."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" not in os.environ:
        home = user_cache_path("canceropole") / f"prefect-{metadata.version('prefect')}"  # one home a version
        os.environ.setdefault("PREFECT_HOME", str(home))
        os.environ.setdefault("PREFECT_LOGGING_TO_API_ENABLED", "false")  # an API that ends with the command


@contextlib.contextmanager
def api() -> Iterator[LocalApi | None]:
    """Starts the local API unless `PREFECT_API_URL` names a server; call `ready` before the flow."""
    configure()
    if "PREFECT_API_URL" in os.environ:
        yield None
        return
    try:
        Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFailedError("prefect", error=f"{error}; PREFECT_HOME may name another folder") from error
    local = LocalApi()
    try:
        yield local
    finally:
        local.stop()
        os.environ.pop("PREFECT_API_URL", None)


class LocalApi:
    """A Prefect API server in a process of its own; it ends with us, however we end."""

    def __init__(self) -> None:
        self._stopping = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.prefect_api"],
            stdin=subprocess.PIPE,  # its end is how the server learns that we are gone
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **_SERVER},
            process_group=0,  # an interruption from the keyboard is for us, who then stop it
        )

    def ready(self) -> None:
        """Waits until the server answers and points Prefect at it.

        Raises:
            RunFailedError: the server ended before it answered.
        """
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.strip().isdigit():
            raise RunFailedError(
                "prefect", error=f"exit status {self._process.wait()}; PREFECT_API_URL may name a server"
            )
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{line.strip()}/api"

    def when_lost(self, react: Callable[[int], None]) -> None:
        """Calls `react` with its exit status, in a thread of its own, should the server end before it is stopped."""

        def watch() -> None:
            status = self._process.wait()
            if not self._stopping:
                react(status)

        threading.Thread(target=watch, daemon=True).start()

    def stop(self) -> None:
        """Ends the server."""
        self._stopping = True
        self._process.terminate()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()


def _serve() -> None:
    """The server's process: any free loopback port, told on standard output once it answers."""
    import uvicorn  # noqa: PLC0415 (only this process needs it)
    from prefect.server.api.server import create_app  # noqa: PLC0415 (likewise, and it takes seconds)

    class Told(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(self.servers[0].sockets[0].getsockname()[1], flush=True)  # noqa: T201 (how the parent learns the port)

    server = Told(uvicorn.Config(create_app(), host="127.0.0.1", port=0, log_level="critical"))

    def end_with_parent() -> None:
        sys.stdin.read()
        server.should_exit = True

    threading.Thread(target=end_with_parent, daemon=True).start()
    server.run()


if __name__ == "__main__":
    _serve()
