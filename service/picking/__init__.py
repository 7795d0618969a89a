"""What is asked beside drawn questions, for the model to learn most from a day's answers.

A pick is a review like any other, of the purpose `learning`: it comes after drawn questions and
never corrects volumes.
"""

from service.picking.filling import Filled, fill_day, keep_filled

__all__ = ["Filled", "fill_day", "keep_filled"]
