"""What a sweep says of its settings: beside other implementations, and where the truth is known."""

import itertools

import numpy as np
import pytest
from scipy import stats
from simulation import skill_of, sweep

from pipelines.scoring.metrics import scores
from pipelines.sweeping import comparison, power
from pipelines.sweeping.comparison import ALPHA, compare, holm, superiority
from pipelines.sweeping.letters import letters
from pipelines.sweeping.moderation import moderated
from pipelines.sweeping.resampling import Resampled, count, resample

SWEEPS = 1000


def compared(counts, samples=60, seed=0):
    return compare(resample([list(setting) for setting in counts], samples, seed), baseline=1)


def test_two_settings_without_counts_are_students_paired_test(rng):
    first, second = rng.normal(0.6, 0.02, (2, 6))
    [pair] = compare(Resampled(np.array([first, second]))).pairs
    expected = stats.ttest_rel(first, second)
    low, high = expected.confidence_interval(0.95)
    assert pair.p == pair.holm == pytest.approx(expected.pvalue)
    assert (pair.low, pair.high) == pytest.approx((low, high))
    assert pair.difference == pytest.approx((first - second).mean())


def test_the_permutation_test_is_scipys(rng):
    first, second = rng.normal(0.6, 0.02, (2, 6))
    [pair] = compare(Resampled(np.array([first, second]))).pairs
    expected = stats.permutation_test(
        (first, second), lambda a, b: (a - b).mean(), permutation_type="samples"
    )
    assert pair.permutation == pytest.approx(expected.pvalue)


def test_few_seeds_cannot_tell_by_permutation_alone():
    scores_ = np.array([[0.9, 0.91, 0.92, 0.93, 0.94], [0.1, 0.11, 0.12, 0.13, 0.14]])
    [pair] = compare(Resampled(scores_)).pairs
    assert pair.permutation == 2**-4 > ALPHA
    for level in (ALPHA, ALPHA / 3, ALPHA / 21):
        needed = power.seeds_of_permutation(power.Design(5, 1, level, 1e-4, 0.0, 4.0))
        assert 2.0 ** (1 - needed) < level <= 2.0 ** (2 - needed)


@pytest.mark.parametrize("first,second", [([3, 1, 2], [2, 0]), ([1, 1], [1, 1]), ([0], [1, 2])])
def test_the_chance_to_beat_is_that_of_mann_and_whitney(first, second):
    first, second = np.array(first, float), np.array(second, float)
    chance = superiority(first, np.append(second, np.nan))
    u = stats.mannwhitneyu(first, second).statistic
    assert chance.value == pytest.approx(u / len(first) / len(second))
    assert 0 <= chance.low <= chance.value <= chance.high <= 1


def test_the_chance_to_beat_is_uncertain_even_if_all_runs_agree():
    few, many = (superiority(np.arange(n) + 99.0, np.arange(n) * 1.0) for n in (3, 30))
    assert few.value == many.value == many.high == 1
    assert few.low < 0.6 < 0.9 < many.low


def test_holm_is_the_procedure_of_the_paper():
    values = [0.01, 0.04, 0.03, 0.005, None]
    # By rank: the smallest times 5, then 4, 3, 2; never less than the one before.
    assert holm(values) == pytest.approx([0.04, 0.09, 0.09, 0.025, None])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_half_of_the_error_rate_is_for_the_baseline(rng):
    found = compare(Resampled(rng.normal(0.6, 0.02, (6, 5))), baseline=2)
    with_it = [pair for pair in found.pairs if 2 in (pair.first, pair.second)]
    others = [pair for pair in found.pairs if pair not in with_it]
    assert sum(pair.weight for pair in with_it) == pytest.approx(0.5)
    assert sum(pair.weight for pair in others) == pytest.approx(0.5)
    first = min(found.pairs, key=lambda pair: pair.p / pair.weight)
    assert first.holm == pytest.approx(min(1, first.p / first.weight))
    assert power.design(found.pairs, 2).level == pytest.approx(ALPHA * 0.5 / 5)
    assert {pair.weight for pair in compare(Resampled(np.ones((2, 3))), baseline=0).pairs} == {1.0}


def test_unequal_seeds_are_compared_on_those_that_both_have(rng):
    values = rng.normal(0.6, 0.02, (2, 5))
    values[1, 4] = np.nan
    found = compare(Resampled(values))
    [pair] = found.pairs
    assert pair.seeds == 4
    assert pair.difference == pytest.approx((values[0, :4] - values[1, :4]).mean())
    assert [estimate.seeds for estimate in found.estimates] == [5, 4]


