"""Settings: what they mean, how they are read, and what is said of a mistake."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otpwise_analyzers.findings import Level
from otpwise_analyzers.project import config
from otpwise_analyzers.project.config import Loaded, Problem, Settings, json_schema, load, merge, parse

KNOWN = (
    "ecto/raw-sql",
    "ecto/sql-injection",
    "otp/missing-init",
    "otp/unsupervised-process",
    "phoenix/repo-in-web",
)
FILE = Path("/p/.otpwise.toml")

FULL = """\
profile = "strict"
select = ["ecto", "otp/missing-init"]
ignore = ["ecto/raw-sql"]
exclude = ["lib/generated/", "*.pb.ex"]

[severity]
otp = "hint"
"ecto/sql-injection" = "error"

[per-file-ignores]
"test/**" = ["otp"]
"priv/repo/seeds.exs" = ["ecto/raw-sql"]
"""


def read(text: str | bytes) -> Loaded:
    return parse(text.encode() if isinstance(text, str) else text, FILE, KNOWN)


def mistakes(text: str | bytes) -> list[tuple[str, str]]:
    """What is marked, and the message."""
    data = text.encode() if isinstance(text, str) else text
    return [
        (data[p.span.start : p.span.end].decode("utf-8", "replace"), p.message) for p in read(data).problems
    ]


def only(found: list[tuple[str, str]]) -> tuple[str, str]:
    [one] = found
    return one


# what settings mean


def test_the_defaults_run_everything_at_its_own_level() -> None:
    settings = Settings()
    assert all(settings.selects(name) for name in KNOWN)
    assert settings.level_for("ecto/raw-sql") is None
    assert settings.ignored_in("lib/a.ex") == frozenset()
    assert settings.profile == "recommended"


@pytest.mark.parametrize(
    ("select", "ignore", "selected"),
    [
        (["all"], [], KNOWN),
        (["ecto"], [], KNOWN[:2]),
        (["ecto/raw-sql", "phoenix"], [], (KNOWN[0], KNOWN[4])),
        ([], ["ecto"], KNOWN[2:]),
        ([], ["all"], ()),
        (["ecto"], ["ecto/raw-sql"], (KNOWN[1],)),
        (["ecto/raw-sql"], ["ecto"], (KNOWN[0],)),
        (["ecto/raw-sql"], ["ecto/raw-sql"], ()),
        (["otp"], ["all"], KNOWN[2:4]),
        (["ec"], [], ()),
    ],
)
def test_the_more_specific_word_wins(select: list[str], ignore: list[str], selected: tuple[str, ...]) -> None:
    settings = Settings(select=tuple(select), ignore=tuple(ignore))
    assert tuple(name for name in KNOWN if settings.selects(name)) == selected


def test_a_rules_severity_wins_over_its_familys() -> None:
    settings = Settings(severity={"ecto": "off", "ecto/raw-sql": "error", "otp": "hint"})
    assert settings.level_for("ecto/raw-sql") is Level.ERROR
    assert settings.level_for("ecto/sql-injection") == "off"
    assert settings.level_for("otp/missing-init") is Level.HINT
    assert settings.level_for("phoenix/repo-in-web") is None


def test_patterns_of_files() -> None:
    settings = Settings(
        per_file_ignores={"test/": ("otp",), "*_live.ex": ("phoenix/repo-in-web",), "/lib/a.ex": ("ecto",)}
    )
    assert settings.ignored_in("test/deep/a_test.exs") == {"otp"}
    assert settings.ignored_in("lib/my_web/live/user_live.ex") == {"phoenix/repo-in-web"}
    assert settings.ignored_in("test/x_live.ex") == {"otp", "phoenix/repo-in-web"}
    assert settings.ignored_in("lib/a.ex") == {"ecto"}
    assert settings.ignored_in("apps/x/lib/a.ex") == frozenset()


def test_settings_are_immutable_and_hashable() -> None:
    one, other = read(FULL).settings, read(FULL).settings
    assert one == other and hash(one) == hash(other) and len({one, other, Settings()}) == 2
    with pytest.raises(AttributeError):
        one.profile = "recommended"  # type: ignore[misc]


def test_the_digest_is_of_the_meaning() -> None:
    one = Settings(select=("ecto", "otp"), severity={"ecto": "off", "otp": "hint"})
    same = Settings(select=("otp", "ecto", "otp"), severity={"otp": "hint", "ecto": "off"})
    assert one.digest() == same.digest()
    changes: list[dict[str, Any]] = [
        {"profile": "strict"},
        {"select": ("ecto",)},
        {"ignore": ("ecto",)},
        {"exclude": ("lib",)},
        {"severity": {"otp": "error"}},
        {"per_file_ignores": {"a": ("otp",)}},
    ]
    digests = {msgspec.structs.replace(one, **change).digest() for change in changes}
    assert len(digests | {one.digest()}) == len(changes) + 1


def test_the_digest_is_the_same_in_every_process() -> None:
    program = (
        "from otpwise_analyzers.project.config import Settings; print(Settings(select=('otp',)).digest())"
    )
    environment = dict(os.environ, PYTHONHASHSEED="7", PYTHONPATH=os.pathsep.join(sys.path))
    out = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    assert out.stdout.strip() == Settings(select=("otp",)).digest()


# parse


def test_everything_that_can_be_set() -> None:
    assert read(FULL) == Loaded(
        Settings(
            profile="strict",
            select=("ecto", "otp/missing-init"),
            ignore=("ecto/raw-sql",),
            severity={"otp": "hint", "ecto/sql-injection": "error"},
            exclude=("lib/generated/", "*.pb.ex"),
            per_file_ignores={"test/**": ("otp",), "priv/repo/seeds.exs": ("ecto/raw-sql",)},
        )
    )


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing\n", "\ufeff", "[rules]\n", '[rules."otp/missing-init"]\n']
)
def test_nothing_said(text: str) -> None:
    assert read(text) == Loaded(Settings())


def test_crlf_and_byte_order_mark() -> None:
    data = b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode()
    assert read(data) == read(FULL)


def test_a_mistake_in_a_file_with_crlf_and_byte_order_mark_is_in_its_place() -> None:
    text = '\ufeff# é\r\nprofile = "strict"\r\nselct = 1\r\n[severity]\r\notp = "hnt"\r\n'
    assert [marked for marked, _ in mistakes(text)] == ["selct", '"hnt"']
    assert read(text).settings.profile == "strict"


def test_a_misspelt_key() -> None:
    marked, message = only(mistakes('selct = ["ecto"]\nprofile = "strict"\n'))
    assert marked == "selct" and "`selct`" in message and "did you mean `select`" in message
    assert "did you mean `per-file-ignores`" in only(mistakes("[per_file_ignores]\n"))[1]


def test_a_key_like_no_other_gets_the_list() -> None:
    marked, message = only(mistakes("[zzz]\na = 1\n"))
    assert marked == "zzz" and "profile, select, ignore" in message


def test_a_wrong_profile() -> None:
    loaded = read('profile = "stict"\nignore = ["otp"]')
    assert loaded.settings == Settings(ignore=("otp",))
    marked, message = only(mistakes('profile = "stict"\nignore = ["otp"]'))
    assert (
        marked == '"stict"' and '"recommended" or "strict"' in message and "did you mean `strict`" in message
    )
    assert only(mistakes("profile = 3"))[0] == "3"
    assert only(mistakes("profile = [1.5, {a = 1}]"))[0] == "[1.5, {a = 1}]"


def test_unknown_names() -> None:
    text = 'ignore = [\n  "ecto/raw-sql", # fine\n  "ecto/sql-inejction",\n  "raw-sql",\n  "phnx"\n]\n'
    assert read(text).settings.ignore == ("ecto/raw-sql",)
    (one, first), (two, second), (three, third) = mistakes(text)
    assert (one, two, three) == ('"ecto/sql-inejction"', '"raw-sql"', '"phnx"')
    assert "no rule `ecto/sql-inejction`; did you mean `ecto/sql-injection`?" in first
    assert "did you mean `ecto/raw-sql`?" in second
    assert "rule or family `phnx`" in third


def test_a_name_that_resembles_none_gets_the_choices() -> None:
    assert "`ecto` has ecto/raw-sql, ecto/sql-injection" in only(mistakes('ignore = ["ecto/zzzzzz"]'))[1]
    assert "the families are ecto, otp, phoenix" in only(mistakes('ignore = ["zzz/zzzzzzzz"]'))[1]


def test_a_misspelt_selection_does_not_select_everything() -> None:
    loaded = read('select = ["ecto/raw-sqll"]')
    assert len(loaded.problems) == 1
    assert not any(loaded.settings.selects(name) for name in KNOWN)


def test_without_known_rules_no_name_is_judged() -> None:
    assert parse(b'select = ["anything/at-all"]\nseverity.some = "off"', FILE).problems == ()


@pytest.mark.parametrize("key", ["select", "ignore", "exclude"])
def test_lists_must_be_lists_of_strings(key: str) -> None:
    assert only(mistakes(f'{key} = "otp"')) == (
        '"otp"',
        f"`{key}` must be a list in brackets: "
        + (
            '["priv/repo/seeds.exs", "lib/generated/"]'
            if key == "exclude"
            else '["ecto/sql-injection", "otp"]'
        ),
    )
    marked, message = only(mistakes(f'{key} = ["otp", 1979-05-27T07:32:00.5]'))
    assert marked == "1979-05-27T07:32:00.5" and "strings only" in message
    assert getattr(read(f'{key} = ["otp", 1]').settings, key) == ("otp",)


@pytest.mark.parametrize(
    "text", ['severity = "off"', "[[severity]]", 'per-file-ignores = ["a"]', "rules = 1"]
)
def test_tables_must_be_tables(text: str) -> None:
    assert "must be a table" in only(mistakes(text))[1]


def test_severities() -> None:
    text = (
        '[severity]\notp = "info"\necto = "Warning"\nphoenix = false\n"ecto/raw-sql" = "hint"\nphx = "off"\n'
    )
    assert read(text).settings.severity == {"ecto/raw-sql": "hint"}
    found = mistakes(text)
    assert [marked for marked, _ in found] == ['"info"', '"Warning"', "false", "phx"]
    meant = ["`information`", "`warning`", "`off`", "`phoenix`"]
    assert all(f"did you mean {word}?" in message for word, (_, message) in zip(meant, found, strict=True))


def test_severity_inline_and_dotted() -> None:
    assert read('severity = { "ecto/raw-sql" = "off", otp = "hint" }').settings.severity == {
        "ecto/raw-sql": "off",
        "otp": "hint",
    }
    assert only(mistakes('severity = { "ecto/raw-sql" = "of", otp = "hint" }'))[0] == '"of"'
    assert only(mistakes('severity.otp = "off"\nseverity.otpp = "off"'))[0] == "severity.otpp"


def test_patterns_that_are_none() -> None:
    assert only(mistakes('exclude = ["lib/a.ex", "!"]'))[0] == '"!"'
    assert only(mistakes('[per-file-ignores]\n"!lib" = ["otp"]'))[0] == '"!lib"'


def test_names_in_per_file_ignores() -> None:
    text = '[per-file-ignores]\n"test/" = ["all", "otp", "ect"]\nlib = "otp"\n'
    assert read(text).settings.per_file_ignores == {"test/": ("otp",)}
    (_, use_exclude), (_, unknown), (_, no_list) = mistakes(text)
    assert "`exclude`" in use_exclude and "`ecto`" in unknown and "must be a list" in no_list


def test_options_of_rules_are_refused_by_name() -> None:
    text = '[rules."ecto/raw-sql"]\nmax = 4\n[rules]\n"otp/missing-init" = "off"\n"otp/mising-init".a = 1\n'
    (a, no_option), (b, use_severity), (c, unknown) = mistakes(text)
    assert a == "max" and "`ecto/raw-sql` has no option `max`" in no_option
    assert b == '"otp/missing-init"' and "[severity]" in use_severity
    assert c == '"otp/mising-init"' and "did you mean `otp/missing-init`" in unknown


# what is not TOML


def test_what_stands_above_a_syntax_error_applies() -> None:
    text = 'profile = "strict"\nignore = ["otp"\nexclude = ["a"]\n'
    assert read(text).settings == Settings(profile="strict")
    marked, message = only(mistakes(text))
    assert marked == 'exclude = ["a"]'
    assert message.startswith("line 3 is not TOML: unclosed array, in what begins on line 2.")
    assert message.endswith("Settings from line 2 on do not apply.")


def test_an_error_at_the_end_is_shown_where_it_begins() -> None:
    marked, message = only(mistakes('profile = "strict"\n  ignore = [\n  "otp",\n\n'))
    assert marked == "ignore = [" and "begins on line 2" in message


def test_an_unquoted_rule_is_recognized() -> None:
    marked, message = only(mistakes('[severity]\notp = "off"\n  ecto/raw-sql = "off"\n'))
    assert marked == 'ecto/raw-sql = "off"' and 'in quotes: "ecto/raw-sql" = ...' in message
    assert read('[severity]\notp = "off"\necto/raw-sql = "off"\n').settings.severity == {"otp": "off"}


def test_a_column_counts_characters_and_a_span_bytes() -> None:
    assert only(mistakes('\ufeffprofile = "strict"\r\nexclude = ["é€😀"] é\r\n'))[0] == "é"


def test_a_key_given_twice() -> None:
    loaded = read('profile = "strict"\nprofile = "recommended"\n')
    assert loaded.settings.profile == "strict"
    assert "line 2" in loaded.problems[0].message


def test_not_utf_8() -> None:
    data = b'profile = "strict"\nexclude = ["caf\xe9"]\n'
    loaded = read(data)
    assert loaded.settings == Settings(profile="strict")
    assert loaded.problems == (Problem(loaded.problems[0].span, loaded.problems[0].message, FILE),)
    assert data[loaded.problems[0].span.start] == 0xE9
    assert "line 2 is not UTF-8" in loaded.problems[0].message
    assert "UTF-16" in read('profile = "strict"'.encode("utf-16")).problems[0].message


@pytest.mark.parametrize(
    "data", [b"\0", b"a = " + b"[" * 50_000, b"=" * 9000, b"[" * 9000, b'"""', b"'''\n'"]
)
def test_rubbish_is_one_problem(data: bytes) -> None:
    loaded = read(data)
    assert loaded.settings == Settings() and len(loaded.problems) == 1


