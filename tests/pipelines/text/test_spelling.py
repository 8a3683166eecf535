"""Three verdicts on tags: a scheme's, one by one, or like entities but spelled otherwise."""

import pytest

from pipelines.text.chunking import detect
from pipelines.text.spelling import Spelling, layer_of, objection

# Two sentences of eight words and four entities, as a scheme has them.
STANDARD = ["B-PER I-PER O O B-LOC O O O", "O B-ORG I-ORG I-ORG O O B-PER O"]


def rewritten(change, sentences=STANDARD):
    return [[change(tag) for tag in sentence.split()] for sentence in sentences]


def refusal(sentences, spelling=None):
    spelling = spelling or Spelling()
    read = [[spelling.standard(tag) for tag in tags] for tags in sentences]
    return objection(read, spelling)


def swapped(tag):
    return "-".join(reversed(tag.split("-")))


def outside(word):
    return lambda tag: word if tag == "O" else tag


# How people spell the tags above, and what has to be said to have them read.
OTHERWISE = [
    ("joiner", lambda tag: tag.replace("-", "_"), Spelling(joiner="_")),
    ("colon", lambda tag: tag.replace("-", ":"), Spelling(joiner=":")),
    ("slash", lambda tag: tag.replace("-", "/"), Spelling(joiner="/")),
    ("blanks", lambda tag: tag.replace("-", " - "), Spelling(joiner=" - ")),
    ("lower case", str.lower, Spelling("IOB2")),
    ("lower letters", lambda tag: tag[0].lower() + tag[1:], Spelling("IOB2")),
    ("lower o", outside("o"), Spelling(outside=("o",))),
    ("zero", outside("0"), Spelling(outside=("0",))),
    ("underscore", outside("_"), Spelling(outside=("_",))),
    ("other", outside("OTHER"), Spelling(outside=("OTHER",))),
    ("unheard of", outside("nichts"), Spelling(outside=("nichts",))),
    ("type first", swapped, Spelling(order="type first")),
    ("both", lambda tag: swapped(tag).replace("-", "_"), Spelling(None, (), "_", "type first")),
    (
        "lower, joiner, outside",
        lambda tag: "0" if tag == "O" else tag.lower().replace("-", "_"),
        Spelling(None, ("0",), "_"),
    ),
    ("bare", lambda tag: tag.split("-")[-1], Spelling("IO")),
    ("bare, zero", lambda tag: "0" if tag == "O" else tag[2:], Spelling("IO", ("0",))),
    ("bare, dash", lambda tag: "-" if tag == "O" else tag[2:], Spelling("IO", ("-",))),
]


@pytest.mark.parametrize(
    ("change", "spelling"), [c[1:] for c in OTHERWISE], ids=[c[0] for c in OTHERWISE]
)
def test_entities_spelled_otherwise_are_refused_and_read_as_the_refusal_says(change, spelling):
    tags = rewritten(change)
    refused = refusal(tags)
    assert refused is not None
    assert refused.tag in {tag for sentence in tags for tag in sentence}
    assert f"say {spelling.wish} to read them so" in refused.message
    assert refusal(tags, spelling) is None
    read = [[spelling.standard(tag) for tag in sentence] for sentence in tags]
    kept = rewritten(
        lambda tag: tag if tag == "O" else "I" + tag[1:] if spelling.scheme == "IO" else tag
    )
    assert [[tag.upper() for tag in sentence] for sentence in read] == kept
    assert detect(read) in ("IOB2", "IOB1")


def test_every_tag_is_taken_by_itself_where_that_is_asked_for():
    for _, change, _ in OTHERWISE:
        tags = rewritten(change)
        by_itself = Spelling("none")
        assert [[by_itself.standard(tag) for tag in sentence] for sentence in tags] == tags
        assert refusal(tags, by_itself) is None


@pytest.mark.parametrize("scheme", ["IOB2", "IOB1", "IOBES", "BILOU", "BMES"])
def test_tags_of_a_scheme_are_not_refused(scheme):
    from pipelines.text.chunking import convert

    tags = [convert(sentence.split(), "IOB2", scheme) for sentence in STANDARD]
    assert refusal(tags) is None
    assert refusal([["B", "I", "O"], ["O"]]) is None
    assert refusal([["O", "O"]]) is None