@pytest.mark.parametrize(
    "values",
    [
        [[0.5], [0.6]],  # one seed
        [[0.5, np.nan], [np.nan, 0.6]],  # none in common
        [[0.5, 0.5, 0.5], [0.6, 0.6, 0.6]],  # seeds change nothing
        [[0.5, 0.6, np.nan], [np.nan, np.nan, np.nan]],  # no runs
    ],
)
def test_where_nothing_can_be_told_nothing_is(values):
    found = compare(Resampled(np.array(values)))
    [pair] = found.pairs
    assert pair.p is None and pair.holm is None and not pair.found
    assert found.groups == ["a", "a"]
    assert power.design(found.pairs) is None


def test_a_pair_can_be_read_both_ways(rng):
    found = compare(Resampled(rng.normal(0.6, 0.02, (3, 4))))
    one, other = found.pair(0, 2), found.pair(2, 0)
    assert (one.difference, one.low, one.high) == (-other.difference, -other.high, -other.low)
    assert one.beats.value == 1 - other.beats.value and one.p == other.p


def test_variances_that_are_alike_are_drawn_together_and_others_are_not(rng):
    alike = 2e-4 * rng.chisquare(4, 400) / 4
    mixed, freedom = moderated(alike, np.full(400, 4), most=np.inf)
    assert mixed.std() < 0.2 * alike.std()
    assert np.median(mixed) == pytest.approx(2e-4, rel=0.1)
    assert freedom.min() > 20
    # Variances of an inverse chi squared distribution with 6 degrees of freedom, as in the paper.
    true = 2e-4 * 6 / rng.chisquare(6, 4000)
    _, freedom = moderated(true * rng.chisquare(4, 4000) / 4, np.full(4000, 4), most=np.inf)
    assert freedom[0] == pytest.approx(4 + 6, rel=0.2)
    _, freedom = moderated(alike, np.full(400, 4), most=11.0)
    assert set(freedom) == {11.0}


def cliques(count, apart):
    """All largest sets of numbers of which none is told apart from another, by trying all."""
    sets = [
        set(some)
        for size in range(1, count + 1)
        for some in itertools.combinations(range(count), size)
        if not any(pair in apart for pair in itertools.combinations(some, 2))
    ]
    return [one for one in sets if not any(one < other for other in sets)]


def test_letters_are_shared_by_those_that_cannot_be_told_apart_and_by_no_others():
    pairs = list(itertools.combinations(range(4), 2))
    for chosen in itertools.product((False, True), repeat=len(pairs)):
        apart = {pair for pair, is_apart in zip(pairs, chosen, strict=True) if is_apart}
        found = letters([2, 0, 3, 1], apart)
        for one, other in pairs:
            assert bool(set(found[one]) & set(found[other])) == ((one, other) not in apart)
        assert "a" in found[2]  # the best
        assert len(set("".join(found))) == len(cliques(4, apart))


TAGS = ["B-PER I-PER O B-LOC", "O O", "B-LOC B-LOC O", "O B-PER"]


def predictions(rng):
    kinds = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    return [[str(rng.choice(kinds)) for _ in tags.split()] for tags in TAGS]


@pytest.mark.parametrize("scheme", ["IOB2", None])
def test_scores_from_counts_are_those_of_the_tags(rng, scheme):
    gold = [tags.split() for tags in TAGS]
    runs = [[predictions(rng) for _ in range(3)] for _ in range(2)]
    found = resample([[count(gold, run, scheme) for run in setting] for setting in runs], 10)
    expected = [[scores(gold, run, scheme).f1 for run in setting] for setting in runs]
    if scheme is None:
        expected = [[scores(gold, run, None).accuracy for run in setting] for setting in runs]
    assert found.scores == pytest.approx(np.array(expected))
    assert found.sentences == 4 and found.samples.shape == (10, 2, 3)


def test_sentences_are_drawn_alike_for_all_runs(rng):
    [[one, other]] = sweep(rng, 1, 2, 50)
    samples = resample([[one, None], [one, other]], 40).samples
    assert (samples[:, 0, 0] == samples[:, 1, 0]).all() and np.isnan(samples[:, 0, 1]).all()
    assert samples[:, 1].std(0).min() > 0
    with pytest.raises(ValueError, match="50"):
        resample([[one, other[:-1]]])


def test_the_error_is_that_of_a_bootstrap_over_seeds_and_sentences(rng):
    """Both drawn anew, seeds and sentences: with many seeds a hierarchical bootstrap is right."""
    counts = sweep(rng, 2, 30, 200, spread=0.1, interaction=0.8)
    [pair] = compared(counts, samples=2000).pairs
    drawn = []
    for _ in range(2000):
        seeds, sentences = rng.integers(30, size=30), rng.integers(200, size=200)
        sums = counts[:, seeds][:, :, sentences].sum(2)
        f1 = 2 * sums[..., 2] / (sums[..., 0] + sums[..., 1])
        drawn.append((f1[0] - f1[1]).mean())
    # It counts what a sentence does within one seed twice, which these seeds are too many to show.
    assert np.sqrt(pair.of_seeds + pair.of_sentences) == pytest.approx(np.std(drawn), rel=0.1)
    assert pair.of_sentences > pair.of_seeds


