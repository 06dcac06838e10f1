"""layout/module-path-mismatch"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, FileChange, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.module_paths import (
    implied_path,
    is_misplaced,
    lies_exactly,
    path_in_lib,
    squashed,
    standing_alone,
)
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax.file import ElixirFile

_REPO = "defmodule MyApp.Repo do\n  use Ecto.Repo, otp_app: :my_app\nend\n"


class ModulePathMismatch(Rule):
    name = "layout/module-path-mismatch"
    summary = "a module that is not where its name implies"
    impact = Impact.LOW
    detects = """
        A file below `lib/` whose only module has another name than the file, or stands in other folders than its
        name says. Silent in projects that lay their files out otherwise, that is where more than a quarter (and
        at least three) would be named.
    """
    why = """
        Elixir finds modules wherever they are, but people look for `MyApp.Accounts.User` in
        `my_app/accounts/user.ex`. A file that kept the name of a module that was renamed is found by nobody, and
        the next module of that name is written a second time.
    """
    fine_when = """
        Folders that only group are right, be they Phoenix's (`controllers/`, `live/`, `channels/`) or others, and
        so are `accounts/accounts.ex`, a name that leaves to its folder what the folder says (`live/room.ex` of
        `RoomLive`), the application's name left out, files of several modules, implementations of protocols, Mix
        tasks, tests, and modules in a library's namespace.
    """
    trade_off = "A renamed file has its history under two names; `git log --follow` shows both."
    fix_note = FixNote(
        writes="The file gets the name that its module implies, in the same folder where that will do.",
        because=(
            "Unsafe: what names the path (a script, an editor's bookmark, CODEOWNERS) does not follow. The "
            "code is not touched."
        ),
        leaves=(
            "A file whose new name is taken, and one that would go from the web's folder into the "
            "application's: there it may be the module that has the wrong name."
        ),
    )
    references = (
        Reference("Elixir: naming conventions", "https://hexdocs.pm/elixir/naming-conventions.html"),
        Reference("Phoenix: directory structure", "https://hexdocs.pm/phoenix/directory_structure.html"),
    )
    calls = frozenset({"defmodule", "defprotocol"})
    incorrect = (
        Example(
            path="lib/my_app/accounts/member.ex",
            code="""\
                defmodule «MyApp.Accounts.User» do
                  defstruct [:email]
                end
                """,
            others={"lib/my_app/repo.ex": _REPO},
            fixed_others={
                "lib/my_app/accounts/user.ex": """\
                    defmodule MyApp.Accounts.User do
                      defstruct [:email]
                    end
                    """,
            },
        ),
        Example(
            path="lib/my_app/user.ex",
            code="""\
                defmodule «MyApp.Accounts.User» do
                  defstruct [:email]
                end
                """,
            others={"lib/my_app/repo.ex": _REPO},
            fixed_others={
                "lib/my_app/accounts/user.ex": """\
                    defmodule MyApp.Accounts.User do
                      defstruct [:email]
                    end
                    """,
            },
        ),
        Example(
            path="apps/shop/lib/shop_web/controllers/order_controler.ex",
            code="""\
                defmodule «ShopWeb.OrderController» do
                  use ShopWeb, :controller

                  def index(conn, _params), do: render(conn, :index)
                end
                """,
            others={"apps/shop/lib/shop/cart.ex": "defmodule Shop.Cart do\nend\n"},
            fixed_others={
                "apps/shop/lib/shop_web/controllers/order_controller.ex": """\
                    defmodule ShopWeb.OrderController do
                      use ShopWeb, :controller

                      def index(conn, _params), do: render(conn, :index)
                    end
                    """,
            },
        ),
        Example(
            path="lib/my_app_web/mailer.ex",
            code="""\
                defmodule «MyApp.Mailer» do
                  use Swoosh.Mailer, otp_app: :my_app
                end
                """,
            others={
                "lib/my_app_web/router.ex": "defmodule MyAppWeb.Router do\nend\n",
                "lib/my_app/mailer.ex": "defmodule MyApp.OldMailer do\nend\n",
            },
        ),
    )
    correct = (
        Example(
            path="lib/my_app/accounts/accounts.ex",
            code="defmodule MyApp.Accounts do\nend\n",
            others={"lib/my_app/repo.ex": _REPO},
            why="A context in its own folder; `lib/my_app/accounts.ex` is right as well.",
        ),
        Example(
            path="lib/my_app_web/controllers/page_html.ex",
            code="defmodule MyAppWeb.PageHTML do\nend\n",
            others={"lib/my_app_web.ex": "defmodule MyAppWeb do\nend\n"},
            why="Phoenix groups what it renders by kind, and an acronym is one word.",
        ),
        Example(
            path="lib/my_app_web/live/room.ex",
            code="defmodule MyAppWeb.RoomLive do\nend\n",
            others={"lib/my_app_web.ex": "defmodule MyAppWeb do\nend\n"},
            why="The folder says the rest of the name.",
        ),
        Example(
            path="lib/my_app/http_client/oauth2.ex",
            code="defmodule MyApp.HTTPClient.OAuth2 do\nend\n",
            others={"lib/my_app/repo.ex": _REPO},
            why="Acronyms and digits are written as one likes.",
        ),
        Example(
            path="lib/my_app/errors.ex",
            code="defmodule MyApp.NotFound do\nend\n\ndefmodule MyApp.Forbidden do\nend\n",
            others={"lib/my_app/repo.ex": _REPO},
            why="A file that collects several modules is named for all of them.",
        ),
        Example(
            path="lib/my_app/encoders/decimal.ex",
            code="defimpl MyApp.Encodable, for: Decimal do\n  def encode(decimal), do: to_string(decimal)\nend\n",
            others={"lib/my_app/repo.ex": _REPO},
            why="An implementation is named for what it is of, and the file for what it is for.",
        ),
        Example(
            path="lib/mix/tasks/import.ex",
            code="defmodule Mix.Tasks.MyApp.Import do\nend\n",
            others={"lib/my_app/repo.ex": _REPO},
            why="Mix tasks, tests and scripts have customs of their own.",
        ),
        Example(
            path="lib/my_app/sso/strategy.ex",
            code="defmodule Ueberauth.Strategy.Intranet do\nend\n",
            others={"lib/my_app/repo.ex": _REPO},
            why="The name is that of a library, which looks for the module by it.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if path_in_lib(file.path) is None or not places.is_production_code(file.path):
            return
        modules = standing_alone(file)
        if len(modules) != 1 or modules[0].name_node is None or lies_exactly(file.path, modules[0].name):
            return
        (module,) = modules
        layout = file.project.layout
        if not layout.is_followed or not is_misplaced(file.path, [module.name], layout.namespaces):
            return
        new = implied_path(file.path, module.name, layout.namespaces)
        if new is None or module.name_node is None:
            return
        fixes = []
        if not _changes_sides(file.path, new, layout.namespaces):
            build = partial(_rename, path=file.path, new=new)
            fixes.append(Fix(f"Rename the file to {new}", Applicability.UNSAFE, build))
        yield self.finding(
            module.name_node,
            f"`{module.name}` is not where its name implies: that would be `{new}`.",
            Level.HINT,
            fixes=fixes,
        )


def _changes_sides(path: str, new: str, namespaces: frozenset[str]) -> bool:
    """Whether the file would leave another namespace's folder: then the module's name may be the wrong one."""
    old_top, new_top = (squashed((path_in_lib(one) or "").partition("/")[0]) for one in (path, new))
    return old_top != new_top and old_top in namespaces


def _rename(context: FixContext, path: str, new: str) -> Change | None:
    return None if context.exists(new) else (FileChange(path, (), rename_to=new),)
