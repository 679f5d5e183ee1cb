"""SHA256SUMS signed with an OpenSSH key: verified as its readers do, never wrong, and no release without it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from test_erase import FOCH, NERVES, erase
from test_refresh import CORRECTED, HEADS, archive_of, changed, out, refresh, versions

from pipeline.failures import RunFailedError
from pipeline.replaying import replay
from pipeline.signing import KEY, SigningError, sign

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Done

__all__ = ["out"]  # a fixture
SIGNER = "donnees@example.org"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key that the environment names."""
    path = tmp_path / "key"
    made(path)
    monkeypatch.setenv(KEY, str(path))
    return path


def made(path: Path, passphrase: str = "") -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", SIGNER, "-f", str(path)]
    subprocess.run(command, check=True)


def verified(folder: Path, key: Path) -> bool:
    """As docs/package.md says."""
    signers = key.with_name("signers")
    signers.write_text(f"{SIGNER} {key.with_suffix('.pub').read_text()}")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", SIGNER, "-n", "file", "-s", "SHA256SUMS.sig"]
    with (folder / "SHA256SUMS").open("rb") as sums:
        return subprocess.run(command, stdin=sums, cwd=folder, capture_output=True, check=False).returncode == 0


def test_a_release_is_signed_replays_and_is_signed_again_without_a_row(
    few: Done, out: Path, tmp_path: Path, key: Path
) -> None:
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    home = out / "canceropole-idf"
    assert verified(home / "latest", key)
    assert "SHA256SUMS.sig" not in (home / "latest" / "SHA256SUMS").read_text()
    assert replay(out, "canceropole-idf", None).same
    before = (home / "latest" / "SHA256SUMS").read_bytes()
    assert erase(out, HEADS, FOCH).status == 0
    assert (home / "latest" / "SHA256SUMS").read_bytes() != before
    assert [verified(home / "releases" / version, key) for version in versions(out)] == [True, True]
    (home / "latest" / "SHA256SUMS").write_bytes(before)
    assert not verified(home / "latest", key)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(KEY)
        assert KEY in erase(out, HEADS, NERVES).stdout
    assert list(home.glob("releases/*/*.sig")) == []


def test_without_the_key_nothing_is_left_wrongly_signed(tmp_path: Path, key: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("0  a\n")
    sign(sums)
    assert verified(tmp_path, key)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(KEY)
        sign(sums)
    assert not sums.with_name("SHA256SUMS.sig").exists()


def test_a_key_that_cannot_sign_releases_nothing(
    few: Done, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, str(tmp_path / "nowhere"))
    with pytest.raises(RunFailedError, match=KEY) as failed:
        refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    assert failed.value.code == "sign-failed"
    assert versions(out) == ["1.0.0"]
    assert [path.name for path in (out / "canceropole-idf" / "releases").iterdir()] == ["1.0.0"]


def test_a_key_with_a_passphrase_is_refused_without_asking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "locked", "phrase")
    monkeypatch.setenv(KEY, str(tmp_path / "locked"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / "SHA256SUMS").write_text("0  a\n")
    with pytest.raises(SigningError, match="passphrase"):
        sign(tmp_path / "SHA256SUMS")


def test_without_openssh_it_is_said(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert key.is_file()
    assert shutil.which("ssh-keygen")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "SHA256SUMS").write_text("0  a\n")
    with pytest.raises(SigningError, match="ssh-keygen"):
        sign(tmp_path / "SHA256SUMS")
