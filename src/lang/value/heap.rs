//! Where text and elements lie, and how functions read and build them.
//!
//! A `Store` is created once and keeps what memory it took, so building values that are no larger
//! than those before allocates nothing. What goes beyond its ceilings is `EvalError::Budget`.

use crate::lang::error::EvalError;
use crate::lang::value::message::Descriptors;
use crate::lang::value::{Space, Tag, Value};

/// Text and elements that one evaluation builds.
#[derive(Debug)]
pub struct Store {
    text: Vec<u8>,
    elements: Vec<Value>,
    stack: Vec<Value>,
    text_max: usize,
    elements_max: usize,
}

impl Store {
    /// A store for this much text (bytes) and this many elements at most.
    #[must_use]
    pub const fn new(text_max: usize, elements_max: usize) -> Self {
        Self { text: Vec::new(), elements: Vec::new(), stack: Vec::new(), text_max, elements_max }
    }

    /// Takes the memory for this many elements, and for as many bytes of text.
    pub fn reserve(&mut self, elements: usize) {
        self.text.reserve(elements.min(self.text_max));
        self.elements.reserve(elements.min(self.elements_max));
        self.stack.reserve(elements.min(self.elements_max));
    }

    /// Takes all memory that the ceilings allow, so that it never takes more.
    pub fn reserve_all(&mut self) {
        self.text.reserve_exact(self.text_max);
        self.elements.reserve_exact(self.elements_max);
        self.stack.reserve_exact(self.elements_max);
    }

    /// Forgets everything; keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.elements.clear();
        self.stack.clear();
    }

    /// Sizes of text and elements, as a mark for `reset`.
    #[must_use]
    pub fn mark(&self) -> (usize, usize) {
        (self.text.len(), self.elements.len())
    }

    /// Forgets what was built since `mark`: an input stays, an evaluation goes.
    pub fn reset(&mut self, mark: (usize, usize)) {
        self.text.truncate(mark.0);
        self.elements.truncate(mark.1);
        self.stack.clear();
    }

    /// The text of the store.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The elements of the store.
    #[must_use]
    pub fn elements(&self) -> &[Value] {
        &self.elements
    }

    /// Appends text and returns where it starts.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn push_text(&mut self, text: &[u8]) -> Result<u32, EvalError> {
        let at = self.text.len();
        if text.len() > self.text_max - at {
            return Err(EvalError::Budget);
        }
        self.text.extend_from_slice(text);
        u32::try_from(at).map_err(|_| EvalError::Budget)
    }

    /// Appends a copy of text that the store already holds.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn repeat_text(&mut self, start: usize, len: usize) -> Result<(), EvalError> {
        if len > self.text_max - self.text.len() || start + len > self.text.len() {
            return Err(EvalError::Budget);
        }
        self.text.extend_from_within(start..start + len);
        Ok(())
    }

    /// The text from `start` on, for changing it in place.
    pub fn tail_mut(&mut self, start: usize) -> &mut [u8] {
        self.text.get_mut(start..).unwrap_or_default()
    }

    /// Forgets the text from `len` on.
    pub fn truncate_text(&mut self, len: usize) {
        self.text.truncate(len);
    }

    /// Appends a copy of elements that the store already holds.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn repeat_elements(&mut self, start: usize, count: usize) -> Result<(), EvalError> {
        if count > self.elements_max - self.elements.len() || start + count > self.elements.len() {
            return Err(EvalError::Budget);
        }
        self.elements.extend_from_within(start..start + count);
        Ok(())
    }

    /// Appends elements and returns where they start.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn push_elements(&mut self, elements: &[Value]) -> Result<u32, EvalError> {
        let at = self.elements.len();
        if elements.len() > self.elements_max - at {
            return Err(EvalError::Budget);
        }
        self.elements.extend_from_slice(elements);
        u32::try_from(at).map_err(|_| EvalError::Budget)
    }

    /// Pushes onto the build stack: where the children of an unfinished container wait.
    ///
    /// # Errors
    /// `Budget` if the stack is full.
    #[inline]
    pub fn push_stack(&mut self, value: Value) -> Result<(), EvalError> {
        if self.stack.len() >= self.elements_max {
            return Err(EvalError::Budget);
        }
        self.stack.push(value);
        Ok(())
    }

    /// Pushes `count` empty places onto the build stack.
    ///
    /// # Errors
    /// `Budget` if the stack is full.
    pub fn push_absent(&mut self, count: usize) -> Result<(), EvalError> {
        if count > self.elements_max - self.stack.len().min(self.elements_max) {
            return Err(EvalError::Budget);
        }
        self.stack.resize(self.stack.len() + count, Value::ABSENT);
        Ok(())
    }

    /// A place of the build stack, for filling it.
    #[inline]
    pub fn place_mut(&mut self, at: usize) -> Option<&mut Value> {
        self.stack.get_mut(at)
    }

    /// A place of the build stack.
    #[must_use]
    pub fn stack_at(&self, at: usize) -> Option<Value> {
        self.stack.get(at).copied()
    }

    /// Height of the build stack.
    #[must_use]
    pub fn height(&self) -> usize {
        self.stack.len()
    }

    /// Drops what lies on the build stack above `height`.
    pub fn drop_stack(&mut self, height: usize) {
        self.stack.truncate(height);
    }

    /// The build stack above `height`, for sorting in place.
    pub fn stack_mut(&mut self, height: usize) -> &mut [Value] {
        self.stack.get_mut(height..).unwrap_or_default()
    }

    /// Moves the build stack above `height` to the elements and returns where they start.
    ///
    /// # Errors
    /// `Budget` if the store is full; the stack is dropped all the same.
    pub fn finish(&mut self, height: usize) -> Result<u32, EvalError> {
        let at = self.elements.len();
        let height = height.min(self.stack.len());
        if self.stack.len() - height > self.elements_max - at {
            self.stack.truncate(height);
            return Err(EvalError::Budget);
        }
        self.elements.extend_from_slice(self.stack.get(height..).unwrap_or_default());
        self.stack.truncate(height);
        u32::try_from(at).map_err(|_| EvalError::Budget)
    }
}

