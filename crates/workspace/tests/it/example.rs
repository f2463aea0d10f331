use crate::harbor_motors;
use crowsnest_workspace::{Kind, check};

#[test]
fn the_example_checks_without_a_problem_or_a_warning() {
    let checked = check(&harbor_motors()).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    assert_eq!(checked.warnings, []);
    let names = |kind| -> Vec<&str> {
        checked.documents.iter().filter(|d| d.kind == kind).map(|d| d.name.as_str()).collect()
    };
    assert_eq!(names(Kind::Program), ["abandoned-cart"]);
    assert_eq!(names(Kind::Broadcast), ["trade-in-offer"]);
    assert_eq!(names(Kind::Source).len(), 8);
    assert_eq!(checked.workspace.organisation.title, "Harbor Motors");
    assert_eq!(
        checked.workspace.sources["web"].write_key.as_deref(),
        Some("hm_web_write_key_0001"),
        "the demo and the documentation use this key"
    );
}
