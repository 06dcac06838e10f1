"""A module of the core that needs the web layer above it."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Finding, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.web_references import WebReference, Weight, web_references
from otpwise_analyzers.rules.base import Example, Impact, Reference, Rule
from otpwise_analyzers.syntax.file import ElixirFile

_SHOWN = 6

_ADVICE = {
    "broadcast": "`Phoenix.PubSub` reaches the same subscribers without it.",
    "endpoint": "the address and the secret that it knows can be handed in or configured.",
    "presence": "the topic is all that has to be known here.",
    "routes": "who calls it knows the routes, and can hand in the URL or a function that makes it.",
    "layer": "the core can no longer be compiled, tested or used without its web layer.",
}


class ContextDependsOnWeb(Rule):
    name = "phoenix/context-depends-on-web"
    summary = "a module of the application's core that uses its web layer"
    impact = Impact.HIGH
    detects = (
        "A module of `MyApp` that calls, imports or uses one of `MyAppWeb`, one finding a module. An endpoint's "
        "broadcasts, presences and whatever a mail needs are hints; where an endpoint is only asked for its address "
        "or its secret, only the strict profile says so."
    )
    why = (
        "The web layer calls the core. When the core calls back, neither can be understood or moved alone: a changed "
        "template recompiles contexts and whatever depends on them, a job formats what only a page should, and the "
        "core cannot get a second interface."
    )
    fine_when = (
        "The application module and supervisors start the endpoint, tests and tasks reach everywhere, the translations of "
        "`MyAppWeb.Gettext` are where the generator puts them, a protocol is derived where the struct is. None of these "
        "is reported."
    )
    trade_off = (
        "What is handed in (a URL, a function that makes one, a formatted text) becomes one more argument."
    )
    no_fix = (
        "What the context needs of the web (a URL, a text) has to be handed in, through all callers up to "
        "the web: their arguments are an interface to be thought about."
    )
    references = (
        Reference("Phoenix: Contexts", "https://hexdocs.pm/phoenix/contexts.html"),
        Reference("mix xref", "https://hexdocs.pm/mix/Mix.Tasks.Xref.html"),
    )

    always = True
    needles = (b"Web",)

    incorrect = (
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Repo
                  alias ShopWeb.{OrderView, Endpoint}

                  def place(order) do
                    order = Repo.insert!(order)
                    Endpoint.broadcast("orders", "placed", «OrderView.render("show.json", %{order: order})»)
                    order
                  end
                end
                """,
            path="lib/shop/orders.ex",
        ),
        Example(
            """\
                defmodule Shop.Invoices do
                  alias ShopWeb.Router.Helpers, as: Routes

                  def payment_request(invoice) do
                    %{amount: invoice.amount, back_to: «Routes.invoice_url(ShopWeb.Endpoint, :show, invoice)»}
                  end
                end
                """,
            path="lib/shop/invoices.ex",
        ),
        Example(
            """\
                defmodule Shop.Stock do
                  «import ShopWeb.NumberHelpers»

                  def label(item), do: "#{item.name}: #{format_number(item.count)}"
                end
                """,
            path="lib/shop/stock.ex",
        ),
        Example(
            """\
                defmodule Shop.Parcels do
                  def moved(parcel) do
                    «ShopWeb.Endpoint.broadcast!("parcel:#{parcel.id}", "moved", %{place: parcel.place})»
                  end
                end
                """,
            path="lib/shop/parcels.ex",
        ),
        Example(
            """\
                defmodule Shop.ReceiptEmail do
                  import Swoosh.Email

                  «use ShopWeb, :verified_routes»

                  def receipt(order), do: text_body(new(), "Here it is: " <> url(~p"/orders/#{order}"))
                end
                """,
            path="lib/shop/receipt_email.ex",
        ),
    )
    correct = (
        Example(
            """\
                defmodule Shop.Application do
                  use Application

                  def start(_type, _args) do
                    Supervisor.start_link([Shop.Repo, ShopWeb.Telemetry, ShopWeb.Endpoint], strategy: :one_for_one)
                  end

                  def config_change(changed, _new, removed) do
                    ShopWeb.Endpoint.config_change(changed, removed)
                  end
                end
                """,
            path="lib/shop/application.ex",
            why="the application starts what there is, the endpoint too",
        ),
        Example(
            """\
                defmodule Shop.Baskets do
                  @moduledoc "Used by `ShopWeb.BasketLive`."
                  use Gettext, backend: ShopWeb.Gettext

                  @derive {ShopWeb.Fresh, by: :updated_at}
                  defstruct [:id, :updated_at]

                  # ShopWeb.BasketView shows it.
                  @spec total(ShopWeb.Money.t()) :: String.t()
                  def total(money), do: gettext("Total: %{money}", money: money)

                  def host, do: Application.fetch_env!(:shop, ShopWeb.Endpoint)[:url][:host]
                end
                """,
            path="lib/shop/baskets.ex",
            why="translations, documentation, types, a derived protocol and the name of a setting tie little",
        ),
        Example(
            """\
                defmodule ShopWeb.OrderLive do
                  use ShopWeb, :live_view

                  alias ShopWeb.OrderHelpers

                  def mount(_params, _session, socket), do: {:ok, OrderHelpers.load(socket)}
                end
                """,
            path="lib/shop_web/live/order_live.ex",
            why="the web layer knows itself",
        ),
        Example(
            """\
                defmodule Shop.AuthPlug do
                  import Plug.Conn

                  def init(opts), do: opts
                  def call(conn, _opts), do: conn |> ShopWeb.ErrorView.deny() |> halt()
                end
                """,
            path="lib/shop/auth_plug.ex",
            why="a plug is web code, whatever its name",
        ),
        Example(
            """\
                defmodule Shop.Links do
                  def to(order), do: "#{ShopWeb.Endpoint.url()}/orders/#{order.id}"
                end
                """,
            path="lib/shop/links.ex",
            why="the address of the application is asked of the endpoint nearly everywhere",
        ),
        Example(
            """\
                defmodule Shop.Chat do
                  alias Slack.Web.Chat

                  def post(text), do: Chat.post_message("#shop", text) && Oban.Web.Metrics.count(:posted)
                end
                """,
            path="lib/shop/chat.ex",
            why="the web layers of others",
        ),
        Example(
            """\
                defmodule Generator.Umbrella do
                  def generate(project), do: Generator.Web.generate(project)
                end
                """,
            path="lib/generator/umbrella.ex",
            others={
                "lib/generator/web.ex": "defmodule Generator.Web do\n  def generate(project), do: project\nend\n"
            },
            why="a module called Web, without an endpoint or a router, is no layer",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for references in web_references(file).values():
            yield self._finding(references)

    def _finding(self, references: list[WebReference]) -> Finding:
        heaviest = max((one.weight for one in references), key=lambda weight: weight.value)
        first = next(one for one in references if one.weight is heaviest)
        others = [one for one in references if one is not first and one.span != first.span]
        more = f" ({len(others)} more)" if others else ""
        return self.finding(
            first.span,
            f"`{first.module.name}` {first.verb} {first.what}{more}: {_ADVICE[first.kind]}",
            Level.INFORMATION if heaviest is Weight.HEAVY else Level.HINT,
            # Nearly everybody takes the address of their links from there.
            strict_only=all(one.kind == "endpoint" for one in references),
            related=[Related(one.span, f"{one.what} here") for one in others[:_SHOWN]],
        )
