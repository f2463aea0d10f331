//! How a run goes on: by time alone, whenever we look.

use crowsnest_model::{
    Duration, Object, RunId, Time,
    definition::{EventMatch, Program, Send, Step},
    profile::Run,
};
use crowsnest_programs::{LiveProgram, Next};

fn program(steps: Vec<Step>, ttl: Option<Duration>) -> LiveProgram {
    let definition = Program {
        name: "cart".into(),
        title: None,
        state: Default::default(),
        trigger: EventMatch { event: "Cart Updated".into(), when: None, ttl },
        occasion: None,
        audience: None,
        cancel_on: Vec::new(),
        requires_fresh: Vec::new(),
        goal: None,
        steps,
    };
    LiveProgram::compile(definition, 1, true, &crowsnest_rules::Schema::open()).unwrap()
}

fn send() -> Step {
    Step::Send(Send { channel: "email".into(), template: "letter".into(), topic: "offers".into() })
}

fn run() -> Run {
    Run {
        id: RunId(1),
        program: "cart".into(),
        version: 1,
        occasion: "x".into(),
        triggered: Time(1_000),
        step: 0,
        wake: None,
        awaits_goal: false,
        event: "Cart Updated".into(),
        properties: Object::new(),
    }
}

#[test]
fn waits_are_counted_from_the_anchor_and_not_from_when_we_look() {
    let program = program(vec![Step::Wait(Duration(50)), Step::Wait(Duration(30)), send()], None);
    for (now, expected) in [(1_000, Next::Wait(Time(1_050))), (1_049, Next::Wait(Time(1_050)))] {
        assert_eq!(program.advance(&mut run(), Time(1_000), Time(now)), expected);
    }
    let mut late = run();
    assert_eq!(program.advance(&mut late, Time(1_000), Time(1_060)), Next::Wait(Time(1_080)));
    assert_eq!(late.step, 2);
    assert!(matches!(program.advance(&mut late, Time(1_080), Time(5_000)), Next::Send { step: 2, .. }));
    assert_eq!(program.advance(&mut late, Time(5_000), Time(5_000)), Next::Done);
    assert_eq!(program.advance(&mut late, Time(5_000), Time(9_000)), Next::Done, "done stays done");
}

#[test]
fn nothing_goes_on_from_the_moment_at_which_the_time_to_live_runs_out() {
    let program = program(vec![Step::Wait(Duration(50)), send()], Some(Duration(100)));
    let mut run = run();
    run.step = 1;
    assert!(matches!(program.advance(&mut run.clone(), Time(1_050), Time(1_099)), Next::Send { .. }));
    assert_eq!(program.advance(&mut run.clone(), Time(1_050), Time(1_100)), Next::Expired);
    assert_eq!(
        program.advance(&mut run, Time(1_100), Time(1_050)),
        Next::Expired,
        "a clock set back is no help"
    );
}
