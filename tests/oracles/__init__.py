"""The papers' equations in NumPy: one sequence, one step, one gate at a time.

Written from the papers; imports nothing from the package. W, R, b and p map a gate's name to its
weights: from x, from what is fed back, the bias, and the peepholes; what else a variant has comes
after these. Each function runs one sequence from the given states and returns h at every time step,
and the final states. `kept` is what recurrent dropout leaves of h, wherever a weight multiplies it.
"""

import importlib
import pkgutil

# What every module here defines is an oracle, or what oracles share.
for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    for _name, _thing in vars(importlib.import_module(_module.name)).items():
        if getattr(_thing, "__module__", None) == _module.name and not _name.startswith("_"):
            globals()[_name] = _thing
