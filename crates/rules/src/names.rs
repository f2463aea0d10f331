//! What words mean: traits, event fields, the household; and what to say of words that mean nothing.

use crate::{
    error::{Fault, nearest},
    functions::{FUNCTIONS, RECORDED},
    ir::{Literal, Members, Node, Path, Root},
    kinds::Type,
    lexer::What,
    parser::{About, Parser, Typed},
    review::Mentioned,
    schema::Unknown,
};

const EVENT_FIELDS: [&str; 5] = ["name", "properties", "source", "time", "type"];
/// Values that a condition can begin with, besides functions.
const ROOTS: [&str; 5] = ["profile", "event", "household", "true", "false"];
/// And those about an item, where there is one.
const ITEM_ROOTS: [&str; 2] = ["item", "before"];
type Made = Result<Typed, Fault>;

impl Parser<'_, '_> {
    /// A value that begins with a word.
    pub(crate) fn word(&mut self, at: usize, word: &str) -> Made {
        if matches!(self.about, About::Recorded(_) | About::Alone(_)) {
            self.allowed_of_a_recorded_event(at, word)?;
        }
        if matches!(self.peek_after(), What::Sign("(")) && !matches!(word, "in" | "true" | "false" | "null") {
            return self.function(at, word);
        }
        match word {
            "true" | "false" => {
                self.skip();
                self.typed(at, Node::Literal(Literal::Bool(word == "true")))
            }
            "profile" => {
                self.skip();
                let (name_at, name) = self.selector("a trait, as in profile.tier")?;
                let kind = self.schema.profile_trait(&name).map_err(|unknown| {
                    Fault::new(name_at, format!("`{name}` is not a trait that is known here"))
                        .hinting(unknown.nearest)
                })?;
                self.mentions(name_at, || Mentioned::Trait(name.clone()));
                self.path(at, Root::Trait(name.into()), kind)
            }
            "event" => {
                if self.about == About::Member {
                    return Err(Fault::new(
                        at,
                        "there is no event here: this is asked of each member of the household",
                    ));
                }
                if self.about == About::Person && !self.schema.has_event() {
                    return Err(Fault::new(
                        at,
                        "there is no event here: this condition is on the profile alone",
                    ));
                }
                self.skip();
                let (name_at, name) = self.selector("one of name, properties, source, time, type")?;
                let (root, kind) = match name.as_str() {
                    "name" => (Root::EventName, Type::Text),
                    "type" => (Root::EventType, Type::Text),
                    "source" => (Root::EventSource, Type::Text),
                    "time" => (Root::EventTime, Type::Time),
                    "properties" => (Root::Properties, Type::Object),
                    other => return Err(self.no_event_field(name_at, other)),
                };
                self.path(at, root, kind)
            }
            "household" => self.household(at),
            "item" | "before" => self.item(at, word),
            "null" => Err(Fault::new(
                at,
                "there is no null here: a missing value is unknown; whether there is one is asked with has(profile.tier)",
            )),
            "in" | "and" | "or" | "not" | "AND" | "OR" | "NOT" => Err(self.expected("a value")),
            other => Err(self.unknown_word(at, other)),
        }
    }

    /// A field of the item that has changed: `item.price`, or as it was, `before.price`.
    fn item(&mut self, at: usize, word: &str) -> Made {
        if self.about == About::Member || !self.schema.has_item() {
            let message =
                format!("there is no `{word}` here: only what begins with a `catalogue` is about an item");
            return Err(Fault::new(at, message));
        }
        self.skip();
        let (name_at, name) = self.selector("a field of the item, as in item.price")?;
        let kind = self.schema.item_field(&name).map_err(|unknown| {
            Fault::new(name_at, format!("`{name}` is not a field of the catalogue's items"))
                .hinting(unknown.nearest)
        })?;
        let root = if word == "item" { Root::Item } else { Root::Before };
        self.typed(at, Node::Path(Box::new(Path { root, fields: [name.into()].into(), kind })))
    }

    /// `household.size`, `household.any(…)` or `household.all(…)`.
    fn household(&mut self, at: usize) -> Made {
        // Members of members would be asked so often as there are members, again and again.
        if self.about == About::Member {
            return Err(Fault::new(at, "a household in a household is not asked"));
        }
        self.skip();
        let (name_at, name) = self.selector("one of all, any, size")?;
        let members = match name.as_str() {
            "size" => return self.typed(at, Node::HouseholdSize),
            "any" => Members::Any,
            "all" => Members::All,
            other => {
                let message = format!("a household has no `{other}`: it has all, any, size");
                return Err(Fault::new(name_at, message).hinting(nearest(other, ["all", "any", "size"])));
            }
        };
        self.expect("(")?;
        let outside = std::mem::replace(&mut self.about, About::Member);
        let question = self.expression()?;
        self.about = outside;
        self.expect(")")?;
        let kind = question.node.kind();
        if !kind.may_be(Type::Bool) {
            return Err(Fault::new(
                question.at,
                format!("household.{name} needs a condition about a member, but this is {kind}"),
            ));
        }
        self.typed(at, Node::Household(members, Box::new(question.node)))
    }

