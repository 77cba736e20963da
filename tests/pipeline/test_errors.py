from pipeline.errors import RunFailedError, UserError


def test_a_users_mistake_is_no_failed_run():
    assert issubclass(UserError, ValueError)
    assert not issubclass(RunFailedError, UserError)
    assert not issubclass(UserError, RunFailedError)
