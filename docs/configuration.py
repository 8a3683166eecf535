"""The page of all keys, docs/configuration.rst: `python docs/generated.py` writes it.

It says what the schema of configurations says, so a new key is on it without a line of its own.
"""

from itertools import groupby
from pathlib import Path

from pipelines.config.forecast_schema import Forecast
from pipelines.config.json_schema import Key, keys, keys_of_forecast, keys_of_search, range_keys
from pipelines.config.schema import Experiment

PAGE = Path(__file__).parent / "configuration.rst"
HEAD = """\
.. written by `python docs/generated.py`

All keys
========

Every key of the TOML file of an experiment, with the values it takes, its default and its meaning.
Paths are relative to the file. :doc:`tagger` and :doc:`training` say more about most of them.
``lstm-variants config keys`` prints these tables; ``lstm-variants init`` writes a first file.

Editors that know JSON Schema complete and check the keys while you write. For VS Code with the
extension Even Better TOML, or for ``taplo``, write the schema to a file:

.. code-block:: sh

    lstm-variants config schema experiment > experiment.schema.json
    lstm-variants config schema sweep > sweep.schema.json

and name it in the first line of the configuration:

.. code-block:: toml

    #:schema ./experiment.schema.json

The schema does not cover conditions on several keys at once; ``lstm-variants train`` checks them
before it begins.
"""
OF_FORECASTS = """\
Forecasts
---------

The file of a forecast, the ``base`` of a sweep of forecasts:
"""
OF_SWEEPS = """\
Sweeps
------

``base`` is the file of the experiment to vary. ``[space]`` has the keys to vary, such as
``"model.units"``, each with a list of values or with a table of these keys:
"""


def texts() -> dict[Path, str]:
    """The text of the page, as it should be."""
    parts = [HEAD]
    for section, of_section in groupby(keys(), key=lambda key: key.section):
        title, meaning = f"[{section}]", Experiment.model_fields[section].description
        parts.append(f"{title}\n{'-' * len(title)}\n\n{meaning}\n\n{table(list(of_section))}")
    parts.append(OF_FORECASTS)
    for section, of_section in groupby(keys_of_forecast(), key=lambda key: key.section):
        meaning = Forecast.model_fields[section].description
        parts.append(f"``[{section}]``: {meaning}\n\n{table(list(of_section))}")
    parts.append(f"{OF_SWEEPS}\n{table(range_keys())}")
    parts.append(f"``[sweep]`` says how to look for the best:\n\n{table(keys_of_search())}")
    return {PAGE: "\n".join(parts)}


def table(some: list[Key]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 20 12 48", ""]
    for cells in (
        ("key", "values", "default", "meaning"),
        *(
            (f"``{key.name}``", key.type, key.default and f"``{key.default}``", key.description)
            for key in some
        ),
    ):
        marks = ("   * - ", *("     - ",) * 3)
        lines += [f"{mark}{text(cell)}".rstrip() for mark, cell in zip(marks, cells, strict=True)]
    return "\n".join(lines) + "\n"


def text(words: str) -> str:
    """Code in single backquotes becomes code in reStructuredText."""
    return words if "``" in words else words.replace("`", "``")
