"""Where a connection's settings come from: the call, else the environment, else ~/.config/jali/profiles.toml.

[default]
url = "https://jali.example.org"
token = "..."
agreement = "agreement.json"        # beside this file, or an agreement's id
[default.parties]                   # public keys that the parties gave you themselves
health-bureau = "base64 of 32 bytes, or a file"
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jali.errors import RequestRejected


@dataclass(frozen=True)
class Profile:
    """The settings of one connection; what is unknown is None."""

    url: str | None = None
    token: str | None = None
    agreement: str | None = None
    parties: Mapping[str, str] | None = None


def read_settings(profile: str | None, **given: str | None) -> Profile:
    """Each setting from the call (`given`), else JALI_URL, JALI_TOKEN, JALI_AGREEMENT, else the profile."""
    stored = _stored(profile)
    parties = stored.get("parties", {})
    folder = profiles_file().parent
    found = {name: given.get(name) or os.environ.get(f"JALI_{name.upper()}") for name in ("url", "token", "agreement")}
    if found["agreement"] is None and "agreement" in stored:
        found["agreement"] = _beside(folder, str(stored["agreement"]))
    for name in ("url", "token"):
        found[name] = found[name] or (str(stored[name]) if name in stored else None)
    return Profile(**found, parties={name: _beside(folder, str(key)) for name, key in parties.items()})


def profiles_file() -> Path:
    """The file of profiles."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "jali" / "profiles.toml"


def _beside(folder: Path, text: str) -> str:
    return str(folder / text) if (folder / text).is_file() else text


def _stored(profile: str | None) -> Mapping[str, Any]:
    name = profile or os.environ.get("JALI_PROFILE")
    try:
        profiles = tomllib.loads(profiles_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        profiles = {}
    except (OSError, ValueError) as fault:
        raise RequestRejected(f"{profiles_file()} can't be read: {fault}") from None
    found = profiles.get(name or "default", {})
    if (name and name not in profiles) or not isinstance(found, dict):
        raise RequestRejected(f"there is no profile {name or 'default'} in {profiles_file()}")
    return found
