"""Tiny tasks, so that the engine is tested without the trained ones."""

import pytest
from tiny_tasks import tiny_sound_task, tiny_video_task


@pytest.fixture(scope="session")
def task():
    return tiny_sound_task()


@pytest.fixture(scope="session")
def video_task():
    return tiny_video_task()
