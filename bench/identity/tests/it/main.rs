//! What the generator makes and what the scorer says.

mod generate;
mod score;
