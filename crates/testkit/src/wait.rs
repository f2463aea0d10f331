//! Waiting for what happens a moment later: asked again and again until a deadline, never slept for.

use std::time::{Duration, Instant};

/// How long anything may take. Long, since two cores may be busy with other tests; what takes this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the answer is there. Panics with `what` when it does not come.
pub fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    until_by(Instant::now() + PATIENCE, what, ask)
}

/// As [`until`], up to a moment.
pub fn until_by<T>(deadline: Instant, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for this: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
