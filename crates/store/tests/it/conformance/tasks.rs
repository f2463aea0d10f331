//! Tasks and calls: on whose list, in which order, until when.

use super::PAGE;
use crate::words::*;
use crowsnest_model::{
    DeliveryId, ProfileId, RunId, TaskId, Time,
    delivery::{Delivery, DeliveryState, PHONE},
};
use crowsnest_store::{Task, TaskFilter, TaskState};

pub fn task(id: u64, run: u64, team: &str, profile: u64) -> Task {
    Task {
        id: TaskId(id),
        created: Time(10),
        program: "cart".into(),
        run: RunId(run),
        step: "1".into(),
        profile: ProfileId(profile),
        title: "Call".into(),
        team: team.into(),
        note: None,
        priority: 5,
        call: None,
        attempt: 1,
        state: TaskState::Queued,
        reason: None,
        due: Time(10),
        expires: None,
        day: None,
        ended: None,
        outcome: None,
        remark: None,
    }
}

fn call(id: u64, run: u64, state: DeliveryState) -> Delivery {
    Delivery {
        run: Some(RunId(run)),
        channel: PHONE.into(),
        contact: "+13125550142".into(),
        ..delivery(id, "cart", 1, &format!("c-{id}"), state)
    }
}

fn ids(store: &impl Backend, filter: TaskFilter) -> Vec<u64> {
    store.read(|read| read.tasks(&filter, PAGE)).iter().map(|task| task.id.0).collect()
}

fn due(store: &impl Backend, now: i64, programs: &[&str]) -> Vec<u64> {
    let programs: Vec<String> = programs.iter().map(|name| (*name).to_owned()).collect();
    let due = store.read(|read| read.due_tasks("sales", Time(now), &programs, 9));
    due.iter().map(|task| task.id.0).collect()
}

pub fn tasks_are_made_once_and_done(store: &mut impl Backend) {
    let day = "2026-11-23".parse().ok();
    let open =
        |id, run, team: &str, profile| Task { state: TaskState::Open, day, ..task(id, run, team, profile) };
    store.commit(|unit| {
        assert!(unit.put_task(&open(1, 1, "sales", 1))?);
        assert!(!unit.put_task(&open(2, 1, "sales", 1))?, "the same step of the same run");
        assert!(unit.put_task(&Task { call: Some(DeliveryId(1)), ..open(4, 1, "sales", 1) })?, "of a call");
        assert!(!unit.put_task(&Task { call: Some(DeliveryId(1)), ..open(5, 1, "sales", 1) })?);
        assert!(unit.put_task(&Task { call: Some(DeliveryId(1)), attempt: 2, ..open(6, 1, "sales", 1) })?);
        assert!(unit.put_task(&open(3, 2, "service", 2))?);
        for id in [1, 4, 6] {
            let task = unit.task(TaskId(id))?.unwrap();
            let (outcome, remark) = (Some("sold".into()), Some("the blue one".into()));
            let ended = Some(Time(10 * id as i64));
            unit.update_task(&Task { state: TaskState::Done, ended, outcome, remark, ..task })?;
        }
        assert_eq!(unit.task(TaskId(9))?, None);
        Ok(())
    });
    let done = store.read(|read| read.task(TaskId(1))).unwrap();
    assert_eq!((done.outcome.as_deref(), done.remark.as_deref()), (Some("sold"), Some("the blue one")));
    assert_eq!(ids(store, TaskFilter::default()), [3]);
    let of = |state| TaskFilter { state, ..TaskFilter::default() };
    assert_eq!(ids(store, of(TaskState::Done)), [6, 4, 1]);
    assert!(ids(store, TaskFilter { team: Some("sales".into()), ..TaskFilter::default() }).is_empty());
    assert_eq!(ids(store, TaskFilter { profile: Some(ProfileId(2)), ..TaskFilter::default() }), [3]);
    let on = |day: &str| TaskFilter { day: day.parse().ok(), ..TaskFilter::default() };
    assert_eq!(ids(store, on("2026-11-24")), [3], "what is left of the day before");
    assert!(ids(store, on("2026-11-22")).is_empty());
    assert_eq!(store.read(|read| read.tasks_since("sales", Time(40))), 2);
    assert_eq!(store.read(|read| read.teams_with(TaskState::Open)), ["service"]);
}

