"""Names that an expression may use anywhere: Ecto's query language and Kernel."""

from __future__ import annotations

BINDING_MACROS = frozenset(
    {
        *("where", "or_where", "select", "select_merge", "order_by", "group_by", "having", "or_having"),
        *("distinct", "join", "update", "dynamic", "preload", "limit", "offset", "windows"),
    }
)

QUERY_MACROS = BINDING_MACROS | frozenset(
    {
        *(
            "from",
            "subquery",
            "exclude",
            "first",
            "last",
            "lock",
            "union",
            "union_all",
            "except",
            "intersect",
        ),
        *("with_cte", "reverse_order", "has_named_binding?"),
    }
)

QUERY_API = frozenset(
    {
        *("fragment", "field", "type", "as", "parent_as", "assoc", "count", "sum", "avg", "min", "max"),
        *("like", "ilike", "ago", "from_now", "datetime_add", "date_add", "coalesce", "filter", "over"),
        *("struct", "map", "merge", "selected_as", "exists", "all", "any", "json_extract_path", "splice"),
        *("row_number", "rank", "values"),
    }
)

KERNEL = frozenset(
    {
        *(
            "if",
            "unless",
            "case",
            "cond",
            "with",
            "for",
            "fn",
            "is_nil",
            "is_binary",
            "is_integer",
            "is_list",
        ),
        *(
            "is_map",
            "is_atom",
            "is_number",
            "is_struct",
            "elem",
            "hd",
            "tl",
            "length",
            "map_size",
            "to_string",
        ),
        *(
            "inspect",
            "not",
            "abs",
            "div",
            "rem",
            "round",
            "trunc",
            "max",
            "min",
            "put_in",
            "get_in",
            "struct",
        ),
        *("struct!", "then", "tap", "dbg", "raise", "is_boolean", "tuple_size", "byte_size", "self", "node"),
        *("is_float", "is_function", "is_tuple", "is_exception", "is_pid", "is_map_key", "ceil", "floor"),
    }
)
