"""The arguments of cells and layers by name: one signature, check and docstring for each class.

A variant writes down what is its own, and hands the rest on as `**kwargs`. What it takes in all
follows from its bases, and for a layer from its cell; `inspect.signature`, `help()`, the stubs for
type checkers and the error messages all read it off the same `__signature__`.
"""

import difflib
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from numbers import Integral
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, TypedDict, Union, get_args, get_origin

import keras
from typing_extensions import TypeAliasType

# What Keras resolves by `get`: a name, the dict that it is saved as, or the thing itself. They are
# types of their own for the sake of how signatures read.
Activation = TypeAliasType("Activation", str | Mapping[str, Any] | Callable[..., Any] | None)
Initializer = TypeAliasType("Initializer", str | Mapping[str, Any] | Callable[..., Any] | None)
Regularizer = TypeAliasType("Regularizer", str | Mapping[str, Any] | Callable[..., Any] | None)
Constraint = TypeAliasType("Constraint", str | Mapping[str, Any] | Callable[..., Any] | None)
DType = TypeAliasType("DType", str | Mapping[str, Any] | keras.DTypePolicy | None)
Shape = tuple[int | None, ...]
GateBias = TypeAliasType("GateBias", Mapping[str, float | Sequence[float]] | None)


class OfLayer(TypedDict, total=False):
    """The arguments of `keras.layers.Layer`, for layers that hand them on."""

    name: str | None
    dtype: DType
    trainable: bool
    activity_regularizer: Regularizer


POSITIONAL, BY_NAME = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
ORDER = tuple(inspect.signature(keras.layers.LSTM).parameters)[:-1]  # without **kwargs
UNSHOWN = ("autocast", "input_shape", "input_dim")  # of every layer of Keras, the last two outdated
HEADING = re.compile(r"(Args|Call arguments|Returns|Raises|Attributes):$")


class OfClass:
    """A class attribute that instances do not have.

    `inspect.signature` asks classes and instances alike, and an instance is called otherwise:
    `tf.function(layer)` would take the constructor's arguments for those of the call.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is not None:
            raise AttributeError("Instances have the signature of their __call__.")
        return self.value


class Explicit:
    """A class whose signature, argument check and docstring follow from those of its bases.

    Attributes:
        refuses: Arguments of a base that mean nothing to the class.
        already: Arguments that a class without them accepts with this value, which asks for nothing
            that it does not do.
        advice: What to do instead of giving an argument that the class does not take.
    """

    refuses: tuple[str, ...] = ()
    already: ClassVar[Mapping[str, Any]] = {}
    advice: ClassVar[Mapping[str, str]] = {}
    __signature__: ClassVar[Any]
    _as_written = ""  # the docstring in the source
    _takes: ClassVar[tuple[Parameter, ...] | None] = None  # by its own __init__, if it has one

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._as_written = inspect.cleandoc(vars(cls).get("__doc__") or "")
        own = vars(cls).get("__init__")
        cls._takes = own and tuple(inspect.signature(own).parameters.values())[1:]
        arguments = cls._arguments()
        if arguments is not None:
            cls.__signature__ = OfClass(Signature(ordered(cls, arguments)))
            cls.__init__ = checked(cls)  # type: ignore[method-assign]
            cls.__doc__ = cls._documentation()

    @classmethod
    def _arguments(cls) -> dict[str, Parameter] | None:
        """All arguments by name; None for a base that is not complete without more."""
        return {name: p for name, p in taken(cls)[0].items() if name not in refused(cls)}

    @classmethod
    def _documentation(cls) -> str:
        return cls._as_written


def taken(cls: type[Explicit]) -> tuple[dict[str, Parameter], bool]:
    """What the constructors of a class and its bases take by name, and whether they take more.

    A class comes before its bases; where it gives a parameter no type, theirs holds.
    """
    arguments: dict[str, Parameter] = {}
    for base in cls.__mro__:
        parameters = vars(base).get("_takes")
        if parameters is None:
            continue
        for p in parameters:
            if p.kind in (POSITIONAL, BY_NAME):
                first = arguments.setdefault(p.name, p)
                if first.annotation is Parameter.empty:
                    arguments[p.name] = first.replace(annotation=p.annotation)
        if all(p.kind is not Parameter.VAR_KEYWORD for p in parameters):
            return arguments, False
    return arguments, True


def refused(cls: type[Explicit]) -> set[str]:
    """What `refuses` says, but for what a class closer to this one takes all the same."""
    taken_again: set[str] = set()
    for base in cls.__mro__:
        if "refuses" in vars(base):
            return set(cls.refuses) - taken_again
        taken_again |= {p.name for p in vars(base).get("_takes") or ()}
    return set()


def ordered(cls: type[Explicit], arguments: Mapping[str, Parameter]) -> list[Parameter]:
    """First what the class itself wants by position, then Keras' order, then the others by name."""
    names = [name for name in sizes(cls) if name in arguments]
    names += [name for name in ORDER if name in arguments and name not in names]
    others = [p.replace(kind=BY_NAME) for name, p in arguments.items() if name not in names]
    return [*(arguments[name].replace(kind=POSITIONAL) for name in names), *others]


def sizes(cls: type[Explicit]) -> list[str]:
    """The positional parameters up to the last that Keras' LSTM does not have, such as `blocks`."""
    for base in [*cls.__mro__, *getattr(getattr(cls, "cell_class", None), "__mro__", ())]:
        names = [p.name for p in vars(base).get("_takes") or () if p.kind is POSITIONAL]
        while names and names[-1] in ORDER:
            names.pop()
        if names:
            return names
    return []


