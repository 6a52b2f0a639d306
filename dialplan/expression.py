"""Asterisk's expressions as text, so that nobody counts braces.

Names and texts come from this package, or have gone through `dialplan.quoting`; nothing is escaped here.
"""

from __future__ import annotations


def var(name: str) -> str:
    """The value of a channel variable, or of a function."""
    return f"${{{name}}}"


def is_equal(name: str, text: str = "") -> str:
    """Condition: the variable has that value; without one, it is empty or not set."""
    return f'"{var(name)}" = "{text}"'


def differs(name: str, text: str = "") -> str:
    """Condition: the variable has another value; without one, it has any."""
    return f'"{var(name)}" != "{text}"'


def choose(condition: str, then: str, otherwise: str = "") -> str:
    """`then` where the condition holds, else `otherwise`."""
    return f"${{IF($[{condition}]?{then}{otherwise and ':'}{otherwise})}}"


def if_set(name: str, then: str, otherwise: str = "") -> str:
    """`then` where the variable is not empty, else `otherwise`."""
    return f"${{IF({length(name)}?{then}{otherwise and ':'}{otherwise})}}"


def unless_set(variable: str, otherwise: str) -> str:
    """The variable's value, or `otherwise` where it is empty."""
    return choose(is_equal(variable), otherwise, var(variable))


def length(name: str) -> str:
    """How many letters the variable holds."""
    return f"${{LEN({var(name)})}}"


def one_more(name: str) -> str:
    """The number in the variable, and one."""
    return f"$[{var(name)} + 1]"
