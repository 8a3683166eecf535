"""Checking: what is wrong with data is said before anything is trained on it."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.cli.check_report import render
from pipelines.data.checker import as_dict, check
from pipelines.data.reader import read
from pipelines.text.sentences import Fault, How, Reading, Sentence

DATA = Path(__file__).parents[2] / "data"
GOOD = "Anna\tB-PER\nBerg\tI-PER\nlives\tO\nin\tO\nRome\tB-LOC\n"


@pytest.fixture
def reading(tmp_path):
    """Reads text as the file NAME.conll; `where` of its lines is "NAME.conll:line"."""

    def read_text(name, text):
        path = tmp_path / f"{name}.conll"
        path.write_text(text)
        return read(path)

    return read_text


def found(report):
    """File and line, severity and message of each fault."""
    return [(Path(f.where).name, f.severity, f.message) for f in report.faults]


def printed(report, width=20):
    """What the terminal shows, narrow as it may be."""
    console = Console(file=io.StringIO(), width=width)
    for part in render(report):
        console.print(part, soft_wrap=True)
    return console.file.getvalue()


def test_what_a_split_holds_is_counted(reading):
    report = check({"all": reading("all", GOOD + "\nRome\tB-LOC\n.\tO\n")})
    assert report.scheme == "IOB2"
    split = report.splits["all"]
    assert (split.sentences, split.tokens, split.longest, split.words) == (2, 7, 5, 6)
    assert split.entities == {"LOC": 2, "PER": 1}
    assert report.faults == [] and not report.has_errors


def test_what_training_has_not_is_counted(reading):
    dev = "Rome\tB-LOC\nRom\tB-LOC\nZoë\tB-PER\nZoë\tB-PER\n"
    report = check({"dev": reading("dev", dev), "train": reading("train", GOOD + "Z\tO\n")})
    assert (report.splits["dev"].new_words, report.splits["dev"].new_characters) == (3, 2)
    assert (report.splits["train"].new_words, report.splits["train"].new_characters) == (0, 0)


def test_tags_that_spell_no_entities_are_counted_one_by_one(reading):
    report = check({"train": reading("train", "Anna\tPROPN\nreads\tVERB\nBerg\tPROPN\n")})
    assert report.scheme is None
    assert report.splits["train"].entities == {"PROPN": 2, "VERB": 1}
    assert report.faults == []


def test_faults_of_reading_are_kept(reading):
    report = check({"train": reading("train", GOOD + "\nwho\n")})
    [(where, severity, _)] = found(report)
    assert (where, severity, report.has_errors) == ("train.conll:7", "error", True)


def test_illegal_transitions_are_warnings_with_their_line(reading):
    report = check({"train": reading("train", GOOD * 2 + "\nMr.\tO\nHolm\tI-PER\n")})
    message = "I-PER after O: in IOB2 an entity opens with B-PER (at 'Holm')"
    assert found(report) == [("train.conll:13", "warning", message)]
    assert report.splits["train"].entities["PER"] == 3
    assert not report.has_errors


@pytest.mark.parametrize(
    ("tag", "hint"),
    [
        ("B_PER", "; perhaps B-PER is meant"),
        ("b-PER", "; perhaps B-PER is meant"),
        ("PER-I", "; perhaps I-PER is meant"),
        ("S-PER", ""),
        ("0", "; if it means O, say outside = '0'"),
        ("per", ""),
    ],
)
def test_tags_that_the_scheme_does_not_have_are_errors(reading, tag, hint):
    report = check({"train": reading("train", GOOD * 10 + f"\nHolm\t{tag}\n")})
    message = f"{tag!r} is no tag of IOB2, whose letters are O B I (at 'Holm'){hint}"
    assert found(report) == [("train.conll:52", "error", message)]


def test_a_split_in_another_scheme_is_one_error(reading):
    iob1 = "Mr.\tO\nHolm\tI-PER\nin\tO\nParis\tI-LOC\n"
    report = check({"train": reading("train", GOOD * 3), "dev": reading("dev", iob1 + "\n" + iob1)})
    message = (
        "the tags look like IOB1 here but like IOB2 in all splits together; convert one of them"
    )
    assert found(report)[0] == ("dev.conll:2", "error", message)
    assert [severity for _, severity, _ in found(report)[1:]] == ["warning"]  # I-LOC is unseen


def test_a_split_tagged_with_something_else_is_one_error(reading):
    pos = "Anna\tPROPN\nreads\tVERB\n"
    message = "the tags look like {} here but like {} in all splits together"
    for train, dev, here, together in [
        (GOOD * 9, pos, "part-of-speech tags or similar", "IOB2"),
        (pos * 90, GOOD, "IOB2", "part-of-speech tags or similar"),
    ]:
        report = check({"train": reading("train", train), "dev": reading("dev", dev)})
        [error] = [fault for fault in found(report) if fault[1] == "error"]
        assert error[0] == "dev.conll:1"
        assert error[2].startswith(message.format(here, together))


def test_tags_that_train_lacks_are_named_where_they_are_first(reading):
    more = "Anna\tO\nin\tO\nOslo\tB-LOC\nFjord\tI-LOC\n\nin\tO\nBig\tB-LOC\nOslo\tI-LOC\n"
    report = check({"dev": reading("dev", more), "train": reading("train", GOOD)})
    message = "I-LOC is not in train, so it cannot be learned; from here on it occurs 2 times"
    assert found(report) == [("dev.conll:4", "warning", message)]


def test_the_first_split_is_learned_from_if_none_is_called_train(reading):
    report = check({"a": reading("a", GOOD), "b": reading("b", "Acme\tB-ORG\n")})
    [(where, _, message)] = found(report)
    assert where == "b.conll:1" and message.startswith("B-ORG is not in a,")


def test_sentences_in_two_splits_are_counted_at_the_first(reading):
    report = check(
        {
            "train": reading("train", f"x\tB-LOC\n\n{GOOD}\n{GOOD}"),
            "dev": reading("dev", f"y\tB-LOC\n\n{GOOD}\n{GOOD}\nz\tO\n"),
            "test": reading("test", GOOD.replace("Rome", "Oslo")),
        }
    )
    [(where, severity, message)] = found(report)
    assert (where, severity) == ("dev.conll:3", "warning")
    assert message.startswith("this sentence is in train, too, at ")
    assert message.endswith("train.conll:3; 2 of 4 are, which inflates the scores")


def test_a_split_without_entities_is_a_warning(reading):
    report = check({"train": reading("train", GOOD), "dev": reading("dev", "It\tO\nrains\tO\n")})
    message = "no entity from here to the end of the split"
    assert found(report) == [("dev.conll:1", "warning", message)]


def test_a_split_of_faulty_sentences_only_does_no_harm(reading):
    report = check({"train": reading("train", GOOD), "dev": reading("dev", "a\t\nb\t\n")})
    message = "the tag is empty; the sentence is left out (2 times: lines 1, 2)"
    assert found(report) == [("dev.conll:1", "error", message)]
    assert report.splits["dev"].sentences == report.splits["dev"].longest == 0


def test_every_fault_is_one_line_however_narrow_the_terminal(reading):
    text = GOOD * 2 + "\n" + "long" * 50 + "[red]\tI-PER\n\nwho\n"
    report = check({"train": reading("train", text)})
    assert len(report.faults) == 2
    lines = printed(report).splitlines()
    for fault in report.faults:
        assert f"{fault.where}: {fault.severity}: {fault.message}" in lines
    end = "2 sentences with 5 entities of 2 types in IOB2: 1 error and 1 warning to repair before"
    assert lines[-1].startswith(end)


def test_the_terminal_shows_every_count():
    readings = {split: read(DATA / f"tiny.{split}.conll") for split in ("train", "dev", "test")}
    rows = [line.split() for line in printed(check(readings), width=100).splitlines()]
    titles = "split sentences tokens entities longest words OOV words OOV characters"
    assert titles.split() in rows
    assert ["type", "train", "dev", "test"] in rows
    for name, found in check(readings).splits.items():
        numbers = [found.sentences, found.tokens, sum(found.entities.values()), found.longest]
        numbers += [found.words, found.new_words, found.new_characters]
        assert [name, *map(str, numbers)] in rows
    entities = sum(sum(split.entities.values()) for split in check(readings).splits.values())
    last = f"40 sentences with {entities} entities of 3 types in IOB2: nothing wrong"
    assert " ".join(rows[-1]) == last


def test_counts_of_tags_are_not_called_entities(reading):
    text = printed(check({"train": reading("train", "Anna\tPROPN\nreads\tVERB\n")}), width=100)
    assert "entities" not in text and "one per token" in text


def test_a_report_is_plain_values_for_json(reading):
    report = check({"train": reading("train", GOOD + "\nwho\n")})
    values = json.loads(json.dumps(as_dict(report)))
    assert values["scheme"] == "IOB2" and values["has_errors"] is True
    assert values["splits"]["train"]["entities"] == {"PER": 1, "LOC": 1}
    assert values["splits"]["train"]["how"]["separator"] == "TAB"
    assert [Fault(**fault) for fault in values["faults"]] == report.faults


def test_data_that_was_not_read_from_a_file_is_checked_too():
    how = How("package", "", "first", "last", "")
    bad = Sentence(["Mr.", "Holm"], ["O", "I-PER"], "package:sentence 2", [])
    good = Sentence(["Anna", "Berg"], ["B-PER", "I-PER"], "package:sentence 1", [])
    report = check({"train": Reading([good, good, bad], [], how)})
    assert [fault.where for fault in report.faults] == ["package:sentence 2"]


def test_the_tiny_files_are_faultless_and_their_names_partly_unseen():
    readings = {split: read(DATA / f"tiny.{split}.conll") for split in ("train", "dev", "test")}
    report = check(readings)
    assert [split.sentences for split in report.splits.values()] == [24, 8, 8]
    assert {type for split in report.splits.values() for type in split.entities} == set(
        ["PER", "LOC", "ORG"]
    )
    assert report.faults == []
    known, *others = (
        {
            word
            for s in r.sentences
            for word, tag in zip(s.tokens, s.tags, strict=True)
            if tag != "O"
        }
        for r in readings.values()
    )
    for names in others:
        assert names & known and names - known


def test_a_sentence_that_is_tagged_in_two_ways_is_a_warning_once(reading):
    noisy = GOOD.replace("B-LOC", "O")
    report = check({"train": reading("train", f"{GOOD}\n{noisy}\n{GOOD}\n{noisy}")})
    [(where, severity, message)] = found(report)
    assert (where, severity) == ("train.conll:11", "warning")
    assert message.startswith("'Rome' is O here and B-LOC in the same sentence at ")
    assert message.endswith("train.conll:5; 2 sentences are tagged in two ways")


def test_long_sentences_that_a_split_has_twice_are_counted_at_the_first(reading):
    long = GOOD * 2
    report = check({"train": reading("train", f"{long}\nx\tO\n\n{long}\n{GOOD}\n{GOOD}\n{long}")})
    [(where, severity, message)] = found(report)
    assert (where, severity) == ("train.conll:14", "warning")
    assert message.startswith("this sentence is in the split already, at ")
    assert message.endswith("train.conll:1; 2 sentences of 10 tokens or more are")


def test_the_first_sentence_is_shown_as_it_was_read(reading):
    report = check({"train": reading("train", GOOD + "\n" + GOOD.replace("Anna", "Eva"))})
    expected = "first sentence: Anna B-PER · Berg I-PER · lives O · in O · Rome B-LOC"
    assert printed(report).splitlines()[0] == expected
    assert as_dict(report)["splits"]["train"]["beginning"][0] == ("Anna", "B-PER")


def test_one_cause_is_one_line_with_its_count(reading):
    report = check({"train": reading("train", f"{GOOD}\n" * 500 + "x\n\n" * 866)})
    message = "1 columns instead of 2 separated by TAB; the sentence is left out (866 times)"
    assert found(report) == [("train.conll:3001", "error", message)]
    assert report.faults[0].places == 866


def test_the_lines_of_a_few_faults_are_named(reading):
    text = GOOD * 3 + "\nA\tO\nBerg\tI-PER\n\nB\tO\nHolm\tI-PER\n"
    [(where, _, message)] = found(check({"train": reading("train", text)}))
    assert where == "train.conll:18"
    assert message == (
        "I-PER after O: in IOB2 an entity opens with B-PER (at 'Berg') (2 times: lines 18, 21)"
    )


@pytest.mark.parametrize(
    ("before", "most", "message"),
    [
        ("", 30, "all 155 tokens are one sentence; put an empty line after each sentence"),
        (f"{GOOD}\n", 100, "a sentence of 505 tokens, one of 1 over 500; put an empty line"),
    ],
)
def test_a_file_without_sentence_breaks_is_a_warning(before, most, message, reading):
    rows = [GOOD.replace("Anna", f"Anna{n}") for n in range(most + 1)]
    [(_, severity, said)] = found(check({"train": reading("train", before + "".join(rows))}))
    assert severity == "warning" and said.startswith(message)
    assert not found(check({"train": reading("short", before + "".join(rows[:most]))}))


def test_a_document_that_a_split_has_twice_is_a_warning(reading):
    one = f"-DOCSTART-\tO\n\n{GOOD}\n{GOOD}\n"
    other = one.replace("Rome", "Oslo")
    [(where, severity, message)] = found(check({"train": reading("train", one + other + one)}))
    assert (where, severity) == ("train.conll:31", "warning")
    assert message.startswith("this document is in the split already, at ")
    assert message.endswith("train.conll:3; 1 of 3 documents are")


def test_tags_that_are_refused_altogether_are_one_error(reading):
    report = check({"train": reading("train", GOOD.replace("-", "_") * 3)})
    [(where, severity, message)] = found(report)
    assert (where, severity) == ("train.conll:1", "error")
    assert "joiner = '_'" in message and report.scheme is None
    unlabelled = GOOD * 3 + "\n" + "x\t_\n" * 4
    [(where, severity, message)] = found(check({"train": reading("train", unlabelled)}))
    assert (where, severity) == ("train.conll:17", "error") and "outside = '_'" in message
