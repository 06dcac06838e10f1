"""The names that Elixir and the libraries around Phoenix bring, for `used_names`."""

from __future__ import annotations


def names_in(words: str) -> frozenset[str]:
    return frozenset(words.split())


ELIXIR = names_in(
    """abs apply binary_part binary_slice bit_size byte_size ceil div elem exit floor function_exported?
    get_and_update_in get_in hd inspect is_atom is_binary is_bitstring is_boolean is_float is_function
    is_integer is_list is_map is_map_key is_number is_pid is_port is_reference is_tuple length
    macro_exported? make_ref map_size max min node not pop_in put_elem put_in rem round self send spawn
    spawn_link spawn_monitor struct struct! throw tl trunc tuple_size update_in alias! and binding dbg def
    defdelegate defexception defguard defguardp defimpl defmacro defmacrop defmodule defoverridable defp
    defprotocol defstruct destructure if in is_exception is_nil is_non_struct_map is_struct match? or raise
    reraise sigil_C sigil_D sigil_N sigil_R sigil_S sigil_T sigil_U sigil_W sigil_c sigil_r sigil_s sigil_w
    tap then to_char_list to_charlist to_string to_timeout unless use var! alias case cond fn for import
    quote receive require super try unquote unquote_splicing with"""
)
"""What every module has from Kernel, and the forms of the language."""

LIBRARIES = names_in(
    """Access Agent Application ArgumentError ArithmeticError Atom BadArityError BadBooleanError
    BadFunctionError BadMapError BadStructError Base Bitwise Calendar CaseClauseError Code Collectable
    CompileError CondClauseError Config Date DateTime Duration DynamicSupervisor EEx Enum Enumerable
    ErlangError ExUnit Exception File Float Function FunctionClauseError GenServer IEx IO Inspect Integer
    JSON Kernel KeyError Keyword List Logger Macro Map MapSet MatchError Mix Module NaiveDateTime Node
    OptionParser PartitionSupervisor Path Port Process Protocol Range Record Regex Registry RuntimeError Set
    Stream String StringIO Supervisor SyntaxError System SystemLimitError Task Time TokenMissingError
    TryClauseError Tuple URI UndefinedFunctionError UnicodeConversionError Version WithClauseError Bandit
    Cachex Cluster DBConnection DNSCluster Ecto EctoSQL ETS Finch Gettext Hammer HTTPoison Jason Oban
    Phoenix PhoenixHTMLHelpers Plug PlugAttack Poison Postgrex Req Swoosh Telemetry
    TelemetryMetricsPrometheus Tesla"""
)
"""The first parts of the names of modules that no project defines itself."""

EXPORTS: dict[str, frozenset[str]] = {
    "Ecto.Query": names_in(
        """from where or_where select select_merge order_by prepend_order_by group_by having or_having distinct
    join preload update limit offset windows dynamic lock with_cte exclude first last subquery fragment type
    field as parent_as ago from_now datetime_add date_add selected_as selected_as! count avg sum min max
    coalesce filter over like ilike json_extract_path union union_all except except_all intersect
    intersect_all recursive_ctes has_named_binding? with_named_binding reverse_order put_query_prefix splice
    values assoc merge is_nil exists all any map struct row_number rank dense_rank lag lead first_value
    last_value ntile nth_value percent_rank cume_dist"""
    ),
    "Ecto.Changeset": names_in(
        """add_error apply_action apply_action! apply_changes assoc_constraint cast cast_assoc cast_embed change
    changed? check_constraint constraints delete_change exclusion_constraint fetch_change fetch_change!
    fetch_field fetch_field! field_missing? force_change foreign_key_constraint get_assoc get_change
    get_embed get_field merge no_assoc_constraint optimistic_lock prepare_changes put_assoc put_change
    put_embed traverse_errors traverse_validations unique_constraint unsafe_validate_unique update_change
    validate_acceptance validate_change validate_confirmation validate_exclusion validate_format
    validate_inclusion validate_length validate_number validate_required validate_subset validations"""
    ),
    "Ecto.Schema": names_in(
        """schema embedded_schema field belongs_to has_many has_one many_to_many embeds_one embeds_many timestamps"""
    ),
    "Ecto.Migration": names_in(
        """create create_if_not_exists drop drop_if_exists alter table index unique_index add add_if_not_exists
    modify remove rename execute flush references constraint timestamps repo prefix direction fragment"""
    ),
    "Config": names_in("""config import_config config_env config_target"""),
    "Plug.Conn": names_in(
        """assign halt put_session get_session send_resp resp put_status put_resp_header get_req_header
    fetch_query_params fetch_cookies read_body put_private register_before_send configure_session
    clear_session delete_session put_resp_content_type send_chunked send_file chunk delete_resp_header
    fetch_session merge_assigns"""
    ),
    "Phoenix.Controller": names_in(
        """render json text html redirect put_flash put_view put_layout action_name fetch_flash clear_flash
    get_format accepts protect_from_forgery put_secure_browser_headers put_root_layout get_csrf_token
    send_download action_fallback controller_module view_module current_path current_url put_new_view
    put_new_layout"""
    ),
    "Phoenix.Channel": names_in(
        """push broadcast broadcast! broadcast_from broadcast_from! reply socket_ref intercept assign"""
    ),
    "Phoenix.LiveView": names_in(
        """assign assign_new assign_async start_async connected? put_flash push_event push_navigate push_patch
    redirect stream stream_insert stream_delete update attach_hook detach_hook send_update
    get_connect_params get_connect_info allow_upload consume_uploaded_entries uploaded_entries cancel_upload
    cancel_async on_mount to_form async_result"""
    ),
    "Phoenix.Component": names_in(
        """assign assign_new update attr slot embed_templates to_form live_render"""
    ),
    "Phoenix.Socket": names_in("""channel transport assign"""),
    "Phoenix.Router": names_in(
        """get post put patch delete head options connect trace match resources scope pipeline pipe_through plug
    forward"""
    ),
    "Plug.Builder": names_in("""plug"""),
    "Oban.Worker": names_in("""new timeout backoff perform"""),
    "Telemetry.Metrics": names_in("""counter sum last_value summary distribution"""),
    "ExUnit.Case": names_in(
        """test describe setup setup_all assert refute assert_receive assert_received refute_receive
    refute_received assert_raise assert_in_delta flunk on_exit start_supervised start_supervised!
    start_link_supervised! stop_supervised doctest catch_error catch_exit catch_throw"""
    ),
    "Logger": names_in("""debug info warning warn error"""),
    "Phoenix.LiveComponent": names_in(
        """assign assign_new assign_async start_async connected? put_flash push_event push_navigate push_patch
    redirect stream stream_insert stream_delete update attach_hook detach_hook send_update
    get_connect_params get_connect_info allow_upload consume_uploaded_entries uploaded_entries cancel_upload
    cancel_async on_mount to_form async_result"""
    ),
    "Phoenix.Endpoint": names_in("""plug socket"""),
}
"""What an `import` or a `use` of these brings; not all of it, but what code that is moved or written needs."""
