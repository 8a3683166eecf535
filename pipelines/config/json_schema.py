"""What configurations may say, for editors and for people; made from `schema`."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from . import cell_presets
from .forecast_schema import Forecast
from .schema import Experiment
from .sweep_schema import Budget, Finals, Range, Search, Stopping, Sweep

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Kind = Literal["experiment", "forecast", "sweep"]


class Key(NamedTuple):
    """A key of a configuration.

    Attributes:
        section: Its section.
        name: Its name.
        type: Which values it takes, for people.
        default: Its default as TOML has it; empty if there is none.
        description: What it means.
    """

    section: str
    name: str
    type: str
    default: str
    description: str


class _Untitled(GenerateJsonSchema):
    """A schema without titles, which would say the names of keys once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(kind: Kind = "experiment") -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the TOML file of an experiment, a forecast or a sweep.

    What concerns several keys at once, it does not say: `train` and `sweep` check that.
    """
    from keras_lstm_variants import CELLS

    forecast = Forecast.model_json_schema(schema_generator=_Untitled)
    forecast["$defs"]["Net"]["properties"]["cell"]["enum"] = list(CELLS)
    if kind == "forecast":
        return {"$schema": DIALECT, **forecast}
    experiment = Experiment.model_json_schema(schema_generator=_Untitled)
    model = experiment["$defs"]["Model"]["properties"]
    model["cell"]["enum"] = list(CELLS)
    model["characters"]["enum"] = ["cnn", "none", *CELLS]
    if kind == "experiment":
        del experiment["required"]  # a run to start from has data of its own
        experiment["anyOf"] = [{"required": ["data"]}, {"required": ["start"]}]
        return {"$schema": DIALECT, **experiment}
    sweep = Sweep.model_json_schema(schema_generator=_Untitled)
    space = sweep["properties"]["space"]
    space["properties"] = {
        f"{section}.{name}": {
            "description": value["description"],
            "oneOf": [
                {"type": "array", "items": value, "minItems": 1, "uniqueItems": True},
                {"$ref": "#/$defs/Range"},
            ],
        }
        for section, name, value in (*_properties(forecast), *_properties(experiment))
    }
    space["patternProperties"] = {r"^model\.cell_options\.": space["additionalProperties"]}
    space["additionalProperties"] = False
    search = sweep["$defs"]["Search"]["properties"]
    search["cells"]["enum"] = list(cell_presets.NAMES)
    search["baseline"]["enum"] = list(CELLS)
    # A preset of cells is something to vary by itself.
    sweep["required"].remove("space")
    sweep |= {
        "if": {"properties": {"sweep": {"required": ["cells"]}}},
        "else": {"required": ["space"], "properties": {"space": {"minProperties": 1}}},
    }
    return {"$schema": DIALECT, **sweep}


def keys() -> list[Key]:
    """Every key of an experiment, by section."""
    return list(_keys(Experiment.model_json_schema(schema_generator=_Untitled)))


def keys_of_forecast() -> list[Key]:
    """Every key of a forecast, by section."""
    return list(_keys(Forecast.model_json_schema(schema_generator=_Untitled)))


def keys_of_search() -> list[Key]:
    """Every key of the section `sweep` of a sweep, and of the tables in it."""
    tables: dict[str, type[BaseModel]] = {
        "budget": Budget,
        "stopping": Stopping,
        "finals": Finals,
    }
    keys = [key for key in _keys_of(Search, "sweep") if key.name not in tables]
    for name, table in tables.items():
        keys += [key._replace(name=f"{name}.{key.name}") for key in _keys_of(table, "sweep")]
    return keys


def range_keys() -> list[Key]:
    """Every key of a range of numbers in the section `space` of a sweep."""
    return _keys_of(Range, "space")


def _keys_of(section: type[BaseModel], name: str) -> list[Key]:
    definition = section.model_json_schema(schema_generator=_Untitled)
    # Tables in it have keys of their own.
    for table in definition.pop("$defs", {}):
        properties = definition["properties"].items()
        definition["properties"] = {k: v for k, v in properties if f"/{table}'" not in str(v)}
    reference = {"$ref": f"#/$defs/{name}"}
    return list(_keys({"properties": {name: reference}, "$defs": {name: definition}}))


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for section, reference in schema["properties"].items():
        definition = schema["$defs"][reference["$ref"].rpartition("/")[2]]
        for name, value in definition["properties"].items():
            yield section, name, value


def _keys(schema: dict[str, Any]) -> Iterator[Key]:
    for section, name, value in _properties(schema):
        default = value.get("default")
        shown = "" if default is None else _toml(default)
        yield Key(section, name, _type(value), shown, value["description"])


def _toml(value: Any) -> str:
    """A default as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return "{}" if value == {} else str(value)


def _type(value: dict[str, Any]) -> str:
    """The values that a part of a schema allows, for people."""
    if "enum" in value:
        return ", ".join(map(_toml, value["enum"]))
    if parts := value.get("anyOf") or value.get("oneOf"):
        kinds = [_type(part) for part in parts if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if value["type"] == "array":
        return f"list of {_type(value['items'])}"
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = {sign: value[name] for name, sign in bounds.items() if name in value}
    limits = [f"{sign} {n if isinstance(n, int) else f'{n:g}'}" for sign, n in found.items()]
    kind = {"object": "table"}.get(value["type"], value["type"])
    return f"{kind} {', '.join(limits)}".strip()
