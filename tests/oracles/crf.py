"""A linear-chain CRF from its definition: every path of one sequence, with its score.

`transitions[i, j]` is the score of tag j after tag i, `start` and `end` those of the first and the
last tag, minus infinity where it is forbidden. `x` has a row of scores for each step.
"""

from itertools import product

import numpy as np


def crf_score(path, x, transitions, start, end):
    """The sum in the exponent."""
    if not path:
        return 0.0
    score = start[path[0]] + end[path[-1]]
    for step, tag in enumerate(path):
        score += x[step][tag]
    for before, tag in zip(path, path[1:], strict=False):
        score += transitions[before, tag]
    return score


def crf_paths(x, transitions, start, end):
    """Every legal path with its log-probability, the most probable first."""
    tags = len(transitions)
    scores = {
        path: crf_score(path, x, transitions, start, end)
        for path in product(range(tags), repeat=len(x))
    }
    legal = {path: score for path, score in scores.items() if score > -np.inf}
    top = max(legal.values())
    log_z = top + np.log(sum(np.exp(score - top) for score in legal.values()))
    return sorted(((path, score - log_z) for path, score in legal.items()), key=lambda it: -it[1])


def crf_marginals(x, transitions, start, end):
    """P(y_t = j) for each step t and tag j."""
    p = np.zeros((len(x), len(transitions)))
    for path, log_p in crf_paths(x, transitions, start, end):
        for step, tag in enumerate(path):
            p[step, tag] += np.exp(log_p)
    return p


def crf_conditional(path, step, x, transitions, start, end):
    """P(y_t | y_1 ... y_{t-1}) of a path: all paths that agree up to t, of those up to t - 1."""
    paths = crf_paths(x, transitions, start, end)
    before = sum(np.exp(log_p) for other, log_p in paths if other[:step] == path[:step])
    upto = sum(np.exp(log_p) for other, log_p in paths if other[: step + 1] == path[: step + 1])
    return upto / before


def crf_span(spans_of, span, x, transitions, start, end):
    """The probability of the paths that have a span among theirs."""
    paths = crf_paths(x, transitions, start, end)
    return sum(np.exp(log_p) for path, log_p in paths if span in spans_of(path))
