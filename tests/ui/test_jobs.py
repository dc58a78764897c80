"""Background jobs: one at a time, their progress and whatever became of them is there to be shown."""

import asyncio
import threading

import pytest

from index.errors import UserError
from ui.web.jobs import JobRunner, JobState


@pytest.fixture
def release():
    """What a job waits for; set at the end at the latest, so that no thread is left behind."""
    event = threading.Event()
    yield event
    event.set()


def test_a_second_job_is_refused_until_the_first_has_ended(release):
    runner = JobRunner()

    def job():
        runner.update(stage="reading", done=3, total=7)
        release.wait(30)
        return "ready"

    runner.start(JobState("Adding {braces}", owner="ada"), job)
    with pytest.raises(UserError, match=r"Adding \{braces\} is still under way"):
        runner.start(JobState("another"), lambda: "never")

    async def watch():
        states = []
        async for state in runner.watch():
            states.append(state)
            if state.done:
                release.set()
        return states

    states = asyncio.run(watch())
    assert all(state.running and state.owner == "ada" for state in states)
    assert (states[-1].stage, states[-1].done, states[-1].total) == ("reading", 3, 7)
    ended = runner.wait(30)
    assert (ended.running, ended.result, ended.error) == (False, "ready", "")
    runner.start(JobState("another"), lambda: "second")
    assert runner.wait(30).result == "second"


def test_a_message_of_ones_own_names_no_title(release):
    runner = JobRunner("Another run is under way.")
    runner.start(JobState("secret"), lambda: release.wait(30))
    with pytest.raises(UserError, match=r"^Another run is under way\.$"):
        runner.start(JobState(), lambda: None)


@pytest.mark.parametrize(
    ("error", "message"), [(UserError("Name a folder."), "Name a folder."), (ValueError("x"), "ValueError: x")]
)
def test_what_fails_is_said_and_the_next_job_runs(error, message):
    runner = JobRunner()

    def fail():
        raise error

    runner.start(JobState("Adding"), fail)
    state = runner.wait(30)
    assert (state.running, state.result, state.error, state.title) == (False, None, message, "Adding")
    runner.start(JobState("Adding"), lambda: "ready")
    assert runner.wait(30).error == ""
