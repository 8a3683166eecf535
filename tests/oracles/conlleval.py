"""The rules of conlleval (Tjong Kim Sang & Buchholz 2000, version of 2004-01-26), line by line.

One pass over the lines with what was open before, as published: a chunk starts or ends between two
tags; no spans are built. Imports nothing from the package.
"""

from collections import Counter

# Between which letters a chunk of the same type starts, and ends; every change of type does both.
STARTS = {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I"), ("E", "E"), ("E", "I"), ("O", "E")}
ENDS = {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("E", "E"), ("E", "I"), ("E", "O")}


def conlleval(gold, predicted):
    """The report for sentences of tags: its numbers, rounded to two decimals as it prints them.

    Returns a dict: "tokens"; "accuracy"; "all" and each type -> (phrases in gold, found, correct,
    precision, recall, F1).
    """
    in_gold, found, correct = Counter(), Counter(), Counter()
    tokens = right = 0
    inside = False  # a chunk that has been correct so far
    last, last_guess = ("O", ""), ("O", "")
    for line in _lines(gold, predicted):
        tag, guess = (_split(cell) for cell in line) if line else (("O", ""), ("O", ""))
        ends, guess_ends = _ends(last, tag), _ends(last_guess, guess)
        if inside:
            if ends and guess_ends and last_guess[1] == last[1]:
                inside = False
                correct[last[1]] += 1
            elif ends != guess_ends or guess[1] != tag[1]:
                inside = False
        starts, guess_starts = _starts(last, tag), _starts(last_guess, guess)
        if starts and guess_starts and guess[1] == tag[1]:
            inside = True
        in_gold[tag[1]] += starts
        found[guess[1]] += guess_starts
        if line:
            right += tag == guess
            tokens += 1
        last, last_guess = tag, guess
    if inside:
        correct[last[1]] += 1
    types = sorted(type for type in in_gold | found)
    report = {type: _report(in_gold[type], found[type], correct[type]) for type in types}
    report["all"] = _report(in_gold.total(), found.total(), correct.total())
    return {**report, "tokens": tokens, "accuracy": _percent(right, tokens)}


def _lines(gold, predicted):
    """Pairs of tags, and None after each sentence."""
    for sentence in zip(gold, predicted, strict=True):
        yield from zip(*sentence, strict=True)
        yield None


def _split(tag):
    letter, _, type = tag.partition("-")
    return letter, type


def _starts(before, now):
    return (before[0], now[0]) in STARTS or (now[0] != "O" and before[1] != now[1])


def _ends(before, now):
    return (before[0], now[0]) in ENDS or (before[0] != "O" and before[1] != now[1])


def _report(in_gold, found, correct):
    precision = 100 * correct / found if found else 0.0
    recall = 100 * correct / in_gold if in_gold else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return in_gold, found, correct, f"{precision:.2f}", f"{recall:.2f}", f"{f1:.2f}"


def _percent(part, whole):
    return f"{100 * part / whole:.2f}" if whole else "0.00"
