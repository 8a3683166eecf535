"""Fixtures for tests of what is served; TensorFlow is imported by those that ask for them."""

import pytest


@pytest.fixture(scope="module")
def taggers(trained, exported):
    """The same tagger, from its run and from its SavedModel."""
    from pipelines.serving.taggers import load, newest_version, of_saved_model

    return load(trained), of_saved_model(newest_version(exported))
