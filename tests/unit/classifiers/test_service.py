"""The scoring service: batches, the cache, time limits, and a model that misbehaves."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from moderation.classifiers.protocol import ModelIdentity, Scores, ScoringInput
from moderation.classifiers.service import BATCH_LIMIT, ScoringService, ServiceState
from moderation.errors import CheckpointError, ClassifierError, ClassifierUnavailableError

IDENTITY = ModelIdentity("fake", "d" * 64, ("toxicity",), frozenset({"de"}), {})


class FakeClassifier:
    """Scores a text by its length, and keeps what it was asked. ``gate`` holds it back, ``crash`` makes it fail."""

    def __init__(self) -> None:
        self.identity = IDENTITY
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        self.batches.append([one.text for one in inputs])
        self.entered.set()
        assert self.gate.wait(10)
        if any(one.text == "crash" for one in inputs):
            raise RuntimeError("boom")
        if any(one.text == "refuse" for one in inputs):
            raise ClassifierError("refused")
        if any(one.text == "lose" for one in inputs):
            return []
        return [{"toxicity": len(one.text) / 100} for one in inputs]


Start = Callable[..., ScoringService]


@pytest.fixture
def fake() -> FakeClassifier:
    return FakeClassifier()


@pytest.fixture
def start(fake: FakeClassifier) -> Iterator[Start]:
    started: list[ScoringService] = []

    def _start(**options: object) -> ScoringService:
        service = ScoringService(lambda: fake, **options)
        started.append(service)
        service.start()
        assert service.wait_until_loaded(10) is ServiceState.READY
        return service

    yield _start
    fake.gate.set()
    for service in started:
        service.close()


def german(*texts: str) -> list[ScoringInput]:
    return [ScoringInput(text, "de") for text in texts]


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_scores_come_back_in_order(start: Start) -> None:
    scores = start().score(german("a", "bbb", "bb", "a"))
    assert [one["toxicity"] for one in scores] == [0.01, 0.03, 0.02, 0.01]


def test_no_texts_give_no_scores(start: Start) -> None:
    assert start().score([]) == []


def test_the_identity_is_the_models(start: Start) -> None:
    service = start()
    assert service.identity == IDENTITY
    assert service.failure == ""


def test_equal_texts_are_scored_once(start: Start, fake: FakeClassifier) -> None:
    service = start()
    service.score(german("a", "a"))
    service.score(german("a", "b"))
    assert fake.batches == [["a"], ["b"]]


def test_the_same_text_in_another_language_is_another_text(start: Start, fake: FakeClassifier) -> None:
    service = start()
    service.score([ScoringInput("a", "de")])
    service.score([ScoringInput("a", "en")])
    assert fake.batches == [["a"], ["a"]]


def test_what_was_asked_longest_ago_is_forgotten_first(start: Start, fake: FakeClassifier) -> None:
    service = start(cache_size=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        service.score(german(text))
    assert fake.batches == [["a"], ["b"], ["c"], ["b"]]


def test_a_lone_surrogate_has_a_key_too(start: Start) -> None:
    assert start().score(german("\ud800"))


def test_requests_that_wait_are_scored_together(start: Start, fake: FakeClassifier) -> None:
    service = start()
    fake.gate.clear()
    threads = [in_thread(lambda: service.score(german("first")))]
    assert fake.entered.wait(10)
    threads += [in_thread(lambda text=text: service.score(german(text))) for text in ("x", "yy", "x", "zzz")]
    wait_for(lambda: len(service._queue) == 3)
    fake.gate.set()
    for thread in threads:
        thread.join(10)
    assert fake.batches[0] == ["first"]
    assert sorted(fake.batches[1]) == ["x", "yy", "zzz"]


def test_a_batch_has_a_limit(start: Start, fake: FakeClassifier) -> None:
    start().score(german(*(f"text {number}" for number in range(BATCH_LIMIT + 5))))
    assert max(len(batch) for batch in fake.batches) == BATCH_LIMIT
    assert sum(len(batch) for batch in fake.batches) == BATCH_LIMIT + 5


def test_a_text_that_crashes_the_model_fails_alone(start: Start, fake: FakeClassifier) -> None:
    service = start()
    fake.gate.clear()
    found: dict[str, object] = {}

    def ask(text: str) -> None:
        try:
            found[text] = service.score(german(text))
        except ClassifierError as error:
            found[text] = str(error)

    threads = [in_thread(lambda: ask("first"))]
    assert fake.entered.wait(10)
    threads += [in_thread(lambda text=text: ask(text)) for text in ("fine", "crash", "also fine")]
    wait_for(lambda: len(service._queue) == 3)
    fake.gate.set()
    for thread in threads:
        thread.join(10)
    assert found["fine"] == [{"toxicity": 0.04}]
    assert found["also fine"] == [{"toxicity": 0.09}]
    assert found["crash"] == "scoring failed: RuntimeError"


@pytest.mark.parametrize(("text", "complaint"), [("refuse", "refused"), ("lose", "lost a text")])
def test_a_model_that_fails_is_an_error_and_is_not_remembered(
    start: Start, fake: FakeClassifier, text: str, complaint: str
) -> None:
    service = start()
    for _ in range(2):
        with pytest.raises(ClassifierError, match=complaint):
            service.score(german(text))
    assert len(fake.batches) == 2
    assert service.score(german("ok")) == [{"toxicity": 0.02}]


def test_a_request_ends_when_its_time_is_up_and_is_not_scored_later(start: Start, fake: FakeClassifier) -> None:
    service = start(timeout_s=0.05)
    fake.gate.clear()
    for text in ("slow", "behind"):
        with pytest.raises(ClassifierError, match="too long"):
            service.score(german(text))
    fake.gate.set()
    assert service.score(german("later"), timeout_s=10) == [{"toxicity": 0.05}]
    assert fake.batches == [["slow"], ["later"]]


def test_too_many_waiting_texts_are_turned_away_at_once(start: Start, fake: FakeClassifier) -> None:
    with pytest.raises(ClassifierError, match="too many"):
        start(queue_limit=2).score(german("a", "b", "c"))
    assert fake.batches == []


def test_before_it_is_started_there_is_no_model_to_ask() -> None:
    service = ScoringService(FakeClassifier)
    assert service.state is ServiceState.IDLE
    with pytest.raises(ClassifierUnavailableError, match="not started"):
        service.score(german("a"))
    service.close()


def test_while_the_model_loads_the_process_is_up(fake: FakeClassifier) -> None:
    gate = threading.Event()

    def load() -> FakeClassifier:
        assert gate.wait(10)
        return fake

    service = ScoringService(load)
    service.start()
    service.start()
    assert service.state is ServiceState.LOADING
    with pytest.raises(ClassifierUnavailableError, match="still loading"):
        _ = service.identity
    gate.set()
    assert service.wait_until_loaded(10) is ServiceState.READY
    service.close()


def test_a_model_that_cannot_be_loaded_says_why() -> None:
    def load() -> FakeClassifier:
        raise CheckpointError("model.ckpt: wrong digest")

    service = ScoringService(load)
    service.start()
    assert service.wait_until_loaded(10) is ServiceState.FAILED
    assert service.failure == "CheckpointError: model.ckpt: wrong digest"
    with pytest.raises(ClassifierUnavailableError, match="wrong digest"):
        service.score(german("a"))
    service.close()


def test_closing_tells_those_who_wait(start: Start, fake: FakeClassifier) -> None:
    service = start()
    fake.gate.clear()
    errors: list[str] = []

    def ask(text: str) -> None:
        try:
            service.score(german(text))
        except ClassifierUnavailableError as error:
            errors.append(str(error))

    threads = [in_thread(lambda: ask("first"))]
    assert fake.entered.wait(10)
    threads.append(in_thread(lambda: ask("second")))
    wait_for(lambda: len(service._queue) == 1)
    closing = in_thread(service.close)
    wait_for(lambda: service.state is ServiceState.CLOSED)
    fake.gate.set()
    for thread in [*threads, closing]:
        thread.join(10)
    assert errors == ["shut down"]
    with pytest.raises(ClassifierUnavailableError, match="shut down"):
        service.score(german("third"))


def test_a_service_that_was_closed_while_loading_stays_closed(fake: FakeClassifier) -> None:
    gate = threading.Event()

    def load() -> FakeClassifier:
        assert gate.wait(10)
        return fake

    service = ScoringService(load, timeout_s=0.01)
    service.start()
    service.close()
    gate.set()
    for thread in service._threads:
        thread.join(10)
    assert service.state is ServiceState.CLOSED


def test_who_asks_waits_a_moment_for_those_that_are_about_to_ask(start: Start, fake: FakeClassifier) -> None:
    service = start(company_s=10)

    with service.expecting(), service.expecting():
        first = in_thread(lambda: service.score(german("eins")))
        wait_for(lambda: bool(service._queue))
        service.score(german("zwei"))
    first.join()

    assert fake.batches == [["eins", "zwei"]]


def test_who_said_that_they_come_and_do_not_is_waited_for_no_longer(start: Start, fake: FakeClassifier) -> None:
    service = start(company_s=10)

    with service.expecting():
        with service.expecting():
            first = in_thread(lambda: service.score(german("eins")))
            wait_for(lambda: bool(service._queue))
            assert fake.batches == []
        first.join(timeout=5)

        assert fake.batches == [["eins"]]


def test_nobody_waits_for_long_for_those_that_are_about_to_ask(start: Start, fake: FakeClassifier) -> None:
    service = start(company_s=0.01)

    with service.expecting(), service.expecting():
        assert service.score(german("eins")) == [{"toxicity": 0.04}]


def test_two_threads_score_at_the_same_time(start: Start, fake: FakeClassifier) -> None:
    service = start(threads=2)
    fake.gate.clear()
    first = in_thread(lambda: service.score(german("eins")))
    # Both at once would be one batch.
    wait_for(lambda: fake.batches == [["eins"]])
    second = in_thread(lambda: service.score(german("zwei")))
    wait_for(lambda: fake.batches == [["eins"], ["zwei"]])
    fake.gate.set()
    for thread in (first, second):
        thread.join(10)


@pytest.mark.parametrize(("count", "sizes"), [(4, [4]), (7, [3, 4]), (8, [4, 4]), (16, [4, 4, 8])])
def test_a_thread_leaves_something_for_the_others_unless_little_waits(
    start: Start, fake: FakeClassifier, count: int, sizes: list[int]
) -> None:
    service = start(threads=2)
    fake.gate.clear()
    asking = in_thread(lambda: service.score(german(*(f"text {number}" for number in range(count)))))
    wait_for(lambda: len(fake.batches) == min(2, len(sizes)))
    fake.gate.set()
    asking.join(10)
    assert sorted(map(len, fake.batches)) == sizes


def test_closing_tells_those_who_wait_for_any_thread(start: Start, fake: FakeClassifier) -> None:
    service = start(threads=2)
    fake.gate.clear()
    found: list[object] = []

    def ask(text: str) -> None:
        try:
            found.extend(service.score(german(text)))
        except ClassifierUnavailableError as error:
            found.append(str(error))

    asking = [in_thread(lambda: ask("a"))]
    wait_for(lambda: len(fake.batches) == 1)
    asking.append(in_thread(lambda: ask("bb")))
    wait_for(lambda: len(fake.batches) == 2)
    asking.append(in_thread(lambda: ask("ccc")))
    wait_for(lambda: len(service._queue) == 1)
    closing = in_thread(service.close)
    wait_for(lambda: service.state is ServiceState.CLOSED)
    fake.gate.set()
    for thread in [*asking, closing]:
        thread.join(10)
    assert sorted(found, key=str) == ["shut down", {"toxicity": 0.01}, {"toxicity": 0.02}]
    assert not any(thread.is_alive() for thread in service._threads)


def test_garbage_is_collected_again_once_the_model_is_loaded() -> None:
    during: list[bool] = []

    def load() -> FakeClassifier:
        during.append(gc.isenabled())
        raise CheckpointError("none")

    service = ScoringService(load)
    service.start()
    service.wait_until_loaded(10)
    assert during == [False]
    assert gc.isenabled()
