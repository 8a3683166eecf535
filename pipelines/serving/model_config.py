"""Which models a server has: TensorFlow Serving's configuration, and the options of one model."""

from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig,
)
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from ..errors import InputError
from .versions import Config, Policy, is_version

ServableVersionPolicy = FileSystemStoragePathSourceConfig.ServableVersionPolicy


def read(file: Path) -> list[Config]:
    """The models of a configuration file in the text format of `ModelServerConfig`.

    Raises:
        InputError: It cannot be read, or names no models that can be served.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    try:
        config = text_format.Parse(text, ModelServerConfig())
    except text_format.ParseError as error:
        line, column = error.GetLine(), error.GetColumn()
        place = "" if line is None else f":{line}" if column is None else f":{line}:{column}"
        reason = str(error).removeprefix(f"{line}:{column} : ").strip()
        raise InputError(f"{file}{place}: {reason}") from None
    try:
        return models(config)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def models(config: ModelServerConfig) -> list[Config]:
    """The models of a configuration.

    Raises:
        InputError: It names none, one twice, or one that cannot be served.
    """
    found = [_model(entry) for entry in config.model_config_list.config]
    if not found:
        raise InputError("model_config_list: no config is in it")
    names = [model.name for model in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise InputError(f"two models have the name {sorted(twice)[0]!r}")
    return found


def _model(entry: ModelConfig) -> Config:
    check_name(entry.name)
    if not entry.base_path:
        raise InputError(f"{entry.name}: base_path is missing")
    if not Path(entry.base_path).is_absolute():
        raise InputError(
            f"{entry.name}: base_path {entry.base_path!r}: give an absolute path, "
            "as TensorFlow Serving wants it"
        )
    if entry.model_platform not in ("", "tensorflow"):
        raise InputError(
            f"{entry.name}: model_platform {entry.model_platform!r}: give 'tensorflow'"
        )
    labels = tuple(sorted(entry.version_labels.items()))
    return Config(entry.name, Path(entry.base_path), _policy(entry), labels)


def check_name(name: str) -> None:
    """Whether requests can name a model so.

    Raises:
        InputError: They cannot.
    """
    if not name or any(character in "/:" or not character.isprintable() for character in name):
        raise InputError(f"{name!r}: no name of a model: give one without / and :")


def _policy(entry: ModelConfig) -> Policy:
    wanted = entry.model_version_policy
    match wanted.WhichOneof("policy_choice"):
        case "all":
            return Policy(latest=0)
        case "specific":
            versions = tuple(sorted(set(wanted.specific.versions)))
            if not versions:
                raise InputError(f"{entry.name}: specific: no versions are in it")
            return Policy(specific=versions)
        case "latest" if wanted.latest.num_versions:
            return Policy(latest=wanted.latest.num_versions)
        case _:
            return Policy()


def policy(text: str) -> Policy:
    """The policy that an option names.

    Args:
        text: "latest", "latest:N", "all", or numbers with commas between them.

    Raises:
        InputError: It names none.
    """
    kind, _, count = text.partition(":")
    if text == "all":
        return Policy(latest=0)
    if kind == "latest" and (not count or (is_version(count) and int(count))):
        return Policy(latest=int(count or 1))
    numbers = text.split(",")
    if not all(map(is_version, numbers)):
        raise InputError(f"--versions {text}: give latest, latest:2, all, or numbers such as 1,3")
    return Policy(specific=tuple(sorted(set(map(int, numbers)))))
