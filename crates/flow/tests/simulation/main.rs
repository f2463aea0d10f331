//! A simulation: shops with random definitions, customers, events, clocks and crashes, each from a seed, compared at
//! random moments with what follows from the events that were told.
//!
//! `CROWSNEST_SIM_SEEDS` says how many seeds are played, and `CROWSNEST_SIM_FIRST` which is the first of all; see
//! `make soak`. A seed that fails is named, with its whole story.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ask;
mod broadcasts;
mod chance;
mod compare;
mod dates;
mod definitions;
mod identity;
mod items;
mod people;
mod story;
mod told;
#[expect(dead_code, reason = "the other tests need more of it")]
#[path = "../it/world.rs"]
mod world;

use story::Story;

/// How many tests play seeds side by side.
const TESTS: u64 = 4;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Plays the seeds of one of the tests.
fn play(test: u64) {
    let first = setting("CROWSNEST_SIM_FIRST", 1);
    let seeds = setting("CROWSNEST_SIM_SEEDS", 300);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for seed in (first..first + seeds).filter(|seed| seed % TESTS == test) {
        runtime.block_on(async { Story::begin(seed).await.play().await });
    }
}

#[test]
fn stories_0() {
    play(0);
}

#[test]
fn stories_1() {
    play(1);
}

#[test]
fn stories_2() {
    play(2);
}

#[test]
fn stories_3() {
    play(3);
}
