"""Words for a terminal, shorter than those of paper: a line has only so many characters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ivr.reports.words import PaperLanguage

SHORT: Final[Mapping[PaperLanguage, Mapping[str, str]]] = {
    "az": {
        "met": "çatılıb",
        "missed": "çatılmayıb",
        "provisional": "ilkin",
        "star": "* ilkin göstərici",
        "dash": "– ölçülməyib",
        "more": "daha {number} struktur: --structure",
        "ordered": "sifarişli",
        "excluded": "kənar",
        "gaps": "fasilələr: {number}",
        "unknown": "naməlum dəqiqələr: {number}",
        "rebuilt": "növbə jurnalından bərpa edilib: {number}",
        "suspicious": "şübhəli saatlar: {number}",
        "deleted": "qeydləri silinmiş günlər: {number}",
        "wait": "Gözləmə: orta {mean}, yarısı {median}, 95 %-i {p95} ərzində",
        "handle": "xidmət {mean}",
        "talk": "danışıq {mean} (yekun işləmə ölçülməyib)",
        "agent_day": "bir operator gündə {number} zəng",
        "callback": "Əks əlaqəyədək iş vaxtı ilə: yarısı {median}, 95 %-i {p95} ərzində",
        "no_callback": "Əks əlaqəyədək vaxt: {why}",
        "attempts": "{number} cəhd, {percent} danışıqla nəticələnib",
        "funnel": "Əks əlaqə",
    },
    "en": {
        "met": "met",
        "missed": "missed",
        "provisional": "provisional",
        "star": "* provisional",
        "dash": "– not measured",
        "more": "more structures, by --structure: {number}",
        "ordered": "requests",
        "excluded": "excluded",
        "gaps": "gaps: {number}",
        "unknown": "minutes unknown: {number}",
        "rebuilt": "rebuilt from queue_log: {number}",
        "suspicious": "suspicious hours: {number}",
        "deleted": "days with deleted records: {number}",
        "wait": "Wait: mean {mean}, half within {median}, 95 % within {p95}",
        "handle": "handle time {mean}",
        "talk": "talk {mean} (wrap-up not measured)",
        "agent_day": "{number} calls per agent-day",
        "callback": "Time to callback in service hours: half within {median}, 95 % within {p95}",
        "no_callback": "Time to callback: {why}",
        "attempts": "{number} attempts, {percent} ended in a talk",
        "funnel": "Callbacks",
    },
}