@pytest.mark.ci
@pytest.mark.parametrize(
    "settings,seeds,given",
    [
        (4, 3, {}),
        pytest.param(2, 5, {"interaction": 1.0}, marks=pytest.mark.nightly),
        pytest.param(3, 5, {"spread": 0.0}, marks=pytest.mark.nightly),
        pytest.param(5, 3, {"uneven": 0.7}, marks=pytest.mark.nightly),
        pytest.param(5, 5, {"interaction": 1.0}, marks=pytest.mark.nightly),
        pytest.param(5, 10, {"uneven": 0.7}, marks=pytest.mark.nightly),
    ],
)
def test_settings_without_difference_are_called_different_in_one_of_twenty_sweeps(
    settings, seeds, given
):
    rng = np.random.default_rng(1)
    called = covered = 0
    for number in range(SWEEPS):
        found = compared(sweep(rng, settings, seeds, 100, **given), seed=number)
        called += any(pair.found for pair in found.pairs)
        covered += np.mean([pair.low <= 0 <= pair.high for pair in found.pairs])
    # Not more than 5 %, but for the chance of a thousand sweeps.
    assert called <= stats.binom.ppf(0.999, SWEEPS, ALPHA)
    assert covered / SWEEPS > 0.93


@pytest.mark.ci
@pytest.mark.parametrize(
    "settings,seeds,sentences",
    [(3, 8, 300), pytest.param(2, 5, 1000, marks=pytest.mark.nightly)],
)
def test_a_difference_of_two_points_is_found_as_often_as_stated(settings, seeds, sentences):
    rng = np.random.default_rng(2)
    skills = np.zeros(settings)
    skills[0] = skill_of(0.02)
    found, stated, differences = [], [], []
    for number in range(SWEEPS // 2):
        result = compared(sweep(rng, settings, seeds, sentences, skills), seed=number)
        different = [pair for pair in result.pairs if pair.first == 0]
        found.append(result.pair(0, 1).found)
        stated.append(power.power(0.02, power.design(result.pairs, 1)))
        differences.append(np.mean([pair.difference for pair in different]))
    assert np.mean(differences) == pytest.approx(0.02, abs=0.002)
    # Stated is what the first of all tests finds; those after it find a little more.
    assert np.mean(stated) - 0.05 < np.mean(found) < np.mean(stated) + 0.1
    assert 0.2 < np.mean(stated) < 0.95  # or it would say nothing


@pytest.fixture
def design():
    return power.Design(5, 3, ALPHA / 3, 2e-4, 1e-5, 8.0)


def test_power_is_that_of_students_test(design):
    rng = np.random.default_rng(3)
    error = np.sqrt(2e-4 / 5 + 1e-5)
    t = (rng.normal(0.02, error, 200_000)) / (error * np.sqrt(rng.chisquare(8, 200_000) / 8))
    rejected = np.mean(np.abs(t) > stats.t.isf(ALPHA / 6, 8))
    assert power.power(0.02, design) == pytest.approx(rejected, abs=0.005)
    assert power.power(0.0, design) == pytest.approx(ALPHA / 3, abs=1e-6)


def test_what_is_detectable_is_found_four_times_in_five(design):
    assert power.power(power.detectable(design), design) == pytest.approx(0.8, abs=1e-3)
    needed = power.seeds_for(0.02, design)
    assert power.power(0.02, design.with_seeds(needed)) >= 0.8
    assert power.power(0.02, design.with_seeds(needed - 1)) < 0.8


def test_no_number_of_seeds_makes_up_for_too_few_sentences(design):
    few = design._replace(sentence_variance=1e-3)
    assert power.seeds_for(0.02, few) is None
    assert power.detectable(few._replace(sentence_variance=10.0)) is None


def test_a_single_luckily_small_variance_is_not_believed(rng):
    """With three seeds, some pair of many has differences that are equal by chance."""
    scores_ = rng.normal(0.6, 0.02, (6, 3))
    scores_[1] = scores_[0] - 0.004 + 1e-6 * np.arange(3)
    pair = compare(Resampled(scores_)).pair(0, 1)
    assert stats.ttest_rel(scores_[0], scores_[1]).pvalue < 1e-4 and pair.p > 0.05
    assert comparison.compare(Resampled(scores_[:2])).pairs[0].p < 1e-4  # nothing to hold against
