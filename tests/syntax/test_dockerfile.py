"""Dockerfiles as Docker reads them: continuations, comments, heredocs, variables, stages, broken ones."""

from __future__ import annotations

import pytest

from otpwise_analyzers.syntax.dockerfile import DockerFile, Image, Instruction


def read(text: str) -> DockerFile:
    return DockerFile("Dockerfile", text.encode())


def commands(instruction: Instruction) -> list[list[str]]:
    return [[word.text for word in command.words] for command in instruction.commands]


def run(text: str) -> list[list[str]]:
    return commands(read(f"FROM alpine:3\n{text}").instructions[1])


def test_commands_of_a_run_over_many_lines() -> None:
    assert run(
        "RUN mix deps.get && \\\n  # why\n  MIX_ENV=prod mix compile \\\n\n  ; ls -l 'a b'\nCMD x"
    ) == [
        ["mix", "deps.get"],
        ["mix", "compile"],
        ["ls", "-l", "a b"],
    ]
    environments = [
        c.environment for c in read("FROM a\nRUN A=1 B='2 3' mix x | tee y").instructions[1].commands
    ]
    assert environments == [{"A": "1", "B": "2 3"}, {}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('RUN ["mix", "release"]', [["mix", "release"]]),
        ('RUN ["/bin/sh", "-lc", "cd a && mix release"]', [["cd", "a"], ["mix", "release"]]),
        ("RUN bash -c 'mix a; mix b'", [["mix", "a"], ["mix", "b"]]),
        ("RUN if [ -n \"$A\" ]; then mix a; fi", [["[", "-n", "$A", "]"], ["mix", "a"], ["fi"]]),
        ("RUN <<EOF\nset -e\n# no command\nmix deps.get\nmix compile --force\nEOF", [
            ["set", "-e"], ["mix", "deps.get"], ["mix", "compile", "--force"],
        ]),
        ("RUN echo $(cat a && b) ${X:-y z} && c", [["echo", "$(cat a && b)", "${X:-y z}"], ["c"]]),
        ("RUN --mount=type=cache,target=/root/.cache --network=none mix deps.get", [["mix", "deps.get"]]),
        ("RUN exec sudo mix x", [["mix", "x"]]),
        ("RUN echo a#b # c", [["echo", "a#b"]]),
    ],
)  # fmt: skip
def test_commands(text: str, expected: list[list[str]]) -> None:
    assert run(text) == expected


def test_places_are_those_of_the_file() -> None:
    text = 'FROM a\r\nRUN apk add git \\\r\n  # é\r\n  && mix deps.get\r\nCMD ["a", "b"]'
    file = read(text)
    assert file.error_spans == []
    data = text.encode()
    words = [word for command in file.instructions[1].commands for word in command.words]
    assert [data[word.span.start : word.span.end].decode() for word in words] == [
        "apk", "add", "git", "mix", "deps.get",
    ]  # fmt: skip
    assert [instruction.name for instruction in file.instructions] == ["FROM", "RUN", "CMD"]
    assert data[slice(*file.instructions[2].span)] == b'CMD ["a", "b"]'
    assert commands(file.instructions[2]) == [["a", "b"]]
    assert [file.text(comment).rstrip() for comment in file.comments] == ["# é"]


@pytest.mark.parametrize(
    "text",
    [
        'FROM a\nENV OLD some words # and a hash\nCMD ["x"]\n',
        "FROM a\nCOPY --link --chown=a:b c d\nADD --keep-git-dir=true e f\n",
        "# escape=`\nFROM a\nRUN b `\n  c\nCOPY d e\\\n",
        "FROM a\nRUN b",
        "from a as b\ncopy --from=b c d\n",
        'FROM a\nCOPY ["a b", "c"]\nSHELL ["/bin/bash", "-c"]\nONBUILD RUN x\nHEALTHCHECK NONE\n',
        "FROM --platform=$BUILDPLATFORM a:${B:-c}@sha256:00 AS d\n",
        "",
    ],
)
def test_what_docker_takes_is_no_error(text: str) -> None:
    assert read(text).error_spans == []


def test_what_it_does_not_take_is_one() -> None:
    file = read("FROM a\nFOO bar\nRUN b\n")
    assert file.error_spans
    assert file.definition_at(8) is not None


def test_words_flags_and_variables() -> None:
    file = read(
        'FROM a\nENV A=1 B="2 3" \\\n  C=$A\nENV OLD some words\nARG D\nCOPY --from=x --link ["p q", "/r"]\n'
    )
    one, old, arg, copy = file.instructions[1:]
    assert [(name, value) for name, value, _ in one.variables] == [("A", "1"), ("B", "2 3"), ("C", "$A")]
    assert [(name, value) for name, value, _ in old.variables] == [("OLD", "some words")]
    assert [(name, value) for name, value, _ in arg.variables] == [("D", None)]
    assert copy.flags == {"from": "x", "link": ""}
    assert (copy.sources, copy.target, copy.is_exec_form) == (["p q"], "/r", True)


FROMS = """\
# syntax=docker/dockerfile:1
ARG VERSION=1.16.1
ARG BUILDER="hexpm/elixir:${VERSION}-slim"
ARG UNKNOWN
FROM ${BUILDER} AS Build
ARG VERSION
ARG MODE=prod
ENV MIX_ENV=$MODE A=${B:-c} V=${VERSION}
RUN mix release
FROM build
RUN x
FROM $UNKNOWN as last
COPY --from=BUILD /a /b
COPY --from=1 /a /b
COPY --from=redis:7 /a /b
"""


def test_stages_and_variables() -> None:
    file = read(FROMS)
    build, middle, last = file.stages
    assert [stage.name for stage in file.stages] == ["build", "1", "last"]
    assert build.image == "hexpm/elixir:1.16.1-slim" and Image.of(build.image).tag == "1.16.1-slim"
    assert last.image is None and middle.base is build and build.base is None
    assert build.environment() == {
        "VERSION": "1.16.1", "MODE": "prod", "MIX_ENV": "prod", "A": "c", "V": "1.16.1",
    }  # fmt: skip
    assert build.environment(before=build.named("ENV")[0]) == {"VERSION": "1.16.1", "MODE": "prod"}
    # ENV is inherited, ARG is not.
    assert middle.environment() == {"MIX_ENV": "prod", "A": "c", "V": "1.16.1"}
    assert [i.name for i in middle.lineage] == ["FROM", "ARG", "ARG", "ENV", "RUN", "FROM", "RUN"]
    origins = [file.stage_named(copy.flags["from"]) for copy in last.named("COPY")]
    assert origins == [build, middle, None]
    assert file.comments == [] and file.comments_start == len("# syntax=docker/dockerfile:1\n")


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("elixir", ("elixir", "", "")),
        ("elixir:1.16", ("elixir", "1.16", "")),
        ("localhost:5000/a/b", ("localhost:5000/a/b", "", "")),
        ("a.io/b:1@sha256:2", ("a.io/b", "1", "sha256:2")),
    ],
)
def test_images(reference: str, parts: tuple[str, str, str]) -> None:
    assert Image.of(reference) == parts


def test_the_instruction_and_the_stage_around_a_byte() -> None:
    file = read("ARG A\nFROM a\nRUN b \\\n  c\n\nRUN d\n")
    inside = file.data.index(b"c")
    instruction = file.instruction_at(inside)
    assert instruction is not None and instruction.name == "RUN"
    assert file.statement_start(inside) == file.data.index(b"RUN")
    assert file.definition_at(0) is None and file.definition_at(inside) is file.stages[0]
