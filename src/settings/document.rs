//! TOML text as plain values, with the line of every key remembered.

use super::schema::Path;
use serde_json::{Map, Value};
use std::collections::HashMap;
use toml::de::{DeTable, DeValue};

/// A file as values and lines.
#[derive(Debug, Default)]
pub struct Document {
    pub root: Map<String, Value>,
    lines: HashMap<Path, usize>,
}

impl Document {
    /// Reads `text` as far as it can be understood; the errors are those of the syntax, each with its line.
    pub fn read(text: &str) -> (Self, Vec<(usize, String)>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let starts: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line_of = |at: usize| starts.partition_point(|&end| end < at) + 1;
        let mut document = Document::default();
        document.root = document.table(table.get_ref(), &mut Vec::new(), &line_of);
        let errors = errors.iter().map(|error| {
            let line = error.span().map_or(0, |span| line_of(span.start.min(text.len())));
            (line, error.message().replace('\n', ", "))
        });
        (document, errors.collect())
    }

    /// The line of the value at `path`, or of the nearest table around it; 0 when there is none.
    pub fn line(&self, path: &[String]) -> usize {
        (1..=path.len()).rev().find_map(|len| self.lines.get(&path[..len])).copied().unwrap_or(0)
    }

    fn table(&mut self, table: &DeTable<'_>, path: &mut Path, line_of: &dyn Fn(usize) -> usize) -> Map<String, Value> {
        let mut map = Map::new();
        for (key, value) in table.iter() {
            path.push(key.get_ref().to_string());
            self.lines.insert(path.clone(), line_of(key.span().start));
            let value = self.value(value.get_ref(), path, line_of);
            map.insert(key.get_ref().to_string(), value);
            path.pop();
        }
        map
    }

    /// Null stands for what no property can be: dates and endless numbers.
    fn value(&mut self, value: &DeValue<'_>, path: &mut Path, line_of: &dyn Fn(usize) -> usize) -> Value {
        match value {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => i64::try_from(number).map_or_else(|_| Value::from(number as f64), Value::from),
                Err(_) => Value::Null,
            },
            DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
            DeValue::Datetime(_) => Value::Null,
            DeValue::Table(table) => Value::Object(self.table(table, path, line_of)),
            DeValue::Array(list) => {
                let mut values = Vec::with_capacity(list.len());
                for (position, item) in list.iter().enumerate() {
                    path.push(format!("#{position}"));
                    self.lines.insert(path.clone(), line_of(item.span().start));
                    values.push(self.value(item.get_ref(), path, line_of));
                    path.pop();
                }
                Value::Array(values)
            }
        }
    }
}
