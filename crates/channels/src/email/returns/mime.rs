//! Just as much of MIME (RFC 2045) as reports need: fields, and the parts of one level. What is read is foreign, so nothing here
//! goes down into what is nested; who reads says how deep.

use mail_parser::MessageParser;

/// The most fields of one head.
const FIELDS: usize = 500;
/// The most of one field's value, in bytes.
const VALUE: usize = 8 * 1024;
/// The most parts of one level.
const PARTS: usize = 32;
/// The most of a part's text that is looked at, in bytes.
const TEXT: usize = 64 * 1024;

/// The fields of a head, unfolded, in order.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(head: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in head.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut()
                    && value.len() + line.len() <= VALUE
                {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':')
                && fields.len() < FIELDS
            {
                let value = value.trim();
                let end = value.floor_char_boundary(VALUE);
                fields.push((
                    name.trim_end().to_ascii_lowercase(),
                    value.get(..end).unwrap_or_default().to_owned(),
                ));
            }
        }
        Self(fields)
    }

    /// The value of the first field of this name, which is given in small letters.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A mail, or a part of one.
#[derive(Debug)]
pub(super) struct Part<'m> {
    pub(super) fields: Fields,
    pub(super) body: &'m [u8],
}

impl<'m> Part<'m> {
    pub(super) fn read(bytes: &'m [u8]) -> Self {
        let mut end = bytes.len();
        let mut body = bytes.len();
        let mut at = 0;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if line == b"\n" || line == b"\r\n" {
                (end, body) = (at, at + line.len());
                break;
            }
            at += line.len();
        }
        let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        Self { fields: Fields::read(&head), body: bytes.get(body..).unwrap_or_default() }
    }

    /// Its kind in small letters, such as `multipart/report`; plain text if nothing is said.
    pub(super) fn kind(&self) -> String {
        let kind = self.fields.get("content-type").and_then(|value| value.split(';').next()).map(str::trim);
        kind.filter(|kind| kind.contains('/')).unwrap_or("text/plain").to_ascii_lowercase()
    }

    /// A parameter of its kind, whose name is given in small letters.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let value = self.fields.get("content-type")?;
        let (mut words, mut word, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
        for c in value.chars() {
            match c {
                _ if escaped => {
                    escaped = false;
                    word.push(c);
                }
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                ';' if !quoted => words.push(std::mem::take(&mut word)),
                _ => word.push(c),
            }
        }
        words.push(word);
        words.iter().skip(1).find_map(|word| {
            let (known, value) = word.split_once('=')?;
            known.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// Its parts, those that are there when the end is missing; nothing if it is of one piece.
    pub(super) fn parts(&self) -> Vec<Part<'m>> {
        let Some(boundary) = self.parameter("boundary").filter(|boundary| !boundary.is_empty()) else {
            return Vec::new();
        };
        if !self.kind().starts_with("multipart/") {
            return Vec::new();
        }
        let mut parts = Vec::new();
        let mut begun: Option<usize> = None;
        let mut at = 0;
        for line in self.body.split_inclusive(|&byte| byte == b'\n') {
            let after = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
            let rest = after.map(<[u8]>::trim_ascii);
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || *rest == b"--") {
                if let Some(begin) = begun.take() {
                    parts.push(Part::read(self.body.get(begin..at).unwrap_or_default()));
                }
                if rest == b"--" || parts.len() >= PARTS {
                    return parts;
                }
                begun = Some(at + line.len());
            }
            at += line.len();
        }
        if let Some(begin) = begun {
            parts.push(Part::read(self.body.get(begin..).unwrap_or_default()));
        }
        parts
    }

    /// Its text, decoded, as far as it is looked at.
    pub(super) fn text(&self) -> String {
        let plain = |text: String| -> String {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(60).collect()
        };
        let kind = if self.kind() == "text/html" { "html" } else { "plain" };
        let charset = plain(self.parameter("charset").unwrap_or_else(|| "utf-8".to_owned()));
        let encoding = plain(self.fields.get("content-transfer-encoding").unwrap_or("8bit").to_owned());
        let head = format!(
            "Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        let mut leaf = head.into_bytes();
        leaf.extend_from_slice(self.body.get(..TEXT).unwrap_or(self.body));
        let text =
            MessageParser::default().parse(&leaf).and_then(|leaf| Some(leaf.body_text(0)?.into_owned()));
        text.unwrap_or_default()
    }
}