@given(st.binary(max_size=60) | st.text("\"'[]{}=.,#\n\\ ab1é", max_size=60).map(str.encode))
def test_any_bytes_are_survived(data: bytes) -> None:
    for problem in read(data).problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(data)


@given(st.integers(0, len(FULL)), st.integers(0, 8), st.text('"[]=.,\n{}# a', max_size=3))
def test_a_file_that_is_being_typed(start: int, length: int, new: str) -> None:
    data = (FULL[:start] + new + FULL[start + length :]).encode()
    for problem in read(data).problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(data)
        assert problem.message


# load


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load(tmp_path, KNOWN) == Loaded(Settings())


def test_the_file_at_the_root(tmp_path: Path) -> None:
    (tmp_path / ".otpwise.toml").write_text(FULL)
    assert load(tmp_path, KNOWN) == read(FULL)


def unread(root: Path) -> str:
    loaded = load(root, KNOWN)
    assert loaded.settings == Settings()
    [problem] = loaded.problems
    assert problem.path == root / ".otpwise.toml" and problem.span == (0, 0)
    assert "The default settings apply." in problem.message
    return problem.message


def test_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / ".otpwise.toml").mkdir()
    assert "is a folder" in unread(tmp_path)


def test_a_pipe_of_that_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".otpwise.toml")
    assert "not a regular file" in unread(tmp_path)


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".otpwise.toml").symlink_to("gone")
    assert "leads nowhere" in unread(tmp_path)
    (tmp_path / ".otpwise.toml").unlink()
    (tmp_path / ".otpwise.toml").symlink_to(".otpwise.toml")
    assert "cannot be read" in unread(tmp_path)


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".otpwise.toml").write_text(FULL)

    def refuse(self: Path, *arguments: object) -> Any:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in unread(tmp_path)


