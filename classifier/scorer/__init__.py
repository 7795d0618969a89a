"""A trained pipeline, compiled: the same scores many times faster. Imports numba when first used.

scorer.py    what others use: `compile_scorer`, and a Scorer's `scores`
tables.py    what a pipeline knows, as tables a loop can look things up in
kernel.py    the loops, compiled to machine code
storage.py   a scorer as a file that all processes read one copy of
warming.py   when it pays to have one
"""

from classifier.scorer.scorer import Scorer, compile_scorer
from classifier.scorer.storage import store_scorer, stored_scorer
from classifier.scorer.warming import Warming

__all__ = ["Scorer", "Warming", "compile_scorer", "store_scorer", "stored_scorer"]
