//! The HTTP interface, asked as a client would, without a network between.

mod access;
mod collecting;
mod described;
mod house;
