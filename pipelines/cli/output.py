"""What commands print."""

import json
from typing import Any


def console() -> Any:
    from rich.console import Console

    return Console(markup=False)  # names of files and tags may have brackets


def print_scores(analysis: Any, title: str, as_json: bool) -> None:
    if as_json:
        from ..scoring.analysis import as_dict

        print(json.dumps(as_dict(analysis), ensure_ascii=False, indent=1))
        return
    from ..scoring import tables

    for part in tables.analysis(analysis, title):
        console().print(part)
