"""Memory for what the compiled functions give, used again: part of the call of them.

trace -> intermediate form -> code of a step -> code of the loop -> compile and cache -> CALL
"""

import ctypes
import threading
import weakref
from collections import deque
from typing import Any

import numpy as np


class Pool:
    """Memory for results, used again when nobody holds it any more.

    Fresh memory costs as much as some products: the system clears it page by page. What is lent and
    what lies idle is together no more than was once lent at the same time.
    """

    most = 2**30  # bytes that may lie idle

    def __init__(self):
        self.idle: list[Any] = []
        self.lent: dict[int, Any] = {}  # with references to who holds it
        self.in_use = self.peak = 0
        self.returned: deque[int] = deque()  # what is lent no more, by its key in `lent`
        self.lock = threading.Lock()

    def take(self, size):
        """Bytes that TensorFlow takes over as they are: they begin at a multiple of 64."""
        size = -(-size // 4096) * 4096
        with self.lock:
            self.collect()
            found = next((n for n, block in enumerate(self.idle) if block.nbytes == size + 64), -1)
            block: Any = self.idle.pop(found) if found >= 0 else np.empty(size + 64, "uint8")
            # All arrays that share the memory hold the owner: when the last has gone, it goes.
            owner: Any = (ctypes.c_char * block.nbytes).from_buffer(block)
            reference = weakref.ref(owner, self.give_back)
            self.lent[id(reference)] = reference, block
            self.in_use += block.nbytes
            self.peak = max(self.peak, self.in_use)
            self.shrink()
        return np.frombuffer(owner, "uint8", size, -block.ctypes.data % 64)

    def give_back(self, reference):
        # Python may collect garbage anywhere, also while this thread is in the middle of `take`:
        # then it is left for the next call.
        self.returned.append(id(reference))
        if self.lock.acquire(blocking=False):
            try:
                self.collect()
            finally:
                self.lock.release()

    def collect(self):
        while self.returned:
            _, block = self.lent.pop(self.returned.popleft())
            self.in_use -= block.nbytes
            self.idle.append(block)
            self.shrink()

    def shrink(self):
        room = min(self.most, self.peak - self.in_use)
        while sum(block.nbytes for block in self.idle) > room:
            self.idle.pop(0)


pool = Pool()
