//! Who is it? Exact identifiers, with limits and priorities that keep strangers apart.
//!
//! [`Normaliser`] gives every identifier its one spelling and sorts out the values that are nobody's; [`resolve`] says
//! for the identifiers of one event whose it is, what is linked, who turns out to be one person, and which identifier
//! gives way because believing it would weld two people together, or is shared by several. Both are pure; the flow carries out what they say.

mod blocked;
mod kept_apart;
mod normalise;
mod resolve;

pub use kept_apart::KeptApart;
pub use normalise::{Normal, Normaliser};
pub use resolve::{GaveWay, Known, Meant, Resolution, obstacle, resolve};
