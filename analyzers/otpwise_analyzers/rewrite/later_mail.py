"""Takes the delivery of a mail out of a request: Bamboo's own way, or a job of Oban."""

from __future__ import annotations

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.mail_calls import mailer_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.layout import WIDTH, change_of, column, line_end
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

_QUEUES = ("mailers", "mailer", "mails", "mail", "emails", "email", "default")
_CONFIGS = ("config/config.exs", "config/runtime.exs", "config/prod.exs")

_WORKER = """\
defmodule {module} do
  @moduledoc "Delivers mails outside of requests, and tries again when that fails."

  use Oban.Worker{queue}

{aliases}

  @fields [:subject, :from, :to, :cc, :bcc, :reply_to, :text_body, :html_body, :headers]

  @doc "Puts a mail without attachments into the queue."
  def enqueue(%Email{{attachments: []}} = email) do
    email
    |> Map.take(@fields)
    |> Map.new(fn {{field, value}} -> {{field, to_json(value)}} end)
    |> new()
    |> Oban.insert()
  end

  @impl Oban.Worker
  def perform(%Oban.Job{{args: args}}) do
    fields = for field <- @fields, do: {{field, from_json(args[Atom.to_string(field)])}}
    {mailer}.deliver(struct!(Email, fields))
  end

  # People are `{{name, address}}`; JSON knows no tuples.
  defp to_json({{name, address}}), do: [name, address]
  defp to_json(people) when is_list(people), do: Enum.map(people, &to_json/1)
  defp to_json(value), do: value

  defp from_json([name, address]) when is_binary(address), do: {{name, address}}
  defp from_json(people) when is_list(people), do: Enum.map(people, &from_json/1)
  defp from_json(value), do: value
end
"""


def delivers_later(context: FixContext, call: Call) -> Change | None:
    """`deliver_later` in the place of `deliver_now`. None where options ask for more than the mail."""
    if call.capture_arity not in (None, 1) or (call.capture_arity is None and call.arity != 1):
        return None
    if call.name.endswith("!") and (context.project.version("bamboo") or (2,)) < (2,):
        return None
    file, target = call.file, call.node.child_by_field_name("target")
    name = target.child_by_field_name("right") if target is not None else None
    later = call.name.replace("now", "later")
    if name is None or not _fits(file, name.start_byte, name.end_byte, later):
        return None
    return (change_of(file, [Edit(name.start_byte, name.end_byte, later)]),)


def enqueues_mail(context: FixContext, call: Call) -> Change | None:
    """Hands the mail to a worker beside the mailer, which is written when it is not there yet.

    None when no queue is configured that would take the job: it would lie there for ever.
    """
    file, module, mailer = call.file, call.enclosing_module, mailer_of(call)
    target = call.node.child_by_field_name("target")
    located = context.project.module(mailer) if mailer is not None else None
    if module is None or mailer is None or target is None or located is None:
        return None
    prefix, _, short_mailer = mailer.rpartition(".")
    worker = f"{prefix}.MailWorker" if prefix else "MailWorker"
    changes: list[FileChange] = []
    if context.project.function(worker, "enqueue", 1) is None:
        path = f"{located.path.rpartition('/')[0]}/mail_worker.ex"
        queue = _queue(context)
        if queue is None or context.project.module(worker) is not None or context.exists(path):
            return None
        code = _WORKER.format(
            module=worker,
            queue="" if queue == "default" else f", queue: :{queue}",
            aliases="\n".join(f"  alias {name}" for name in sorted({mailer, "Swoosh.Email"}) if "." in name),
            mailer=short_mailer,
        )
        changes.append(FileChange(path, (Edit(0, 0, code),), create=True))
    found = aliases.short_name(module, worker)
    written, needed = found if found is not None else (worker, False)
    head = aliases.added(module, [worker] if needed else [])
    text = f"{written}.enqueue"
    if head is None or not _fits(file, target.start_byte, target.end_byte, text):
        return None
    span = Span(target.start_byte, target.end_byte)
    removals = aliases.unused(file, module, [span], text)
    edits = [Edit(span.start, span.end, text), *aliases.settled(file, head, removals)]
    return (change_of(file, edits), *changes)


def _fits(file: ElixirFile, start: int, end: int, text: str) -> bool:
    return column(file, start) + len(text) + len(file.data[end : line_end(file, end)].decode()) <= WIDTH


def _queue(context: FixContext) -> str | None:
    """The queue of Oban that mails go to; None when none is configured, or Oban runs under another name."""
    app = f"{context.project.app}/" if context.project.app else ""
    for path in dict.fromkeys((*(app + name for name in _CONFIGS), *_CONFIGS)):
        config = context.open(path)
        if config is None or b"Oban" not in config.data:
            continue
        for call in config.calls("config"):
            options = call.keywords
            queues = nodes.keyword_pairs(options.get("queues"), config.data)
            about_oban = any(config.text(argument) == "Oban" for argument in call.args)
            if about_oban and queues and "name" not in options:
                return next((name for name in _QUEUES if name in queues), None)
    return None
