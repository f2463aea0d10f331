//! `crowsnest identity review` and `decide`: what people of the house are asked about who is one person.

use crate::{
    client::{Client, Connection},
    output::{self, text},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

/// List those who may be one person, or look at two of them side by side.
#[derive(Debug, Args)]
pub struct Review {
    /// A question, to look at its two people side by side, field by field.
    question: Option<String>,
    /// Those that are put off, rather than those that are open.
    #[arg(long, conflicts_with = "question")]
    put_off: bool,
    /// At most this many; those that are most valuable to decide come first.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "question")]
    limit: usize,
    #[command(flatten)]
    connection: Connection,
}

/// Answer a question of the review: it holds, and is learned from.
#[derive(Debug, Args)]
pub struct Decide {
    /// The question.
    question: String,
    /// Whether they are one person.
    answer: Answer,
    /// Why, for those who ask later.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Answer {
    /// They are one person.
    Same,
    /// They are two.
    Different,
    /// Not now: it comes up again when something about them changes.
    Later,
}

/// Learns anew what likeness weighs, and links everybody on the server by it.
pub fn link_everybody(client: &Client, preview: bool, as_json: bool) -> anyhow::Result<()> {
    let report: Value = client.post("/api/v1/identity/link", &json!({ "preview": preview }))?;
    if as_json {
        output::json(&report);
        return Ok(());
    }
    for warning in report["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        eprintln!("warning: {warning}");
    }
    say!(
        "{} compared, {} left out since too little is known of them.",
        output::count_of(&report["records"], "record", "records"),
        output::people(&report["left_out"])
    );
    say!("Model {}.", text(&report, "model"));
    if preview {
        say!(
            "{} alike enough to be one with somebody else, unless limits of identifiers, what was decided, or another \
             name or birthday stand against it; {} in doubt.",
            output::count_of(&report["same"], "is", "are"),
            output::count_of(&report["doubtful"], "pair is", "pairs are")
        );
    } else {
        say!(
            "{} made one with somebody else; {} in the review.",
            output::count_of(&report["joined"], "was", "were"),
            output::count_of(&report["open_questions"], "question is", "questions are")
        );
    }
    for (name, head) in [("pairs", "one person"), ("doubts", "in doubt")] {
        let pairs: Vec<[String; 3]> = report[name]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pair| [text(pair, "one"), text(pair, "other"), percent(&pair["certainty"])])
            .collect();
        if !pairs.is_empty() {
            say!();
            say!("{}", output::table([head, "", "certainty"], &[2], pairs));
        }
    }
    if preview {
        say!("This is a preview; nothing was changed. Without --preview it is done.");
    }
    Ok(())
}

/// Where the matching of people stands.
pub fn standing(client: &Client, as_json: bool) -> anyhow::Result<()> {
    let standing: Value = client.get("/api/v1/identity/matching")?;
    if as_json {
        output::json(&standing);
        return Ok(());
    }
    let state = match text(&standing, "state").as_str() {
        "off" => {
            say!(
                "People are matched by identifiers alone. Add `matching: {{}}` to the `identity:` document to find those \
                 who are alike."
            );
            return Ok(());
        }
        "reading" => format!("reading everybody ({} so far)", output::count(&standing["done"])),
        "learning" => "learning what likeness weighs".to_owned(),
        "linking" if standing["done"] == 0 => "linking everybody".to_owned(),
        "linking" => format!(
            "linking everybody ({} of {})",
            output::count(&standing["done"]),
            output::count(&standing["records"])
        ),
        _ => "live: whoever changes is compared at once".to_owned(),
    };
    say!("{state}");
    if !standing["model"].is_null() {
        say!(
            "model {}, learned {} from {} records; {} are compared now",
            text(&standing, "model"),
            text(&standing, "learned"),
            output::count(&standing["learned_from"]),
            output::count(&standing["records"])
        );
    }
    say!(
        "{} to be compared; {} open, {} put off: crowsnest identity review",
        output::count_of(&standing["waiting"], "person waits", "people wait"),
        output::count_of(&standing["open_questions"], "question is", "questions are"),
        output::count_of(&standing["put_off"], "is", "are")
    );
    Ok(())
}

