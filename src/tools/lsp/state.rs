//! What an editor has open, and the projects that it is about.
//!
//! In:      messages, one after the other.
//! Out:     messages for the editor; `work` for whoever looks at projects.
//! Imports: `base`, `tools::pipeline`, `tools::project`.
//!
//! A text that changes is laid over its file. As long as projects are made of the same files, no
//! file is read again; else all are, when somebody asks next, and a project in which nothing has
//! changed is not looked at again. Files that are no sources of any project change nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::tools::lsp::findings::by_file;
use crate::tools::lsp::request::{self, FileRequest, RequestError};
use crate::tools::lsp::text::changed;
use crate::tools::lsp::uri::{path_of, uri_of};
use crate::tools::lsp::view::{CheckJob, JobResult, Key, Places, View};
use crate::tools::pipeline::references;
use crate::tools::project::config::NAMES;
use crate::tools::project::overlay::Overlay;
use crate::tools::project::{
    ENDINGS, is_source, is_test, letters, read_bytes, read_under, source_by_name,
};

/// `FileChangeType.Changed`
const CHANGED: u64 = 2;

/// A document that an editor shows.
#[derive(Debug)]
struct Document {
    /// As the editor writes its address.
    uri: String,
    text: String,
}

/// How far the conversation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing was said.
    #[default]
    New,
    /// The editor knows what we can do.
    Running,
    /// The editor said that it goes.
    ShutDown,
}

/// A conversation with an editor.
#[derive(Debug, Default)]
pub(super) struct State {
    stage: Stage,
    /// Whether `exit` was said.
    ended: bool,
    watches: bool,
    roots: Vec<PathBuf>,
    documents: BTreeMap<PathBuf, Document>,
    views: Vec<View>,
    /// Whether the files have to be read before anything is said of them.
    unread: bool,
    /// Open documents that could be sources, and that no project took, as `.gitignore` says.
    passed_over: BTreeSet<PathBuf>,
    version: u64,
    /// What was told, by file and project.
    told: BTreeMap<PathBuf, BTreeMap<Key, Vec<Json>>>,
}

/// An answer to the request `id`.
pub(super) fn answer(id: &Json, result: Result<Json, RequestError>) -> Json {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(RequestError { code, message }) => {
            let error = json!({ "code": code, "message": message });
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        }
    }
}