/// Names of the types that every build knows, one after the other; `type_value` points into it.
pub const BUILTIN_TEXT: &str = "null_typeboolintuintdoublestringbytes\
google.protobuf.Timestampgoogle.protobuf.Durationtypelistmapoptional_typenet.IPnet.CIDR\
kubernetes.Quantitykubernetes.Semver";

/// The type with this name as a value, if every build knows it; other names are constants of a
/// program.
#[must_use]
pub fn type_value(name: &str) -> Option<Value> {
    let known = Tag::ALL.iter().any(|tag| tag.type_name() == Some(name));
    let off = BUILTIN_TEXT.find(name).filter(|_| known)?;
    Some(Value::text(Tag::Type, Space::Builtin, u32::try_from(off).ok()?, name.as_bytes()))
}

/// Everything that a value can point into, for reading.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Text of `Space::Request`.
    pub request: &'a [u8],
    /// Text of `Space::Program`.
    pub program_text: &'a [u8],
    /// Elements of `Space::Program`.
    pub program_elements: &'a [Value],
    /// Text of `Space::Arena`.
    pub text: &'a [u8],
    /// Elements of `Space::Arena`.
    pub elements: &'a [Value],
    /// The message and enum types that values name.
    pub descriptors: &'a Descriptors,
}

impl<'a> View<'a> {
    /// The bytes of a string, of bytes, or of the name of a type; empty for other values and for
    /// offsets that lie nowhere, which no verified program makes.
    #[must_use]
    pub fn bytes(&self, value: &Value) -> &'a [u8] {
        if !value.tag().has_bytes() {
            return &[];
        }
        let space = match value.space() {
            Space::Request => self.request,
            Space::Arena => self.text,
            Space::Program => self.program_text,
            Space::Builtin => BUILTIN_TEXT.as_bytes(),
        };
        let start = value.off() as usize;
        space.get(start..start + value.len() as usize).unwrap_or_default()
    }

    /// Whether two texts of one kind are equal: length and first bytes tell nearly all apart.
    #[inline]
    #[must_use]
    pub fn same_text(&self, a: &Value, b: &Value) -> bool {
        a.bits() == b.bits() && (a.len() <= 4 || same_bytes(self.bytes(a), self.bytes(b)))
    }

    /// The text of a string; empty where the bytes are not UTF-8, which a string never is.
    #[must_use]
    pub fn str(&self, value: &Value) -> &'a str {
        std::str::from_utf8(self.bytes(value)).unwrap_or_default()
    }

    /// The values of a list (element by element, `columns` each), of a map (key, value, ..), of an
    /// optional (at most one), or of a message (number, value, ..).
    #[must_use]
    pub fn elements(&self, value: &Value) -> &'a [Value] {
        if !value.tag().has_elements() {
            return &[];
        }
        let space = match value.space() {
            Space::Program => self.program_elements,
            Space::Request | Space::Arena | Space::Builtin => self.elements,
        };
        let start = value.off() as usize;
        let count = value.len() as usize * usize::from(value.columns());
        space.get(start..start + count).unwrap_or_default()
    }
}

