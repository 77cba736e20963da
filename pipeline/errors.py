"""The two ways a run ends early.

UserError      exit 2: a mistake in the recipe, the files or the settings; the message says the way out
RunFailedError exit 1: the run could not go on; finished work is kept and the same command goes on from it
"""


class UserError(ValueError):
    """Something the user can put right: what was found, what was expected, the way out."""


class RunFailedError(RuntimeError):
    """A job did not finish; finished tasks keep their results and a second call goes on from there."""
