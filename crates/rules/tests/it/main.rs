//! What people do with conditions, file by file.

mod arbitrary_text;
mod errors;
mod evaluation;
mod explanations;
mod oracle;
mod person;
mod reference;
mod sentences;
