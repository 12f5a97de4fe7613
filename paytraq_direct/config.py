"""Channels by name: a TOML file that says where each one's address is kept, and which clients it belongs to."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paytraq_direct.errors import ChannelError
from paytraq_direct.wording import discreet

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

BY_CLIENT: Final = "by-client"

_RESERVED: Final = frozenset({BY_CLIENT, "sandbox"})
_KEYS: Final = frozenset({"address", "clients", "as"})
_FORMS: Final = ("sale", "ubl")
_is_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}").fullmatch


class NamedChannel(NamedTuple):
    """A channel of the config: where its address is kept (env:VAR or file:PATH), and the client names it belongs to.

    Without clients it takes invoices for anyone, and ``by-client`` never chooses it. ``form`` is that in which UBL goes
    there: ``sale`` or ``ubl``.
    """

    name: str
    address: str
    clients: tuple[str, ...] = ()
    form: str = "sale"

    def is_of(self, client_name: str) -> bool:
        """Tell whether a client name is one of this channel's: letter case and runs of blanks do not count."""
        return plain(client_name) in {plain(name) for name in self.clients}


class Config(NamedTuple):
    """The channels of a config, by name."""

    channels: dict[str, NamedChannel]

    def of_client(self, client_name: str) -> list[NamedChannel]:
        """List the channels that a client name belongs to."""
        return [channel for channel in self.channels.values() if channel.is_of(client_name)]


EMPTY: Final = Config({})


def default_path() -> Path:
    """Give the config's place when none is named: in the user's config folder."""
    from platformdirs import user_config_path  # noqa: PLC0415 - needed for this alone

    return user_config_path("paytraq_direct", appauthor=False) / "config.toml"


def load(path: str | os.PathLike[str] | None = None) -> Config:
    """Read a config: ``[channels.NAME]`` with ``address`` and, as wanted, ``clients`` and ``as``.

    Without a path the default one, which need not be there. Raises ChannelError, which says what to write and
    repeats no address.
    """
    place = default_path() if path is None else Path(path)
    data: dict[str, Any] = {}
    try:
        data, why = _parsed(place.read_bytes().decode())
    except FileNotFoundError:
        if path is None:
            return EMPTY
        why = "there is no such file"
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
    except UnicodeDecodeError:
        why = "it is not UTF-8"
    why = why or next(_troubles(data), None)
    if why is not None:
        raise ChannelError(f"the config {place} cannot be used: {why}")
    return Config(
        {
            name: NamedChannel(name, table["address"], tuple(table.get("clients", ())), table.get("as", "sale"))
            for name, table in data.get("channels", {}).items()
        }
    )


def _parsed(text: str) -> tuple[dict[str, Any], str | None]:
    """Give the data of a TOML text, or why there is none, with its place and without what stands there."""
    import tomllib  # noqa: PLC0415 - only those who have a config need it

    try:
        return tomllib.loads(text), None
    except tomllib.TOMLDecodeError as error:
        place = "".join(re.findall(r" \(at .*\)$", str(error)))
        return {}, discreet(f"it is not TOML: {error}".partition(" (at")[0]) + place


def plain(name: str) -> str:
    """Give a client's name as it is compared: NFC, casefolded, every run of blanks one."""
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())


def _troubles(data: dict[str, Any]) -> Iterator[str]:
    """Say what is wrong with a config, in words that repeat no value."""
    if unknown := sorted(set(data) - {"channels"}):
        yield f"it knows no [{discreet(unknown[0])}], only [channels.NAME]"
    channels = data.get("channels", {})
    if not isinstance(channels, dict):
        yield "channels must be tables: [channels.NAME]"
        return
    for name, table in channels.items():
        where = f"[channels.{discreet(name)}]"
        if not _is_name(name) or name in _RESERVED:
            yield f"{where} is no name for a channel: letters, digits, - and _, and neither sandbox nor by-client"
        elif not isinstance(table, dict) or not set(table) <= _KEYS:
            yield f"{where} knows address, clients and as, and nothing else"
        elif not _is_place(table.get("address")):
            yield f'{where} needs address = "env:VAR" or "file:PATH"; an address itself is a secret, and not for here'
        elif not _are_names(table.get("clients", [])):
            yield f"{where} needs clients as a list of names"
        elif table.get("as", "sale") not in _FORMS:
            yield f'{where} has an unknown form: as = "sale", or as = "ubl"'


def _is_place(address: object) -> bool:
    """Tell whether an address says where the address is kept; one pasted behind env: or file: is an address still."""
    return isinstance(address, str) and address.startswith(("env:", "file:")) and discreet(address) == address


def _are_names(clients: object) -> bool:
    return isinstance(clients, list) and all(isinstance(name, str) and name.strip() for name in clients)