def test_ten_megabytes(tmp_path: Path) -> None:
    (tmp_path / ".otpwise.toml").write_bytes(b"a" * 10_000_000)
    assert "larger than" in unread(tmp_path)


# merge


def test_what_a_client_sends() -> None:
    base = Settings(ignore=("otp",), severity={"ecto": "hint"}, per_file_ignores={"a": ("otp",)})
    sent = {
        "profile": "strict",
        "select": None,
        "ignore": ["ecto/raw-sql"],
        "severity": {"otp": "off", "phoenix": None},
        "exclude": [],
        "perFileIgnores": {"b": ["ecto"], "c": None},
        "trace": {"server": "off"},
    }
    assert merge(base, sent, KNOWN, others={"trace"}) == Loaded(
        Settings(
            profile="strict",
            ignore=("otp", "ecto/raw-sql"),
            severity={"ecto": "hint", "otp": "off"},
            per_file_ignores={"a": ("otp",), "b": ("ecto",)},
        )
    )


@pytest.mark.parametrize("key", ["per-file-ignores", "per_file_ignores", "perFileIgnores"])
def test_spellings_of_a_key(key: str) -> None:
    assert merge(Settings(), {key: {"A_bC/": ("otp",)}}, KNOWN).settings.per_file_ignores == {
        "A_bC/": ("otp",)
    }


