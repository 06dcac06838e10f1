"""Which literals are taken for secrets."""

from __future__ import annotations

import pytest

from otpwise_analyzers.project.secrets import entropy, looks_secret, secrets_in
from otpwise_analyzers.syntax.file import ElixirFile

_RANDOM = "EEtfjgVvVqE1SkHbn88HxjSI"


@pytest.mark.parametrize(
    "value", [_RANDOM, "cc3fc1626e53a13043b026c48bbf33fe", "-----BEGIN RSA " + "PRIVATE KEY-----\\nMIIE"]
)
def test_keys_look_like_keys(value: str) -> None:
    assert looks_secret(value)


@pytest.mark.parametrize(
    "value",
    [
        "short1A9",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "this is not a secret at all",
        "please-change-me-in-production",
        "${SECRET_KEY_BASE_OF_9fKq}",
        "<%= secret 9fKqWz7RtYbN %>",
        "pk_" + "live_9fKqWz7RtYbN4mHs9D",
        "sk_" + "test_9fKqWz7RtYbN4mHs9D",
        "my_app_signing_9fKqWz7Rt",
    ],
)
def test_words_and_placeholders_do_not(value: str) -> None:
    assert not looks_secret(value)


def test_entropy_is_counted_in_bits() -> None:
    assert entropy("aaaa") == 0 and entropy("abcd") == 2


@pytest.mark.parametrize(
    "key",
    ["sk_" + "live_" + _RANDOM, "AKI" + "AQ8UK7TGIYN7DMWWJ", "xox" + "b-12345678901-" + _RANDOM],
)
def test_keys_that_are_issued_for_production_count_under_any_name(key: str) -> None:
    file = ElixirFile("config/dev.exs", f'config :a, B, c: "{key}", d: f("{key}")\n'.encode())
    assert [(secret.path, secret.is_issued) for secret in secrets_in(file)] == [(("a", "B", "c"), True)]


def test_names_of_variables_are_no_secrets() -> None:
    text = f'config :a, B, api_key: System.get_env("{_RANDOM}"), secret: System.get_env("X", "{_RANDOM}")\n'
    (secret,) = secrets_in(ElixirFile("config/prod.exs", text.encode()))
    assert secret.name == "secret" and secret.read is not None and secret.read.name == "X"
