"""Formats that are known and not read: each is named, with what to do, instead of read wrongly."""

import re
from typing import NamedTuple, NoReturn

from ...errors import InputError
from ...text.sentences import Reading
from ..options import Options
from ..source import Source

NAME = "a format that is not read"


class _Known(NamedTuple):
    """A format by its signature.

    Attributes:
        name: As in "is ...".
        signature: What its beginning has, within some thousand characters.
        advice: What to do.
    """

    name: str
    signature: re.Pattern[str]
    advice: str


def _known(name: str, signature: str, advice: str) -> _Known:
    return _Known(name, re.compile(signature, re.MULTILINE), advice)


_CONLL = "convert it to CoNLL columns"
_OF_XML = (
    _known("GATE XML", r"<GateDocument\b|<TextWithNodes>",
           "export it from GATE in the format CoNLL or as JSON with offsets"),
    _known("UIMA XMI", r"<xmi:XMI\b|xmlns:cas=", "export it from INCEpTION as WebAnno TSV 3"),
    _known("TEI XML", r"<TEI(\.2)?\b|<teiCorpus\b|http://www\.tei-c\.org/ns",
           f"{_CONLL}, a word to a line"),
    _known("NAF XML", r"<NAF\b", _CONLL),
    _known("KAF XML", r"<KAF\b", _CONLL),
    _known("TCF XML of WebLicht", r"<D-Spin\b|<TextCorpus\b",
           "export it from WebLicht as CoNLL columns"),
    _known("ACE APF XML", r"<!DOCTYPE source_file\b|<source_file\b[^>]*\bTYPE=|apf\.v\d",
           f"{_CONLL}, together with its .sgm text"),
    _known("a document of MUC or TREC in SGML", r"^\s*<(DOCNO|DOCID|STORYID|SLUG|DATELINE)>",
           "keep what stands in <TEXT>, a sentence to a line, with its ENAMEX elements"),
    _known("TIGER XML", r"<corpus\b[\s\S]*<body>[\s\S]*<s\b", f"{_CONLL} with TigerXML tools"),
    _known("FoLiA XML", r"<FoLiA\b", "convert it to CoNLL columns with foliatools"),
    _known("PAULA XML", r"<paula\b", _CONLL),
    _known("EXMARaLDA XML", r"<basic-transcription\b", _CONLL),
    _known("SemEval XML of aspects", r"<sentences>\s*<sentence\b|<Reviews>\s*<Review\b",
           "convert it to JSON lines of 'text' and 'entities' with 'start', 'end' and 'label'"),
    _known("inline XML of Stanford NER", r"<wi num=", "run it with -outputFormat tsv"),
    _known("XML of a kind that is not known", r"\A\s*<\?xml\b", _CONLL),
)  # fmt: skip
# A bracket that opens before a word with a tag and closes after another one.
_TAGGED = r"[^\s/\[\]]+/[A-Za-z$]+"
_BRACKETED = rf"(?m)(?:^|\s)\[ ?{_TAGGED}(?: +{_TAGGED})* ?\](?:/?[A-Za-z]+)?(?:\s|$)"
# An id, two places in one column, and what stands there.
_SPANS = r"\A(?:[^\n|\t]+[|\t]\d+[ ,]\d+[|\t][^\n|\t]+(?:\n|\Z)){3,}"
_OTHERS = (
    _known("an annotation file of i2b2", r'\Ac=".*" \d+:\d+ \d+:\d+\|\|t="',
           "merge it with its text into CoNLL columns: the numbers are line and word"),
    _known("CoNLL-2009", r"\A(?:\d+(?:\t[^\t\n]*){2,8}\t-?\d+\t-?\d+\t[^\t\n]*\t[^\t\n]*\t[Y_]\t)",
           "its columns hold syntax and roles, no entities: name token_column and tag_column"),
    _known("a bracketed treebank (Penn Treebank)", r"\A\s*\(\s*\((S|TOP|ROOT|NP|FRAG|SBARQ|SINV)\b",
           "flatten it to words with tags, one 'word/TAG' after the other"),
    _known("a tagged text with brackets around chunks, [the/DT dog/NN]", _BRACKETED,
           "remove the brackets and what is joined to them, to leave 'word/TAG' after 'word/TAG'"),
    _known("a list of offsets without their texts, as in BC2GM", _SPANS,
           "merge it with its texts into CoNLL columns or JSON of a text with its entities a line"),
    _known("YAML of Rasa without examples", r"\Aversion:.*\n+(stories|rules|responses|intents):",
           "give the file with 'nlu:'"),
)  # fmt: skip


def recognises(source: Source) -> bool:
    return _found(source) is not None


def read(source: Source, options: Options) -> Reading:
    _refuse(source)


def _found(source: Source) -> _Known | None:
    start = "\n".join(source.head[:40])[:6000]
    table = _OF_XML if start.lstrip().startswith("<") else _OTHERS
    return next((known for known in table if known.signature.search(start)), None)


def _refuse(source: Source) -> NoReturn:
    known = _found(source)
    assert known  # or it would not be recognised
    raise InputError(f"{source.path}: is {known.name}: {known.advice}")
