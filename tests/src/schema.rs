//! The JSON Schemas that are shipped, and what they say of a report and of a run's lines.

use serde_json::Value;

use crate::Error;

/// Of a report.
const SCHEMA: &str = include_str!("../../engine/src/report/report.schema.json");

/// Of a line that tells what happens in a run.
const RUN: &str = include_str!("../../cargo-asynctest/src/render/run.schema.json");

/// What is wrong with `report` by the schema, a sentence each. Readers ignore fields that they do
/// not know; here they are mistakes, because the schema names all that there are.
pub fn violations(report: &Value) -> Result<Vec<String>, Error> {
    of(SCHEMA, report)
}

/// The same of a line of `--message-format json`.
pub fn violations_of_line(line: &Value) -> Result<Vec<String>, Error> {
    of(RUN, line)
}

fn of(schema: &str, instance: &Value) -> Result<Vec<String>, Error> {
    let mut schema = serde_json::from_str(schema)
        .map_err(|source| Error::Json { what: "the schema".into(), source })?;
    close(&mut schema);
    let validator = jsonschema::draft202012::new(&schema)
        .map_err(|error| Error::Missing(format!("a schema that is one ({error})")))?;
    Ok(validator
        .iter_errors(instance)
        .map(|error| format!("schema: {}: {error}", error.instance_path()))
        .collect())
}

/// Forbids properties that the schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && members.contains_key("type") {
                members.insert("additionalProperties".into(), Value::Bool(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use asynctest_engine::evidence::Gap;
    use asynctest_engine::report::{
        Counts, Finding, Frame, FutureNode, Graph, GraphEdge, GraphNode, Headline, Hold, Location,
        Looks, PollFunction, Report, Resource, Runtime, Spawn, Step, Subject, Task, Thread, Victim,
        Wait,
    };
    use serde::de::value::Error as Refusal;
    use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
    use serde::forward_to_deserialize_any;
    use serde_json::json;

    use super::*;

    /// Reads nothing; remembers the names of the fields that a type asks for.
    struct Fields<'names>(&'names mut Vec<&'static str>);

    impl<'de> Deserializer<'de> for Fields<'_> {
        type Error = Refusal;

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Refusal> {
            self.0.extend(fields);
            Err(Refusal::custom("only the names are wanted"))
        }

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refusal> {
            Err(Refusal::custom("no struct"))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
            option unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier
            ignored_any
        }
    }

    #[track_caller]
    fn describes<T: Deserialize<'static>>(pointer: &str) {
        let mut names = Vec::new();
        assert!(T::deserialize(Fields(&mut names)).is_err());
        names.sort_unstable();
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let properties = schema.pointer(&format!("{pointer}/properties")).unwrap();
        let mut described: Vec<&str> =
            properties.as_object().unwrap().keys().map(String::as_str).collect();
        described.sort_unstable();
        assert_eq!(described, names, "{pointer}");
    }

    #[test]
    fn each_field_is_described() {
        describes::<Report>("");
        describes::<Subject>("/$defs/Subject");
        describes::<Headline>("/$defs/Headline");
        describes::<Looks>("/$defs/Looks");
        describes::<Counts>("/$defs/Counts");
        describes::<Finding>("/$defs/Finding");
        describes::<Step>("/$defs/Step");
        describes::<Hold>("/$defs/Hold");
        describes::<Victim>("/$defs/Victim");
        describes::<Graph>("/$defs/Graph");
        describes::<GraphNode>("/$defs/GraphNode");
        describes::<GraphEdge>("/$defs/GraphEdge");
        describes::<Runtime>("/$defs/Runtime");
        describes::<Task>("/$defs/Task");
        describes::<Spawn>("/$defs/Spawn");
        describes::<Location>("/$defs/Location");
        describes::<FutureNode>("/$defs/FutureNode");
        describes::<Wait>("/$defs/Wait");
        describes::<PollFunction>("/$defs/PollFunction");
        describes::<Resource>("/$defs/Resource");
        describes::<Thread>("/$defs/Thread");
        describes::<Frame>("/$defs/Frame");
        describes::<Gap>("/$defs/Gap");
    }

    fn report() -> Value {
        json!({
            "version": 1,
            "tool": "0.1.0",
            "subject": { "binary": "it", "process": 12 },
            "headline": { "finding": "undetermined", "sentence": "", "certainty": "possible" },
            "looks": { "count": 2, "apart_ms": 1000 },
            "counts": { "tasks_found": 1, "tasks_walked": 1, "gaps": 0 },
            "tasks": [{
                "label": "test body",
                "kind": "block-on",
                "name": "it::test",
                "future_type": "it::test::{async_block_env#0}",
                "state": "idle",
                "count": 1,
                "walked": true,
                "future": {
                    "name": "it::test",
                    "kind": "async block",
                    "location": {
                        "file": "tests/it.rs", "line": 3, "origin": "user", "trust": "read"
                    },
                    "wait": {
                        "resource": { "kind": "Mutex", "type_name": "T", "address": "0x7f00" }
                    },
                    "children": []
                }
            }]
        })
    }

    #[track_caller]
    fn check(pointer: &str, value: Value, expected: &[&str]) {
        let mut report = report();
        *report.pointer_mut(pointer).unwrap() = value;
        assert_eq!(violations(&report).unwrap(), expected);
    }

    #[test]
    fn a_report_is_valid_and_the_library_reads_it() {
        assert_eq!(violations(&report()).unwrap(), Vec::<String>::new());
        serde_json::from_value::<Report>(report()).unwrap();
    }

    #[test]
    fn mistakes_are_found() {
        let wrong = "schema: /version: 1 was expected";
        check("/version", json!(2), &[wrong]);
        let wrong = "schema: /tasks/0/future/location/line: 0 is less than the minimum of 1";
        check("/tasks/0/future/location/line", json!(0), &[wrong]);
        let wrong =
            "schema: /subject: Additional properties are not allowed ('who' was unexpected)";
        let subject = json!({ "binary": "it", "process": 12, "who": "me" });
        check("/subject", subject, &[wrong]);
    }
}
