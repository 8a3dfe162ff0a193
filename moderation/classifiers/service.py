"""A few scoring threads per process: gather what many threads ask into small batches, and score equal texts once."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from moderation.classifiers.protocol import Classifier, ModelIdentity, Scores, ScoringInput
from moderation.errors import ClassifierError, ClassifierUnavailableError
from moderation.garbage import collecting_later

BATCH_LIMIT = 32
_FEWEST_SHARED = 4
"""Batches that are smaller than this are not split: each costs something, however few texts are in it."""


class ServiceState(StrEnum):
    IDLE = "idle"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(slots=True, eq=False)
class _Job:
    """One text that somebody waits for. ``answer`` is set once; ``waiting`` counts those who still want it."""

    key: bytes
    asked: ScoringInput
    waiting: int = 0
    done: threading.Event = field(default_factory=threading.Event)
    answer: Scores | ClassifierError | None = None


class ScoringService:
    """A ``Classifier`` in front of another one, which it loads by itself in its own thread.

    A text that makes the model fail fails alone: its batch is scored again one by one. A request that has timed out is
    not scored any more. If the model hangs, every request times out, and its comment waits for a person.

    Texts that are scored together take half the time of texts that are scored one by one. So whoever is about to ask
    says so (:meth:`expecting`), and who asks meanwhile waits for them, ``company_s`` at the most.

    ``threads`` is how many batches are scored at once: more than one only for a model that uses one core for a batch.
    """

    def __init__(
        self,
        load: Callable[[], Classifier],
        *,
        timeout_s: float = 10.0,
        cache_size: int = 8192,
        queue_limit: int = 4096,
        company_s: float = 0.02,
        threads: int = 1,
    ) -> None:
        self._load, self._timeout_s, self._wanted = load, timeout_s, threads
        self._cache_size, self._queue_limit, self._company_s = cache_size, queue_limit, company_s
        self._changed = threading.Condition()
        self._state = ServiceState.IDLE
        self._failure = "not started"
        self._classifier: Classifier | None = None
        self._queue: deque[_Job] = deque()
        self._pending: dict[bytes, _Job] = {}
        self._cache: OrderedDict[bytes, Scores] = OrderedDict()
        self._expected: dict[object, None] = {}
        self._threads: list[threading.Thread] = []

    @property
    def state(self) -> ServiceState:
        return self._state

    @property
    def failure(self) -> str:
        """Why there is no model to ask; empty when there is one."""
        return self._failure

    @property
    def identity(self) -> ModelIdentity:
        """
        Raises:
            ClassifierUnavailableError: the model isn't loaded.
        """
        return self._ready().identity

    def start(self) -> None:
        """Begin to load the model, in the background. A second call does nothing."""
        with self._changed:
            if self._state is not ServiceState.IDLE:
                return
            self._state, self._failure = ServiceState.LOADING, "still loading"
            self._begin(self._run)

    def wait_until_loaded(self, timeout_s: float) -> ServiceState:
        """Wait for loading to end one way or the other, and say how it stands then."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is not ServiceState.LOADING, timeout_s)
            return self._state

    def close(self) -> None:
        """End the threads after their current batches. Whoever still waits gets a ClassifierUnavailableError."""
        with self._changed:
            self._state, self._failure = ServiceState.CLOSED, "shut down"
            self._changed.notify_all()
        deadline = time.monotonic() + self._timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Within this block a text is stored, say, and then scored."""
        coming = object()
        with self._changed:
            self._expected[coming] = None
        try:
            yield
        finally:
            self._expect_no_longer(coming)

    def _expect_no_longer(self, coming: object) -> None:
        with self._changed:
            self._expected.pop(coming, None)
            if not self._expected:
                self._changed.notify_all()

    def score(self, inputs: Sequence[ScoringInput], timeout_s: float | None = None) -> list[Scores]:
        """See ``Classifier.score``. ``timeout_s`` is for all inputs together.

        Raises:
            ClassifierUnavailableError: the model isn't loaded.
            ClassifierError: an input can't be scored, too many others wait, or time is up.
        """
        digest = self._ready().identity.digest
        keys = [_key(digest, one) for one in inputs]
        deadline = time.monotonic() + (self._timeout_s if timeout_s is None else timeout_s)
        known, jobs = self._ask(dict(zip(keys, inputs, strict=True)))
        try:
            for job in jobs:
                if not job.done.wait(max(0.0, deadline - time.monotonic())):
                    raise ClassifierError("scoring took too long")
        finally:
            self._leave(jobs)
        return [known[key] for key in keys] if not jobs else _collected(keys, known, jobs)

    def _ready(self) -> Classifier:
        if self._state is not ServiceState.READY or self._classifier is None:
            raise ClassifierUnavailableError(self._failure)
        return self._classifier

    def _ask(self, wanted: dict[bytes, ScoringInput]) -> tuple[dict[bytes, Scores], list[_Job]]:
        """What is known already, and a job for each text that isn't."""
        with self._changed:
            if self._expected:
                # Whoever it is, one fewer is to come.
                del self._expected[next(iter(self._expected))]
            known = {key: self._cache[key] for key in wanted if key in self._cache}
            for key in known:
                self._cache.move_to_end(key)
            missing = [key for key in wanted if key not in known]
            fresh = [key for key in missing if key not in self._pending]
            if len(self._queue) + len(fresh) > self._queue_limit:
                raise ClassifierError("too many texts wait to be scored")
            for key in fresh:
                self._pending[key] = _Job(key, wanted[key])
                self._queue.append(self._pending[key])
            jobs = [self._pending[key] for key in missing]
            for job in jobs:
                job.waiting += 1
            self._changed.notify_all()
        return known, jobs

    def _leave(self, jobs: Sequence[_Job]) -> None:
        with self._changed:
            for job in jobs:
                job.waiting -= 1

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="scoring", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        try:
            with collecting_later():
                classifier = self._load()
            _ = classifier.identity
        except Exception as error:  # noqa: BLE001 - whoever asks is told what went wrong, and their comments wait
            self._enter(ServiceState.FAILED, f"{type(error).__name__}: {error}")
            return
        self._classifier = classifier
        with self._changed:
            self._enter(ServiceState.READY, "")
            for _ in range(self._wanted - 1):
                self._begin(lambda: self._score_for(classifier))
        self._score_for(classifier)

    def _score_for(self, classifier: Classifier) -> None:
        while batch := self._next_batch():
            answers = _answers(classifier, [job.asked for job in batch])
            self._deliver(batch, answers)
        with self._changed:
            left = list(self._queue)
            self._queue.clear()
            self._deliver(left, None)

    def _enter(self, state: ServiceState, failure: str) -> None:
        with self._changed:
            if self._state is not ServiceState.CLOSED:
                self._state, self._failure = state, failure
            self._changed.notify_all()

    def _next_batch(self) -> list[_Job]:
        """This thread's share of what waits by now; nothing once the service is closed."""
        batch: list[_Job] = []
        with self._changed:
            while not batch and not self._is_closed():
                self._changed.wait_for(lambda: self._queue or self._is_closed())
                self._changed.wait_for(self._is_complete, self._company_s)
                if not self._is_closed():
                    batch = self._taken(self._share())
        return batch

    def _share(self) -> int:
        """Something is left for those threads that will be done in a moment, or they would do nothing meanwhile."""
        return min(BATCH_LIMIT, max(_FEWEST_SHARED, -(-len(self._queue) // self._wanted)))

    def _taken(self, most: int) -> list[_Job]:
        batch: list[_Job] = []
        while self._queue and len(batch) < most:
            job = self._queue.popleft()
            if job.waiting > 0:
                batch.append(job)
            else:
                del self._pending[job.key]
        return batch

    def _is_complete(self) -> bool:
        """Nobody is to come who could be scored with those that wait by now."""
        return not self._expected or len(self._queue) >= BATCH_LIMIT or self._is_closed()

    def _is_closed(self) -> bool:
        return self._state is ServiceState.CLOSED

    def _deliver(self, batch: Sequence[_Job], answers: Sequence[Scores | ClassifierError] | None) -> None:
        with self._changed:
            for place, job in enumerate(batch):
                job.answer = ClassifierUnavailableError("shut down") if answers is None else answers[place]
                del self._pending[job.key]
                if not isinstance(job.answer, ClassifierError):
                    self._cache[job.key] = job.answer
                job.done.set()
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)


def _answers(classifier: Classifier, inputs: Sequence[ScoringInput]) -> list[Scores | ClassifierError]:
    """The batch's scores; if it fails, each input's own scores or error."""
    try:
        scored: list[Scores | ClassifierError] = list(classifier.score(inputs))
        if len(scored) == len(inputs):
            return scored
        return [ClassifierError("the model lost a text") for _ in inputs]
    except Exception as error:  # noqa: BLE001 - a model can fail in any way, and the thread must outlive it
        if len(inputs) > 1:
            return [answer for one in inputs for answer in _answers(classifier, [one])]
        kept = (
            error if isinstance(error, ClassifierError) else ClassifierError(f"scoring failed: {type(error).__name__}")
        )
        return [kept]


def _collected(keys: Sequence[bytes], known: dict[bytes, Scores], jobs: Sequence[_Job]) -> list[Scores]:
    for job in jobs:
        if job.answer is None or isinstance(job.answer, ClassifierError):
            raise job.answer or ClassifierError("no answer")
        known[job.key] = job.answer
    return [known[key] for key in keys]


def _key(digest: str, asked: ScoringInput) -> bytes:
    whole = f"{digest}\0{asked.language}\0{asked.text}"
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()
