"""The two ways a command fails, and what each exits with."""


class UsageError(Exception):
    """The command was given something it cannot work with; exit status 2.

    The message names the flag or file and the remedy, in one or two lines.
    """


class JobError(Exception):
    """The work began and did not end well; exit status 1.

    The message says what stands and how to go on, in one or two lines.
    """
