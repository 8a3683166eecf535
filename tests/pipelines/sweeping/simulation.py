"""Sweeps whose truth is known: entities are found or not, by sentence, by seed, by chance."""

import numpy as np
from scipy import optimize, special

GOLD = 1.3  # entities in a sentence, on average
SEED = 0.05  # standard deviation of seeds; of 0.18 points of F1 for each 0.01
SENTENCE = 1.2  # of sentences: some are hard for all
OWN = 0.7  # of a sentence in one run: what two seeds of one setting do not share
SKILL = 1.2


def sweep(rng, settings, seeds, sentences, skills=0.0, spread=SEED, interaction=0.0, uneven=0.0):
    """Counts of gold, predicted and correct entities, (settings, seeds, sentences, 3).

    Args:
        rng: The generator.
        settings: How many settings.
        seeds: How many runs of each.
        sentences: How many sentences.
        skills: Of each setting, as log odds of finding an entity; 0 for all is no difference.
        spread: Standard deviation of seeds.
        interaction: Of sentences that are hard for one setting only.
        uneven: How unlike the spreads of settings are, as the deviation of their logarithms.
    """
    gold = rng.poisson(GOLD, sentences)
    spreads = spread * np.exp(uneven * rng.normal(size=settings))
    odds = (
        SKILL
        + np.broadcast_to(skills, settings)[:, None, None]
        + SENTENCE * rng.normal(size=sentences)
        + interaction * rng.normal(size=(settings, 1, sentences))
        + (spreads[:, None] * rng.normal(size=(settings, seeds)))[:, :, None]
        + OWN * rng.normal(size=(settings, seeds, sentences))
    )
    chance = special.expit(odds)
    correct = rng.binomial(gold, chance)
    predicted = correct + rng.poisson(0.25 * GOLD * (1 - chance))
    return np.stack([np.broadcast_to(gold, correct.shape), predicted, correct], axis=-1)


def skill_of(difference):
    """By how much more skill F1 rises by a difference; computed, not drawn."""
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    odds = SKILL + np.sqrt(SENTENCE**2 + SEED**2 + OWN**2) * points

    def f1(skill):
        chance = (weights * special.expit(odds + skill)).sum() / weights.sum()
        return 2 * chance / (1 + chance + 0.25 * (1 - chance))

    return optimize.brentq(lambda skill: f1(skill) - f1(0.0) - difference, -1, 1)
