"""The one error that the user caused: bad input."""


class InputError(Exception):
    """Bad input; its text is a line for each fault: what is wrong, where, and what to do about it.

    The command line prints the text, without a stack trace, and exits with status 2.
    """
