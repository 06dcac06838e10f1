"""A request that waits for the mail server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.effects import Effect
from otpwise_analyzers.project.mail_calls import DELIVERIES, mail_candidates, mailer_of
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.rewrite.later_mail import delivers_later, enqueues_mail
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.loops import is_handed_on
from otpwise_analyzers.syntax.modules import Definition, Module

_DELIVERIES = frozenset(name.encode() for name in DELIVERIES)
_LATER = re.compile(r"later|async|enqueue|queue|schedule")

_MAILER = """\
defmodule Shop.Mailer do
  use Swoosh.Mailer, otp_app: :shop
end
"""
_BAMBOO = """\
defmodule Shop.Mailer do
  use Bamboo.Mailer, otp_app: :shop
end
"""


class MailInRequest(Rule):
    name = "phoenix/mail-in-request"
    summary = "a controller or LiveView that waits for the mail server"
    impact = Impact.HIGH
    detects = (
        "`deliver` of a mailer (`use Swoosh.Mailer`, `use Bamboo.Mailer`; of Bamboo `deliver_now`) in a controller or "
        "LiveView, itself or in a function of the project that it calls."
    )
    why = (
        "The answer waits until the mail server has taken the mail: tenths of a second on a good day, the client's "
        "whole timeout on a bad one. When it fails the request fails too, or the mail is lost, for nothing tries "
        "again; in a LiveView the page stands still meanwhile."
    )
    fine_when = "The answer depends on whether the mail was taken, as on a page that tests the mail settings"
    trade_off = (
        "A queue to run and to look after, and an answer that can no longer say whether the mail went out."
    )
    fix_note = FixNote(
        writes=(
            "Bamboo's `deliver_now` becomes `deliver_later`. With Oban and a queue for it (`mailers`, else "
            "`default`) the mail is put into a job: a worker beside the mailer is written for that, which "
            "delivers mails without attachments and refuses others."
        ),
        because=(
            "Unsafe: the request answers before the mail is gone, so that a failure is seen in the job and no "
            "longer by the user."
        ),
        leaves=(
            "A delivery whose result is looked at, and Swoosh without Oban: there is nothing to hand the mail "
            "to."
        ),
    )
    references = (
        Reference("Swoosh: async emails", "https://hexdocs.pm/swoosh/Swoosh.html#module-async-emails"),
        Reference("Bamboo: deliver_later", "https://hexdocs.pm/bamboo/Bamboo.Mailer.html"),
        Reference("Oban.Worker", "https://hexdocs.pm/oban/Oban.Worker.html"),
    )

    always = True
    needles = (b"deliver", b"ail", b"otif")

    incorrect = (
        Example(
            """\
                defmodule ShopWeb.OrderController do
                  use ShopWeb, :controller

                  alias Shop.{Mailer, OrderEmail, Orders}

                  def create(conn, %{"order" => params}) do
                    order = Orders.create!(params)
                    order |> OrderEmail.confirmation() |> «Mailer.deliver()»
                    redirect(conn, to: "/orders/#{order.id}")
                  end
                end
                """,
            path="lib/shop_web/controllers/order_controller.ex",
            others={"lib/shop/mailer.ex": _MAILER},
        ),
        Example(
            """\
                defmodule ShopWeb.OrderController do
                  use ShopWeb, :controller

                  alias Shop.{Mailer, OrderEmail}

                  def resend(conn, %{"id" => id}) do
                    «Mailer.deliver_now(OrderEmail.confirmation(id))»
                    send_resp(conn, 204, "")
                  end
                end
                """,
            path="lib/shop_web/controllers/order_controller.ex",
            others={"lib/shop/mailer.ex": _BAMBOO},
            fixed="""\
                defmodule ShopWeb.OrderController do
                  use ShopWeb, :controller

                  alias Shop.{Mailer, OrderEmail}

                  def resend(conn, %{"id" => id}) do
                    Mailer.deliver_later(OrderEmail.confirmation(id))
                    send_resp(conn, 204, "")
                  end
                end
                """,
        ),
        Example(
            """\
                defmodule ShopWeb.InviteLive do
                  use ShopWeb, :live_view

                  alias Shop.Invitations
                  alias Shop.Mailer

                  def handle_event("invite", %{"email" => email}, socket) do
                    {:ok, _} = «Mailer.deliver(Invitations.mail(email))»
                    {:noreply, put_flash(socket, :info, "It is on its way.")}
                  end
                end
                """,
            path="lib/shop_web/live/invite_live.ex",
            others={
                "lib/shop/mailer.ex": _MAILER,
                "mix.exs": """\
                defmodule Shop.MixProject do
                  use Mix.Project

                  def project do
                    [app: :shop, version: "0.1.0", deps: [{:oban, "~> 2.17"}, {:swoosh, "~> 1.16"}]]
                  end
                end
                """,
                "config/config.exs": """\
                import Config

                config :shop, Oban, repo: Shop.Repo, queues: [default: 10, mailers: 5]
                """,
            },
            fixed="""\
                defmodule ShopWeb.InviteLive do
                  use ShopWeb, :live_view

                  alias Shop.Invitations
                  alias Shop.MailWorker

                  def handle_event("invite", %{"email" => email}, socket) do
                    {:ok, _} = MailWorker.enqueue(Invitations.mail(email))
                    {:noreply, put_flash(socket, :info, "It is on its way.")}
                  end
                end
                """,
            fixed_others={
                "lib/shop/mail_worker.ex": """\
                defmodule Shop.MailWorker do
                  @moduledoc "Delivers mails outside of requests, and tries again when that fails."

                  use Oban.Worker, queue: :mailers

                  alias Shop.Mailer
                  alias Swoosh.Email

                  @fields [:subject, :from, :to, :cc, :bcc, :reply_to, :text_body, :html_body, :headers]

                  @doc "Puts a mail without attachments into the queue."
                  def enqueue(%Email{attachments: []} = email) do
                    email
                    |> Map.take(@fields)
                    |> Map.new(fn {field, value} -> {field, to_json(value)} end)
                    |> new()
                    |> Oban.insert()
                  end

                  @impl Oban.Worker
                  def perform(%Oban.Job{args: args}) do
                    fields = for field <- @fields, do: {field, from_json(args[Atom.to_string(field)])}
                    Mailer.deliver(struct!(Email, fields))
                  end

                  # People are `{name, address}`; JSON knows no tuples.
                  defp to_json({name, address}), do: [name, address]
                  defp to_json(people) when is_list(people), do: Enum.map(people, &to_json/1)
                  defp to_json(value), do: value

                  defp from_json([name, address]) when is_binary(address), do: {name, address}
                  defp from_json(people) when is_list(people), do: Enum.map(people, &from_json/1)
                  defp from_json(value), do: value
                end
                """
            },
        ),
        Example(
            """\
                defmodule ShopWeb.PasswordController do
                  use ShopWeb, :controller

                  alias Shop.Accounts.UserMail

                  def create(conn, %{"email" => email}) do
                    «UserMail.reset_password(email)»
                    redirect(conn, to: "/")
                  end
                end
                """,
            path="lib/shop_web/controllers/password_controller.ex",
            others={
                "lib/shop/mailer.ex": _MAILER,
                "lib/shop/accounts/user_mail.ex": """\
                defmodule Shop.Accounts.UserMail do
                  import Swoosh.Email

                  def reset_password(address) do
                    new() |> to(address) |> subject("Your new password") |> Shop.Mailer.deliver()
                  end
                end
                """,
            },
        ),
    )
    correct = (
        Example(
            """\
                defmodule ShopWeb.OrderController do
                  use ShopWeb, :controller

                  alias Shop.{Mailer, OrderEmail}

                  def create(conn, %{"id" => id}) do
                    id |> OrderEmail.confirmation() |> Mailer.deliver_later()
                    Task.start(fn -> Mailer.deliver(OrderEmail.copy(id)) end)
                    later(id)
                    send_resp(conn, 204, "")
                  end

                  defp later(id) do
                    Task.Supervisor.start_child(Shop.TaskSupervisor, fn -> remind(id) end)
                  end

                  defp remind(id), do: Mailer.deliver(OrderEmail.reminder(id))
                end
                """,
            path="lib/shop_web/controllers/order_controller.ex",
            others={"lib/shop/mailer.ex": _MAILER},
            why="delivered later, or by a task",
        ),
        Example(
            """\
                defmodule Shop.OrderWorker do
                  use Oban.Worker

                  def perform(%Oban.Job{args: %{"id" => id}}) do
                    Shop.Mailer.deliver(Shop.OrderEmail.confirmation(id))
                  end
                end
                """,
            path="lib/shop/order_worker.ex",
            others={"lib/shop/mailer.ex": _MAILER},
            why="nobody waits for a job",
        ),
        Example(
            """\
                defmodule ShopWeb.ParcelController do
                  use ShopWeb, :controller

                  alias Shop.{Couriers, Parcels}

                  def create(conn, %{"id" => id}) do
                    Couriers.deliver(id)
                    Parcels.send_notification(id)
                    send_resp(conn, 204, "")
                  end
                end
                """,
            path="lib/shop_web/controllers/parcel_controller.ex",
            others={
                "lib/shop/couriers.ex": "defmodule Shop.Couriers do\n  def deliver(id), do: {:ok, id}\nend\n",
                "lib/shop/parcels.ex": """\
                defmodule Shop.Parcels do
                  def send_notification(id), do: Phoenix.PubSub.broadcast(Shop.PubSub, "parcels", {:sent, id})
                end
                """,
            },
            why="parcels are delivered, and notices sent, without any mail",
        ),
        Example(
            """\
                defmodule ShopWeb.AccountController do
                  use ShopWeb, :controller

                  def confirm(conn, %{"email" => email}) do
                    Shop.Accounts.deliver_confirmation(email)
                    redirect(conn, to: "/")
                  end
                end
                """,
            path="lib/shop_web/controllers/account_controller.ex",
            others={
                "lib/shop/mailer.ex": _MAILER,
                "lib/shop/accounts.ex": """\
                defmodule Shop.Accounts do
                  def deliver_confirmation(email), do: Shop.AccountNotifier.deliver_confirmation(email)
                end
                """,
                "lib/shop/account_notifier.ex": """\
                defmodule Shop.AccountNotifier do
                  def deliver_confirmation(email), do: deliver(email)
                  defp deliver(email), do: Shop.Mailer.deliver(email)
                end
                """,
            },
            why="what the generator of authentication writes: further away than is looked",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        wanted = file.names.keys() & (file.project.mailing_names | _DELIVERIES)
        if not wanted:
            return
        modules = [
            module
            for module in file.modules
            if has_role(module, Role.CONTROLLER, Role.LIVE_VIEW, Role.LIVE_COMPONENT)
        ]
        if not modules:
            return
        grouped: dict[int, list[tuple[Call, list[Related]]]] = {}
        for call, related in _deliveries(file, wanted):
            module, definition = call.enclosing_module, call.definition
            if module in modules and definition is not None and not _is_handed_on(module, definition, call):
                grouped.setdefault(definition.node.start_byte, []).append((call, related))
        for deliveries in grouped.values():
            yield from self._findings(deliveries)

    def _findings(self, deliveries: list[tuple[Call, list[Related]]]) -> Iterator[Finding]:
        """One for a function; one for each call where they can be mended one by one."""
        fixes = {call: _fixes(call) for call, related in deliveries if not related}
        each = any(fixes.values())
        for call, related in deliveries if each else deliveries[:1]:
            others = [other for other, _ in deliveries if other is not call and not each]
            yield self.finding(
                call.node,
                _message(call, direct=not related),
                Level.HINT,
                related=[
                    *related,
                    *(Related(Span(o.node.start_byte, o.node.end_byte), "And a mail here") for o in others),
                ],
                fixes=fixes.get(call, ()),
            )


def _deliveries(file: ElixirFile, names: Set[bytes]) -> Iterator[tuple[Call, list[Related]]]:
    """The calls that deliver a mail, those one function away with the place where that one does."""
    seen = set()
    for call in mail_candidates(file):
        mailer = mailer_of(call)
        if mailer is not None and file.project.is_mailer(mailer):
            seen.add(call.node.start_byte)
            yield call, []
    for call in file.calls(*(name.decode() for name in names)):
        if call.receiver is None or call.receiver.type != "alias" or _LATER.search(call.name):
            continue
        module = call.module
        if call.node.start_byte in seen or module is None:
            continue
        place = file.project.effects(module, call.name, call.arity).get(Effect.MAIL)
        if place is not None:
            yield call, [Related(place.span, "The mail is delivered here", place.path)]


def _is_handed_on(module: Module, definition: Definition, call: Call) -> bool:
    """Whether another process makes the call: a task is given it, or the function around it."""
    file = module.file
    if is_handed_on(file, call.node, definition.node):
        return True
    if not definition.is_private:
        return False
    callers = [
        caller
        for caller in file.calls(definition.name)
        if caller.is_local and caller.definition is not None and caller.definition is not definition
    ]
    return bool(callers) and all(
        is_handed_on(file, caller.node, caller.definition.node) for caller in callers if caller.definition
    )


def _message(call: Call, *, direct: bool) -> str:
    module, definition = call.enclosing_module, call.definition
    assert module is not None and definition is not None
    who = f"`{module.name}.{definition.name}/{definition.arity}`"
    what = f"`{call.module or module.name}.{call.name}/{call.arity}`"
    does = f"delivers a mail with {what}" if direct else f"calls {what}, which delivers a mail,"
    waits = (
        "the page stands still"
        if has_role(module, Role.LIVE_VIEW, Role.LIVE_COMPONENT)
        else "nobody is answered"
    )
    return (
        f"{who} {does} and waits for it: {waits} until the mail server has taken it, and nothing tries again."
    )


def _fixes(call: Call) -> list[Fix]:
    project = call.file.project
    mailer = mailer_of(call)
    located = project.module(mailer) if mailer is not None else None
    if located is None or call.receiver is None:
        return []
    if located.facts.uses_module("Bamboo.Mailer"):
        if call.name not in ("deliver_now", "deliver_now!"):
            return []
        later = call.name.replace("now", "later")
        return [Fix(f"Use {later}", Applicability.UNSAFE, partial(delivers_later, call=call))]
    if "oban" not in project.deps or call.name != "deliver" or call.arity != 1:
        return []
    if call.capture_arity is not None or not _is_result_unused(call):
        return []
    return [Fix("Deliver it in an Oban job", Applicability.UNSAFE, partial(enqueues_mail, call=call))]


def _is_result_unused(call: Call) -> bool:
    """Whether nothing depends on more of the result than that it is `{:ok, _}`."""
    node: Node = call.expression
    parent = node.parent
    if nodes.is_operator(parent, "=") and parent is not None and parent.child_by_field_name("right") == node:
        left = parent.child_by_field_name("left")
        text = call.file.text(left).replace(" ", "") if left is not None else ""
        return re.fullmatch(r"\{:ok,_\w*\}|_\w*", text) is not None and nodes.value_is_dropped(parent)
    return nodes.value_is_dropped(node)
