"""Whatever goes wrong in a task or a flow: the text that Prefect stores holds no secret."""

import logging
import secrets
import traceback
from collections.abc import Iterator

import pytest

from ghcr_audit.errors import AuditError, ConfigurationError
from ghcr_audit.redaction import current_redactor
from tasks.failures import UnexpectedError, redacting

pytestmark = pytest.mark.loopback


@pytest.fixture
def secret() -> Iterator[str]:
    """Of no known form: only its value gives it away."""
    value = f"lab-{secrets.token_hex(12)}"
    current_redactor().learn(value, "ghcr-token")
    yield value


def raising(error: Exception) -> None:
    raise error


def raising_after(error: Exception, first: ValueError) -> None:
    """The first one is its context: what a traceback would print, too."""
    try:
        raising(first)
    except ValueError:
        raise error  # noqa: B904


def whole(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize("kind", [ValueError, KeyError, OSError, AuditError])
def test_no_exception_carries_a_secret_out(
    secret: str, kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(UnexpectedError) as caught:
        redacting(raising)(kind(f"could not log in with {secret}"))
    assert secret not in whole(caught.value) + caplog.text
    assert "[ghcr-token#" in str(caught.value)


def test_nor_does_what_led_to_it(secret: str) -> None:
    with pytest.raises(AuditError, match="the login failed") as caught:
        redacting(raising_after)(AuditError("the login failed", temporary=True), ValueError(f"password {secret}"))
    assert secret not in whole(caught.value)
    assert caught.value.temporary


def test_an_error_without_a_secret_stays_what_it_is(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="shop: no such target"):
        redacting(raising)(ConfigurationError("shop: no such target", hint="look"))
    assert redacting(len)("three") == 5


def test_a_bugs_traceback_stands_in_the_log(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(UnexpectedError, match="ZeroDivisionError"):
        redacting(raising)(ZeroDivisionError(secret))
    assert "in raising" in caplog.text
    assert secret not in caplog.text
