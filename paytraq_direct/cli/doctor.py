"""paytraq-check --doctor: where the settings come from, and how the way to the channel and the outbox are."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from paytraq_direct import config as config_
from paytraq_direct import doctor
from paytraq_direct.cli import channels, exits
from paytraq_direct.cli.command import hidden, wants_colour
from paytraq_direct.config import Config
from paytraq_direct.doctor import Finding
from paytraq_direct.errors import ChannelError
from paytraq_direct.outbox import health, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paytraq_direct.channel import ChannelUri

_COLOURS: Final = {"ok": "green", "warning": "yellow", "error": "red"}
_CODES: Final = {"setting": exits.USAGE, "outbox": exits.FAILED}
_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def examine(given: dict[str, Any], *, deadline_s: float) -> int:
    """Look at everything that can be known without posting, and print each finding when it is there."""
    code = 0
    for finding in _findings(given, deadline_s):
        if finding.level == "error":
            code = max(code, _CODES.get(finding.topic, exits.BY_OUTCOME["deferred"]))
        _show(finding, as_json=given["json"])
    return code


def _show(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        text = json.dumps(finding._asdict(), ensure_ascii=False)
    else:
        level = click.style(f"{finding.level:<8}", fg=_COLOURS[finding.level])
        advice = f"\n{'':<21}{finding.advice}" if finding.advice else ""
        text = f"{level} {finding.topic:<11} {finding.message}{advice}"
    click.echo(text, color=wants_colour(sys.stdout))


def _findings(given: dict[str, Any], deadline_s: float) -> Iterator[Finding]:
    yield doctor.versions()
    config = Config({})
    try:
        config = config_.EMPTY if given["no_config"] else config_.load(given["config"])
    except ChannelError as error:
        yield _unusable(error)
    else:
        yield _of_config(given, config)
    yield from _of_outbox(given["outbox"])
    try:
        yield from _of_options(given)
        proxy = channels.secret(given["proxy"])
    except ChannelError as error:
        yield _unusable(error)
        return
    try:
        yield from doctor.surroundings(os.environ, proxy=proxy, ca_bundle=given["ca_bundle"])
    except ChannelError as error:
        yield Finding("error", "setting", str(error))  # it shows how a proxy is written, and never repeats one
        return
    for name in _names(given["channel"], config):
        yield from _of_channel(name, config, given, proxy=proxy, deadline_s=deadline_s)


def _of_config(given: dict[str, Any], config: Config) -> Finding:
    if given["no_config"]:
        return Finding("ok", "setting", "config: none, as --no-config says")
    place, origin = given["config"], "--config"
    if place is None:
        place, origin = config_.default_path(), "the default place"
        if not place.exists():
            return Finding("ok", "setting", f"config: none, since {place} is not there")
    names = ", ".join(config.channels) or "no channel"
    return Finding("ok", "setting", f"config: {hidden(str(place))}, from {origin}, with {names}")


def _of_outbox(place: str | None) -> Iterator[Finding]:
    path, origin = (sqlite.default_path(), "the default place") if place is None else (Path(place), "--outbox")
    shown = Path(hidden(str(path)))
    yield Finding("ok", "setting", f"outbox: {shown}, from {origin}")
    yield from doctor.ledger(shown, health.look(path))


def _of_options(given: dict[str, Any]) -> Iterator[Finding]:
    """Say where proxy and authorities come from; the proxy's own text may hold a password."""
    proxy, bundle = given["proxy"], given["ca_bundle"]
    if proxy is None:
        yield Finding("ok", "setting", "proxy: none, since --proxy is not given")
    elif proxy.startswith("env:"):
        yield Finding("ok", "setting", f"proxy: from --proxy, kept in {hidden(proxy)}")
    else:
        is_secret = "@" in proxy
        advice = "its password shows in the list of processes; --proxy env:VAR does not" if is_secret else None
        yield Finding("warning" if is_secret else "ok", "setting", "proxy: from --proxy itself", advice)
    where = "the public ones, by default" if bundle is None else f"{hidden(bundle)}, from --ca-bundle"
    yield Finding("ok", "setting", f"authorities: {where}")
    if given["allow_http"]:
        yield Finding("ok", "setting", "plain http: let through, as --allow-http says")


def _names(written: str | None, config: Config) -> Iterator[str | None]:
    """Give each channel to be looked at, as it is resolved; None for the one that was given."""
    name = channels.given(written)
    if name == config_.BY_CLIENT:
        yield from (channel for channel, one in config.channels.items() if one.clients)
    else:
        yield None


def _of_channel(
    name: str | None, config: Config, given: dict[str, Any], *, proxy: str | None, deadline_s: float
) -> Iterator[Finding]:
    written = channels.given(name or given["channel"])
    if not written:
        advice = f"--channel CHANNEL, or {channels.VARIABLE}, has the way to it looked at as well"
        yield Finding("ok", "setting", "channel: none is given", advice)
        return
    yield from _of_origin(written, config, is_option=bool(given["channel"]))
    try:
        uri = channels.resolve(written, allow_http=given["allow_http"], config=config)
        if uri == channels.SANDBOX:
            yield Finding("ok", "address", "the sandbox is on this machine and needs no network")
            return
        way = doctor.Way(uri, proxy=proxy, ca_bundle=given["ca_bundle"], deadline_s=deadline_s)
    except ChannelError as error:
        yield _unusable(error)
        return
    yield from _of_way(uri, way)


def _of_way(uri: ChannelUri, way: doctor.Way) -> Iterator[Finding]:
    yield from doctor.address(uri)
    yield from way.findings()


def _of_origin(written: str, config: Config, *, is_option: bool) -> Iterator[Finding]:
    """Say how a channel was given and where its address is kept; neither tells the address."""
    origin = "--channel" if is_option else f"the variable {channels.VARIABLE}"
    kept = written
    if written in config.channels:
        kept = config.channels[written].address
        origin = f"{origin}, {written} of the config"
    if kept.lower().startswith(("http://", "https://")):
        level = "warning" if is_option else "ok"
        advice = "env:VAR and file:PATH do not show in the list of processes" if is_option else None
        yield Finding(level, "setting", f"channel: from {origin}, the address itself", advice)  # type: ignore[arg-type] # a Level
        return
    if not kept.startswith(("env:", "file:")):
        yield Finding("ok", "setting", f"channel: from {origin}")
        return
    yield Finding("ok", "setting", f"channel: from {origin}, its address kept in {hidden(kept)}")
    path = kept.removeprefix("file:")
    if path != kept and _is_for_others(path):
        advice = "whoever has the address can post into the customer's books: chmod 600"
        yield Finding("warning", "setting", f"others of this machine can read {hidden(path)}", advice)


def _is_for_others(path: str) -> bool:
    try:
        return os.name == "posix" and bool(Path(path).stat().st_mode & _FOR_OTHERS)
    except (OSError, ValueError):
        return False


def _unusable(error: ChannelError) -> Finding:
    return Finding("error", "setting", hidden(str(error)))
