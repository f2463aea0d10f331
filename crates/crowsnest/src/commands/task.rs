//! `crowsnest task`: what programs ask people of the house to do.

use crate::{
    client::{Connection, encoded},
    output::{self, text},
};
use clap::{Args, Subcommand};
use serde_json::Value;

/// See what programs ask people of the house to do, and say that it is done.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crowsnest task list --team sales\n  crowsnest task done tsk_0sa44z8wg0004"
)]
pub struct Task {
    #[command(subcommand)]
    action: Action,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the tasks that are open.
    List {
        /// Of this team only.
        #[arg(long)]
        team: Option<String>,
        /// Those that are done, rather than those that are open.
        #[arg(long)]
        done: bool,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Say that a task is done.
    Done {
        /// Its id.
        id: String,
    },
}

impl Task {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match &self.action {
            Action::List { team, done, limit } => {
                let team = team.as_ref().map(|team| format!("&team={}", encoded(team))).unwrap_or_default();
                let found: Vec<Value> =
                    client.get(&format!("/api/v1/tasks?done={done}&limit={limit}{team}"))?;
                if self.json {
                    output::json(&Value::from(found));
                    return Ok(());
                }
                let columns = ["id", "created", "team", "title", "profile", "program", "note"];
                let rows = found.iter().map(|task| columns.map(|column| text(task, column)));
                say!("{}", output::table(columns, &[], rows));
            }
            Action::Done { id } => {
                let task: Value =
                    client.post(&format!("/api/v1/tasks/{}/done", encoded(id)), &Value::Null)?;
                if self.json {
                    output::json(&task);
                } else {
                    say!("done: {}", text(&task, "title"));
                }
            }
        }
        Ok(())
    }
}
