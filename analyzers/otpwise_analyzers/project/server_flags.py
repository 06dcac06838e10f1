"""Whether a release of the project lets Phoenix's endpoint listen, and on what that hangs."""

from __future__ import annotations

from otpwise_analyzers.project.config_files import Configuration


def server_flag(configuration: Configuration) -> str | None:
    """The one variable without which the endpoint does not listen; None when it listens without, or never."""
    runtime = configuration.runtime
    if runtime is None or listens_anyway(configuration):
        return None
    flags = configuration.files[runtime].server_flags
    return flags[0] if len(flags) == 1 else None


def listens_anyway(configuration: Configuration) -> bool:
    """Whether `server: true` is set for production on no condition."""
    return any(
        setting.path[-1] == "server"
        and not setting.maybe
        and "prod" in setting.environments
        and not (path == configuration.runtime and setting.reads_env)
        for path, facts in configuration.files.items()
        for setting in facts.settings
    )