fn notice(method: &str, params: &Json) -> Json {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

impl State {
    /// A conversation that has not begun.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// How the conversation ended, if it did: whether as it should.
    pub(super) fn ended(&self) -> Option<bool> {
        self.ended.then_some(self.stage == Stage::ShutDown)
    }

    /// Takes a message; what is to be sent.
    pub(super) fn handle(&mut self, message: &Json) -> Vec<Json> {
        let method = message.get("method").and_then(Json::as_str);
        let params = message.get("params").unwrap_or(&Json::Null);
        match (method, message.get("id")) {
            (Some(method), Some(id)) => vec![answer(id, self.request(method, params))],
            (Some(method), None) => self.notification(method, params),
            // An answer to a request of ours, which needs none.
            (None, Some(_)) if message.get("result").or(message.get("error")).is_some() => vec![],
            (None, id) => {
                vec![answer(
                    id.unwrap_or(&Json::Null),
                    Err(RequestError::invalid("no method is named")),
                )]
            }
        }
    }

    fn request(&mut self, method: &str, params: &Json) -> Result<Json, RequestError> {
        match (self.stage, method) {
            (Stage::New, "initialize") => Ok(self.initialize(params)),
            (Stage::New, _) => Err(RequestError::too_early()),
            (Stage::ShutDown, _) => Err(RequestError::invalid("the server was shut down")),
            (Stage::Running, "initialize") => {
                Err(RequestError::invalid("it was initialized before"))
            }
            (Stage::Running, "shutdown") => {
                self.stage = Stage::ShutDown;
                Ok(Json::Null)
            }
            (Stage::Running, method) => {
                let handler =
                    request::handler(method).ok_or_else(|| RequestError::unknown(method))?;
                let path = request::uri_in(params).ok_or_else(RequestError::no_document)?;
                let Some(path) = path_of(path) else { return Ok(Json::Null) };
                self.about(&path, handler, params)
            }
        }
    }

    /// Asks about the file at `path`; null where no project has it.
    fn about(
        &mut self,
        path: &Path,
        handler: impl Fn(&FileRequest<'_>) -> Result<Json, RequestError>,
        params: &Json,
    ) -> Result<Json, RequestError> {
        self.refresh();
        let found = self.views.iter().find_map(|view| Some((view.file(path)?, view)));
        let Some((file, view)) = found else { return Ok(Json::Null) };
        let shown = shown(&self.documents);
        let places = Places { view, shown: &shown };
        handler(&FileRequest { places, file, params })
    }

    fn initialize(&mut self, params: &Json) -> Json {
        let folders = params.get("workspaceFolders").and_then(Json::as_array);
        let folders = folders.into_iter().flatten().filter_map(|folder| folder.get("uri"));
        let mut named: Vec<&Json> = folders.collect();
        if named.is_empty() {
            named.extend(params.get("rootUri"));
        }
        self.roots = named.into_iter().filter_map(|uri| path_of(uri.as_str()?)).collect();
        let watches = "/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration";
        self.watches = params.pointer(watches).and_then(Json::as_bool).unwrap_or(false);
        (self.stage, self.unread) = (Stage::Running, true);
        json!({
            "capabilities": request::capabilities(),
            "serverInfo": { "name": "policyc", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    fn notification(&mut self, method: &str, params: &Json) -> Vec<Json> {
        if method == "exit" {
            self.ended = true;
            return Vec::new();
        }
        if self.stage != Stage::Running {
            return Vec::new();
        }
        match method {
            "initialized" if self.watches => return vec![watch()],
            "textDocument/didOpen" => self.open(params),
            "textDocument/didChange" => return self.change(params),
            "textDocument/didClose" => self.close(params),
            "textDocument/didSave" => self.saved(params),
            "workspace/didChangeWatchedFiles" => self.files_changed(params),
            "workspace/didChangeWorkspaceFolders" => self.change_roots(params),
            _ => {}
        }
        Vec::new()
    }

    fn open(&mut self, params: &Json) {
        let text = params.pointer("/textDocument/text").and_then(Json::as_str);
        let (Some(uri), Some(text)) = (request::uri_in(params), text) else { return };
        let Some(path) = path_of(uri) else { return };
        let document = Document { uri: uri.to_owned(), text: text.to_owned() };
        self.documents.insert(path.clone(), document);
        // A file outside of the workspace is a project as long as it is open.
        self.unread |= !self.is_below_roots(&path) && is_source(&path, text);
        self.lay(&path);
    }

    fn change(&mut self, params: &Json) -> Vec<Json> {
        let path = request::uri_in(params).and_then(path_of);
        let changes = params.get("contentChanges").and_then(Json::as_array);
        let (Some(path), Some(changes)) = (path, changes) else { return Vec::new() };
        let Some(document) = self.documents.get_mut(&path) else { return Vec::new() };
        let before = document.text.clone();
        for change in changes {
            let Some(text) = changed(&document.text, change) else {
                document.text = before;
                let said = format!("{} was changed in no way that is known", document.uri);
                let said = json!({ "type": 1, "message": said });
                return vec![notice("window/logMessage", &said)];
            };
            document.text = text;
        }
        self.lay(&path);
        Vec::new()
    }

    /// Lays the text of an open document over its file, in every project that is made of it.
    fn lay(&mut self, path: &Path) {
        let Some(document) = self.documents.get(path).filter(|_| !self.unread) else { return };
        let text = document.text.as_str();
        self.version += 1;
        let configures = self.is_configuration(path);
        let mut seen = false;
        for view in &mut self.views {
            let Some(file) = view.file(path) else { continue };
            seen = true;
            let before = view.project.files.get(file).map_or("", |source| &source.text);
            if before != text {
                // A policy that is none any more, or the other way round.
                let other = is_source(path, before) != is_source(path, text);
                let same = view.set_text(file, text, self.version);
                self.unread |= !same || other || configures;
            }
        }
        let ours = !seen && self.matters(path, text) && !self.passed_over.contains(path);
        self.unread |= ours;
    }

    /// Whether a project may be made of the file at `path`, were this its text.
    fn matters(&self, path: &Path, text: &str) -> bool {
        self.matters_by_name(path).unwrap_or_else(|| is_source(path, text))
    }

    /// As `matters`; `None` where the text tells.
    fn matters_by_name(&self, path: &Path) -> Option<bool> {
        if self.is_configuration(path) || self.views.iter().any(|view| view.names(path)) {
            return Some(true);
        }
        source_by_name(path)
    }

    /// Whether the file at `path` configures projects: it has the name, or one that has it extends
    /// the file.
    fn is_configuration(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known))
            || self.views.iter().any(|view| view.is_configured_by(path))
    }

    /// Whether it counts that there is a file at `path`: a configuration, tests, or the environment
    /// that lies beside a CEL Policy document.
    fn counts_by_existing(&self, path: &Path) -> bool {
        is_test(path)
            || self.is_configuration(path)
            || self.views.iter().any(|view| view.may_have_environment(path))
    }

    fn is_below_roots(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }

    fn close(&mut self, params: &Json) {
        let Some(path) = request::uri_in(params).and_then(path_of) else { return };
        if self.documents.remove(&path).is_some() {
            self.unread |= !self.is_below_roots(&path) || self.is_other_on_disk(&path);
        }
    }

    /// What was saved is what was shown; but now there is a file.
    fn saved(&mut self, params: &Json) {
        if let Some(path) = request::uri_in(params).and_then(path_of) {
            let is_new = !self.views.iter().any(|view| view.has_test(&path));
            self.unread |=
                (is_new && self.counts_by_existing(&path)) || self.is_other_on_disk(&path);
        }
    }

    fn files_changed(&mut self, params: &Json) {
        let changes = params.get("changes").and_then(Json::as_array).into_iter().flatten();
        for change in changes {
            // One that counts is enough: then all are read.
            if self.unread {
                return;
            }
            let path = change.get("uri").and_then(Json::as_str).and_then(path_of);
            let was_there = change.get("type").and_then(Json::as_u64) == Some(CHANGED);
            self.unread = path.is_some_and(|path| {
                (!was_there && self.counts_by_existing(&path)) || self.is_other_on_disk(&path)
            });
        }
    }

    /// Whether the disk holds something else at `path` than what is known of it, so that all has to
    /// be read again. What an editor shows counts before the disk.
    fn is_other_on_disk(&self, path: &Path) -> bool {
        if self.documents.contains_key(path) {
            return false;
        }
        let read = || read_bytes(path, SOURCE_BYTES_MAX);
        let known = self.views.iter().find_map(|view| view.project.files.get(view.file(path)?));
        if let Some(known) = known {
            let before = known.bytes.as_deref().unwrap_or(known.text.as_bytes());
            return read().map_or(true, |bytes| bytes != before);
        }
        let is_ours = match self.matters_by_name(path) {
            Some(true) => path.exists(),
            // A folder may hold sources.
            Some(false) => path.is_dir(),
            None => match read() {
                Ok(bytes) => is_source(path, &letters(&bytes)),
                Err(_) => path.exists(),
            },
        };
        // A folder may also be gone.
        is_ours || self.views.iter().any(|view| view.has_below(path))
    }

    fn change_roots(&mut self, params: &Json) {
        let paths = |key: &str| -> Vec<PathBuf> {
            let folders = params.pointer(key).and_then(Json::as_array).into_iter().flatten();
            folders.filter_map(|folder| path_of(folder.get("uri")?.as_str()?)).collect()
        };
        let removed = paths("/event/removed");
        self.roots.retain(|root| !removed.contains(root));
        self.roots.extend(paths("/event/added"));
        self.unread = true;
    }

    /// Reads all projects again, if that is needed.
    fn refresh(&mut self) {
        if !self.unread {
            return;
        }
        self.unread = false;
        self.version += 1;
        let mut over = Overlay::default();
        for (path, document) in &self.documents {
            over.lay(path.clone(), document.text.clone());
        }
        let is_outside = |(path, document): &(&PathBuf, &Document)| {
            !self.is_below_roots(path) && is_source(path, &document.text)
        };
        let outside = self.documents.iter().filter(is_outside).map(|(path, _)| path);
        let mut views: Vec<View> = Vec::new();
        for path in self.roots.iter().chain(outside) {
            for (project, sink) in read_under(&over, std::slice::from_ref(path), references) {
                // A folder without policies is no mistake of one who opens it.
                if project.files.iter().next().is_some() {
                    let view = View::new(path.clone(), project, sink, self.version);
                    if views.iter().all(|known| known.key != view.key) {
                        views.push(view);
                    }
                }
            }
        }
        for old in std::mem::replace(&mut self.views, views) {
            match self.views.iter_mut().find(|view| view.is_like(&old)) {
                Some(view) => view.stay(old),
                None => old.give_up(),
            }
        }
        let is_passed_over = |(path, document): &(&PathBuf, &Document)| {
            is_source(path, &document.text)
                && self.views.iter().all(|view| view.file(path).is_none())
        };
        let passed_over = self.documents.iter().filter(is_passed_over);
        self.passed_over = passed_over.map(|(path, _)| path.clone()).collect();
    }

    /// What is to be told and looked at when the editor is silent.
    pub(super) fn idle(&mut self) -> (Vec<Json>, Option<CheckJob>) {
        if self.stage != Stage::Running {
            return (Vec::new(), None);
        }
        self.refresh();
        let known: BTreeSet<&Key> = self.views.iter().map(|view| &view.key).collect();
        let mut changed = BTreeSet::new();
        for (path, told) in &mut self.told {
            let before = told.len();
            told.retain(|key, _| known.contains(key));
            if told.len() < before {
                changed.insert(path.clone());
            }
        }
        // What was changed last is what somebody waits for.
        let waiting = self.views.iter_mut().filter(|view| !view.looked_at);
        let work = waiting.max_by_key(|view| view.version).map(View::work);
        (self.publish(&changed), work)
    }

    /// Takes what was found, and says what is to be told of it; nothing where texts have changed
    /// since.
    pub(super) fn take(&mut self, done: JobResult) -> Vec<Json> {
        // A project in which nothing has changed is not looked at again: what was found of it has
        // to be told now.
        self.refresh();
        let key = done.key.clone();
        let view = self.views.iter_mut().find(|view| view.key == key);
        let Some(view) = view else { return Vec::new() };
        let others = view.names_others(&done);
        if !view.take(done) {
            return Vec::new();
        }
        // The project is made of other files now.
        self.unread |= others;
        let shown = shown(&self.documents);
        let mut found = by_file(Places { view, shown: &shown });
        let mut changed = BTreeSet::new();
        for (path, told) in &mut self.told {
            let new = found.remove(path).unwrap_or_default();
            if told.get(&key).map_or(!new.is_empty(), |old| *old != new) {
                told.insert(key.clone(), new);
                changed.insert(path.clone());
            }
        }
        for (path, new) in found {
            changed.insert(path.clone());
            self.told.entry(path).or_default().insert(key.clone(), new);
        }
        self.publish(&changed)
    }

    /// Tells everything that is known of these files.
    fn publish(&self, changed: &BTreeSet<PathBuf>) -> Vec<Json> {
        let shown = shown(&self.documents);
        let publish = |path: &PathBuf| {
            let told = self.told.get(path)?;
            let uri = shown(path).unwrap_or_else(|| uri_of(path));
            Some(publish(&uri, &told.values().flatten().cloned().collect::<Vec<_>>()))
        };
        changed.iter().filter_map(publish).collect()
    }
}

/// The addresses of documents that an editor shows.
fn shown(documents: &BTreeMap<PathBuf, Document>) -> impl Fn(&Path) -> Option<String> {
    |path| documents.get(path).map(|document| document.uri.clone())
}

fn publish(uri: &str, found: &[Json]) -> Json {
    let params = json!({ "uri": uri, "diagnostics": found });
    notice("textDocument/publishDiagnostics", &params)
}

/// Asks the editor to say when files change.
fn watch() -> Json {
    let pattern = format!("**/*.{{{}}}", ENDINGS.join(","));
    let options = json!({ "watchers": [{ "globPattern": pattern }] });
    let method = "workspace/didChangeWatchedFiles";
    let wanted = json!([{ "id": "files", "method": method, "registerOptions": options }]);
    json!({
        "jsonrpc": "2.0",
        "id": "watch",
        "method": "client/registerCapability",
        "params": { "registrations": wanted },
    })
}