    /// What a condition in `where(…)` may not look at: what changes would make another answer of the same event.
    fn allowed_of_a_recorded_event(&self, at: usize, word: &str) -> Result<(), Fault> {
        let call = matches!(self.peek_after(), What::Sign("("));
        let other = if call {
            FUNCTIONS.contains(&word) && !RECORDED.contains(&word)
        } else {
            matches!(word, "profile" | "household" | "item" | "before")
        };
        if !other {
            return Ok(());
        }
        let what = if matches!(self.about, About::Alone(_)) { "this" } else { "where(…)" };
        Err(Fault::new(
            at,
            format!(
                "{what} is about the event alone, so that a recorded event always answers the same: `{word}` is not part of it"
            ),
        ))
    }

    /// The type of a property of the event that is meant here.
    fn property(&self, name: &str) -> Result<Type, Unknown<'_>> {
        let event = match &self.about {
            About::Recorded(event) | About::Alone(event) => Some(event.as_ref()),
            About::Person | About::Member => None,
        };
        self.schema.property(event, name)
    }

    fn path(&mut self, at: usize, root: Root, kind: Type) -> Made {
        self.typed(at, Node::Path(Box::new(Path { root, fields: Box::default(), kind })))
    }

    fn no_event_field(&self, at: usize, name: &str) -> Fault {
        let message = format!("an event has no `{name}`: it has {}", EVENT_FIELDS.join(", "));
        let fault = Fault::new(at, message);
        if let Some(near) = nearest(name, EVENT_FIELDS) {
            return fault.hinting(Some(near));
        }
        let property = self.property(name).is_ok();
        fault.hinting(property.then(|| format!("event.properties.{name}")))
    }

    fn unknown_word(&self, at: usize, word: &str) -> Fault {
        let message = format!("`{word}` is not known here: a value begins with profile. or event.");
        let hint = if self.schema.declares_trait(word) {
            Some(format!("profile.{word}"))
        } else {
            let items = self.schema.has_item().then_some(ITEM_ROOTS).into_iter().flatten();
            nearest(word, ROOTS.into_iter().chain(FUNCTIONS).chain(items)).map(Into::into)
        };
        Fault::new(at, message).hinting(hint)
    }

    /// `.name` or `["name"]`.
    fn selector(&mut self, wanted: &str) -> Result<(usize, String), Fault> {
        if self.takes(".") {
            let at = self.here();
            let name = match self.peek() {
                What::Word(word @ ("in" | "true" | "false" | "null")) => {
                    return Err(Fault::new(
                        at,
                        format!("`{word}` is a word of the language: write [\"{word}\"]"),
                    ));
                }
                What::Word(word) => (*word).to_owned(),
                _ => return Err(self.expected(wanted)),
            };
            self.skip();
            return Ok((at, name));
        }
        if self.takes("[") {
            let at = self.here();
            let What::Text(name) = self.peek() else {
                return Err(self.expected("a name in quotes, as in profile[\"first name\"]"));
            };
            let name = name.clone();
            self.skip();
            self.expect("]")?;
            return Ok((at, name));
        }
        Err(self.expected(&format!("`.` and {wanted}")))
    }

    /// A field of the value before it.
    pub(crate) fn deeper(&mut self, whole: Typed) -> Made {
        let here = self.here();
        let Node::Path(path) = whole.node else {
            return Err(Fault::new(here, format!("{} has no fields", whole.node.kind())));
        };
        let property = path.root == Root::Properties && path.fields.is_empty();
        if !property && !path.kind.may_be(Type::Object) {
            return Err(Fault::new(here, format!("{} has no fields", path.kind)));
        }
        let (at, name) = self.selector("the name of a field")?;
        self.count(at)?;
        let kind = if property {
            let kind = self.property(&name).map_err(|unknown| {
                Fault::new(at, format!("`{name}` is not a property that is known here"))
                    .hinting(unknown.nearest)
            })?;
            let event = match &self.about {
                About::Recorded(event) | About::Alone(event) => Some(event.to_string()),
                About::Person | About::Member => None,
            };
            self.mentions(at, || Mentioned::Property { event, name: name.clone() });
            kind
        } else {
            Type::Any
        };
        let Path { root, fields, .. } = *path;
        let mut fields = fields.into_vec();
        fields.push(name.into());
        Ok(Typed { node: Node::Path(Box::new(Path { root, fields: fields.into(), kind })), at: whole.at })
    }
}
