//! What messages cost and what there is for them: reserved in the commit that claims them, given back when they did not go out.

use super::{alarms, resume::has_changed};
use crate::{FlowError, Live, inward::Working};
use crowsnest_model::{
    Amount, DeliveryId, RunId, Time,
    definition::Send,
    delivery::{Delivery, DeliveryState, EMAIL, HandedOver, LETTER, SMS, WEBHOOK},
    line::Line,
};
use crowsnest_programs::{BudgetStanding, WAITS_FOR_BUDGET, budget_day};
use crowsnest_store::{Cost, DeliveryFilter, Read};

/// The channels whose messages may cost something.
const PRICED: [&str; 3] = [EMAIL, SMS, LETTER];

/// By what it is known which budgets a message is paid of, and what it costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paid<'a> {
    channel: &'a str,
    program: &'a str,
    topic: &'a str,
}

impl<'a> Paid<'a> {
    /// A message that a program or broadcast might send.
    pub(crate) fn of(program: &'a str, send: &'a Send) -> Self {
        Self { channel: &send.channel, program, topic: &send.topic }
    }
}

impl<'a> From<&'a Delivery> for Paid<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let Delivery { channel, program, topic, .. } = delivery;
        Self { channel, program, topic }
    }
}

impl<'a> From<&'a HandedOver> for Paid<'a> {
    fn from(handed: &'a HandedOver) -> Self {
        let HandedOver { channel, program, topic, .. } = handed;
        Self { channel, program, topic }
    }
}

/// In how many parts a message went, of those that were reserved for it: the segments of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) had: u32,
    pub(super) reserved: u32,
}

impl Parts {
    /// What has no parts.
    pub(super) const WHOLE: Self = Self { had: 1, reserved: 1 };
}

/// Where all budgets stand, as far as this commit knows.
pub(crate) struct Purse {
    pub(crate) standings: Vec<BudgetStanding>,
}

impl Purse {
    /// By the definitions in force, at this moment.
    pub(crate) fn read(
        read: &(impl Read + ?Sized),
        live: &Live,
        now: Time,
    ) -> Result<Self, crowsnest_store::StoreError> {
        let mut standings = Vec::new();
        for budget in &live.workspace().organisation.budgets {
            let mut standing = BudgetStanding::new(budget, now, live.zone());
            for spent in read.spending(standing.span.first, standing.span.last)? {
                if standing.is_for(
                    &spent.channel,
                    &spent.program,
                    &spent.topic,
                    live.is_service(&spent.topic),
                ) {
                    standing.add(spent.amount, spent.messages);
                }
            }
            standings.push(standing);
        }
        Ok(Self { standings })
    }

    /// Until when a message has to wait for money, and why; `None` when there is enough.
    pub(super) fn no_room<'a>(&self, live: &Live, message: impl Into<Paid<'a>>) -> Option<(Time, String)> {
        let message = message.into();
        let waits =
            self.standings.iter().filter(|standing| is_for(standing, live, message)).filter_map(|standing| {
                Some((standing.span.ends, standing.no_room(price_in(standing, live, message))?))
            });
        // The one that lasts longest: before that there is no room.
        waits.max_by_key(|(until, _)| *until)
    }

    /// Why such a message is not paid on any day: a budget allows nothing, or less than it costs.
    pub(super) fn never(&self, live: &Live, message: Paid<'_>) -> Option<String> {
        let mut theirs = self.standings.iter().filter(|standing| is_for(standing, live, message));
        theirs.find_map(|standing| standing.unspent().no_room(price_in(standing, live, message)))
    }

    /// A message has to wait: people are told whose budget has come to its end without a message that was paid, since it was lowered.
    pub(super) fn holds_up(&self, work: &mut Working<'_>, delivery: &Delivery) -> Result<(), FlowError> {
        let theirs = self.standings.iter().filter(|standing| is_for(standing, work.live, delivery.into()));
        for standing in theirs.filter(|standing| standing.spent.micros > 0 && standing.is_to_be_told()) {
            tell(work, standing)?;
        }
        Ok(())
    }

    /// Counts a message as if it had gone out.
    pub(super) fn suppose<'a>(&mut self, live: &Live, message: impl Into<Paid<'a>>) {
        let message = message.into();
        let Some(amount) = cost_of(live, message) else { return };
        self.standings
            .iter_mut()
            .filter(|standing| is_for(standing, live, message))
            .for_each(|standing| standing.add(amount, 1));
    }

    /// The same at a moment: it counts where that is of the days that are looked at.
    pub(super) fn suppose_then(&mut self, live: &Live, handed: &HandedOver) {
        let Some(amount) = cost_of(live, handed.into()) else { return };
        self.standings
            .iter_mut()
            .filter(|standing| is_for(standing, live, handed.into()))
            .filter(|standing| (standing.span.begins..standing.span.ends).contains(&handed.time))
            .for_each(|standing| standing.add(amount, 1));
    }

    /// Counts what a message is expected to cost, and tells people whose budget comes to its end.
    pub(super) fn reserve(&mut self, work: &mut Working<'_>, delivery: &Delivery) -> Result<(), FlowError> {
        let Some(amount) = cost_of(work.live, delivery.into()) else { return Ok(()) };
        let cost = Cost { day: budget_day(work.now, work.live.zone()), amount };
        work.unit.put_cost(delivery, Some(cost))?;
        for standing in &mut self.standings {
            if !is_for(standing, work.live, delivery.into()) {
                continue;
            }
            standing.add(amount, 1);
            if standing.is_to_be_told() {
                tell(work, standing)?;
            }
        }
        Ok(())
    }
}

