"""What the phones of a play saw: visits, callback tries, calls gone astray; and the verdict on the store."""

from __future__ import annotations

from collections.abc import Sequence

from tests.lab.audio import Sound
from tests.lab.calllog import Log, What
from tests.lab.demo_compare import Expected, Exports, Result, SeenTry, compare
from tests.lab.demo_heard import SeenCall, SeenVisit
from tests.lab.demo_phones import Played, Stage
from tests.lab.demo_story import Story
from tests.lab.exchange import Dialled

_REFUSALS = {"486": "busy", "603": "declined", "404": "invalid_number", "503": "congestion"}


class Evidence:
    """Everything the phones of one stage know, listened to once."""

    def __init__(self, stage: Stage, sounds: Sequence[Sound]) -> None:
        self._sounds = sounds
        self._stories = stage.play_book.stories
        self._inbound = {it.story: list(self._of(it).visits()) for it in stage.played if it.leg is not None}
        self._played = stage.played
        self._dialled = stage.exchange.dialled

    @property
    def visits(self) -> list[SeenVisit]:
        """Every stay in a queue that a phone saw, those of callbacks included."""
        inbound = [visit for visits in self._inbound.values() for visit in visits]
        return inbound + [visit for it in self._dialled for visit in self._callback_visits(it)]

    @property
    def tries(self) -> list[SeenTry]:
        """Every INVITE that reached a citizen's phone."""
        return [self._try(it) for it in self._dialled]

    @property
    def expected(self) -> list[Expected]:
        """What the story says of each missed call."""
        return [
            Expected(e164(it.number), it.language, it.owed.decision, it.owed.state, len(it.owed.fates))
            for it in self._stories
            if it.owed is not None
        ]

    @property
    def troubles(self) -> list[str]:
        """Calls that did not go as the story says, by their own phone's word."""
        return [trouble for it in self._played if (trouble := self._trouble(it))]

    def judge(self, stored: Exports) -> Result:
        """The verdict on what is stored."""
        return compare(len(self._inbound), self.visits, self.tries, self.expected, stored, self.troubles)

    def judge_phones(self) -> Result:
        """The verdict of the phones alone: every call was answered, queued and ended as the story says."""
        return Result(len(self._inbound), 0, 0, tuple(self.troubles), {}, 0, None, ())

    def _trouble(self, played: Played) -> str:
        name = f"{played.story.number or 'anonymous'} ({played.story.title})"
        if played.trouble:
            return f"{name}: {played.trouble}"
        lived = tuple((visit.queue, visit.outcome) for visit in self._inbound.get(played.story, ()))
        return (
            ""
            if lived == played.story.visits
            else f"{name}: {lived} at the phone, the story says {played.story.visits}"
        )

    def _of(self, played: Played) -> SeenCall:
        story, leg = played.story, played.leg
        assert leg is not None, "the call was made"
        heard = leg.stream.track.hearings(self._sounds)
        queues = tuple(queue for queue, _ in story.visits)
        return SeenCall(e164(story.number), "inbound", queues, story.language, leg.log, heard, leg.spoken)

    def _callback_visits(self, dialled: Dialled) -> list[SeenVisit]:
        story, leg = self._story_of(dialled), dialled.leg
        if story is None or not leg.log.keys:
            return []
        heard = leg.stream.track.hearings(self._sounds)
        queues = tuple(queue for queue, _ in story.visits[:1])
        call = SeenCall(e164(dialled.number), "callback", queues, story.language, leg.log, heard, leg.spoken)
        return list(call.visits())

    def _try(self, dialled: Dialled) -> SeenTry:
        leg = dialled.leg
        heard = [it for it in leg.stream.track.hearings(self._sounds) if it.name == "callback_greeting"]
        silent = "no language" if leg.is_answered else ""
        language = heard[0].language if heard else silent
        confirmed_at = next((key.at for key in leg.log.keys if key.detail == "1"), None)
        waited = leg.spoken[0].first_at - confirmed_at if leg.spoken and confirmed_at is not None else None
        return SeenTry(e164(dialled.number), _disposition(leg.log, bool(leg.spoken)), language, waited)

    def _story_of(self, dialled: Dialled) -> Story | None:
        return next((it for it in self._stories if it.owed and it.number == dialled.number), None)


def _disposition(log: Log, has_talked: bool) -> str:
    """What an attempt must be stored as, by the citizen's own phone."""
    if rejected := log.first(What.REJECTED):
        return _REFUSALS.get(rejected.detail, "unknown")
    if log.first(What.ANSWERED) is None:
        return "no_answer"
    if has_talked:
        return "reached"
    return "citizen_left_before_agent" if log.keys else "machine_or_no_confirmation"


def e164(number: str) -> str:
    """A national number of the lab as E.164; hidden stays empty."""
    return f"+994{number.removeprefix('0')}" if number else ""
