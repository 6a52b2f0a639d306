"""Where the published numbers stand on our paper: each by the label of its row, as Azerbaijani writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tests.year.plan import half_unit
from tests.year.printed import Number

_SHORT: Final = {
    "all": "Cəmi", "dvx": "DVX", "aparat": "Nazirliyin Aparatı", "emdx": "ƏMDX", "aibndx": "AİBNDX",
}  # fmt: skip
_SHEETS: Final = {
    "complex_question": "Araşdırma tələb edən mürəkkəb sual",
    "e_service_error": "Elektron xidmətlərdə xəta",
    "complaint_about_third_party": "Üçüncü şəxsdən şikayət",
    "complaint_about_body_or_staff": "Qurumdan və ya əməkdaşdan şikayət",
    "reception_booking": "Qəbula yazılma",
    "proposal": "Təklif",
    "total": "Cəmi",
}
_DIRECTIONS: Final = {
    "answered_at_once": "Zəng zamanı dərhal cavablandırılmış",
    "inquiry_answered_by_centre": "Müraciət vərəqəsi üzrə Çağrı Mərkəzi tərəfindən cavablandırılmış",
    "inquiry_sent_on": "Müraciət vərəqəsi aidiyyəti üzrə göndərilmiş",
    "lost_without_contact": "İtirilmiş və əlaqə yaranmamış",
}
_KPIS: Final = {
    "accepted_within_30_seconds": "30 saniyə ərzində cavablandırılmış zənglərin xüsusi çəkisi",
    "accepted_overall": "Cavablandırılmış zənglərin ümumi xüsusi çəkisi",
    "lost_after_10_seconds": "10 saniyədən sonra itirilmiş zənglərin xüsusi çəkisi",
    "callback_level": "İtirilmiş zənglər üzrə əks əlaqə səviyyəsi",
    "inquiry_share": "Müraciət vərəqəsi tərtib edilmiş zənglərin xüsusi çəkisi",
    "inquiry_answer_days": "Müraciət vərəqəsinin orta cavablandırılma müddəti",
    "availability": "Sistemin fasiləsiz işləmə səviyyəsi",
    "first_contact_resolution": "Müraciətin ilk əlaqədə həlli səviyyəsi",
    "satisfaction": "Vətəndaş məmnunluğu səviyyəsi",
}
_CARRIED: Final = {
    "carried_in": "əvvəlki dövrdən keçmiş",
    "prepared": "tərtib edilmiş",
    "answered_by_centre": "mərkəz tərəfindən cavablandırılmış",
    "carried_out": "növbəti dövrə keçən",
}
_SHEETS_OF_ALL: Final = "Müraciət vərəqələrinin hərəkəti"
_BY_STRUCTURE: Final = "Mərkəzin cavablandırdığı vərəqələrin hərəkəti"


class Row(NamedTuple):
    """Below `title`, and there below a line that begins with `head`, the line that begins with `label`."""

    title: str
    head: str
    label: str


def missing(paper: str, report: Mapping[str, Any], numbers: Iterable[Number]) -> Iterator[str]:
    """The paths whose number is not in its row of the text, within half a unit of the last printed digit."""
    for one in numbers:
        line = _line(paper, row_of(one.path, report))
        if not any(_stands(text, line) for text in _written(one)):
            yield one.path


def row_of(path: str, report: Mapping[str, Any]) -> Row:
    """Of the published number at that path; `report`: the YAML, for the labels it has."""
    section, name, *rest = path.split(".")
    match section:
        case "calls":
            return Row("4. Zənglərin strukturlar", "Struktur", _SHORT[name])
        case "answered_calls":
            return Row("4. Zənglərin strukturlar", "Struktur", _SHORT["all"])
        case "lost_calls":
            return Row("2. İtirilmiş", "Göstərici", report[section][name]["az"])
        case "topics":
            return Row("3. Zənglərin mövzular", "Mövzu", report[section][name]["az"])
        case "directions":
            return Row("6. Müraciətlərin", "Göstərici", _DIRECTIONS[name])
        case "kpis":
            return Row("7. Əsas", "Göstərici", _KPIS[name])
    what, prepared = rest[0], "Tərtib edilmiş müraciət vərəqələri"
    if name == "prepared":
        return Row(prepared, "Vərəqə", _SHORT["all"])
    if what == "prepared" or (name == "sent_on" and what != "total"):
        # Every sheet that is sent on was prepared in the same year.
        return Row(prepared, "Vərəqə", _SHEETS[what if name == "sent_on" else name])
    if rest[-1] == "all":
        return Row(_SHEETS_OF_ALL, "Vərəqə", _SHEETS[what if name == "sent_on" else name])
    if name == "sent_on":
        return Row(_BY_STRUCTURE, "Vərəqə", "Aidiyyəti üzrə göndərilmiş")
    return Row(_BY_STRUCTURE, "Vərəqə", f"{_SHEETS[name]}: {_CARRIED[what]}")


def _line(paper: str, row: Row) -> str:
    """What stands behind the label; empty if there is no such row. A long label goes on below itself."""
    _, _, text = paper.partition(row.title)
    _, _, text = text.partition(f"\n{row.head} ")
    for block in text.split("\n\n"):
        parts = [re.split(" {2,}", line.strip(), maxsplit=1) for line in block.splitlines()]
        label = " ".join(part[0] for part in parts)
        if label.startswith(row.label):
            return " ".join((label.removeprefix(row.label), *(part[-1] for part in parts if len(part) > 1)))
    return ""


def _written(one: Number) -> Iterator[str]:
    """As our paper may write what was found, where that rounds to what was published."""
    for digits in range(4):
        if one.found is not None and abs(round(one.found, digits) - one.printed) <= half_unit(one.printed):
            yield f"{one.found:,.{digits}f}".replace(",", " ").replace(".", ",")


def _stands(text: str, line: str) -> bool:
    return re.search(rf"(?<![\d,]){text}(?![\d,])", line) is not None