def checked(cls: type[Explicit]) -> Callable[..., None]:
    """The constructor of a class, which gets its arguments by name after they were checked."""
    construct = cls.__init__

    @functools.wraps(construct)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is cls:  # and not one of its subclasses, which has checked its own
            args, kwargs = (), by_name(cls, args, kwargs)
        construct(self, *args, **kwargs)

    of_self = Parameter("self", POSITIONAL)
    __init__.__signature__ = Signature(  # type: ignore[attr-defined]
        [of_self, *cls.__signature__.parameters.values()]
    )
    return __init__


def by_name(cls: type[Explicit], args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by their names.

    Raises:
        ValueError: The class does not have such an argument, or refuses it.
        TypeError: An argument is missing, or given twice, or there are too many.
    """
    parameters, rules = cls.__signature__.parameters, getattr(cls, "cell_class", cls)
    places = [p.name for p in parameters.values() if p.kind is POSITIONAL]
    if len(args) > len(places):
        raise TypeError(
            f"{cls.__name__} takes at most {len(places)} arguments by position, not {len(args)}: "
            "give the others by name."
        )
    given = dict(zip(places, args, strict=False))
    for name, value in kwargs.items():
        if name in given:
            raise TypeError(f"{cls.__name__}: {name} is given twice, by position and by name.")
        if name in parameters or name in UNSHOWN:
            given[name] = value
        elif name not in rules.already or value != rules.already[name]:
            raise ValueError(no_argument(cls, name))
    missing = [p.name for p in parameters.values() if p.default is p.empty and p.name not in given]
    if missing:
        raise TypeError(f"{cls.__name__} needs {' and '.join(missing)}: {call(cls)}.")
    return {name: plain(value) for name, value in given.items()}


def plain(value: Any) -> Any:
    """An argument with Python's integers for those of NumPy, also in a list or a tuple."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    return type(value)(map(plain, value)) if type(value) in (list, tuple) else value


def no_argument(cls: type[Explicit], name: str) -> str:
    """What to say of an argument that a class does not have."""
    cell = getattr(cls, "cell_class", cls)
    if advice := cell.advice.get(name):
        return f"{cls.__name__} takes no {name}: {advice}."
    if name in (*ORDER, *taken(cell)[0]):  # others have it
        return f"{cls.__name__} takes no {name}."
    near = difflib.get_close_matches(name, cls.__signature__.parameters, n=1)
    hint = f"did you mean {near[0]}" if near else f"help({cls.__name__}) lists them"
    return f"{cls.__name__} has no argument {name!r}: {hint}{'?' if near else '.'}"


def call(cls: type[Explicit]) -> str:
    """How the class is called: `LSTM1997(blocks=..., cells_per_block=1)`."""
    needed = [
        f"{p.name}={'...' if p.default is p.empty else repr(p.default)}"
        for p in cls.__signature__.parameters.values()
        if p.default is p.empty or p.name in sizes(cls)
    ]
    return f"{cls.__name__}({', '.join(needed)})"


def accepted(cls: type[Explicit], config: dict[str, Any]) -> dict[str, Any]:
    """Of a configuration, what the constructor takes."""
    signature = getattr(cls, "__signature__", None)
    if signature is None:
        return config
    return {name: config[name] for name in config if name in signature.parameters}


# Docstrings.


def sections(documentation: str) -> dict[str, str]:
    """The sections of a docstring by their headings; what stands outside of them under ""."""
    parts: dict[str, list[str]] = {"": []}
    heading = ""
    for line in documentation.splitlines():
        if match := HEADING.match(line):
            heading = match[1]
        elif line and not line.startswith(" "):
            heading = ""
        if not match:
            parts.setdefault(heading, []).append(line)
    return {heading: "\n".join(lines).strip("\n") for heading, lines in parts.items()}


def described(documentation: str) -> dict[str, str]:
    """What the section `Args` of a docstring says of each argument."""
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?= {4}\S)", sections(documentation).get("Args", "")):
        names, colon, text = entry.strip().partition(":")
        if colon:
            entries |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return entries


def nearest(cls: type, heading: str) -> str:
    """A section of the docstring of the class, or of the first of its bases that has it."""
    for base in cls.__mro__:
        if found := sections(vars(base).get("_as_written", "")).get(heading):
            return found
    return ""


def section_of_arguments(cls: type[Explicit], *documented: type) -> str:
    """The section `Args`: every argument with its type and its description."""
    entries: dict[str, str] = {}
    for base in [base for one in documented for base in one.__mro__]:
        entries = {**described(vars(base).get("_as_written", "")), **entries}
    lines = []
    for p in cls.__signature__.parameters.values():
        text = f"{p.name} ({in_words(p.annotation)}): {entries.get(p.name, '')}"
        lines += wrapped(text)
    return "\n".join(["Args:", *lines])


def in_words(annotation: Any) -> str:
    """A type as a docstring names it: `str | dict | Callable | None`, `'auto' | bool`."""
    if isinstance(annotation, TypeAliasType):
        return in_words(annotation.__value__)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return " | ".join(map(in_words, inner))
    if origin is Literal:
        return " | ".join(map(repr, inner))
    if origin in (Mapping, Callable):
        return "dict" if origin is Mapping else "Callable"
    if origin:
        return f"{origin.__name__}[{', '.join(map(in_words, inner))}]"
    if annotation in (None, NoneType):
        return "None"
    return getattr(annotation, "__name__", str(annotation))


def wrapped(text: str, width: int = 92) -> list[str]:
    """The lines of an entry of a docstring's section."""
    return textwrap.wrap(
        text,
        width,
        initial_indent="    ",
        subsequent_indent="        ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def joined(*parts: str) -> str:
    """Parts of a docstring, those that are not empty, with a line between them."""
    return "\n\n".join(part for part in parts if part)


def titled(heading: str, body: str) -> str:
    return f"{heading}:\n{body}" if body else ""
