//! Triggers, steps, timers and the reasons why something was done or not.
