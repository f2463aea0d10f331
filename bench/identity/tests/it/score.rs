//! How well records were matched.

use crowsnest_bench_identity::{
    answers::{Answers, read},
    counts::{Pairs, b_cubed},
    dice::Dice,
    score::Report,
    traps::{Trap, Traps},
};
use std::fs;

/// Nine records: Ann (1, 2, 3), her husband Bob (4, 5), their neighbour Cem (6), and Dan (7, 8) with his son Eli (9).
fn answers(cluster: &[u32], household: &[u32]) -> Answers {
    Answers {
        person: vec![0, 0, 0, 1, 1, 2, 3, 3, 4],
        household: Some(vec![0, 0, 0, 0, 0, 1, 2, 2, 2]),
        cluster: cluster.to_vec(),
        household_cluster: Some(household.to_vec()),
        ..Answers::default()
    }
}

fn close(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-12, "{one} is not {other}");
}

#[test]
fn who_is_right_has_one_everywhere() {
    let right = answers(&[5, 5, 5, 1, 1, 2, 8, 8, 7], &[9, 9, 9, 9, 9, 4, 3, 3, 3]);
    let report = Report::of(&right);
    let households = report.households.expect("households");
    for quality in [report.pairwise, report.b_cubed, households.by_record, households.by_person] {
        close(quality.f1, 1.0);
    }
    assert_eq!((report.people.exact, report.people.exact_with_several), (5, 3));
}

#[test]
fn false_and_missed_links_are_counted() {
    // Ann's third record went to Bob; Dan and Eli are one.
    let report = Report::of(&answers(&[0, 0, 1, 1, 1, 2, 3, 3, 3], &[0, 0, 0, 0, 0, 2, 3, 3, 3]));
    assert_eq!(report.pairs, Pairs { of_truth: 5, found: 7, right: 3 });
    close(report.pairwise.precision, 3.0 / 7.0);
    close(report.pairwise.recall, 3.0 / 5.0);
    close(report.pairwise.f1, 2.0 * 3.0 / (7.0 + 5.0));
    // Ann: two records in a cluster of two, one in a cluster of three; Bob two of three; Cem alone; Dan two of three, Eli one.
    close(
        report.b_cubed.precision,
        (1.0 + 1.0 + 1.0 / 3.0 + 2.0 * 2.0 / 3.0 + 1.0 + 2.0 * 2.0 / 3.0 + 1.0 / 3.0) / 9.0,
    );
    close(report.b_cubed.recall, (2.0 / 3.0 * 2.0 + 1.0 / 3.0 + 2.0 + 1.0 + 2.0 + 1.0) / 9.0);
    assert_eq!((report.people.of_truth, report.people.found, report.people.exact), (5, 4, 1));
    assert_eq!((report.people.of_truth_with_several, report.people.exact_with_several), (3, 0));
}

#[test]
fn households_count_pairs_of_different_people() {
    // Bob's second record, and with it half of Bob, is put with Cem; Dan and Eli are apart.
    let report = Report::of(&answers(&[0, 0, 0, 1, 1, 2, 3, 3, 4], &[0, 0, 0, 0, 1, 1, 2, 2, 3]));
    let households = report.households.expect("households");
    // In truth 3 × 2 with Ann and Bob, 2 × 1 with Dan and Eli. Found: 3 with Ann and Bob, 1 with Bob and Cem.
    close(households.by_record.precision, 3.0 / 4.0);
    close(households.by_record.recall, 3.0 / 8.0);
    // Bob lives where the first of his two records is: with Ann. Dan and Eli are missed.
    close(households.by_person.precision, 1.0);
    close(households.by_person.recall, 1.0 / 2.0);
}

#[test]
fn one_cluster_for_all_and_one_for_each_are_the_two_extremes() {
    let all = Report::of(&answers(&[1; 9], &[1; 9]));
    close(all.pairwise.recall, 1.0);
    close(all.pairwise.precision, 5.0 / 36.0);
    let each = Report::of(&answers(&[0, 1, 2, 3, 4, 5, 6, 7, 8], &[0, 1, 2, 3, 4, 5, 6, 7, 8]));
    close(each.pairwise.recall, 0.0);
    close(each.pairwise.precision, 1.0);
    close(each.pairwise.f1, 0.0);
}

