"""A release's SHA256SUMS signed by who publishes it, where he has named a key: OpenSSH's signatures of files.

The key is the environment's (`CANCEROPOLE_SIGNING_KEY`): a private key's file, or a public one's whose private half an
agent holds. Whoever has OpenSSH 8.1 or later verifies it: docs/package.md says how.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from pipeline.checksums import SIGNATURE

if TYPE_CHECKING:
    from pathlib import Path

KEY = "CANCEROPOLE_SIGNING_KEY"
_NAMESPACE = "file"  # ssh-keygen(1), -Y sign: the namespace of files
_TIMEOUT = 60  # seconds: an agent may ask its owner


class SigningError(Exception):
    """The key that is named does not sign; the message is what ssh-keygen said."""


def has_key() -> bool:
    """Whether a key is named."""
    return bool(os.environ.get(KEY))


def sign(sums: Path) -> None:
    """Writes `SHA256SUMS.sig` beside a SHA256SUMS, if a key is named; else takes away one that is there.

    Raises:
        SigningError: the key cannot be used, or there is no OpenSSH.
        OSError: the folder cannot be written.
    """
    signature = sums.with_name(SIGNATURE)
    signature.unlink(missing_ok=True)
    if not has_key():
        return
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", _NAMESPACE, "-f", os.environ[KEY], str(sums)]
    try:
        done = subprocess.run(  # nobody is at the terminal: a key with a passphrase needs an agent
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_TIMEOUT
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise SigningError(str(error)) from error
    if done.returncode != 0 or not signature.is_file():
        raise SigningError(" ".join(done.stderr.split()) or f"ssh-keygen ended with {done.returncode}")