def test_nothing_on_top_changes_nothing() -> None:
    base = read(FULL).settings
    assert merge(base, {}) == Loaded(base)
    assert merge(base, dict.fromkeys(["profile", "select", "ignore", "severity", "exclude"])) == Loaded(base)
    assert merge(base, {"select": (), "ignore": []}) == Loaded(base)


def test_selecting_takes_back_what_the_file_says_against_it() -> None:
    base = Settings(select=("otp",), ignore=("ecto", "ecto/raw-sql"), severity={"ecto": "off", "otp": "off"})
    settings = merge(base, {"select": ("ecto",)}, KNOWN).settings
    assert settings.selects("ecto/sql-injection") and not settings.selects("ecto/raw-sql")
    assert not settings.selects("otp/missing-init")
    assert settings.severity == {"otp": "off"}


def test_ignoring_on_top_wins() -> None:
    settings = merge(Settings(select=("ecto",)), {"ignore": ("ecto",)}, KNOWN).settings
    assert not settings.selects("ecto/raw-sql")


def test_mistakes_on_top_cost_only_themselves() -> None:
    loaded = merge(
        Settings(profile="strict"),
        {"profile": "loud", "selekt": [], "ignore": ["otp", "ot"], "severity": "off", "exclude": "lib"},
        KNOWN,
    )
    assert loaded.settings == Settings(profile="strict", ignore=("otp",))
    assert [(problem.span, problem.path) for problem in loaded.problems] == [((0, 0), None)] * 5
    messages = " ".join(problem.message for problem in loaded.problems)
    assert (
        "`select`" in messages and "must be an object" in messages and "`exclude` must be a list" in messages
    )


