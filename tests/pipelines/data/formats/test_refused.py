"""Formats that are known and not read: one line that says which, and what to do."""

import pytest

from pipelines.data.reader import read
from pipelines.errors import InputError

HEAD = "<?xml version='1.0' encoding='UTF-8'?>\n"
KNOWN = {
    "GATE XML": HEAD + "<GateDocument version='3'>\n<TextWithNodes><Node id='0'/>Anna\n",
    "UIMA XMI": HEAD + "<xmi:XMI xmlns:xmi='http://www.omg.org/XMI' xmlns:cas='x'>\n",
    "TEI XML": HEAD + "<TEI xmlns='http://www.tei-c.org/ns/1.0'><text><w>Anna</w></text></TEI>",
    "NAF XML": HEAD + "<NAF xml:lang='en' version='v3'>\n",
    "TCF XML of WebLicht": HEAD + "<D-Spin xmlns='http://www.dspin.de/data' version='0.4'>\n",
    "an annotation file of i2b2": 'c="chest pain" 12:4 12:5||t="problem"\n',
    "ACE APF XML": HEAD + "<!DOCTYPE source_file SYSTEM 'apf.v5.1.1.dtd'>\n<source_file>\n",
    "a document of MUC or TREC in SGML":
        "<DOC>\n<DOCID> wsj94 </DOCID>\n<TEXT>\n<p>\n<ENAMEX TYPE='PERSON'>Anna</ENAMEX> won.\n",
    "FoLiA XML": HEAD + "<FoLiA xmlns='http://ilk.uvt.nl/folia'>\n",
    "SemEval XML of aspects": HEAD + "<sentences>\n<sentence id='1'><text>Good</text>\n",
    "CoNLL-2009":
        "1\tAnna\tAnna\tAnna\tNNP\tNNP\t_\t_\t2\t2\tSBJ\tSBJ\t_\t_\tA0\n"
        "2\tsings\tsing\tsing\tVBZ\tVBZ\t_\t_\t0\t0\tROOT\tROOT\tY\tsing.01\t_\n",
    "a bracketed treebank (Penn Treebank)": "( (S (NP-SBJ (NNP Anna)) (VP (VBZ sings))) )\n",
    "XML of a kind that is not known": HEAD + "<corpus><x>Anna</x></corpus>\n",
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("suffix", ["xml", "txt", "conll"])
def test_each_is_named_with_what_to_do(name, suffix, file):
    path = file(KNOWN[name], f"some.{suffix}")
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: is {name}: ") and "\n" not in message
    assert len(message) > len(f"{path}: is {name}: ") + 10
