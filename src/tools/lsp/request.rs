//! Requests: which there are, and what an answer needs.
//!
//! In:      the name of a request.
//! Out:     who answers it; what the server says that it can do.
//! Imports: `base`, `compiler`.

use serde_json::{Value as Json, json};

use crate::base::span::FileId;
use crate::compiler::Front;
use crate::tools::lsp::view::Places;
use crate::tools::lsp::{
    actions, complete, format, hints, hover, lenses, names, rename, signature, symbols, tokens,
};

/// A question about a file.
#[derive(Clone, Copy)]
pub(super) struct FileRequest<'a> {
    /// Its project, and its places.
    pub(super) places: Places<'a>,
    /// The file.
    pub(super) file: FileId,
    /// What else is said.
    pub(super) params: &'a Json,
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestError {
    /// As JSON-RPC and LSP number the reasons.
    pub(super) code: i32,
    /// In words.
    pub(super) message: String,
}

impl RequestError {
    /// The message is no request.
    pub(super) fn invalid(message: &str) -> Self {
        Self { code: -32_600, message: message.to_owned() }
    }

    /// There is no such request.
    pub(super) fn unknown(method: &str) -> Self {
        Self { code: -32_601, message: format!("there is no request `{method}`") }
    }

    /// Something is missing in a request.
    pub(super) fn parameters(message: &str) -> Self {
        Self { code: -32_602, message: message.to_owned() }
    }

    /// No document is named.
    pub(super) fn no_document() -> Self {
        Self::parameters("no document is named")
    }

    /// Something comes before `initialize`.
    pub(super) fn too_early() -> Self {
        Self { code: -32_002, message: "the server was not initialized".to_owned() }
    }

    /// What is asked for would do harm.
    pub(super) fn unsafe_to(message: impl Into<String>) -> Self {
        Self { code: -32_803, message: message.into() }
    }

    /// The editor does not want to know any more.
    pub(super) fn cancelled() -> Self {
        Self { code: -32_800, message: "cancelled".to_owned() }
    }
}

/// What answers a request about a file.
pub(super) type Handler = fn(&FileRequest<'_>) -> Result<Json, RequestError>;

const HANDLERS: &[(&str, Handler)] = &[
    ("textDocument/hover", hover::hover),
    ("textDocument/completion", complete::complete),
    ("textDocument/signatureHelp", signature::signature_help),
    ("textDocument/definition", names::definition),
    ("textDocument/references", names::references),
    ("textDocument/documentHighlight", names::highlights),
    ("textDocument/prepareRename", rename::prepare),
    ("textDocument/rename", rename::rename),
    ("textDocument/codeAction", actions::actions),
    ("textDocument/formatting", format::format),
    ("textDocument/rangeFormatting", format::format_range),
    ("textDocument/documentSymbol", |ask| Ok(symbols::symbols(ask))),
    ("textDocument/semanticTokens/full", |ask| Ok(tokens::tokens(ask))),
    ("textDocument/inlayHint", hints::hints),
    ("textDocument/codeLens", |ask| Ok(lenses::lenses(ask))),
];

/// Who answers the request `method`.
pub(super) fn handler(method: &str) -> Option<Handler> {
    HANDLERS.iter().find(|(known, _)| *known == method).map(|(_, handler)| *handler)
}

/// What the server can do.
pub(super) fn capabilities() -> Json {
    json!({
        "positionEncoding": "utf-16",
        "textDocumentSync": { "openClose": true, "change": 2, "save": true },
        "hoverProvider": true,
        "completionProvider": { "triggerCharacters": [".", "\"", "{", "[", "("] },
        "signatureHelpProvider": { "triggerCharacters": ["(", ","] },
        "definitionProvider": true,
        "referencesProvider": true,
        "documentHighlightProvider": true,
        "renameProvider": { "prepareProvider": true },
        "codeActionProvider": { "codeActionKinds": actions::KINDS },
        "documentFormattingProvider": true,
        "documentRangeFormattingProvider": true,
        "documentSymbolProvider": true,
        "semanticTokensProvider": { "legend": tokens::legend(), "full": true },
        "inlayHintProvider": true,
        "codeLensProvider": { "resolveProvider": false },
        "workspace": {
            "workspaceFolders": { "supported": true, "changeNotifications": true },
        },
    })
}

/// An object with one more member.
pub(super) fn with(mut object: Json, key: &str, value: impl Into<Json>) -> Json {
    if let Some(members) = object.as_object_mut() {
        members.insert(key.to_owned(), value.into());
    }
    object
}

/// The address of the document that a request names.
pub(super) fn uri_in(params: &Json) -> Option<&str> {
    params.pointer("/textDocument/uri")?.as_str()
}

impl<'a> FileRequest<'a> {
    /// What the project means.
    pub(super) fn front(&self) -> &'a Front {
        self.places.view.front()
    }

    /// The byte that `position` names.
    ///
    /// # Errors
    /// Where no position is named.
    pub(super) fn at(&self) -> Result<u32, RequestError> {
        self.offset("/position").ok_or_else(|| RequestError::parameters("no position is named"))
    }

    /// The byte of the position at `pointer`.
    pub(super) fn offset(&self, pointer: &str) -> Option<u32> {
        let path = self.places.view.path(self.file)?;
        let open = (self.places.shown)(&path).is_some();
        let text = self.places.view.text(self.file, open)?;
        u32::try_from(text.offset_of(self.params.pointer(pointer)?)?).ok()
    }

    /// The text of the file.
    pub(super) fn text(&self) -> &str {
        let source = self.places.view.project.files.get(self.file);
        source.map_or("", |source| source.text.as_str())
    }
}