/// Whether two texts are equal that have one length and the same first four bytes.
#[inline]
#[must_use]
pub fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    match a.len() {
        0..=4 => true,
        5..=8 => a.last_chunk::<4>() == b.last_chunk::<4>(),
        9..=12 => a.last_chunk::<8>() == b.last_chunk::<8>(),
        _ => a == b,
    }
}

/// As `Heap::word`, of these bytes.
#[must_use]
pub fn second_word(text: &[u8]) -> u64 {
    let bytes = text.get(4..text.len().min(12)).unwrap_or_default();
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// Everything that a value can point into during one evaluation.
#[derive(Debug)]
pub struct Heap<'a> {
    /// Text of `Space::Request`.
    pub request: &'a [u8],
    /// Text of `Space::Program`.
    pub program_text: &'a [u8],
    /// Elements of `Space::Program`.
    pub program_elements: &'a [Value],
    /// The message and enum types that values name.
    pub descriptors: &'a Descriptors,
    /// Text and elements of `Space::Arena`.
    pub store: &'a mut Store,
}

impl<'a> Heap<'a> {
    /// A heap of a store alone: for tools and tests, where nothing lies elsewhere.
    #[must_use]
    pub fn of(store: &'a mut Store) -> Self {
        let descriptors = Descriptors::NONE;
        Self { request: &[], program_text: &[], program_elements: &[], descriptors, store }
    }

