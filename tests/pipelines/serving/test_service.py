"""Who asks the model, and in which thread it is asked; a fake model, and no TensorFlow."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from pipelines.serving.admission import Closed, Queue, Row
from pipelines.serving.metrics import Metrics
from pipelines.serving.rows import Predict
from pipelines.serving.service import Service


def test_who_asks_again_before_others_do_is_answered_in_the_event_loop(
    wait_for_the_worker,
):
    threads = []

    def call(signature, rows, alternatives):
        threads.append(threading.current_thread())
        if rows == ["bad"]:
            raise ValueError("a bad row")
        return list(rows)

    service = Service(SimpleNamespace(names=["m"]), Queue(), Metrics())
    version = SimpleNamespace(loaded=SimpleNamespace(call=call))
    one, other = (SimpleNamespace(lost=False, when_lost=None) for _ in range(2))

    async def ask(client, value="a"):
        """Whether the answer came from this thread."""
        asked = Predict("tokens", [Row(value, 4)], 1)
        wait_for_the_worker(service.queue)
        assert await service.results("m", version, asked, client) == [value]
        return threads[-1] is threading.current_thread()

    async def run():
        assert not await ask(one) and not await ask(other)
        assert await ask(other) and await ask(other)
        assert not await ask(one)
        assert await ask(one)
        with pytest.raises(ValueError, match="a bad row"):
            await ask(one, "bad")
        assert await ask(one)
        assert not await ask(None) and not await ask(None)  # of gRPC
        assert service.worker.stop(10)
        with pytest.raises(Closed):
            await service.results("m", version, Predict("tokens", [Row("a", 4)], 1), None)

    service.worker.start()
    asyncio.run(run())
