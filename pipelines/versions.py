"""Which versions of other packages this process runs."""

import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version


def installed(packages: Iterable[str]) -> dict[str, str]:
    """The version of each package, by its name; without those that are not there.

    A package that has been imported says it itself: who distributes it (`tensorflow`,
    `tensorflow-cpu`, a folder that was never installed) makes no difference then.
    """
    found = {name: _version(name) for name in packages}
    return {name: version for name, version in found.items() if version}


def _version(package: str) -> str | None:
    module = sys.modules.get(package.replace("-", "_"))
    if stated := getattr(module, "__version__", None):
        return str(stated)
    try:
        return version(package)
    except PackageNotFoundError:
        return None
