"""Asterisk's end of an AGI session as a list of answers, for scripts run without a socket."""

from __future__ import annotations

from asterisk.agi import AGIHangup


class ScriptedWire:
    """Keeps what a script sends and answers with the given lines, then hangs up."""

    def __init__(self, *answers: str) -> None:
        self.sent: list[str] = []
        self._answers = list(answers)

    def readline(self) -> str:
        if not self._answers:
            raise AGIHangup("no more answers")
        return self._answers.pop(0)

    def write(self, text: str) -> None:
        self.sent.append(text.rstrip("\n"))

    def flush(self) -> None:
        pass


OK = "200 result=1"


def value(text: str) -> str:
    """The answer to GET VARIABLE."""
    return f"200 result=1 ({text})"