impl Review {
    /// Runs it.
    pub fn run(self, as_json: bool) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        if let Some(question) = self.question {
            let question: Value = client.get(&format!("/api/v1/identity/questions/{question}"))?;
            if as_json {
                output::json(&question);
            } else {
                show(&question);
            }
            return Ok(());
        }
        let path = format!("/api/v1/identity/questions?put_off={}&limit={}", self.put_off, self.limit);
        let questions: Value = client.get(&path)?;
        if as_json {
            output::json(&questions);
            return Ok(());
        }
        let rows: Vec<[String; 5]> = questions
            .as_array()
            .into_iter()
            .flatten()
            .map(|question| {
                let person = |place: usize| in_short(&question["people"][place]);
                let why = text(question, "obstacle");
                [text(question, "id"), percent(&question["certainty"]), person(0), person(1), why]
            })
            .collect();
        if rows.is_empty() {
            say!("Nobody is in doubt{}.", if self.put_off { " who was put off" } else { "" });
            return Ok(());
        }
        say!(
            "{}",
            output::table(
                ["question", "one person?", "the one", "the other", "stands against it"],
                &[1],
                rows
            )
        );
        say!(
            "Side by side: crowsnest identity review QUESTION. Then: crowsnest identity decide QUESTION same|different|later"
        );
        Ok(())
    }
}

impl Decide {
    /// Runs it.
    pub fn run(self, as_json: bool) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let answer = match self.answer {
            Answer::Same => "same",
            Answer::Different => "different",
            Answer::Later => "later",
        };
        let mut body = json!({ "answer": answer });
        if let Some(reason) = self.reason {
            body["reason"] = reason.into();
        }
        let done: Value = client.post(&format!("/api/v1/identity/questions/{}", self.question), &body)?;
        if as_json {
            output::json(&done);
            return Ok(());
        }
        match self.answer {
            Answer::Same => say!(
                "They are one person from now on: {} ({}).",
                text(&done, "profile"),
                text(&done, "decision")
            ),
            Answer::Different => say!("They stay two ({}).", text(&done, "decision")),
            Answer::Later => say!("It is put off until something about them changes."),
        }
        Ok(())
    }
}

fn percent(certainty: &Value) -> String {
    let percent = certainty.as_f64().unwrap_or(0.0) * 100.0;
    // Never more certain than it is.
    format!("{:.1} %", (percent * 10.0).floor() / 10.0)
}

/// Values of a field, or of all, in one text.
fn values(compared: &Value, field: &str) -> String {
    let all = compared[field].as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn in_short(person: &Value) -> String {
    let compared = &person["compared"];
    let name = [values(compared, "forename"), values(compared, "surname")].join(" ").trim().to_owned();
    let rest = ["birth_date", "email", "phone", "postcode"].map(|field| values(compared, field));
    let mut lines = vec![text(person, "profile"), name];
    lines.extend(rest);
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn show(question: &Value) {
    let [one, other] = [0, 1].map(|place| &question["people"][place]);
    let mut fields: Vec<&String> = [one, other]
        .iter()
        .flat_map(|person| person["compared"].as_object().into_iter().flat_map(|fields| fields.keys()))
        .collect();
    fields.sort();
    fields.dedup();
    let mut rows: Vec<[String; 3]> = fields
        .iter()
        .map(|field| [(*field).clone(), values(&one["compared"], field), values(&other["compared"], field)])
        .collect();
    let known = |person: &Value| {
        let all = person["identifiers"].as_array().into_iter().flatten();
        all.map(|one| format!("{}={}", text(one, "namespace"), text(one, "value")))
            .collect::<Vec<_>>()
            .join("\n")
    };
    rows.push(["known by".into(), known(one), known(other)]);
    rows.push(["events".into(), output::count(&one["events"]), output::count(&other["events"])]);
    rows.push(["last seen".into(), text(one, "last_seen"), text(other, "last_seen")]);
    say!("{}", output::table(["", &text(one, "profile"), &text(other, "profile")], &[], rows));
    say!();
    let lines = question["evidence"].as_array().into_iter().flatten();
    let mut rows: Vec<[String; 3]> = lines
        .map(|line| {
            let bits = line["bits"].as_f64().unwrap_or(0.0);
            [text(line, "field"), text(line, "finding"), format!("{bits:+.2}")]
        })
        .collect();
    let bits = question["bits"].as_f64().unwrap_or(0.0);
    let said = format!("one person with a certainty of {}", percent(&question["certainty"]));
    rows.push(["score".into(), said, format!("{bits:+.2}")]);
    say!("{}", output::table(["field", "finding", "bits"], &[2], rows));
    let obstacle = text(question, "obstacle");
    if !obstacle.is_empty() {
        say!("What stands against it: {obstacle}.");
    }
    let id = text(question, "id");
    say!("crowsnest identity decide {id} same|different|later --reason …");
}
