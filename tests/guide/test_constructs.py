"""Every construct is held to the same form, has its hover where its samples say, and none where they say so."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from otpwise_analyzers.guide import page
from otpwise_analyzers.guide.base import Construct, Sample
from otpwise_analyzers.guide.catalogue import by_name, constructs, modules, plain_name, topics
from otpwise_analyzers.guide.lookup import Found, construct_at
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.languages import open_file
from otpwise_analyzers.syntax.source_file import SourceFile

CASES = [pytest.param(construct, id=name) for name, construct in constructs().items()]
SAMPLES = [
    pytest.param(construct, sample, id=f"{name}-{number}")
    for name, construct in constructs().items()
    for number, sample in enumerate(construct.samples)
]
SILENT = [
    pytest.param(sample, id=f"{name}-{number}")
    for name, construct in constructs().items()
    for number, sample in enumerate(construct.silent)
]


def opened(sample: Sample) -> SourceFile:
    texts = {path: dedent(text).encode() for path, text in sample.others.items()}
    texts[sample.path] = sample.text.encode()
    project = Project([facts_of(open_file(path, data)) for path, data in texts.items()])
    return open_file(sample.path, texts[sample.path], project=project.view(sample.path))


def found_at(sample: Sample) -> dict[tuple[int, int], set[Found | None]]:
    """What is found at each byte of each marked range."""
    file = opened(sample)
    assert not file.root.has_error, sample.text
    return {span: {construct_at(file, at) for at in range(*span)} for span in sample.spans}


@pytest.mark.parametrize(("construct", "sample"), SAMPLES)
def test_has_its_hover_where_the_sample_says(construct: Construct, sample: Sample) -> None:
    marked = found_at(sample)
    assert marked
    said = []
    for span, found in marked.items():
        # A blank between two words of the range belongs to neither.
        hits = {hit for hit in found if hit is not None}
        assert {(hit.construct.name, hit.span) for hit in hits} == {(construct.name, span)}, (span, found)
        said += [hit.here for hit in hits]
    assert not sample.says or any(sample.says in here for here in said), said


@pytest.mark.parametrize("sample", SILENT)
def test_has_none_where_the_sample_says(sample: Sample) -> None:
    marked = found_at(sample)
    assert marked
    assert {hit for found in marked.values() for hit in found} == {None}


@pytest.mark.parametrize("construct", CASES)
def test_is_short_and_whole(construct: Construct) -> None:
    assert construct.samples and construct.references and construct.summary
    assert construct.costs or construct.instead
    assert len(construct.summary) <= 100, len(construct.summary)
    text = page.hover(construct)
    assert 300 <= len(re.sub(r"\]\([^)]*\)", "]", text)) <= 1_300, len(text)
    for prose in (construct.does, construct.costs, construct.instead):
        assert not prose or page.flat(prose).endswith((".", ")", "!", "?")), prose
    assert all(reference.url.startswith("https://") for reference in construct.references)


def test_a_file_holds_one_construct() -> None:
    assert len(constructs()) == sum(len(found) for found in topics().values()) == len(modules())
    assert set(topics()) <= set(page.TOPICS)


def test_names_are_unique() -> None:
    names = [
        name
        for construct in constructs().values()
        for name in {plain_name(name) for name in (construct.name, *construct.also)}
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert by_name().keys() == set(names)
