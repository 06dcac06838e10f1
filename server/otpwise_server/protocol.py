"""The wire: pygls' protocol with what it leaves unanswered answered, and our own text synchronization."""

from __future__ import annotations

import logging
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer

log = logging.getLogger(__name__)

_INVALID_REQUEST = -32600
_METHOD_NOT_FOUND = -32601
_INVALID_PARAMS = -32602


class Unreadable:
    """A message whose shape is not what its method wants. `reason` goes to the log and to the client."""

    __slots__ = ("id", "method", "reason")

    def __init__(self, message: dict[str, Any], reason: str) -> None:
        self.id = message.get("id")
        self.method = message.get("method")
        self.reason = reason


class OtpwiseProtocol(LanguageServerProtocol):
    """One connection to one client.

    Differs from its base in four ways. Malformed requests get an error answer; pygls drops them and
    the client waits forever. Documents are ours: pygls splits lines where LSP does not and has lost
    the old text before a handler runs. Objects inside of parameters that happen to hold a key
    `jsonrpc` stay plain. Requests are refused before `initialize` and after `shutdown`.
    """

    _server: OtpwiseServer
    client_capabilities: types.ClientCapabilities

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Called by the JSON reader for every object, the innermost first."""
        if data.get("jsonrpc") != self.VERSION:
            return data
        method = data.get("method")
        if isinstance(method, str):
            if "id" in data and not isinstance(data["id"], str | int):
                return Unreadable({**data, "id": None}, "the id is neither a string nor an integer")
        elif "id" not in data or not ("result" in data or "error" in data):
            # Not a message but something inside of one, if it is anything.
            return data if "id" not in data else Unreadable(data, "neither a request nor a response")
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            cause = error.__cause__
            return Unreadable(data, _first_cause(cause if cause is not None else error))

    def handle_message(self, message: Any) -> None:
        """Acts on one message that arrived."""
        if isinstance(message, Unreadable):
            self._refuse(message)
            return
        method = getattr(message, "method", None)
        if method is None or not hasattr(message, "jsonrpc"):
            if hasattr(message, "jsonrpc"):
                super().handle_message(message)
            else:
                self._send_error(None, _INVALID_REQUEST, "not a JSON-RPC 2.0 message")
            return
        is_request = hasattr(message, "id")
        if self._shutdown and method != types.EXIT:
            if is_request:
                self._send_error(message.id, _INVALID_REQUEST, "the server is shutting down")
            return
        if self._workspace is None and method not in (types.INITIALIZE, types.EXIT):
            if is_request:
                code = types.ErrorCodes.ServerNotInitialized.value
                self._send_error(message.id, code, "the server is not initialized")
            return
        if self._workspace is not None and method == types.INITIALIZE:
            self._send_error(message.id, _INVALID_REQUEST, "the server is already initialized")
            return
        if method.startswith("$/") and method not in (types.CANCEL_REQUEST, types.SET_TRACE):
            if is_request:
                self._send_error(message.id, _METHOD_NOT_FOUND, f"unknown method {method}")
            return
        super().handle_message(message)

    def _refuse(self, message: Unreadable) -> None:
        log.warning("malformed %s: %s", message.method or "message", message.reason)
        if message.id is None and isinstance(message.method, str):
            return
        if message.id is not None and not isinstance(message.method, str):
            # A response that cannot be read: whoever waits for it must not wait forever.
            future = self._request_futures.pop(message.id, None)
            if future is not None and not future.done():
                future.set_exception(ValueError(message.reason))
            return
        self._send_error(message.id, _INVALID_PARAMS, f"invalid params of {message.method}: {message.reason}")

    def _send_error(self, id_: str | int | None, code: int, text: str) -> None:
        self._send_data(
            {"jsonrpc": self.VERSION, "id": id_, "error": {"code": code, "message": text}},
        )

    def _send_response(
        self, msg_id: str | int, result: Any = None, error: types.ResponseError | None = None
    ) -> None:
        """Answers that are plain JSON already go out as they are."""
        if error is None and isinstance(result, dict):
            self._result_types.pop(msg_id, None)
            self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "result": result})
        else:
            super()._send_response(msg_id, result, error)

    # -- text synchronization ----------------------------------------------------------------------

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Any:
        self._server.session.opened(params.text_document)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Any:
        self._server.session.changed(params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Any:
        self._server.session.closed(params.text_document.uri)

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        self._server.session.close()
        yield from super().lsp_shutdown(*args)

    @property
    def was_shut_down(self) -> bool:
        """Whether the client asked for `shutdown`, which makes `exit` a success."""
        return self._shutdown


def _first_cause(error: BaseException) -> str:
    """The innermost reason of cattrs' nested groups, with the path of keys that leads to it."""
    path: list[str] = []
    while True:
        nested = getattr(error, "exceptions", None)
        if not nested:
            break
        error = nested[0]
        for note in getattr(error, "__notes__", ()):
            name = getattr(note, "name", None) or getattr(note, "index", None)
            if name is not None:
                path.append(str(name))
    where = ".".join(path)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{where}: {text}" if where else text