# Tags of words one by one, as treebanks have them.
PARTS_OF_SPEECH = {
    "UPOS": "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X",
    "Penn": "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM "
    "TO UH VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB . , : `` '' -LRB- -RRB- $ # HYPH NFP ADD",
    "Brown": "AT AT-TL NN NN-TL NP NP-TL IN IN-TL JJ-TL BE BED BEDZ HV HVD DO DOD FW-NN PP$ -- *",
    "STTS": "ADJA ADJD ADV APPR APPRART ART CARD FM ITJ KOKOM KON NE NN PDS PIS PPER PTKNEG VAFIN "
    "VVFIN XY $, $. $(",
    "Chinese Treebank": "AD AS BA CC CD CS DEC DEG DER DEV DT ETC FW IJ JJ LB LC M MSP NN NR NT OD "
    "ON P PN PU SB SP VA VC VE VV",
    "Perseus": "n-s---fn- v3spia--- a-p---na- l-s---mg- c-------- u-------- i-------- m-------- "
    "e-------- b-------- d-------- r--------",
    "Estonian": "S V A D J P I Z N Y K X G T",
    "PKU": "a b c d e f h i j k l m n o p q r s t u v w x y z nr ns nt nz vn an ad",
    "MULTEXT": "Ncmsn Ncfsg Vmip3s Afpmsnn Sl Rgp Z Cc Q I Y Mlc",
    "a letter and features": "S:ms S:fp E:prep I:int B:adv U:num",
    "Sejong": "NNG+JKS NNP+JKO VV+EP+EF MAG SF",
    "MeCab": "名詞-固有名詞-地域 助詞-格助詞 動詞-自立 記号-句点",
    "deprel": "nsubj nsubj:pass obj obl root punct conj acl:relcl",
}


@pytest.mark.parametrize("name", PARTS_OF_SPEECH)
def test_parts_of_speech_are_taken_one_by_one(name):
    tags = PARTS_OF_SPEECH[name].split()
    assert refusal([tags * 20, tags[::-1]]) is None
    assert detect([tags * 20]) is None
    # the most frequent part of speech is on a third of the words
    assert refusal([(tags + [tags[0]] * (len(tags) // 2)) * 3]) is None


def test_few_mistyped_tags_are_for_the_check_to_name():
    good = [sentence.split() for sentence in STANDARD] * 3
    for tag in ("B_PER", "PER", "o", "I--PER"):
        assert refusal([*good, ["O", tag]]) is None


def test_tags_in_no_scheme_that_outnumber_the_others_are_refused():
    good = [sentence.split() for sentence in STANDARD]
    refused = refusal([*good, ["?!", "!?"] * 20])
    assert refused is not None and refused.tag == "?!"
    message = "40 of 56 tags are in no tag scheme while the others are: '?!', '!?'; repair them"
    assert refused.message.startswith(message)
    assert refusal([*good, ["?!"] * 5]) is None  # each is an error of the check
    unlabelled = refusal([*good, ["_"] * 4])
    assert unlabelled is not None and "outside = '_'" in unlabelled.message


def test_what_tokenizers_of_language_models_add_is_named():
    tags = [["[CLS]", *sentence.split(), "X", "X", "[SEP]"] for sentence in STANDARD]
    refused = refusal(tags)
    assert refused is not None and "outside = ['[CLS]', 'X', '[SEP]']" in refused.message
    assert refusal(tags, Spelling(outside=("[CLS]", "X", "[SEP]"))) is None


@pytest.mark.parametrize("joined", ["B-PER|B-ORG", "B-PER,I-ORG", "O|B-LOC", "B-PER+B-LOC+O"])
def test_several_tags_in_one_are_refused_and_a_layer_chooses(joined):
    refused = refusal([[*STANDARD[0].split(), joined]])
    assert refused is not None and refused.tag == joined and "layer = 1" in refused.message
    parts = joined.replace(",", "|").replace("+", "|").split("|")
    assert [layer_of(joined, n) for n in (1, 2, 3)] == [*parts, "O"][:3]


@pytest.mark.parametrize("tag", ["B-and/or", "I-a,b", "B-x|y", "B-A/B", "I-B|I", "O"])
def test_types_may_hold_what_divides_layers(tag):
    assert refusal([[*STANDARD[0].split(), tag]]) is None
    assert layer_of(tag, 1) == tag


@pytest.mark.parametrize("quote", "\"'`")
def test_tags_in_quotation_marks_are_refused(quote):
    refused = refusal(rewritten(lambda tag: f"{quote}{tag}{quote}"))
    assert refused is not None and "quotation marks" in refused.message


def test_numbers_are_no_tags_unless_that_is_asked_for():
    tags = [[str(n % 7) for n in range(40)]]
    refused = refusal(tags)
    assert (
        refused is not None and "the tags are numbers ('0', '1', '2' and 4 more)" in refused.message
    )
    assert refusal(tags, Spelling("none")) is None


def test_one_tag_that_nearly_all_words_have_stands_for_no_entity():
    refused = refusal([["NIL"] * 30 + ["PER", "LOC", "PER"]])
    assert refused is not None and "scheme = 'IO' and outside = 'NIL'" in refused.message