#[test]
fn random_groups_are_counted_as_pair_by_pair() {
    let mut dice = Dice::new(99);
    for round in 0..200 {
        let count = 2 + dice.below(40);
        let groups = 1 + dice.below(12);
        let truth: Vec<u32> = (0..count).map(|_| dice.below(groups) as u32).collect();
        let found: Vec<u32> = (0..count).map(|_| dice.below(groups) as u32).collect();
        let mut slow = Pairs::default();
        for one in 0..count {
            for other in 0..one {
                let (of_truth, as_found) = (truth[one] == truth[other], found[one] == found[other]);
                slow.of_truth += u64::from(of_truth);
                slow.found += u64::from(as_found);
                slow.right += u64::from(of_truth && as_found);
            }
        }
        assert_eq!(Pairs::of(&truth, &found), slow, "round {round}");

        let (mut precision, mut recall) = (0.0, 0.0);
        for one in 0..count {
            let with = |same: &dyn Fn(usize) -> bool| (0..count).filter(|other| same(*other)).count() as f64;
            let both = with(&|other| truth[one] == truth[other] && found[one] == found[other]);
            precision += both / with(&|other| found[one] == found[other]);
            recall += both / with(&|other| truth[one] == truth[other]);
        }
        let fast = b_cubed(&truth, &found);
        close(fast.precision, precision / count as f64);
        close(fast.recall, recall / count as f64);
    }
}

#[test]
fn errors_are_counted_by_what_is_special_about_a_record() {
    let mut answers = answers(&[0, 0, 1, 1, 1, 2, 3, 3, 3], &[0; 9]);
    let mut traps = vec![Traps::default(); 9];
    traps[2].add(Trap::Typo);
    traps[8].add(Trap::NamesakeInFamily);
    traps[7].add(Trap::NamesakeInFamily);
    answers.traps = Some(traps);
    let errors = Report::of(&answers).errors.expect("errors");
    let of = |word: &str| errors.iter().find(|errors| errors.trap == word).expect("the trap");
    let typo = of("typo");
    assert_eq!((typo.records, typo.pairs, typo.false_links, typo.missed_links), (1, 2, 2, 2));
    let namesake = of("namesake in the family");
    assert_eq!((namesake.records, namesake.pairs, namesake.false_links, namesake.missed_links), (2, 1, 2, 0));
    assert_eq!(errors.len(), 2);
}

#[test]
fn a_record_that_the_answer_does_not_mention_is_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let (truth, clusters) = (folder.path().join("truth.csv"), folder.path().join("clusters.csv"));
    fs::write(&truth, "record_id,person_id,household_id\nr1,p1,h1\nr2,p1,h1\nr3,p1,h1\nr4,p2,h1\n")
        .expect("truth");
    fs::write(&clusters, "record_id,cluster_id\nr2,c1\nr1,c1\n").expect("clusters");
    let report = Report::of(&read(&truth, &clusters, None).expect("answers"));
    assert_eq!(report.pairs, Pairs { of_truth: 3, found: 1, right: 1 });
    assert_eq!((report.unmentioned, report.people.found), (2, 3));
    assert!(report.households.is_none());
}

#[test]
fn answers_that_cannot_be_are_errors() {
    let folder = tempfile::tempdir().expect("folder");
    let (truth, clusters) = (folder.path().join("truth.csv"), folder.path().join("clusters.csv"));
    let error = |truth_text: &str, clusters_text: &str| {
        fs::write(&truth, truth_text).expect("truth");
        fs::write(&clusters, clusters_text).expect("clusters");
        format!("{:#}", read(&truth, &clusters, None).expect_err("an error"))
    };
    let known = "record_id,person_id,household_id\nr1,p1,h1\n";
    let said = error(known, "record_id,cluster_id\nr1,c1\nr1,c2\n");
    assert!(said.ends_with("clusters.csv, row 2: r1 is there twice"), "{said}");
    let said = error(known, "record_id,cluster_id\nr9,c1\n");
    assert!(said.ends_with("row 1: the truth does not know r9"), "{said}");
    let said = error("record_id,person_id,household_id\nr1,p1,h1\nr2,p1,h2\n", "record_id,cluster_id\n");
    assert!(said.ends_with("row 2: p1 lives in two households"), "{said}");
}
