"""Which holes of a SQL text are values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otpwise_analyzers.syntax.parser import parse
from otpwise_analyzers.syntax.plain_sql import is_plain
from otpwise_analyzers.syntax.sql_positions import Sql, tokens_of
from otpwise_analyzers.syntax.strings import template_of


def sql(text: str, *, mysql: bool = False) -> Sql:
    source = f'~s"""\n{text}\n"""'.encode()
    template = template_of(parse(source).root_node.named_children[0], source)
    assert template is not None
    return Sql(template, mysql=mysql)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("SELECT * FROM t WHERE a = #{x}", "VALUE"),
        ("SELECT * FROM t WHERE a>=#{x} AND b <> #{y}", "VALUE VALUE"),
        ("SELECT * FROM t WHERE a LIKE '%#{x}%'", "QUOTED"),
        ("SELECT * FROM t WHERE a IN ('#{x}', '#{y}')", "QUOTED QUOTED"),
        ("SELECT * FROM t WHERE a IN (#{x})", "LIST"),
        ("SELECT * FROM t WHERE a IN #{x}", "LIST"),
        ("SELECT * FROM t WHERE a IN (#{x}, #{y})", "VALUE VALUE"),
        ("SELECT * FROM t WHERE a BETWEEN #{x} AND #{y}", "VALUE VALUE"),
        ("SELECT * FROM t WHERE a = 1 AND #{x}", "UNKNOWN"),
        ("SELECT * FROM t LIMIT #{x} OFFSET #{y}", "VALUE VALUE"),
        ("SELECT * FROM #{x}", "NAME"),
        ("SELECT #{x} FROM t ORDER BY #{y} #{z}", "NAME NAME UNKNOWN"),
        ("SELECT * FROM t_#{x} WHERE t_#{x}.a = #{y}", "NAME NAME VALUE"),
        ("SELECT * FROM t WHERE #{x}.a = u.#{y}", "NAME NAME"),
        ("SELECT * FROM t WHERE a = #{x}.b", "NAME"),
        ("SELECT count(#{x}), #{y}(b) FROM t", "NAME NAME"),
        ('SELECT "#{x}" FROM t', "NAME"),
        ("SELECT 1 -- #{x}\n FROM t WHERE a = #{y} /* #{z} */", "COMMENT VALUE COMMENT"),
        ("INSERT INTO t (#{x}) VALUES (#{y}, #{z}), (1, #{y})", "NAME VALUE VALUE VALUE"),
        ("UPDATE t SET a = #{x} WHERE id = #{y}", "VALUE VALUE"),
        ("CREATE TABLE t_#{x} (a text DEFAULT '#{y}')", "NAME NAME"),
        ("SET LOCAL lock_timeout = '#{x}'", "NAME"),
        ("SELECT 1; SET x = '#{x}'", "NAME"),
        ("SELECT * FROM t WHERE a = 'it''s' AND b = '#{x}'", "QUOTED"),
        ("SELECT * FROM t WHERE a LIKE b ESCAPE '\\\\' AND b = '#{x}'", "QUOTED"),
        ("SELECT $$ #{x} $$", "UNKNOWN"),
        ("#{x} WHERE a = #{y}", "UNKNOWN VALUE"),
    ],
)
def test_places(text: str, places: str) -> None:
    assert " ".join(position.place.name for position in sql(text).positions) == places


def test_double_quotes_are_text_in_mysql_alone() -> None:
    text = 'SELECT * FROM t WHERE a = "#{x}"'
    assert [p.place.name for p in sql(text, mysql=True).positions] == ["QUOTED"]
    assert [p.place.name for p in sql(text).positions] == ["NAME"]


def test_an_open_quote_is_not_readable() -> None:
    assert not sql("SELECT 'a FROM t").is_readable
    assert sql("SELECT 'a' FROM t").is_readable


@given(st.text(alphabet="'\"`$?\\-/*;()aE \n\0é", max_size=40))
def test_tokens_cover_the_text_in_order(text: str) -> None:
    data = text.encode()
    for mysql in (False, True):
        end = 0
        for token in tokens_of(data, mysql=mysql):
            assert not data[end : token.start].strip()
            assert token.start < token.end
            end = token.end
        assert not data[end:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, u.name AS n FROM users u WHERE id = $1 AND (a IS NULL OR b IN (1, 2)) ORDER BY id DESC LIMIT 5",
        "select count(*), sum(total) from orders left join users on users.id = orders.user_id group by 1",
        "INSERT INTO visits (page, at) VALUES ($1, '2024-01-01') RETURNING id;",
        "UPDATE users SET name = $1 WHERE id = $2",
        "DELETE FROM tokens WHERE kind = '#{x}'",
    ],
)
def test_plain(text: str) -> None:
    assert is_plain(sql(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "SELECT * FROM #{x}",
        "SELECT * FROM t FOR UPDATE",
        "SELECT now() FROM t",
        "SELECT * FROM generate_series(1, 2)",
        "SELECT * FROM (SELECT * FROM t) u",
        "SELECT a->>'b' FROM t",
        "SELECT a::text FROM t",
        "SELECT * FROM t WHERE a IN (SELECT id FROM u)",
        "SELECT * FROM t WHERE at > date '2024-01-01'",
        "SELECT * FROM pg_stat_activity",
        "INSERT INTO t SELECT * FROM u",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING",
        "DELETE FROM a USING b WHERE a.id = b.id",
        "UPDATE a SET x = b.x FROM b WHERE a.id = b.id AND b.y > now()",
        "SELECT a FROM t; SELECT b FROM t",
        "EXPLAIN SELECT a FROM t",
        "VACUUM",
        "",
    ],
)
def test_not_plain(text: str) -> None:
    assert not is_plain(sql(text))
