"""Which citizen calls again, and when: the plan's contacts strung into stories, one citizen's number each.

A story is laid out so that its contacts fall into their slices by DOMAIN's definitions and by nothing else:
the steps say how each contact follows the one before it (`Gap`), and `moments` finds the days and hours.

- Answered contacts of one structure that follow each other within days: all but the last are unresolved.
- `called_again` stands right before an answered contact, in its structure or, at the start, in another.
- What was never answered stands alone, ends a story (which leaves the contact before it unresolved), or
  stands before one by so long that the answer comes after the deadline.
- `too_short` begins a story or is one.
- A transfer joins a story to one of another structure, in one call.
"""

from __future__ import annotations

import random
from typing import Literal, NamedTuple

from tests.year.plan import STRUCTURES, Counts, Plan

Kind = Literal[
    "answered",
    "answered_hidden",
    "too_short",
    "called_again",
    "called_back",
    "talked",
    "hidden",
    "not_dialable",
    "failed",
    "not_called_back",
    "left_by_key",
]
"""`called_back` in vain, `talked` with success; `hidden`, `not_dialable` and `failed` are impossible."""
Gap = Literal["quick", "redial", "again", "late", "transfer"]
"""After the contact before: minutes on the same day; before callback hours close on the next working day;
within 7 days of its end; after that close; in the same call. The first step's means nothing."""

Story = list["Step"]


class Step(NamedTuple):
    """One contact."""

    structure: str
    kind: Kind
    gap: Gap = "quick"


_HIDDEN_OF_IMPOSSIBLE, _NOT_DIALABLE_OF_IMPOSSIBLE = 0.25, 0.05
_ENDS_A_STORY, _BEFORE_THE_DEADLINE_IS_OVER, _TWICE = 0.04, 0.04, 0.05
"""Of the lost contacts that nobody answered: after an answered one, long before one, two in a row."""
_ELSEWHERE, _LATER_IN_A_STORY = 0.04, 0.15
"""Of the redials: answered by another structure; not before a story's first answer."""
_BEFORE_A_STORY = 0.5
"""Of those who waited too short."""
_TRANSFERRED = 0.008
"""Of the stories that end with an answer."""


def make_stories(plan: Plan, chance: random.Random, left_by_key: int = 0) -> list[Story]:
    """Every contact of the plan once, and so many more that leave a queue by a key, without a request."""
    groups: dict[str, list[Story]] = {}
    alone: list[Story] = []
    for name, counts in plan.structures.items():
        unreached = _unreached(counts)
        chance.shuffle(unreached)
        enders = min(
            int(len(unreached) * _ENDS_A_STORY), (counts.answered - counts.hidden - counts.resolved) // 2
        )
        groups[name] = _groups(name, counts, enders, chance)
        for story in groups[name][:enders]:
            story.append(Step(name, unreached.pop(), "again"))
        _put_before(groups[name][enders:], name, unreached, chance)
        alone += _alone(name, unreached, chance)
        alone += _other(name, counts)
    for name, counts in plan.structures.items():
        for _ in range(counts.called_again):
            _put_redial(groups, name, chance)
    for name, counts in plan.structures.items():
        for number in range(counts.too_short):
            short = Step(name, "too_short")
            if number < counts.too_short * _BEFORE_A_STORY:
                chance.choice(groups[name]).insert(0, short)
            else:
                alone.append([short])
    alone += [[Step("dvx", "left_by_key")] for _ in range(left_by_key)]
    return _with_transfers([*(story for stories in groups.values() for story in stories), *alone], chance)


def _unreached(counts: Counts) -> list[Kind]:
    numbers: list[tuple[Kind, int]] = [
        ("talked", counts.reached),
        ("called_back", counts.called_back - counts.reached),
        ("not_called_back", counts.not_called_back),
    ]
    return [kind for kind, number in numbers for _ in range(number)]


def _groups(name: str, counts: Counts, enders: int, chance: random.Random) -> list[Story]:
    """The answered contacts of known numbers; of so many groups the last will be unresolved, too."""
    number = counts.resolved + enders
    sizes = [1] * number
    for _ in range(counts.answered - counts.hidden - number):
        sizes[chance.randrange(number)] += 1
    return [[Step(name, "answered", "again")] * size for size in sizes]


def _put_before(stories: list[Story], name: str, unreached: list[Kind], chance: random.Random) -> None:
    """Lost long before another call; an attempt for a second loss in the story might be for this one, too."""
    for story in chance.sample(stories, int(len(unreached) * _BEFORE_THE_DEADLINE_IS_OVER)):
        story[0] = story[0]._replace(gap="late")
        story.insert(0, Step(name, unreached.pop()))


def _alone(name: str, unreached: list[Kind], chance: random.Random) -> list[Story]:
    """One story each; two of a kind may be one citizen's, whom one attempt was for."""
    found: list[Story] = []
    for kind in unreached:
        if found and len(found[-1]) == 1 and found[-1][0].kind == kind and chance.random() < _TWICE:
            found[-1].append(Step(name, kind))
        else:
            found.append([Step(name, kind)])
    return found


def _other(name: str, counts: Counts) -> list[Story]:
    """Contacts whose number is hidden or cannot be dialled."""
    hidden = round(counts.impossible * _HIDDEN_OF_IMPOSSIBLE)
    not_dialable = round(counts.impossible * _NOT_DIALABLE_OF_IMPOSSIBLE)
    failed = counts.impossible - hidden - not_dialable
    kinds: list[tuple[Kind, int]] = [
        ("answered_hidden", counts.hidden),
        ("hidden", hidden),
        ("not_dialable", not_dialable),
        ("failed", failed),
    ]
    return [[Step(name, kind)] for kind, number in kinds for _ in range(number)]


def _put_redial(groups: dict[str, list[Story]], lost_in: str, chance: random.Random) -> None:
    """Lost, and answered on the redial: before an answered contact of a story.

    Behind an answered one it is of the same structure, or it would not make that one unresolved.
    """
    answers_in = chance.choice(STRUCTURES) if chance.random() < _ELSEWHERE else lost_in
    story = chance.choice(groups[answers_in])
    places = [place for place, step in enumerate(story) if step.kind == "answered"]
    is_later = lost_in == answers_in and chance.random() < _LATER_IN_A_STORY
    place = chance.choice(places) if is_later else places[0]
    answered = story[place]
    # A second loss before the same answer falls on the day of the first: they have one deadline.
    gap: Gap = "quick" if answered.gap == "redial" else answered.gap
    story[place] = answered._replace(gap="redial")
    story.insert(place, Step(lost_in, "called_again", gap))


def _with_transfers(stories: list[Story], chance: random.Random) -> list[Story]:
    """Some stories that end with an answer go on, in the same call, with a story of other structures."""
    chance.shuffle(stories)
    found: list[Story] = []
    for story in stories:
        before = found[-1] if found else None
        if before is not None and _may_follow(before, story) and chance.random() < _TRANSFERRED:
            before.append(story[0]._replace(gap="transfer"))
            before += story[1:]
        else:
            found.append(story)
    return found


_UNREACHED = {"talked", "called_back", "not_called_back"}
_NO_TRANSFER = {"answered_hidden", "hidden", "not_dialable", "left_by_key"}


def _may_follow(before: Story, story: Story) -> bool:
    last = before[-1]
    is_free = not any(step.gap == "transfer" or step.kind in _UNREACHED for step in before)
    others = last.structure not in {step.structure for step in story}
    return last.kind == "answered" and is_free and others and story[0].kind not in _NO_TRANSFER
