"""The language of whoever runs the program."""

from __future__ import annotations

import locale
import os


def language() -> str:
    """Fr or en, from LANG (LC_ALL and LC_MESSAGES first); en unless French is asked for."""
    asked = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "fr" if locale.normalize(asked).lower().startswith("fr") else "en"
