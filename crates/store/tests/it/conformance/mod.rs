//! What every store must do, written against the traits alone.

mod homes;
mod identity;
mod items;
mod letters;
mod people;
mod programs;
mod segments;
mod steps;
mod tasks;
mod texts;
mod upkeep;

pub use homes::*;
pub use identity::*;
pub use items::*;
pub use letters::*;
pub use people::*;
pub use programs::*;
pub use segments::*;
pub use steps::*;
pub use tasks::*;
pub use texts::*;
pub use upkeep::*;

use crowsnest_store::Page;

const PAGE: Page = Page { limit: 100, offset: 0 };

/// One test for each case, on a fresh store that `$make` makes.
macro_rules! conformance_suite {
    ($make:ident) => {
        conformance_suite!($make:
            letters_wait_for_a_print_run copies_are_no_customers identifiers_have_one_holder events_are_kept_as_they_came people_are_found_by_what_they_did events_whose_ids_begin_alike_are_others a_person_is_read_as_written
            people_come_in_the_order_of_their_ids a_merge_moves_everything redirects_lead_to_the_last_survivor
            a_merge_keeps_one_message_of_an_occasion a_message_goes_before_one_that_was_left_out a_merge_cancels_what_the_other_was_sent
            who_lives_where_is_kept_since_when_and_until_when where_somebody_lived_goes_along_in_a_merge
            households_and_their_count who_shares_an_account the_later_consent_stays suppressions_keep_their_first_reason
            suppressions_are_listed_and_lifted what_stop_took_is_kept_until_start the_last_text_to_a_number_is_found a_delivery_remembers_its_life
            an_occasion_is_had_once who_is_skipped_is_on_record_at_once an_occasion_that_one_had_is_had_by_both
            runs_are_listed_counted_and_ended timers_are_due_in_order
            deliveries_have_one_occasion whom_a_launch_has_decided_is_known deliveries_are_found_by_any_filter due_held_and_overdue what_was_handed_over_counts_from_its_intent due_deliveries_of_one
            steps_taken_are_kept_in_order who_was_let_in_and_when parked_timers_wait a_goal_is_kept_whatever_became_of_the_run
            runs_on_their_way_are_moved what_never_went_out_stands_in_nobodys_way events_of_a_name_are_found tasks_are_made_once_and_done tasks_that_are_due_come_by_importance
            what_waits_for_a_list_is_woken_by_its_reason a_call_that_ends_takes_its_task_off_the_list
            the_next_due_moment what_is_being_sent_is_found_again each_line_has_a_queue_of_its_own a_cancelled_run_closes_what_is_open
            the_quarantine_keeps_each_thing_once watermarks_only_go_forward switches_and_settings what_is_sent_is_counted_by_the_hour
            imports_and_launches documents_have_versions a_comment_makes_no_version counters_add_up
            changes_of_identity_are_read_from_a_cursor an_event_is_found_by_its_id who_shares_an_identifier_is_known
            items_are_read_as_written changes_of_items_wait_and_go_on the_latest_word_of_a_watcher_stays
            what_came_while_a_program_waited_is_kept_once
            memberships_are_listed_counted_and_compared
            changes_of_segments_are_kept changes_of_one_event_are_told_apart looks_come_in_the_order_of_their_moments
            a_merge_takes_changes_of_segments_along builds_are_kept_until_they_are_removed the_ledger_follows_the_survivor a_failed_unit_leaves_nothing a_reader_sees_one_moment);
    };
    ($make:ident: $($case:ident)*) => {
        $(#[test] fn $case() { conformance::$case(&mut $make()); })*
    };
}