# code-lens


def test_lenses_are_off_where_the_file_or_the_editor_says_so() -> None:
    loaded = parse(b"code-lens = false\n", Path(".otpwise.toml"), KNOWN)
    assert loaded.problems == () and not loaded.settings.code_lens
    # An editor sends its default too, so that its yes says nothing.
    assert not merge(loaded.settings, {"codeLens": True}, KNOWN).settings.code_lens
    assert not merge(Settings(), {"code-lens": False}, KNOWN).settings.code_lens
    assert merge(Settings(), {"code-lens": True}, KNOWN).settings.code_lens
    assert Settings().digest() != loaded.settings.digest()
    (problem,) = parse(b'code-lens = "no"\n', Path(".otpwise.toml"), KNOWN).problems
    assert problem.message == "`code-lens` must be true or false"


# hover


def test_hovers_on_constructs_are_switched_off_in_the_file_and_on_again_by_the_editor() -> None:
    loaded = parse(b"[hover]\nconstructs = false\n", Path(".otpwise.toml"), KNOWN)
    assert loaded.problems == () and not loaded.settings.hover.constructs
    assert merge(loaded.settings, {}, KNOWN).settings == loaded.settings
    assert merge(loaded.settings, {"hover": {"constructs": True}}, KNOWN).settings.hover.constructs
    assert loaded.settings.digest() != Settings().digest()


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        (b"hover = false\n", b"false", "`hover` must be a table"),
        (b'[hover]\nconstructs = "no"\n', b'"no"', "must be true or false"),
        (b"[hover]\nconstruct = false\n", b"construct", "did you mean `constructs`?"),
    ],
)
def test_mistakes_in_hover(text: bytes, at: bytes, message: str) -> None:
    loaded = parse(text, Path(".otpwise.toml"), KNOWN)
    assert loaded.settings == Settings()
    (problem,) = loaded.problems
    assert message in problem.message
    assert text[slice(*problem.span)] == at


# json_schema


def test_the_schema_tells_every_setting() -> None:
    schema = json_schema(KNOWN)
    assert list(schema["properties"]) == [
        "profile",
        "select",
        "ignore",
        "severity",
        "exclude",
        "per-file-ignores",
        "hover",
        "code-lens",
    ]
    assert schema["properties"]["hover"]["properties"]["constructs"]["type"] == "boolean"
    assert "$ref" not in str(schema)
    assert all(prop["description"] for prop in schema["properties"].values())
    assert schema["additionalProperties"] is False
    assert schema["properties"]["select"]["items"]["enum"][:4] == ["all", "ecto", "otp", "phoenix"]
    assert "ecto/raw-sql" in schema["properties"]["severity"]["propertyNames"]["enum"]
    assert msgspec.json.encode(schema)


def test_the_schema_and_the_reader_know_the_same_keys() -> None:
    from otpwise_analyzers.project.config_values import KEYS

    assert [*json_schema()["properties"], "rules"] == sorted(
        KEYS, key=[*json_schema()["properties"], "rules"].index
    )


def test_the_file_name() -> None:
    assert config.FILE_NAME == ".otpwise.toml"
