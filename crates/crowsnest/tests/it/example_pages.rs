//! The pages about the example's programs: each command on them is carried out, and says what the page says it does.

use crate::world::{WEB, example, fine, harbor, repository, settled};
use base64::{Engine, engine::general_purpose::STANDARD};
use crowsnest_testkit::{Request, RunningServer, wait};
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Where a server listens by default, and so on the pages.
const HERE: &str = "http://127.0.0.1:8080";

/// How long what a page promises may take to happen.
const SOON: Duration = Duration::from_secs(15);

/// What shells do that is not done here: a page has no need of it.
const NOT_PLAIN: [char; 8] = ['$', '`', '|', '&', ';', '<', '>', '#'];

/// A fenced block of a page.
pub struct Block {
    language: String,
    text: String,
}

/// A line of a shell block, as words.
enum Command {
    /// An event is told.
    Tell { path: String, user: String, body: String },
    /// `crowsnest` with these arguments.
    Ask(Vec<String>),
}

/// The names of the files of a folder that end so, without that ending.
fn names(folder: &Path, ending: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    files.filter_map(|file| file.strip_suffix(ending).map(str::to_owned)).collect()
}

/// The fenced blocks of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (inside, line.strip_prefix("```")) {
            (false, Some(language)) => {
                blocks.push(Block { language: language.to_owned(), text: String::new() });
                inside = true;
            }
            (true, Some(_)) => inside = false,
            (true, None) => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            (false, None) => {}
        }
    }
    assert!(!inside, "a block does not end");
    blocks
}

/// The commands of a block. What is neither of the two that pages use is a mistake of the page.
fn commands(block: &str) -> Vec<Command> {
    let lines = block.replace("\\\n", " ");
    let command = |line: &str| {
        assert!(!line.contains(NOT_PLAIN), "more than words and quotes: {line}");
        let words = shlex::split(line).unwrap_or_else(|| panic!("a quote does not end: {line}"));
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["curl", "-s", url, "-u", user, "-d", body] => {
                let path = url.strip_prefix(HERE).unwrap_or_else(|| panic!("not to {HERE}: {line}"));
                Command::Tell { path: path.into(), user: (*user).into(), body: (*body).into() }
            }
            ["crowsnest", ..] => Command::Ask(words[1..].to_vec()),
            _ => panic!("expected `curl -s URL -u KEY: -d BODY` or `crowsnest …`: {line}"),
        }
    };
    lines.lines().map(command).collect()
}

/// What the server answers to an event, or the command prints. Neither may fail, nor any event be put aside.
fn carry_out(server: &RunningServer, command: &Command) -> String {
    match command {
        Command::Tell { path, user, body } => {
            assert_eq!(user, &format!("{WEB}:"), "the write key of the example's web site");
            let request = Request::post(path, body.as_str())
                .header("authorization", format!("Basic {}", STANDARD.encode(user)))
                .header("content-type", "application/x-www-form-urlencoded");
            let answer = server.api().send(&request);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            let (told, expected) = (answer.json(), json!([1, 0]));
            assert_eq!(json!([told["accepted"], told["quarantined"]]), expected, "{body}: {told}");
            answer.text()
        }
        Command::Ask(arguments) => {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            fine(server.command(&arguments))
        }
    }
}

