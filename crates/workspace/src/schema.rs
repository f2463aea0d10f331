//! The JSON Schema of all documents, with which editors complete and check them.

use crowsnest_model::definition::{
    Broadcast, Catalogue, ContactPolicy, Contract, IdentityRules, Metric, Organisation, Program, SeedList,
    Segment, Segmentation, Source, Template, Topic, Webhook,
};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

/// The JSON Schema of a document of any kind.
pub fn json_schema() -> Value {
    let mut generator = SchemaGenerator::default();
    let mut kinds = Vec::new();
    let mut add = |schema: schemars::Schema| kinds.push(schema.to_value());
    add(generator.subschema_for::<Organisation>());
    add(generator.subschema_for::<IdentityRules>());
    add(generator.subschema_for::<Topic>());
    add(generator.subschema_for::<Source>());
    add(generator.subschema_for::<Contract>());
    add(generator.subschema_for::<Catalogue>());
    add(generator.subschema_for::<Template>());
    add(generator.subschema_for::<SeedList>());
    add(generator.subschema_for::<Metric>());
    add(generator.subschema_for::<Segment>());
    add(generator.subschema_for::<Segmentation>());
    add(generator.subschema_for::<Program>());
    add(generator.subschema_for::<Broadcast>());
    add(generator.subschema_for::<Webhook>());
    add(generator.subschema_for::<ContactPolicy>());
    let mut definitions = Value::Object(generator.take_definitions(true));
    allow_short_forms(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Crowsnest definition",
        "description": "One YAML document of a workspace folder. Its first word says what it defines.",
        "anyOf": kinds,
        "$defs": definitions,
    })
}

/// Adds the short forms that are read besides those that derived schemas know: a field by its name alone, and one entry
/// for a list of one.
fn allow_short_forms(definitions: &mut Value) {
    for (kind, short) in
        [("FieldMap", "The field's name alone: a text."), ("WebhookStep", "The webhook's name alone.")]
    {
        let long = definitions[kind].take();
        definitions[kind] = json!({
            "description": long["description"],
            "anyOf": [{ "type": "string", "description": short }, long],
        });
    }
    for (kind, word) in [("Program", "cancel_on"), ("Feed", "row_id")] {
        let list = definitions[kind]["properties"][word].take();
        let mut either = json!({
            "description": list["description"],
            "anyOf": [list["items"], list],
        });
        if let Some(either) = either.as_object_mut() {
            either.retain(|_, value| !value.is_null());
        }
        definitions[kind]["properties"][word] = either;
    }
}
