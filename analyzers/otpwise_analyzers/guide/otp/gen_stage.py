"""`use GenStage`: producers that only send what is asked for."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="GenStage",
    also=("use GenStage", "back-pressure"),
    summary="a producer sends no more than its consumers ask for",
    does="""\
        Demand flows up, events flow down: a slow consumer slows the producer instead of filling a mailbox. That is
        the back-pressure which casts do not have. A consumer asks for up to 1,000 events at first and again when half
        of them are done (`max_demand`, `min_demand`): set both low where each event is slow.""",
    costs="A process for each stage, and a protocol that every stage has to keep.",
    instead="""\
        Broadway for queues (SQS, Kafka, RabbitMQ): batching, acknowledgement and graceful stop are done.
        `Task.async_stream/3` for one list that is there already.""",
    places=(Used("GenStage", "Broadway"),),
    rules=("otp/unbounded-mailbox",),
    references=(Reference("GenStage", "https://hexdocs.pm/gen_stage/GenStage.html"),),
    samples=(Sample("defmodule MyApp.Import do\n  «use GenStage»\nend\n"),),
)
