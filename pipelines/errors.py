"""What goes wrong and is told in a sentence: bad input, and training that cannot go on."""


class InputError(Exception):
    """Bad input; its text is a line for each fault: what is wrong, where, and what to do about it.

    The command line prints the text, without a stack trace, and exits with status 2.
    """


class TrainingFailed(Exception):
    """Training cannot go on, through no fault of the input's form."""


class NoAlternatives(InputError):
    """A tagger gives one sequence of tags for a sentence, and no others."""
