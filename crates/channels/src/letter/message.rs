//! One letter.

use super::PostalAddress;
use crowsnest_model::DeliveryId;

/// A letter as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The delivery, by which it is known when it comes back.
    pub id: DeliveryId,
    /// The program or broadcast.
    pub program: String,
    /// The template.
    pub template: String,
    /// The consent topic.
    pub topic: String,
    /// Who sends it, line by line.
    pub from: String,
    /// To whom.
    pub to: PostalAddress,
    /// The day in its date line: `2026-03-02`.
    pub date: String,
    /// What it says. An empty line ends a paragraph.
    pub text: String,
}

impl Letter {
    /// Who sends it, as one line above the address.
    pub(super) fn sender(&self) -> String {
        let lines: Vec<&str> = self.from.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(" · ")
    }
}
