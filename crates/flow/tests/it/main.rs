//! The heart of the house, with a clock that the tests turn.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod again;
mod any_order;
mod broadcasts;
mod budgets;
mod calls;
mod cancelling;
mod catalogues;
mod consents;
mod dates;
mod definitions;
mod explain;
mod feedback;
mod harbor;
mod holding;
mod homes;
mod identity;
mod letters;
mod lines;
mod match_keys;
mod matching;
mod merging;
mod outcomes;
mod overlap;
mod people_of_the_house;
mod policy;
mod programs;
mod quarantine;
mod same_person;
mod segments;
mod sharing;
mod sink;
mod splitting;
mod splitting_then;
mod standing;
mod steps;
mod stops;
mod texts;
mod town;
mod tracking;
mod trial;
mod watermarks;
mod webhooks;
mod who_is_who;
mod world;
