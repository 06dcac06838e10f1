"""What a file is for, as its path says it. Paths are relative to the project's root, with `/`."""

from __future__ import annotations

import re
from functools import lru_cache

# The folder of one of an umbrella's apps, which has the layout of a project.
_ROOT = r"^(?:apps/[^/]+/)?"
_TEST = re.compile(rf"(^|/)test/|{_ROOT}(tests|spec)/|_test\.exs?$|(^|/)test_helper\.exs$")
_TEST_SUPPORT = re.compile(
    r"(^|/)(tests?/support|factories|fixtures?|mocks?)/|(^|[/_])(factory|factories|fixtures?|mocks?|test_helpers?)\.exs?$"
)
_MIX_TASK = re.compile(r"(^|/)lib/mix/|(^|/)mix/tasks?/|(^|/)tasks/mix/")
_MIGRATION = re.compile(
    r"(^|/)(\w*migrations|data/changes?)/|(^|/)priv/[^/]*repo[^/]*/|/change_\d+\w*\.exs?$"
)
_SEEDS = re.compile(r"(^|/)seeds?(/|\.exs?$)|_seeds?\.exs?$")
_RELEASE = re.compile(r"(^|/)release(_tasks?|s)?(\.exs?$|/)")
_DEVELOPMENT = re.compile(
    rf"(^|/)(dev|bench|benchmarks?)/|{_ROOT}(examples?|scripts?|storybook|rel|installer)/"
)
_CONFIG = re.compile(r"(^|/)config/[^/]+\.exs$")


def is_test(path: str) -> bool:
    """Tests and what lies beside them."""
    return _TEST.search(path) is not None


def is_test_support(path: str) -> bool:
    """Factories, fixtures and mocks, under `test/` or (often) under `lib/`."""
    return _TEST_SUPPORT.search(path) is not None


def is_script(path: str) -> bool:
    """Anything that is run and not compiled: every `.exs`."""
    return path.endswith(".exs")


def is_mix_task(path: str) -> bool:
    """Tasks of Mix, its compilers and whatever else extends it: they run on a developer's machine."""
    return _MIX_TASK.search(path) is not None


def is_migration(path: str) -> bool:
    """Migrations of the schema or of data, and all else under `priv/repo`."""
    return _MIGRATION.search(path) is not None


def is_seeds(path: str) -> bool:
    return _SEEDS.search(path) is not None


def is_release_task(path: str) -> bool:
    """The module behind `bin/my_app eval`: it runs without the application's processes."""
    return _RELEASE.search(path) is not None


def is_config(path: str) -> bool:
    """`config/runtime.exs` and its siblings."""
    return _CONFIG.search(path) is not None


def is_development_only(path: str) -> bool:
    """Benchmarks, examples, scripts: code that no release contains."""
    return _DEVELOPMENT.search(path) is not None


@lru_cache(maxsize=4096)
def is_production_code(path: str) -> bool:
    """Code that serves users: compiled into a release, and none of the helpers above."""
    return not (
        is_script(path)
        or is_test(path)
        or is_test_support(path)
        or is_mix_task(path)
        or is_migration(path)
        or is_seeds(path)
        or is_release_task(path)
        or is_development_only(path)
    )
