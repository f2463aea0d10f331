//! Letters: to whom, what of, and the files for whoever prints them.
//!
//! * `address`: traits to a postal address in one spelling, with its lines in the order of its country.
//! * `message`: what one letter is.
//! * `print`: the files of a print run, whole or not there at all.
//! * `proof`: letters as pages, to be looked at; `font` has what they are set in, `gauge` measures it.

mod address;
mod countries;
mod font;
mod gauge;
mod message;
mod print;
mod proof;

pub use address::{Incomplete, PostalAddress};
pub use gauge::{Gauge, TooLong, TooLongLines};
pub use message::Letter;
pub use print::{COLUMNS, FILES, PrintFiles, Printed, discard, is_finished};
pub use proof::{PROOF_LETTERS, Paper, Proof, proof};
