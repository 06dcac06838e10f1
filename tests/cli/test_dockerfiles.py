"""Dockerfiles on the command line: found, checked, fixed, silenced."""

from __future__ import annotations

import json

from tests.cli.conftest import Otpwise, Project

COMMENT = "# otpwise:ignore otp/no-such-rule -- why\n"
IMAGE = f"FROM alpine:3.19\n{COMMENT}RUN apk add git\n"
UNKNOWN = "suppression/unknown-rule"


def test_found_wherever_they_lie(otpwise: Otpwise, project: Project) -> None:
    project(
        {
            "Dockerfile": IMAGE,
            "docker/web.Dockerfile": IMAGE,
            "deps/x/Dockerfile": IMAGE,
            "_build/Dockerfile": IMAGE,
            "out/Dockerfile": IMAGE,
            ".gitignore": "out/\n",
            "Dockerfile.eex": IMAGE,
        }
    )
    done = otpwise("check", "--output-format", "json")
    found = json.loads(done.out)["findings"]
    assert [(finding["path"], finding["rule"]) for finding in found] == [
        ("Dockerfile", UNKNOWN),
        ("docker/web.Dockerfile", UNKNOWN),
    ]
    assert found[0]["range"]["start"]["line"] == 2


def test_outside_of_any_project_when_named(otpwise: Otpwise, project: Project) -> None:
    (root := project({"Containerfile": IMAGE}), (root / "mix.exs").unlink())
    done = otpwise("check", "Containerfile")
    assert done.code == 1 and UNKNOWN in done.out and "RUN apk add git" in done.out
    assert otpwise("check", "--output-format", "concise", "Containerfile").out.startswith("Containerfile:2:")


def test_fixed_and_written_as_a_whole(otpwise: Otpwise, project: Project) -> None:
    root = project({"Dockerfile": IMAGE.replace("\n", "\r\n").removesuffix("\r\n")})
    assert otpwise("check", "--fix").code == 0
    assert (root / "Dockerfile").read_bytes() == b"FROM alpine:3.19\r\nRUN apk add git"


def test_from_standard_input(otpwise: Otpwise) -> None:
    done = otpwise("check", "--stdin-filename", "Dockerfile", "-", stdin=IMAGE.encode())
    assert done.code == 1 and UNKNOWN in done.out
