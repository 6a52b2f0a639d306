"""The figures of `make mutants`: what mutmut lists, and what docs/reliability.md explains."""

from __future__ import annotations

from tests.mutants import PAGE, Mutant, change_of, explanations_of, mutants_of, unused

LISTED = """
    ivr.visits.fold.xǁFoldǁ_judge__mutmut_12: survived
    ivr.visits.merge.x__wins__mutmut_3: killed
Some other line
"""
WRITTEN = """# Page
| `merge._wins` | `outside of the section` | no |

## Mutants

| function | change | why nothing can notice |
|---|---|---|
| `merge._wins` | `a >= b`, `c \\|= d` | they are never equal |
| `merge._wins` | `e` | for no reason |

## Fuzzing

| `merge._first` | `outside` | no |
"""


def test_a_mutant_is_known_by_its_function() -> None:
    assert mutants_of(LISTED) == [
        Mutant("ivr.visits.fold.xǁFoldǁ_judge__mutmut_12", "ivr.visits.fold", "fold.Fold._judge", "survived"),
        Mutant("ivr.visits.merge.x__wins__mutmut_3", "ivr.visits.merge", "merge._wins", "killed"),
    ]


def test_the_page_explains_changed_lines_by_function() -> None:
    assert explanations_of(WRITTEN) == {"merge._wins": {"a >= b", "c |= d", "e"}}
    assert explanations_of("# Page\n") == {}


def test_an_explanation_of_nothing_that_survived_is_named() -> None:
    survived = [("merge._wins", "a >= b"), ("merge._first", "e")]
    assert unused(explanations_of(WRITTEN), survived) == [("merge._wins", "c |= d"), ("merge._wins", "e")]


def test_the_change_of_a_mutant_is_what_its_diff_adds() -> None:
    diff = "# name: survived\n--- a\n+++ b\n@@ -1,2 +1,3 @@\n def f():\n-    g(1)\n+    g(\n+        2)\n"
    assert change_of(diff) == "g( 2)"


def test_every_row_of_the_page_s_section_about_mutants_is_understood() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## Mutants\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert len(rows) == sum(explanations_of(f"\n## Mutants\n{row}\n") != {} for row in rows)
