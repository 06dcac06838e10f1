"""config/hardcoded-secret"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.build_config import environment_for
from otpwise_analyzers.project.config_files import RUNTIME_FILES, environment_of, environments_at
from otpwise_analyzers.project.secrets import Secret, secrets_in
from otpwise_analyzers.rewrite.runtime_config import destination
from otpwise_analyzers.rewrite.secret_reads import move_secret, read_secret, variable_for
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.config.hardcoded_secret_examples import CORRECT, INCORRECT
from otpwise_analyzers.syntax.file import ElixirFile

_PRODUCTION = ("prod.exs", "prod.secret.exs", "staging.exs", *RUNTIME_FILES)


class HardcodedSecret(Rule):
    name = "config/hardcoded-secret"
    summary = "a secret of production is written in the code"
    impact = Impact.HIGH
    detects = """
        In the config files that production uses, a literal of 16 characters and more that is made as keys are (over
        3.5 bits of entropy a character), under a key that names a secret: `secret_key_base`, `secret_key`,
        `...secret`, `...password`, `...api_key`, `...access_key`, `...private_key`. So is a private key in PEM, and,
        in any config file but that of tests, a key that begins as those of Stripe, AWS, GitHub, Slack or SendGrid
        for production do.
    """
    why = """
        Whoever can read the repository, its history, a fork or a laptop's backup, holds the key. With a
        `secret_key_base` or Guardian's key they sign a session for any user. It cannot be changed without a new
        release, so that it mostly is not, after somebody has left either.
    """
    fine_when = """
        The value is a default for development that production replaces: `secret_key_base` in `config/config.exs`
        is let be where `config/runtime.exs` or `config/prod.exs` sets it. Salts are no secrets, nor are
        publishable keys, keys for trying out (`sk_test_`) and placeholders.
    """
    trade_off = (
        "The application does not start where the variable is missing, and one more thing has to be set."
    )
    fix_note = FixNote(
        writes=(
            "`System.fetch_env!` in the literal's place, in a file that is evaluated at start; out of "
            "`config/prod.exs` the option moves into `config/runtime.exs`. The variable is the one that is "
            "read there already, else it is named for what the secret is."
        ),
        because="Unsafe: whoever deploys has to set the variable first, for the start stops without it.",
        leaves=(
            "The old secret stays in the history of the repository: it has to be revoked and a new one made, "
            "which no edit does. Secrets in `config/dev.exs` and `config/test.exs` are not reported."
        ),
    )
    references = (
        Reference("Phoenix: deployment, handling of secrets", "https://hexdocs.pm/phoenix/deployment.html"),
        Reference(
            "OWASP: secrets management",
            "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
        ),
    )
    mirrors = ("Sobelow: Config.Secrets",)
    calls = frozenset({"config"})
    conceals = True
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        project = file.project
        if not places.is_config(file.path) or environment_of(file.path) == "test" or project.is_package:
            return
        if project.is_known and file.path not in project.configuration.files:
            return
        for secret in secrets_in(file):
            level = _level(file, secret)
            if level is not None:
                yield self.finding(secret.node, _message(file, secret), level, fixes=_fixes(file, secret))


def _level(file: ElixirFile, secret: Secret) -> Level | None:
    """How loud a secret is; None where production has another one."""
    name = posixpath.basename(file.path)
    if secret.is_issued and name in (*_PRODUCTION, "config.exs", "dev.exs"):
        return Level.WARNING
    environment = environment_for(file, secret.node)
    if environment is None or name not in (*_PRODUCTION, "config.exs"):
        return None
    configuration = file.project.configuration
    if name in RUNTIME_FILES:
        return Level.WARNING
    if secret.call is not None and configuration.sets(secret.path, environment, names=RUNTIME_FILES):
        return None
    if name != "config.exs":
        return Level.WARNING
    later = (f"{environment}.exs", f"{environment}.secret.exs")
    if secret.call is None or secret.read is not None:
        return None
    if configuration.sets(secret.path, environment, names=later) or _is_set_elsewhere(file, environment):
        return None
    signs = secret.name == "secret_key_base" or (
        secret.name == "secret_key" and "guardian" in secret.path[1].lower()
    )
    return Level.WARNING if signs else Level.INFORMATION


def _is_set_elsewhere(file: ElixirFile, environment: str) -> bool:
    """Whether production has files that are not here: one that Git ignores, or what a provider reads."""
    files = file.project.configuration.files
    imported = (
        name
        for path, facts in files.items()
        if environment_of(path) in (None, environment)
        for name in facts.imports
    )
    return any(mix.has_own_runtime for mix in file.project.mixes) or any(
        name not in files and not re.search(r"[*{]", name) for name in imported
    )


def _message(file: ElixirFile, secret: Secret) -> str:
    where = ""
    if len(secret.path) > 2:
        where = f" of `{secret.path[1]}`"
    elif len(secret.path) == 2:
        where = f" of `:{secret.path[0]}`"
    what = "A default of the" if secret.read is not None else "The"
    return (
        f"{what} `{secret.name}`{where} is written in the code: whoever can read it has the secret. Make a new "
        "one, for this one stays in the history, and read it from the environment."
    )


def _fixes(file: ElixirFile, secret: Secret) -> list[Fix]:
    name = variable_for(secret)
    _, maybe = environments_at(file, secret.node)
    if posixpath.basename(file.path) in RUNTIME_FILES:
        title = f"Read it from {name}"
        return [Fix(title, Applicability.UNSAFE, partial(read_secret, secret=secret, name=name))]
    environment = environment_for(file, secret.node)
    if environment_of(file.path) is None or environment not in _RELEASED or maybe or secret.call is None:
        return []
    where = destination(file.project, environment)
    if where is None:
        return []
    move = partial(move_secret, secret=secret, name=name, where=where)
    return [Fix(f"Read it from {name} at start, in {where.path}", Applicability.UNSAFE, move)]


_RELEASED = ("prod", "staging")
