import os
import signal

import pytest

from pipeline import interrupt


@pytest.fixture
def listening(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(interrupt, "_seen", type(interrupt._seen)())
    interrupt.listen()
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_raised_at_once(listening):
    interrupt.check()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupt.check()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_a_destructor_swallowed_is_still_known(listening):
    class Interrupted:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            sum(range(10_000))  # the handler runs here, where exceptions are dropped

    one = Interrupted()
    del one
    with pytest.raises(KeyboardInterrupt):
        interrupt.check()
