"""Whatever a file holds, there is a reading or one clear error, and soon."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.data.reader import read
from pipelines.errors import InputError
from pipelines.text.sentences import Reading

# A name and what such a file holds; other files that it needs.
SAMPLES = {
    "webanno": ("some.tsv", "#FORMAT=WebAnno TSV 3.3\n#T_SP=a.Entity|value\n\n\n#Text=Anna sings\n"
                "1-1\t0-4\tAnna\tPER[1]|X[2]\t\n1-1.1\t0-2\tAn\t\\_\t\n1-2\t5-10\tsings\t_\t\n"),
    "conll2012": ("some.conll", "#begin document (x); part 000\nx 0 0 Anna NNP * - - - - (PER* *\n"
                  "x 0 1 Berg NNP * - - - - *) *\n\n#end document\n"),
    "germeval": ("some.tsv", "#\thttp://x\t[2009]\n1\tAnna\tB-PER\tB-X\n2\tBerg\tI-PER\tO\n"),
    "pubtator": ("some.txt", "1|t|Anna sings.\n1|a|In Rome.\n1\t0\t4\tAnna\tPER\t-\n"
                 "1\t15\t19\tRome\tLOC\t-\n"),
    "brat": ("some.ann", "T1\tPER 0 4\tAnna\nT2\tLOC 14 18;19 22\tRome now\nR1\tx Arg1:T1\n"),
    "brat text": ("other.txt", "Anna sings in Rome."),
    "bioc": ("some.xml", '<?xml version="1.0"?>\n<collection><document><id>1</id><passage><offset>0'
             '</offset><text>Anna sings</text><annotation><infon key="type">PER</infon><location '
             'offset="0" length="4"/><text>Anna</text></annotation></passage></document>'
             "</collection>"),
    "rasa": ("nlu.md", '## intent:x\n- to [Rome](city)\n- to [NY]{"entity": "city"} <!-- x -->\n'),
    "parallel": ("seq.in", "Anna sings\nYes .\n"),
    "conllu plus": ("some.conllup", "# global.columns = ID FORM NER\n1\tAnna\tB-PER\n"),
    "conllu": ("some.conllu", "1\tAnna\t_\tPROPN\t_\t_\t0\t_\t_\tNER=B-PER|Entity=(1-x)\n"),
    "table": ("ner.csv", 'Sentence #,Word,Tag\n1,"An""na",B-PER\n,sings,O\n2,Yes,O\n'),
    "table of sentences": ("ner.csv", "text,labels\nAnna sings,\"['B-PER', 'O']\"\nYes no,O O\n"),
    "inline tags": ("some.txt", "<PER>Anna</PER> sings in <LOC>Rome</LOC>.\n"),
    "word/tag": ("some.pos", "Anna/B-PER sings/O in/O Rome/B-LOC\nYes/O ./O\n"),
    "refused": ("some.xml", "<GateDocument><TextWithNodes>Anna</TextWithNodes></GateDocument>"),
}  # fmt: skip
BESIDE = {
    "some.txt": "Anna sings in Rome now.\n",
    "other.ann": "T1\tPER 0 4\tAnna\n",
    "seq.out": "B-PER O\nO O\n",
}
SIGNS = st.sampled_from(
    [*"\t\n\r ,;|/_-[](){}<>\"'#*\\:=0159aZé\u2028😊\x00\ufeff", "\n\n", "B-PER"]
)
TEXTS = st.lists(SIGNS | st.characters(codec="utf-8"), max_size=30).map("".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats")
    for name, content in BESIDE.items():
        (folder / name).write_text(content)
    for name, content in SAMPLES.values():
        (folder / name).write_text(content)
        if name != "some.xml":
            read(folder / name)  # TensorFlow is imported, which takes longer than any reading
    return folder


@pytest.mark.ci
@pytest.mark.parametrize("format", SAMPLES)
@settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(format, folder, data):
    name, content = SAMPLES[format]
    start = data.draw(st.integers(0, len(content)), "from")
    end = data.draw(st.integers(start, min(len(content), start + 20)), "to")
    damaged = content[:start] + data.draw(TEXTS, "instead") + content[end:]
    path = folder / name
    before = path.read_bytes() if path.exists() else None
    path.write_bytes(damaged.encode() + data.draw(st.sampled_from([b"", b"\xff", b"\x00\xe9"])))
    began = time.process_time()
    try:
        assert isinstance(read(path), Reading)
    except InputError as error:
        assert str(error).startswith(str(folder)) and "\n" not in str(error)
    finally:
        if before is not None:
            path.write_bytes(before)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "content",
    [
        "## intent:x\n" + "- <!-- [a](\n" * 2 + "- " + "<!--" * 100_000,
        "<PER>a</PER> b c\n" + "<a " * 100_000,
        "#FORMAT=WebAnno TSV 3.3\n#T_SP=a.E|v\n\n1-1\t0-1\ta\t" + "X[1]|" * 30_000 + "\t\n",
        'text,labels\na b,"' + "[" * 100_000 + '"\n',
        'text,labels\na b,"' + "[" * 100_000 + "]" * 100_000 + '"\n',
        "1|t|" + "a " * 100_000 + "\n1\t0\t1\ta\tX\n" * 5_000,
        "<collection><document>" + "<passage>" * 100_000,
        "1\ta\t_\tX\t_\t_\t0\t_\t_\tEntity=" + "(1-x" * 50_000 + "\n",
        "T1\tX " + ";".join(f"{n} {n + 1}" for n in range(50_000)) + "\ta\n",
        "a/" * 200_000 + " b/c d/e\n",
    ],
)
def test_long_lines_take_no_longer(content, folder):
    path = folder / "long.ann"
    path.write_text(content)
    (folder / "long.txt").write_text("abc " * 1000)
    began = time.process_time()
    try:
        read(path)
    except InputError as error:
        assert "\n" not in str(error)
    assert time.process_time() - began < 2
