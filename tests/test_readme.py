"""Numbers and figures of the README are those of their sources. Its code: test_code_blocks."""

import re
from pathlib import Path

from dataflow import flow
from drawing import picture
from keras_lstm_variants.catalogue import built
from keras_lstm_variants.cells import CELLS

CELL = "peephole_lstm"
README_FILE = Path(__file__).parent.parent / "README.md"
README = README_FILE.read_text("utf-8")


def page(*parts):
    return README_FILE.parent.joinpath(*parts).read_text("utf-8")


def test_the_scores_are_those_of_the_benchmark():
    rows = [row.split(" | ") for row in page("benchmarks", "SCORES.md").splitlines()]
    names = {"snips_cc0": "SNIPS", "ncbi_disease": "NCBI disease", "wnut17": "WNUT-17"}
    names["ud_english_ewt"] = "UD English EWT"
    of_vectors = {row[0].strip("| "): row[3] for row in rows if row[2:3] == ["GloVe 6B, 50"]}
    text = " ".join(README.split())
    quoted = re.findall(r"(\d+\.\d+ ± \d+\.\d+)\s+on ([A-Z][\w-]*(?: English EWT| disease)?)", text)
    assert sorted(quoted) == sorted((of_vectors[name], shown) for name, shown in names.items())


def test_the_ratios_are_those_of_the_benchmark():
    table = page("benchmarks", "RESULTS.md").partition("## The LSTM with peepholes")[2]
    head, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.partition("\n## ")[0].splitlines()
        if line.startswith("|")
    )
    rows = [dict(zip(head, row, strict=True)) for row in rows]
    text = " ".join(README.split())
    for library, name in (("Keras", "keras.layers.LSTM"), ("torch", "torch.nn.LSTM")):
        ratios = [
            float(re.search(r"\((.*)\)", row[library])[1])
            for row in rows
            if row["pass"] == "training" and not row["B,T,D,H"].startswith("1,")
        ]
        said = f"{min(ratios):.2f} to {max(ratios):.2f} of (that|the time) of `{name}`"
        assert re.search(said, text)


def test_the_figure_is_the_one_of_the_documentation():
    drawn = picture(flow(built(CELLS[CELL])), f"The data flow of one step of {CELL}")
    assert page("docs", "_static", f"{CELL}.svg") == drawn, "copy it from docs/families"