/// What a webhook is told costs nothing, and is no message to anybody.
fn is_for(standing: &BudgetStanding, live: &Live, Paid { channel, program, topic }: Paid<'_>) -> bool {
    channel != WEBHOOK && standing.is_for(channel, program, topic, live.is_service(topic))
}

/// In how many parts a message of a channel may go.
pub(super) fn most_parts(live: &Live, channel: &str) -> u32 {
    match (channel, &live.workspace().organisation.sms) {
        (SMS, Some(account)) => account.max_segments,
        _ => 1,
    }
}

/// What a message is expected to cost; `None` where the workspace does not say what messages of its channel do.
/// Of a text that is each of the segments that it may have: how many it has is known when it is made.
fn cost_of(live: &Live, Paid { channel, .. }: Paid<'_>) -> Option<Amount> {
    Some(times(live.workspace().organisation.cost(channel)?, most_parts(live, channel)))
}

/// The same, beside a budget: of one of nothing not even that is paid which has no price.
fn price_in(standing: &BudgetStanding, live: &Live, message: Paid<'_>) -> Amount {
    cost_of(live, message).unwrap_or(Amount { micros: 0, ..standing.budget.max })
}

fn times(price: Amount, parts: u32) -> Amount {
    Amount { micros: price.micros.saturating_mul(i64::from(parts)), ..price }
}

/// A message went out, or may have, in so many parts: that is what it costs, of what was reserved for it, on the day and at the price
/// at which that was. What was reserved for nobody is in no sum: it had no price when it was decided.
pub(super) fn count(work: &mut Working<'_>, delivery: &Delivery, parts: Parts) -> Result<(), FlowError> {
    if parts.had >= parts.reserved {
        return Ok(());
    }
    let Some(Cost { day, amount }) = work.unit.cost(delivery.id)? else { return Ok(()) };
    let part = Amount { micros: amount.micros / i64::from(parts.reserved), ..amount };
    work.unit.put_cost(delivery, Some(Cost { day, amount: times(part, parts.had) }))?;
    wake_next(work, delivery)
}

/// Tells people that a budget comes to its end, once in its days.
fn tell(work: &mut Working<'_>, standing: &BudgetStanding) -> Result<(), FlowError> {
    let BudgetStanding { budget, spent, .. } = standing;
    let (name, told) = telling(standing);
    if work.unit.setting(&name)?.as_deref() == Some(told.as_str()) {
        return Ok(());
    }
    work.unit.put_setting(&name, &told)?;
    metrics::counter!("crowsnest_budget_alarms_total", "budget" => budget.name.clone()).increment(1);
    let (max, per) = (budget.max, budget.per.as_str());
    alarms::queue(work, standing)?;
    tracing::warn!(budget = %budget.name, %spent, %max, per, "a budget comes to its end");
    Ok(())
}

/// Whether somebody was told of a budget in its days.
pub(crate) fn was_told(
    read: &(impl Read + ?Sized),
    standing: &BudgetStanding,
) -> Result<bool, crowsnest_store::StoreError> {
    let (name, told) = telling(standing);
    Ok(read.setting(&name)? == Some(told))
}

/// What is remembered of a budget's being told, and under which name: its days, the part of it and its maximum.
fn telling(standing: &BudgetStanding) -> (String, String) {
    let BudgetStanding { budget, span, .. } = standing;
    let part = budget.warn.map(|warn| warn.to_string()).unwrap_or_default();
    (format!("budget-told:{}", budget.name), format!("{} {part} {}", span.first, budget.max))
}

