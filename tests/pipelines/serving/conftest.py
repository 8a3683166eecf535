"""Fixtures for tests of what is served; TensorFlow is imported by those that ask for them."""

import time

import pytest


@pytest.fixture(scope="module")
def taggers(trained, exported):
    """The same tagger, from its run and from its SavedModel."""
    from pipelines.serving.taggers import load, newest_version, of_saved_model

    return load(trained), of_saved_model(newest_version(exported))


@pytest.fixture
def wait_for_the_worker():
    """A function that waits until the worker of a queue has nothing to do."""

    def wait(queue):
        until = time.monotonic() + 10
        while not queue._idle:
            assert time.monotonic() < until, "the worker never waits for work"
            time.sleep(0.001)

    return wait