pub fn tasks_that_are_due_come_by_importance(store: &mut impl Backend) {
    store.commit(|unit| {
        unit.put_task(&task(1, 1, "sales", 1))?;
        unit.put_task(&Task { priority: 1, ..task(2, 2, "sales", 1) })?;
        unit.put_task(&Task { program: "lease".into(), priority: 9, ..task(3, 3, "sales", 1) })?;
        unit.put_task(&Task { due: Time(9), ..task(4, 4, "sales", 1) })?;
        unit.put_task(&Task { due: Time(30), ..task(5, 5, "sales", 1) })?;
        unit.put_task(&Task { call: Some(DeliveryId(7)), ..task(6, 6, "sales", 1) })?;
        unit.put_delivery(&call(7, 6, DeliveryState::Held))?;
        unit.put_task(&task(8, 8, "service", 1)).map(drop)
    });
    assert_eq!(due(store, 20, &[]), [2, 1, 4, 3]);
    assert_eq!(due(store, 20, &["lease", "cart"]), [3, 2, 1, 4]);
    assert_eq!(store.read(|read| read.teams_waiting(Time(20))), ["sales", "service"]);
    assert_eq!(store.read(|read| read.next_due()), Some(Time(9)));
    store.commit(|unit| {
        let held = unit.delivery(DeliveryId(7))?.unwrap();
        unit.update_delivery(&Delivery { state: DeliveryState::Queued, due: Time(5), ..held })
    });
    assert_eq!(due(store, 20, &[]), [2, 1, 4, 6, 3], "released, and due when its delivery is");
    assert_eq!(store.read(|read| read.next_due()), Some(Time(5)));
    assert!(store.read(|read| read.due_deliveries_of(ProfileId(1), Time(1_000))).is_empty());
}

pub fn what_waits_for_a_list_is_woken_by_its_reason(store: &mut impl Backend) {
    store.commit(|unit| {
        for id in 1..=4 {
            let due = Time(100);
            let reason = Some(if id == 3 { "nobody answered" } else { "waits: the list is full" }.to_owned());
            let team = if id == 4 { "service" } else { "sales" };
            let called = (id != 2).then_some(DeliveryId(id));
            if called.is_some() {
                let reason = reason.clone();
                unit.put_delivery(&Delivery { due, reason, ..call(id, id, DeliveryState::Queued) })?;
            }
            unit.put_task(&Task { call: called, due, reason, ..task(id, id, team, 1) })?;
        }
        assert_eq!(
            unit.wake_tasks(Some("sales"), "waits: the list", Time(20))?,
            2,
            "a call, and another task"
        );
        assert_eq!(unit.wake_tasks(Some("sales"), "waits: the list", Time(20))?, 0);
        unit.delivery(DeliveryId(1)).map(|call| assert_eq!(call.unwrap().due, Time(20)))
    });
    assert_eq!(due(store, 20, &[]), [1, 2]);
    store.commit(|unit| unit.wake_tasks(None, "waits: ", Time(30)).map(|woken| assert_eq!(woken, 1)));
    assert_eq!(store.read(|read| read.teams_waiting(Time(30))), ["sales", "service"]);
}

pub fn a_call_that_ends_takes_its_task_off_the_list(store: &mut impl Backend) {
    store.commit(|unit| {
        for id in 1..=4 {
            let expires = (id == 4).then_some(Time(50));
            unit.put_delivery(&Delivery { expires, ..call(id, id, DeliveryState::Sending) })?;
            let on_list =
                Task { call: Some(DeliveryId(id)), state: TaskState::Open, ..task(id, id, "sales", 1) };
            unit.put_task(&on_list)?;
        }
        unit.put_delivery(&call(5, 5, DeliveryState::Queued))?;
        unit.put_delivery(&call(6, 6, DeliveryState::Failed))?;
        let calls = unit.calls_to("+13125550142")?;
        assert_eq!(calls.iter().map(|call| call.id.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        unit.close_deliveries(RunId(5), DeliveryState::Cancelled, "bought", Time(70))?;
        assert!(unit.sending_deliveries()?.is_empty(), "not on the line");
        let overdue = unit.overdue_deliveries(Time(50), 9)?;
        assert_eq!(overdue.iter().map(|call| call.id.0).collect::<Vec<_>>(), [4]);
        let (state, reason) = (DeliveryState::Suppressed, Some("withdrew consent".to_owned()));
        unit.update_delivery(&Delivery { state, reason, updated: Time(60), ..calls[0].clone() })?;
        unit.close_deliveries(RunId(2), DeliveryState::Cancelled, "bought", Time(70))?;
        let third = unit.task(TaskId(3))?.unwrap();
        unit.update_task(&Task { state: TaskState::Done, ended: Some(Time(65)), ..third })?;
        unit.update_delivery(&Delivery { state: DeliveryState::Sent, updated: Time(65), ..calls[2].clone() })
    });
    assert_eq!(
        store.read(|read| read.next_due()),
        Some(Time(50)),
        "the time to live of the one that is left"
    );
    let task = |id| store.read(|read| read.task(TaskId(id))).unwrap();
    for (id, ended, reason) in [(1, 60, "withdrew consent"), (2, 70, "bought")] {
        let task = task(id);
        assert_eq!((task.state, task.ended), (TaskState::Withdrawn, Some(Time(ended))));
        assert_eq!(task.reason.as_deref(), Some(reason));
    }
    assert_eq!(task(3).state, TaskState::Done, "by people of the house");
    assert_eq!(task(4).state, TaskState::Open);
}
