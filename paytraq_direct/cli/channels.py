"""What may be written for CHANNEL, and the address it stands for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from paytraq_direct.channel import ChannelUri
from paytraq_direct.config import EMPTY, Config
from paytraq_direct.errors import ChannelError
from paytraq_direct.wording import discreet

SANDBOX: Final = "sandbox"
VARIABLE: Final = "PAYTRAQ_CHANNEL"

_LONGEST_FILE: Final = 64 * 1024


def given(text: str | None) -> str:
    """Give what was written for CHANNEL, or stands in $PAYTRAQ_CHANNEL when nothing was."""
    return (text or os.environ.get(VARIABLE) or "").strip()


def resolve(text: str | None, *, allow_http: bool = False, config: Config = EMPTY) -> ChannelUri | Literal["sandbox"]:
    """Give the address that a CHANNEL stands for, from $PAYTRAQ_CHANNEL when none is given; or "sandbox".

    Raises ChannelError, which repeats neither the text nor what was found in its place.
    """
    text = given(text)
    if text in config.channels:
        return resolve(config.channels[text].address, allow_http=allow_http)
    if not text:
        raise ChannelError(f"no channel is given: use --channel, or set {VARIABLE}; --channel sandbox to rehearse")
    if text == SANDBOX:
        return SANDBOX
    if text.lower().startswith(("http://", "https://")):
        return ChannelUri(text, allow_http=allow_http)
    kind, colon, rest = text.partition(":")
    if colon and kind in {"env", "file"}:
        return ChannelUri(from_env(rest) if kind == "env" else _from_file(rest), allow_http=allow_http)
    raise ChannelError(
        "the channel is neither an https:// address, a name of the config, env:VAR, file:PATH nor sandbox"
    )


def named(text: str | None, config: Config = EMPTY) -> str | None:
    """Give how a channel was named, where that tells no secret: a name of the config, env:VAR or file:PATH."""
    found = given(text)
    if found in config.channels or found.startswith(("env:", "file:")):
        return found
    return None if text or not found else f"env:{VARIABLE}"


def secret(text: str | None) -> str | None:
    """Give a value that may be written as env:VAR, so that it need not stand on the command line."""
    return from_env(text.removeprefix("env:")) if text and text.startswith("env:") else text


def from_env(name: str) -> str:
    """Give the value of an environment variable without blanks around it; raises ChannelError when it has none."""
    value = os.environ.get(name, "").strip()
    if not value:
        words = f"the environment variable {discreet(name)} is not set"
        raise ChannelError(words if name else "env: needs the variable's name")
    return value


def _from_file(name: str) -> str:
    why = "it is empty"
    try:
        with Path(name).open("rb") as stream:
            value = stream.read(_LONGEST_FILE).decode("ascii").strip()
    except OSError as error:
        value, why = "", error.strerror or "it cannot be read"
    except (UnicodeDecodeError, ValueError):
        value, why = "", "it does not hold an address"
    if not value:
        raise ChannelError(f"the channel's file {discreet(name)} cannot be used: {why}")
    return value
