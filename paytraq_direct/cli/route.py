"""Which run an invoice goes by: that of the one channel, or that of its client's channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paytraq_direct import rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paytraq_direct.config import Config, NamedChannel
    from paytraq_direct.errors import Fault
    from paytraq_direct.invoice import Invoice
    from paytraq_direct.run import Run


class Route:
    """The runs of a batch, by channel. ``only`` is the channel that all invoices go through.

    Without it, each goes to the one channel of the config that belongs to its client.
    """

    def __init__(self, runs: Mapping[str, Run], config: Config, *, only: str | None) -> None:
        self._runs = runs
        self._config = config
        self._only = only

    @property
    def forms(self) -> set[str]:
        """The forms in which the channels take UBL."""
        if self._only is not None and self._only not in self._config.channels:
            return {"sale"}
        names = self._runs if self._only is None else (self._only,)
        return {self._config.channels[name].form for name in names}

    def stop(self) -> None:
        """Have no sender begin another post. May be called from a signal handler."""
        for run in self._runs.values():
            run.sender.stop()

    def run_of(self, invoice: Invoice) -> Run | Fault:
        """Give the run that an invoice goes by, or the fault why there is none."""
        client = str(invoice.client_name or "")
        if self._only is None:
            found = self._config.of_client(client)
            if len(found) == 1:
                return self._runs[found[0].name]
            return rules.NO_CHANNEL.fault("client_name", value=client, found=_named(found))
        named = self._config.channels.get(self._only)
        if named is None or not named.clients or named.is_of(client):
            return self._runs[self._only]
        clients = ", ".join(named.clients)
        return rules.WRONG_CLIENT.fault("client_name", value=client, channel=named.name, clients=clients)


def _named(found: list[NamedChannel]) -> str:
    return f"{len(found)} channels ({', '.join(channel.name for channel in found)})" if found else "no channel"
