"""What a drawn menu says beside the citizens' own sentences, in the language of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ivr.config.model import Language

LANGUAGES: Final[Mapping[Language, str]] = {"az": "Azərbaycanca", "ru": "Русский", "en": "English"}
"""Each by its own name."""
_COLUMNS: Final[tuple[Language, ...]] = ("en", "az", "ru")
_ROWS: Final = (
    ("silence", "sükut", "тишина"),
    ("wrong key", "səhv düymə", "не та кнопка"),
    ("unanswered", "cavab verilmədi", "нет ответа"),
    ("unanswered {}", "{} cavab verilmədi", "нет ответа {}"),
    ("outside {}", "{} vaxtından kənar", "вне часов {}"),
    ("waiting at closing time", "iş vaxtı bitəndə gözləyən", "ждёт при закрытии"),
    ("at any choice", "istənilən seçimdə", "при любом выборе"),
    ("{} min", "{} dəq", "{} мин"),
    ("{} s", "{} san", "{} с"),
    ("Mon", "B.e.", "Пн"),
    ("Tue", "Ç.a.", "Вт"),
    ("Wed", "Ç.", "Ср"),
    ("Thu", "C.a.", "Чт"),
    ("Fri", "C.", "Пт"),
    ("Sat", "Ş.", "Сб"),
    ("Sun", "B.", "Вс"),
    ("repeat", "təkrar", "повтор"),
    ("back", "geri", "назад"),
    ("hangup", "zəngin sonu", "конец звонка"),
    ("choice", "seçim", "выбор"),
    ("queue", "növbə", "очередь"),
    ("call order", "zəng sifarişi", "заказ звонка"),
    ("announcement", "elan", "объявление"),
    ("another number", "başqa nömrə", "другой номер"),
    ("end of the call", "zəngin sonu", "конец звонка"),
)
"""Short, for they stand at lines and in boxes. `{}`: a schedule's name, or a time."""


def words(language: Language) -> Mapping[str, str]:
    """By the English ones."""
    return {row[0]: row[_COLUMNS.index(language)] for row in _ROWS}
