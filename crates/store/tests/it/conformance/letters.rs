//! Letters: what waits to be printed, and print runs.

use super::PAGE;
use crate::words::*;
use crowsnest_model::{
    DeliveryId, HouseholdId, PrintRunId, ProfileId, Time, delivery::DeliveryState, line::Line,
};
use crowsnest_store::PrintRun;

pub fn letters_wait_for_a_print_run(store: &mut impl Backend) {
    let letter = |id, program, profile| {
        let mut letter = delivery(id, program, profile, "o", DeliveryState::Queued);
        letter.channel = "letter".into();
        letter.due = Time(100);
        letter
    };
    let run = PrintRun { id: PrintRunId(90), started: Time(200), finished: None, program: None, letters: 0 };
    store.commit(|unit| {
        for letter in [letter(3, "p", 7), letter(1, "p", 8), letter(2, "q", 7)] {
            unit.put_delivery(&letter)?;
        }
        unit.put_delivery(&delivery(4, "p", 9, "o", DeliveryState::Queued))?;
        assert_eq!(unit.next_due()?, None, "a letter is due to nobody but a print run");
        let mail = Line::of("email", "");
        let mail: Vec<u64> =
            unit.due_deliveries(&mail, Time(500), 10)?.iter().map(|mail| mail.id.0).collect();
        assert_eq!(mail, [4]);
        assert!(unit.due_deliveries_of(ProfileId(7), Time(500))?.is_empty());
        let due = |program, after| -> Vec<u64> {
            let due = unit.due_letters(Time(100), program, after, 10).unwrap();
            due.iter().map(|letter| letter.id.0).collect()
        };
        assert_eq!(due(None, None), [1, 2, 3]);
        assert_eq!(due(Some("p"), None), [1, 3]);
        assert_eq!(due(None, Some((Time(100), DeliveryId(1)))), [2, 3]);
        assert!(unit.due_letters(Time(99), None, None, 10)?.is_empty());
        assert_eq!(unit.due_letters_of(ProfileId(7), Time(100))?.len(), 2);
        unit.put_print_run(&run)?;
        for (id, household) in [(1, Some(HouseholdId(5))), (3, None)] {
            let mut sent = unit.delivery(DeliveryId(id))?.unwrap();
            sent.state = DeliveryState::Sending;
            sent.contact = "elsewhere".into();
            unit.update_delivery(&sent)?;
            unit.put_printed(DeliveryId(id), run.id, household)?;
        }
        Ok(())
    });
    store.read(|read| {
        assert_eq!(read.open_print_runs()?, std::slice::from_ref(&run));
        assert_eq!(read.print_run(run.id)?, Some(run.clone()));
        let printed = read.being_printed(run.id, 10)?;
        assert_eq!(printed.iter().map(|letter| letter.id.0).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(printed[0].contact, "elsewhere", "where they live now");
        assert!(read.sending_deliveries()?.is_empty(), "letters are known by their print run");
        assert_eq!(read.printed_in(run.id)?, 2);
        let home = HouseholdId(5);
        assert_eq!(read.printed_for(home, "p", "other", run.id)?, Some(ProfileId(8)), "of this print run");
        assert_eq!(read.printed_for(home, "p", "o", PrintRunId(1))?, Some(ProfileId(8)), "of this occasion");
        assert_eq!(read.printed_for(home, "p", "other", PrintRunId(1))?, None);
        assert_eq!(read.printed_for(home, "q", "o", run.id)?, None);
        Ok(())
    });
    store.commit(|unit| {
        // One of each that is printed to customers; what is printed for the house itself is none.
        let mut decoy = letter(9, "p", 0);
        (decoy.seed, decoy.state) = (Some("decoys/Ann".into()), DeliveryState::Sending);
        (decoy.occasion, decoy.template) = ("decoy".into(), "other".into());
        assert!(unit.put_delivery(&decoy)?);
        unit.put_printed(decoy.id, run.id, None)?;
        let each: Vec<u64> = unit.printed_of_each(run.id)?.iter().map(|letter| letter.id.0).collect();
        assert_eq!(each, [1]);
        assert!(unit.printed_of_each(PrintRunId(1))?.is_empty());
        unit.remove_printed(decoy.id)?;
        unit.remove_printed(DeliveryId(3))?;
        unit.put_print_run(&PrintRun { finished: Some(Time(300)), letters: 1, ..run.clone() })?;
        unit.put_print_run(&PrintRun { id: PrintRunId(91), ..run.clone() })?;
        unit.remove_print_run(PrintRunId(91))
    });
    store.read(|read| {
        assert_eq!(read.printed_in(run.id)?, 1);
        assert!(read.open_print_runs()?.is_empty());
        assert_eq!(
            read.print_runs(PAGE)?,
            [PrintRun { finished: Some(Time(300)), letters: 1, ..run.clone() }]
        );
        Ok(())
    });
}
