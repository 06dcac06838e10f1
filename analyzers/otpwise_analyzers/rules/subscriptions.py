"""What each rule subscribes to, so that it is imported only when a file calls for it.

Made by docs/generate.py. By module: the names, whether every file is wanted, the needles; the language
where it is not Elixir, the needles in templates where those are wanted, and the rules that it hides; None for a
module without a rule.
"""

_Names = tuple[str, ...]
_Needles = tuple[bytes, ...]
Listed = (
    tuple[_Names, bool, _Needles]
    | tuple[_Names, bool, _Needles, str]
    | tuple[_Names, bool, _Needles, str, _Needles]
    | tuple[_Names, bool, _Needles, str, _Needles, _Names]
)

# fmt: off
LISTED: dict[str, Listed | None] = {
    "config.app_env_in_module_body": (("fetch_env", "fetch_env!", "get_env"), False, (b"Application.",)),
    "config.app_env_in_module_body_examples": None,
    "config.compile_time_env": (("fetch_env", "fetch_env!", "get_env"), False, (b"System",)),
    "config.compile_time_env_examples": None,
    "config.env_in_module_attribute": (("fetch_env", "fetch_env!", "get_env"), False, (b"System.",)),
    "config.env_in_module_attribute_examples": None,
    "config.hardcoded_secret": (("config",), False, ()),
    "config.hardcoded_secret_examples": None,
    "config.missing_runtime_exs": (("import", "use"), False, (b"Config", b"releases")),
    "deploy.docker_dev_deps": (("RUN",), False, (b"deps.get",), "dockerfile"),
    "deploy.docker_distro_mismatch": (("FROM",), False, (), "dockerfile"),
    "deploy.docker_late_mix_env": (("ARG", "ENV"), False, (b"MIX_ENV",), "dockerfile"),
    "deploy.docker_missing_healthcheck": (("CMD", "ENTRYPOINT"), False, (), "dockerfile"),
    "deploy.docker_missing_mix_env": (("RUN",), False, (b"mix",), "dockerfile"),
    "deploy.docker_missing_server_flag": (("CMD", "ENTRYPOINT"), False, (), "dockerfile"),
    "deploy.docker_mix_in_production": (("CMD", "ENTRYPOINT"), False, (b"mix",), "dockerfile"),
    "deploy.docker_root": (("CMD", "ENTRYPOINT"), False, (), "dockerfile"),
    "deploy.docker_runtime_config_not_copied": (("ADD", "COPY"), False, (b"config",), "dockerfile"),
    "deploy.docker_samples": None,
    "deploy.docker_secret": (("ARG", "ENV"), False, (), "dockerfile"),
    "deploy.docker_single_stage": (("RUN",), False, (b"release",), "dockerfile"),
    "deploy.docker_sources_before_deps": (("ADD", "COPY"), False, (b"deps.",), "dockerfile"),
    "deploy.docker_unpinned_image": (("FROM",), False, (), "dockerfile"),
    "deploy.manual_node_connect": (("connect", "connect_node"), False, (b"Node.connect", b"connect_node")),
    "ecto.n_plus_one": (("all?", "any?", "async_stream", "async_stream_nolink", "count", "drop_while", "each", "filter", "find", "find_index", "find_value", "flat_map", "flat_map_reduce", "for", "group_by", "into", "map", "map_every", "map_join", "map_reduce", "max_by", "min_by", "new", "reduce", "reduce_while", "reject", "sort_by", "split_with", "sum_by", "take_while", "uniq_by", "zip_with"), False, ()),
    "ecto.n_plus_one_examples": None,
    "ecto.raw_sql": (("query", "query!"), False, (b"query",), "elixir", (), ("ecto/unescaped-like",)),
    "ecto.repo_all_then_enum": (("all",), False, (b"Repo",)),
    "ecto.sql_injection": (("insert", "insert!", "insert_all", "query", "query!", "query_many", "query_many!", "stream", "unsafe_fragment"), False, (b"query", b"stream", b"unsafe_fragment"), "elixir", (), ("ecto/raw-sql", "ecto/unescaped-like")),
    "ecto.sql_injection_examples": None,
    "ecto.uncomposed_query": (("from", "where"), False, (b"Repo",)),
    "ecto.uncomposed_query_examples": None,
    "ecto.unescaped_like": (("ilike", "like"), False, (b"like(",)),
    "layout.module_path_mismatch": (("defmodule", "defprotocol"), False, ()),
    "otp.blocking_callback": (("handle_async", "handle_call", "handle_cast", "handle_event", "handle_in", "handle_info", "handle_params", "join", "mount", "render", "sleep", "start", "update"), False, (b".sleep", b"GenServer.call", b"gen_server.call", b"HTTPo", b"Tesla", b"Req.", b"Finch", b"ExAws", b":httpc", b":hackney")),
    "otp.blocking_callback_examples": None,
    "otp.blocking_init": (("init",), False, (b"handle_", b"GenServer", b"GenStage", b"GenStateMachine", b"gen_server", b"gen_statem")),
    "otp.blocking_init_examples": None,
    "otp.cache_never_expires": (("use",), False, (b"Map.put", b"put_in", b"Map.update", b"update_in"), "elixir", (), ("otp/genserver-bottleneck",)),
    "otp.cache_never_expires_examples": None,
    "otp.genserver_bottleneck": (("use",), False, (b"handle_call",)),
    "otp.genserver_bottleneck_examples": None,
    "otp.ignored_start_options": (("start_link",), False, (b"GenServer", b"GenStage", b"GenStateMachine", b"gen_server")),
    "otp.missing_init": (("use",), False, (b"GenServer",)),
    "otp.never_supervised": (("use",), False, (b"use GenServer", b"use Agent", b"use Supervisor", b"use DynamicSupervisor", b"use GenStage", b"use GenStateMachine", b"use Broadway", b"use ConsumerSupervisor", b"use WebSockex")),
    "otp.never_supervised_examples": None,
    "otp.receive_without_after": (("receive",), False, ()),
    "otp.receive_without_after_examples": None,
    "otp.unawaited_task": (("async", "async_nolink"), False, (b"Task",)),
    "otp.unbounded_mailbox": (("cast", "send"), False, (b"GenServer.cast", b"gen_server.cast", b"handle_info", b"Repo", b"File.stream!")),
    "otp.unbounded_mailbox_examples": None,
    "otp.unreachable_callback_clause": (("def", "defp"), False, (), "elixir", (), ("otp/blocking-callback", "otp/blocking-init", "otp/receive-without-after")),
    "otp.unreachable_callback_clause_examples": None,
    "otp.unsupervised_process": (("spawn", "spawn_link", "start", "start_link"), False, ()),
    "otp.unsupervised_process_examples": None,
    "phoenix.authorization_stub": ((), True, (b"authorized?", b"authorised?", b"permitted?", b"_permission?", b"has_access?", b"allowed?", b"can_join", b"can_access", b"can_enter", b"may_join", b"may_access", b"may_enter", b"authenticated?")),
    "phoenix.bare_struct_response": (("json",), False, ()),
    "phoenix.channel_join_without_authorization": (("join",), False, (b"def join",)),
    "phoenix.context_depends_on_web": ((), True, (b"Web",)),
    "phoenix.ecto_in_web": (("dynamic", "from", "group_by", "join", "limit", "new", "or_where", "order_by", "preload", "select", "where"), False, (b"Web", b"Controller", b"Phoenix", b"Live", b"Channel")),
    "phoenix.mail_in_request": ((), True, (b"deliver", b"ail", b"otif")),
    "phoenix.open_socket": (("connect",), False, (b"channel",)),
    "phoenix.raw_broadcast": (("handle_in",), False, (b"broadcast",)),
    "phoenix.repo_in_web": (("aggregate", "all", "all_by", "delete", "delete!", "delete_all", "exists?", "get", "get!", "get_by", "get_by!", "insert", "insert!", "insert_all", "insert_or_update", "insert_or_update!", "one", "one!", "paginate", "preload", "query", "query!", "query_many", "reload", "reload!", "stream", "transact", "transaction", "update", "update!", "update_all"), False, (b"Repo",), "elixir", (b"Repo.",)),
    "phoenix.repo_in_web_examples": None,
    "phoenix.repo_in_web_extraction_examples": None,
    "phoenix.subscribe_without_connected": (("mount",), False, (b"subscribe",)),
    "phoenix.unhandled_error_result": (("case",), False, (b"{:ok,",)),
    "phoenix.unlimited_channel_messages": (("handle_in",), False, ()),
    "phoenix.writes_without_transaction": (("delete", "delete!", "delete_all", "insert", "insert!", "insert_all", "insert_or_update", "insert_or_update!", "update", "update!", "update_all"), False, (b"Repo",)),
    "phoenix.writes_without_transaction_examples": None,
    "suppression.unknown_rule": ((), False, ()),
    "suppression.unused": ((), False, ()),
    "telemetry.local_handler": (("attach", "attach_many"), False, (b":telemetry",)),
    "telemetry.missing_telemetry": (("start",), False, (b"Endpoint",)),
    "telemetry.missing_telemetry_examples": None,
    "telemetry.unreported_metrics": (("import",), False, (b"Telemetry.Metrics",)),
}
