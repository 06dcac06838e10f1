"""What the client at the other end can do, read once from its capabilities."""

from __future__ import annotations

from dataclasses import dataclass, field

from lsprotocol import types

from otpwise_analyzers.source.lines import Encoding

_SHOW_ERRORS = frozenset({"neovim", "emacs"})


@dataclass(frozen=True, slots=True)
class Client:
    """The client's capabilities as far as they change an answer. The defaults are a client with none.

    `resolves` are the properties of a code action that it asks for with `codeAction/resolve`.
    """

    name: str = ""
    encoding: Encoding = Encoding.UTF16
    pulls: bool = False
    related_information: bool = False
    code_description: bool = False
    action_literals: bool = False
    preferred: bool = False
    disabled: bool = False
    action_data: bool = False
    resolves: frozenset[str] = field(default_factory=frozenset)
    document_changes: bool = False
    creates_files: bool = False
    renames_files: bool = False
    annotations: bool = False
    applies_edits: bool = False
    shows_documents: bool = False
    progress: bool = False
    configuration: bool = False
    registers_configuration: bool = False
    registers_watchers: bool = False
    relative_patterns: bool = False
    markdown: bool = False
    lenses: bool = False
    refreshes_lenses: bool = False

    @classmethod
    def of(cls, params: types.InitializeParams, encoding: Encoding) -> Client:
        """The digest of an `initialize` request."""
        capabilities = params.capabilities
        document = capabilities.text_document or types.TextDocumentClientCapabilities()
        workspace = capabilities.workspace or types.WorkspaceClientCapabilities()
        window = capabilities.window or types.WindowClientCapabilities()
        publish = document.publish_diagnostics or types.PublishDiagnosticsClientCapabilities()
        action = document.code_action or types.CodeActionClientCapabilities()
        edit = workspace.workspace_edit or types.WorkspaceEditClientCapabilities()
        hover = document.hover or types.HoverClientCapabilities()
        pull = document.diagnostic
        configuration = workspace.did_change_configuration
        watched = workspace.did_change_watched_files
        operations = edit.resource_operations or ()
        # Neovim handles document changes and names only their resource operations.
        document_changes = bool(edit.document_changes) or bool(operations)
        # A client that pulls says under `diagnostic` what a diagnostic may hold, or nowhere.
        return cls(
            name=params.client_info.name if params.client_info else "",
            encoding=encoding,
            # What another file's change does to this one could not be told to a client that pulls and
            # cannot be asked to pull again; it is pushed to.
            pulls=pull is not None and bool(workspace.diagnostics and workspace.diagnostics.refresh_support),
            related_information=bool(publish.related_information) or bool(pull and pull.related_information),
            code_description=bool(publish.code_description_support)
            or bool(pull and pull.code_description_support),
            action_literals=action.code_action_literal_support is not None,
            preferred=bool(action.is_preferred_support),
            disabled=bool(action.disabled_support),
            action_data=bool(action.data_support),
            resolves=frozenset(action.resolve_support.properties) if action.resolve_support else frozenset(),
            document_changes=document_changes,
            creates_files=document_changes and types.ResourceOperationKind.Create in operations,
            renames_files=document_changes and types.ResourceOperationKind.Rename in operations,
            applies_edits=bool(workspace.apply_edit),
            annotations=document_changes and edit.change_annotation_support is not None,
            shows_documents=bool(window.show_document and window.show_document.support),
            progress=bool(window.work_done_progress),
            configuration=bool(workspace.configuration),
            registers_configuration=bool(configuration and configuration.dynamic_registration),
            registers_watchers=bool(watched and watched.dynamic_registration),
            relative_patterns=bool(watched and watched.relative_pattern_support),
            markdown=types.MarkupKind.Markdown in (hover.content_format or ()),
            lenses=document.code_lens is not None,
            refreshes_lenses=bool(workspace.code_lens and workspace.code_lens.refresh_support),
        )

    @property
    def shows_errors(self) -> bool:
        """Whether it shows its user the error that a request ends with; most write it into a log."""
        return self.name.lower() in _SHOW_ERRORS

    @property
    def takes_commands(self) -> bool:
        """Whether it knows no code actions but commands, whose edits it lets itself be asked to make."""
        return not self.action_literals and self.applies_edits

    @property
    def resolves_edits(self) -> bool:
        """Whether an action may be sent without its edit, which is then asked for."""
        return self.action_data and "edit" in self.resolves