/// Whether this line was printed. `…` stands for what is different each time.
fn is(said: &str, line: &str) -> bool {
    let mut rest = said;
    line.split('…').all(|part| match rest.split_once(part.trim()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// The first of these lines that was not printed, or not in this order.
fn missing<'a>(said: &str, lines: &'a str) -> Option<&'a str> {
    let mut said = said.lines();
    lines.lines().find(|line| !said.any(|said| is(said, line)))
}

/// Carries out the commands of a page in order. A text block is what the last command before it prints.
pub fn follow(server: &RunningServer, name: &str, blocks: &[Block]) {
    let mut last = None;
    let mut compared = 0;
    for block in blocks {
        match block.language.as_str() {
            "sh" => {
                for command in commands(&block.text) {
                    settled(server.api());
                    carry_out(server, &command);
                    last = Some(command);
                }
            }
            "text" => {
                // It is asked again until what it promises has happened. An event is not: it would be told twice.
                let command = match &last {
                    Some(command @ Command::Ask(_)) => command,
                    _ => panic!("{name}: a text that does not come after a `crowsnest` command"),
                };
                let deadline = Instant::now() + SOON;
                let (line, said) = wait::until(name, || {
                    let said = carry_out(server, command);
                    let line = missing(&said, &block.text);
                    (line.is_none() || Instant::now() > deadline).then_some((line, said))
                });
                assert_eq!(
                    line, None,
                    "{name}: this is not printed, or not in this order. Printed is\n{said}"
                );
                compared += 1;
            }
            "yaml" => {}
            other => panic!("{name}: a block of {other:?}: expected yaml, sh or text"),
        }
    }
    assert!(compared > 0, "{name}: nothing of what the commands print is shown");
}

/// A definition without the comment that it begins with.
fn uncommented(file: &str) -> &str {
    let mut rest = file;
    while let Some((_, after)) = rest.strip_prefix('#').and_then(|rest| rest.split_once('\n')) {
        rest = after;
    }
    rest
}

/// A definition as its keys, each with its lines.
fn keys(definition: &str) -> Vec<(String, String)> {
    let mut keys: Vec<(String, String)> = Vec::new();
    for line in definition.lines() {
        match line.split_once(':') {
            Some((key, _)) if !line.starts_with([' ', '-', '#']) => keys.push((key.into(), String::new())),
            _ => {}
        }
        let (_, lines) = keys.last_mut().unwrap_or_else(|| panic!("before the first key: {line}"));
        lines.push_str(line);
        lines.push('\n');
    }
    keys
}

/// A variant of a page, put in place of the keys of the same names, is a program as well.
fn is_a_program(server: &RunningServer, name: &str, variant: &str) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    fine(server.command(&["export", path]));
    let file = folder.path().join(format!("programs/{name}.yaml"));
    let changed = keys(variant);
    let now = fs::read_to_string(&file).unwrap();
    let mut program = keys(uncommented(&now));
    program.retain(|(key, _)| !changed.iter().any(|(other, _)| other == key));
    program.extend(changed);
    let text: String = program.into_iter().map(|(_, lines)| lines).collect();
    fs::write(&file, text).unwrap();
    let said = fine(server.command(&["diff", path]));
    assert!(said.contains(&format!("~ program {name}")) && !said.contains("warning"), "{name}: {said}");
}

#[test]
fn every_program_of_the_example_has_a_page_of_which_all_is_true() {
    let pages = repository().join("docs/guide/examples");
    let programs = names(&example().join("programs"), ".yaml");
    let mut written = names(&pages, ".md");
    assert!(written.remove("README"), "the folder has no README.md");
    assert_eq!(written, programs, "the pages, and the programs of the example");
    let table = fs::read_to_string(pages.join("README.md")).unwrap();
    for name in &programs {
        assert!(table.contains(&format!("]({name}.md)")), "README.md does not lead to {name}");
        let program = fs::read_to_string(example().join(format!("programs/{name}.yaml"))).unwrap();
        let blocks = blocks(&fs::read_to_string(pages.join(format!("{name}.md"))).unwrap());
        let mut definitions = blocks.iter().filter(|block| block.language == "yaml");
        let shown = definitions.next().map(|block| block.text.as_str());
        assert_eq!(shown, Some(uncommented(&program)), "{name}: the program, and its file");
        let server = harbor();
        follow(&server, name, &blocks);
        for variant in definitions {
            is_a_program(&server, name, &variant.text);
        }
    }
}

#[test]
fn a_page_that_is_wrong_is_found_out() {
    assert!(missing("a 1 b\nc\n", "a … b\nc").is_none());
    assert_eq!(missing("a 1 b\nc\n", "c\na"), Some("a"));
    assert_eq!(missing("a 1 b\n", "b … a"), Some("b … a"));
    for wrong in ["rm -r data", "crowsnest stats | wc", "curl http://127.0.0.1:8080/v1/track", "echo 'a"] {
        assert!(std::panic::catch_unwind(|| commands(wrong).len()).is_err(), "{wrong}");
    }
    let words = commands("crowsnest a \\\n  'b c'\n");
    assert!(matches!(words.as_slice(), [Command::Ask(words)] if words == &["a", "b c"]));
}
