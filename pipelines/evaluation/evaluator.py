"""A run gets its scores on a split."""

from importlib.util import find_spec
from pathlib import Path

from ..data.checker import check
from ..data.splits import readings, to_iob2, without_faults
from ..encoding import vocabulary
from ..encoding.encoder import Encoder
from ..errors import InputError
from ..pages.page import local
from ..scoring import page, report
from ..scoring.analysis import Analysis, Learned, analyse, as_dict
from ..tagger.model import decoded, load, runs_cudnn
from ..tagger.prediction import NoTags, batched, predict
from ..text.chunking import convert
from ..text.sentences import Sentence
from ..training import runs
from ..training.devices import gpu


def evaluate(run: Path, split: str = "test", batch_size: int = 64) -> Analysis:
    """Scores a finished run on a split of its data and writes what it finds into the run folder.

    `scores.SPLIT.json`; `predictions.SPLIT.conll` with gold and predicted tags, for conlleval;
    `report.SPLIT.txt` with scores by type, frequent mistakes and the worst sentences;
    `errors.SPLIT.tsv` with every mistake; and, where jinja2 is installed, `report.SPLIT.html`, a
    page with every sentence and its entities marked.

    Tags that the training sentences lack are scored as what they are: never predicted.

    Args:
        run: The run folder.
        split: "train", "dev" or "test".
        batch_size: Sentences tagged together; the scores do not depend on it.

    Raises:
        InputError: The run is not finished, its data has no such split, or train or dev are not
            what they were when it was trained; or its scores are not finite.
    """
    experiment = runs.finished(run)
    all_splits = readings(experiment.data)
    if split not in all_splits:
        raise InputError(f"{run}: the data has no split {split!r}, only {', '.join(all_splits)}")
    checked = check(all_splits)
    splits = without_faults(all_splits, checked)
    learned_from = {name: splits[name] for name in ("train", "dev")}
    # Folds and sentences held out would be others now, and some of them were trained on.
    runs.check_sentences(run, to_iob2(learned_from, checked.scheme))
    sentences, train = splits[split], splits["train"]
    words = vocabulary.load(run / runs.VOCABULARY)
    model = load(run / runs.MODEL)
    decoder = decoded(model, words, experiment.model.constraints, scored=False)
    tokens = [s.tokens for s in sentences]
    compiled = gpu() is not None and not runs_cudnn(experiment.model, "float32")
    try:
        predicted = predict(decoder, words, batched(Encoder(words), tokens, batch_size, compiled))
    except NoTags as error:
        raise InputError(
            f"{run}: its scores of {sentences[error.place].where} are not finite: train with a "
            "lower training.learning_rate"
        ) from None
    gold = [s.tags for s in sentences]
    if checked.scheme is not None and words.scheme is not None:
        gold = [convert(tags, checked.scheme, words.scheme) for tags in gold]
    learned = Learned([s.tokens for s in train], [s.tags for s in train])
    result = analyse(tokens, gold, predicted, words.scheme, learned=learned)
    title = f"{run.resolve().name}{runs.lineage(run)}: {split}"
    cases = report.cases(sentences, gold, predicted, words.scheme)
    _write(run / f"predictions.{split}.conll", _predictions(sentences, gold, predicted))
    _write(run / f"errors.{split}.tsv", report.errors(cases))
    _write(run / f"report.{split}.txt", report.text(result, cases, title))
    if find_spec("jinja2"):
        _write(run / f"report.{split}.html", page.html(result, cases, title, _facts(run, split)))
    runs.write_json(run / f"scores.{split}.json", as_dict(result))
    return result


def _facts(run: Path, split: str) -> dict[str, str]:
    """What was scored on what, for the page."""
    experiment, origin = runs.finished(run), runs.origin_of(run)
    model, known = experiment.model, origin["data"].get(split)
    data = [local(file) for file in experiment.data.files(split)] or [split]
    if known:
        data.append(f"sha256 {known['sha256'][:12]}…")
    return {
        "cell": f"{model.layers} × {model.cell}, {model.units} units, {model.decoder}",
        "data": ", ".join(data),
        "keras": origin["packages"].get("keras", ""),
    }


def _write(path: Path, content: str) -> None:
    with runs.replacing(path) as part:
        part.write_text(content, "utf-8", newline="\n")


def _predictions(
    sentences: list[Sentence], gold: list[list[str]], predicted: list[list[str]]
) -> str:
    """Token, gold tag, predicted tag: the columns that conlleval reads."""
    lines = []
    for sentence, gold_tags, guessed in zip(sentences, gold, predicted, strict=True):
        rows = zip(sentence.tokens, gold_tags, guessed, strict=True)
        lines += [*map("\t".join, rows), ""]
    return "".join(f"{line}\n" for line in lines)