/// A message went out although it seemed not to have, and what it costs was given back.
pub(super) fn pay(work: &mut Working<'_>, delivery: &Delivery) -> Result<(), FlowError> {
    let Some(amount) = cost_of(work.live, delivery.into()) else { return Ok(()) };
    let day = budget_day(work.now, work.live.zone());
    Ok(work.unit.put_cost(delivery, Some(Cost { day, amount }))?)
}

/// What a message was to cost is given back: it surely did not go out. Who waits for money may have it.
pub(super) fn give_back(work: &mut Working<'_>, delivery: &Delivery) -> Result<(), FlowError> {
    if work.unit.cost(delivery.id)?.is_none() {
        return Ok(());
    }
    work.unit.put_cost(delivery, None)?;
    wake_next(work, delivery)
}

/// Of each budget of which a message gave something back, the one that has waited longest on each line is decided anew, and passes
/// it on ([`pass_on`]). So nobody waits for the next days while there is money, and not all are looked at whenever one fails.
fn wake_next(work: &mut Working<'_>, delivery: &Delivery) -> Result<(), FlowError> {
    let live = work.live;
    for budget in &live.workspace().organisation.budgets {
        let standing = BudgetStanding::new(budget, work.now, live.zone());
        if !is_for(&standing, live, delivery.into()) {
            continue;
        }
        for channel in
            PRICED.iter().filter(|channel| budget.channel.as_deref().is_none_or(|of| of == **channel))
        {
            wake_first(work, &Line::of(channel, ""), &standing)?;
        }
    }
    Ok(())
}

fn wake_first(work: &mut Working<'_>, line: &Line, standing: &BudgetStanding) -> Result<(), FlowError> {
    let reason = format!("{WAITS_FOR_BUDGET}`{}`", standing.budget.name);
    work.something_due |= work.unit.wake_first(line, standing.span.ends, &reason, work.now)?;
    Ok(())
}

/// The budget for which a message waits, by its name.
pub(super) fn budget_waited_for(delivery: &Delivery) -> Option<String> {
    let rest = delivery.reason.as_deref()?.strip_prefix(WAITS_FOR_BUDGET)?.strip_prefix('`')?;
    Some(rest.split('`').next()?.to_owned())
}

/// A message that waited for a budget was decided. Unless it waits for that one again, there was room in it, and may be more:
/// the next one on its line is decided too.
pub(super) fn pass_on(
    work: &mut Working<'_>,
    id: DeliveryId,
    line: &Line,
    budget: &str,
) -> Result<(), FlowError> {
    let decided = work.unit.delivery(id)?;
    if decided.and_then(|delivery| budget_waited_for(&delivery)).as_deref() == Some(budget) {
        return Ok(());
    }
    wake_next_for(work, line, budget)
}

/// A message that had its turn for money ends with its run, before it is decided: the next one on its line is decided instead.
pub(crate) fn run_ends(work: &mut Working<'_>, run: RunId) -> Result<(), FlowError> {
    if work.live.workspace().organisation.budgets.is_empty() {
        return Ok(());
    }
    let of_run = DeliveryFilter { run: Some(run), ..DeliveryFilter::default() };
    for delivery in work.unit.deliveries(&of_run, usize::MAX >> 1)? {
        if let Some(budget) = had_its_turn(&delivery, work.now) {
            wake_next_for(work, &delivery.line(), &budget)?;
        }
    }
    Ok(())
}

/// The budget that a message waited for and is to be decided by now.
pub(super) fn had_its_turn(delivery: &Delivery, now: Time) -> Option<String> {
    let is_due = delivery.state == DeliveryState::Queued && delivery.due <= now;
    budget_waited_for(delivery).filter(|_| is_due)
}

fn wake_next_for(work: &mut Working<'_>, line: &Line, budget: &str) -> Result<(), FlowError> {
    let live = work.live;
    match live.workspace().organisation.budgets.iter().find(|other| other.name == budget) {
        Some(budget) => wake_first(work, line, &BudgetStanding::new(budget, work.now, live.zone())),
        None => Ok(()),
    }
}

/// When budgets or prices have changed, what waits for a budget is decided anew.
pub(super) fn wake(work: &mut Working<'_>) -> Result<(), FlowError> {
    let organisation = &work.live.workspace().organisation;
    let prices = PRICED.map(|channel| organisation.cost(channel));
    let known = format!("{:?} {prices:?} {}", organisation.budgets, organisation.time_zone);
    if has_changed(work, "budgets", &known)? {
        work.something_due |= work.unit.wake_waiting(WAITS_FOR_BUDGET, work.now)? > 0;
    }
    Ok(())
}
