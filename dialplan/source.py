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

    @property
    def server(self) -> Server:
        """The Asterisk rendered for."""
        return self.configuration.servers[self.server_name]

    def at(self, *path: str | int) -> Place:
        """Where that key of the YAML is written."""
        return self.places.at(*path)