    /// The heap for reading.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            request: self.request,
            program_text: self.program_text,
            program_elements: self.program_elements,
            text: &self.store.text,
            elements: &self.store.elements,
            descriptors: self.descriptors,
        }
    }

    /// The heap for reading, and the build stack above `height` for sorting in place.
    pub fn split(&mut self, height: usize) -> (View<'_>, &mut [Value]) {
        let Store { text, elements, stack, .. } = &mut *self.store;
        let view = View {
            request: self.request,
            program_text: self.program_text,
            program_elements: self.program_elements,
            text,
            elements,
            descriptors: self.descriptors,
        };
        (view, stack.get_mut(height..).unwrap_or_default())
    }

    /// As `View::bytes`.
    #[must_use]
    pub fn bytes(&self, value: &Value) -> &[u8] {
        self.view().bytes(value)
    }

    /// Whether two texts of one kind are equal: length and first bytes tell nearly all apart.
    #[inline]
    #[must_use]
    pub fn same_text(&self, a: &Value, b: &Value) -> bool {
        a.bits() == b.bits() && (a.len() <= 4 || self.same_rest(a, b))
    }

    /// The second word of a text: bytes five to twelve, the fifth lowest, zeros behind its end. The
    /// value's bits and its word are all of a text of at most twelve bytes.
    #[inline]
    #[must_use]
    pub fn word(&self, text: &Value) -> u64 {
        let bits = 8 * text.len().saturating_sub(4).min(8);
        self.open_word(text) & u64::MAX.unbounded_shr(64 - bits)
    }

    /// As `word`, but anything may stand behind the end of the text.
    #[inline]
    #[must_use]
    pub fn open_word(&self, text: &Value) -> u64 {
        let start = text.off() as usize + 4;
        let chunk = self.request.get(start..start + 8).and_then(<[u8]>::first_chunk);
        match chunk {
            Some(bytes) if text.space() == Space::Request => u64::from_le_bytes(*bytes),
            _ => self.word_elsewhere(text),
        }
    }

    #[cold]
    #[inline(never)]
    fn word_elsewhere(&self, text: &Value) -> u64 {
        second_word(self.near(text))
    }

    /// Out of line, so that what compares lengths and first bytes keeps its registers.
    #[inline(never)]
    fn same_rest(&self, a: &Value, b: &Value) -> bool {
        same_bytes(self.near(a), self.near(b))
    }

    /// The bytes of a text, as `bytes`; without a detour where they lie in request or program.
    #[inline]
    fn near(&self, text: &Value) -> &[u8] {
        let space = match text.space() {
            Space::Request => self.request,
            Space::Program => self.program_text,
            Space::Arena => &self.store.text,
            Space::Builtin => BUILTIN_TEXT.as_bytes(),
        };
        let start = text.off() as usize;
        space.get(start..start + text.len() as usize).unwrap_or_default()
    }

    /// As `View::str`.
    #[must_use]
    pub fn str(&self, value: &Value) -> &str {
        self.view().str(value)
    }

    /// As `View::elements`.
    #[must_use]
    pub fn elements(&self, value: &Value) -> &[Value] {
        self.view().elements(value)
    }

    /// Appends the bytes of `value` to the text that is being built.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn append(&mut self, value: &Value) -> Result<(), EvalError> {
        if value.space() == Space::Arena {
            let start = value.off() as usize;
            return self.store.repeat_text(start, value.len() as usize);
        }
        self.store.push_text(self.outer().bytes(value)).map(|_| ())
    }

    /// Appends the elements of `value` to the elements that are being built.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn append_elements(&mut self, value: &Value) -> Result<(), EvalError> {
        if value.space() == Space::Program {
            return self.store.push_elements(self.outer().elements(value)).map(|_| ());
        }
        let count = value.len() as usize * usize::from(value.columns());
        self.store.repeat_elements(value.off() as usize, count)
    }

    /// The heap without its store, so that the store can be written at the same time.
    const fn outer(&self) -> View<'a> {
        View {
            request: self.request,
            program_text: self.program_text,
            program_elements: self.program_elements,
            text: &[],
            elements: &[],
            descriptors: self.descriptors,
        }
    }

    /// Text of kind `tag` from what was appended since the text was `start` bytes long.
    ///
    /// # Errors
    /// `Budget` if an offset does not fit 32 bits.
    pub fn finish_text(&self, tag: Tag, start: usize) -> Result<Value, EvalError> {
        let bytes = self.store.text.get(start..).unwrap_or_default();
        let off = u32::try_from(start).map_err(|_| EvalError::Budget)?;
        Ok(Value::text(tag, Space::Arena, off, bytes))
    }

    /// A string with this text.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn new_string(&mut self, text: &str) -> Result<Value, EvalError> {
        self.new_text(Tag::String, text.as_bytes())
    }

    /// Text of kind `tag` with these bytes.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn new_text(&mut self, tag: Tag, bytes: &[u8]) -> Result<Value, EvalError> {
        let off = self.store.push_text(bytes)?;
        Ok(Value::text(tag, Space::Arena, off, bytes))
    }

    /// A list of these elements.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn new_list(&mut self, elements: &[Value]) -> Result<Value, EvalError> {
        let off = self.store.push_elements(elements)?;
        let len = u32::try_from(elements.len()).map_err(|_| EvalError::Budget)?;
        Ok(Value::list(Space::Arena, off, len, 1))
    }

    /// An optional that holds `value`.
    ///
    /// # Errors
    /// `Budget` if the store is full.
    pub fn new_optional(&mut self, value: Value) -> Result<Value, EvalError> {
        let off = self.store.push_elements(&[value])?;
        Ok(Value::optional(Space::Arena, Some(off)))
    }
}
