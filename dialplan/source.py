"""What one rendering is made from; the compiler builds it once and hands it to every other module here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ivr.config.model import Configuration, Server
from ivr.config.places import Place, Places


@dataclass(frozen=True, slots=True)
class Source:
    """A valid configuration for one Asterisk server."""

    configuration: Configuration
    places: Places
    server_name: str
    today: date
    """Holidays are rendered for this year and the next; the only thing that comes from outside the YAML."""
    lab: Lab | None = None

    @property
    def server(self) -> Server:
        """The Asterisk rendered for."""
        return self.configuration.servers[self.server_name]

    def at(self, *path: str | int) -> Place:
        """Where that key of the YAML is written."""
        return self.places.at(*path)


@dataclass(frozen=True, slots=True)
class Lab:
    """For an Asterisk of our own that touches nothing of the machine's; all folders are absolute."""

    sip_host: str
    sip_port: int
    folder: str
    """Writable: spool, logs, database."""
    run_folder: str
    """Of the control socket; short, for the path of a Unix socket has at most 107 bytes."""
    modules: str
    data: str
    """Asterisk's data folder; its `sounds/` holds the built prompts."""
