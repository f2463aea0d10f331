//! What a rendering may use up: steps, time and bytes.

use super::language::STEP;
use liquid::{
    ObjectView, ValueView,
    model::{DisplayCow, KStringCow, State, Value},
};
use std::{
    cell::Cell,
    fmt, io,
    time::{Duration, Instant},
};

/// How many times loops may go round in one rendering.
const STEPS: u32 = 10_000;
/// How long one rendering may take.
const TIME: Duration = Duration::from_secs(2);
/// The most bytes of one part.
pub(super) const LARGEST: usize = 1024 * 1024;

/// The data of a rendering, with a count of the steps: [`STEP`] is there as soon as they are used up.
pub(super) struct Budgeted<'d> {
    data: &'d liquid::Object,
    steps: Cell<u32>,
    until: Instant,
    used_up: Value,
}

impl<'d> Budgeted<'d> {
    pub(super) fn new(data: &'d liquid::Object) -> Self {
        let until = Instant::now() + TIME;
        Self { data, steps: Cell::new(0), until, used_up: Value::scalar(true) }
    }

    fn is_used_up(&self) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        self.steps.get() > STEPS || Instant::now() > self.until
    }
}

impl fmt::Debug for Budgeted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Budgeted(…)")
    }
}

impl ValueView for Budgeted<'_> {
    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }
    fn render(&self) -> DisplayCow<'_> {
        self.data.render()
    }
    fn source(&self) -> DisplayCow<'_> {
        self.data.source()
    }
    fn type_name(&self) -> &'static str {
        self.data.type_name()
    }
    fn query_state(&self, state: State) -> bool {
        self.data.query_state(state)
    }
    fn to_kstr(&self) -> KStringCow<'_> {
        self.data.to_kstr()
    }
    fn to_value(&self) -> Value {
        self.data.to_value()
    }
    fn as_object(&self) -> Option<&dyn ObjectView> {
        Some(self)
    }
}

impl ObjectView for Budgeted<'_> {
    fn as_value(&self) -> &dyn ValueView {
        self
    }
    fn size(&self) -> i64 {
        ObjectView::size(self.data)
    }
    fn keys<'k>(&'k self) -> Box<dyn Iterator<Item = KStringCow<'k>> + 'k> {
        ObjectView::keys(self.data)
    }
    fn values<'k>(&'k self) -> Box<dyn Iterator<Item = &'k dyn ValueView> + 'k> {
        ObjectView::values(self.data)
    }
    fn iter<'k>(&'k self) -> Box<dyn Iterator<Item = (KStringCow<'k>, &'k dyn ValueView)> + 'k> {
        ObjectView::iter(self.data)
    }
    fn contains_key(&self, index: &str) -> bool {
        if index == STEP { self.is_used_up() } else { ObjectView::contains_key(self.data, index) }
    }
    fn get<'s>(&'s self, index: &str) -> Option<&'s dyn ValueView> {
        if index == STEP { Some(&self.used_up) } else { ObjectView::get(self.data, index) }
    }
}

/// Takes at most [`LARGEST`] bytes.
#[derive(Debug, Default)]
pub(super) struct Bounded {
    pub(super) bytes: Vec<u8>,
    pub(super) overflowed: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > LARGEST {
            self.overflowed = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
