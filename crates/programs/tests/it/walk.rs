//! A walk with a simulated clock.

use crate::steps::{as_person, program, send};
use crowsnest_model::{
    Duration, Time,
    definition::{Arm, OnLimit, Step, WaitUntil},
};
use crowsnest_programs::{LiveProgram, Met, Then, Walk};

/// The whole walk of somebody who left a cart worth `value`: what was come by, and how it ended. Messages take `each`.
fn walk(program: &LiveProgram, value: i64, each: i64) -> (Vec<String>, String, i64) {
    let mut walk = Walk::begin(program, Time(1_000));
    let mut met: Vec<Met> = Vec::new();
    let mut told = Vec::new();
    loop {
        let then = as_person(1, value, |person| walk.go_on(person, &mut met));
        told.extend(met.drain(..).map(|met| {
            let held: Vec<bool> = met.clauses.iter().map(|clause| clause.truth.holds()).collect();
            format!("{} {} {held:?}", met.time.0, met.step)
        }));
        match then {
            Then::Send { step, .. } => {
                told.push(format!("{} send {step}", walk.clock().0));
                walk.resume(walk.clock().plus(Duration(each)));
            }
            Then::End(reason) => return (told, reason, walk.clock().0),
            _ => {}
        }
    }
}

fn until(on_limit: OnLimit) -> Step {
    Step::WaitUntil(WaitUntil { event: Some("Paid".into()), when: None, limit: Duration(500), on_limit })
}

#[test]
fn waits_move_the_clock_and_a_message_that_is_late_moves_what_follows() {
    let program = program(vec![Step::Wait(Duration(50)), send(), Step::Wait(Duration(30)), send()], None);
    let (told, reason, end) = walk(&program, 10, 7);
    assert_eq!(told, ["1000 0 []", "1050 send 1", "1057 2 []", "1087 send 3"]);
    assert_eq!((reason.as_str(), end), ("all steps are done", 1_094));
}

#[test]
fn a_wait_for_an_event_takes_its_limit() {
    let (told, reason, end) = walk(&program(vec![until(OnLimit::Continue), send()], None), 10, 0);
    assert_eq!(told, ["1000 0 []", "1500 0 []", "1500 send 1"]);
    assert_eq!((reason.as_str(), end), ("all steps are done", 1_500));
    let (told, reason, _) = walk(&program(vec![until(OnLimit::Exit), send()], None), 10, 0);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(reason.contains("in vain for Paid"), "{reason}");
}

#[test]
fn a_branch_shows_the_clauses_up_to_the_way_that_is_taken() {
    let arm = |when: &str| Arm { when: Some(when.into()), steps: Some(vec![send()]), otherwise: None };
    let ways = vec![arm("event.properties.value > 100"), arm("event.properties.value > 5"), arm("true")];
    let (told, _, _) = walk(&program(vec![Step::Branch(ways)], None), 10, 0);
    assert_eq!(told, ["1000 0 [false, true]", "1000 send 0.1.0"]);
}

#[test]
fn a_walk_ends_when_the_time_to_live_runs_out() {
    let program = program(vec![Step::Wait(Duration(500)), send()], Some(Duration(100)));
    let (_, reason, _) = walk(&program, 10, 0);
    assert_eq!(reason, "its time to live ran out");
}
