"""How citizens order a call instead of waiting: the part `order` of a queue."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ivr.config.frozen import Frozen
from ivr.config.shapes import Seconds, Shape, WholeSeconds


class OrderRules(Frozen):
    """`key` orders a call while waiting; a recording names it every `remind`.

    `mode`: `quiet_moment` calls for an agent beyond the reserve while nobody waits, `keep_place` as soon as
    one is idle and nobody waits who came earlier, `chosen_time` at one of `callback.new_times`.
    """

    key: Annotated[str, Shape(r"[0-9]", "the key of a call order is a digit")] | None = None
    over: Seconds | None = None
    """Offered before joining, too, when the expected wait is longer."""
    remind: Annotated[WholeSeconds, Field(ge=10, le=3600)] = 40.0
    mode: Literal["quiet_moment", "keep_place", "chosen_time"] = "quiet_moment"

    @model_validator(mode="after")
    def _offer_names_the_key(self) -> OrderRules:
        if self.over is not None and self.key is None:
            raise ValueError("`over` needs `key`: what a caller presses to order a call")
        return self
