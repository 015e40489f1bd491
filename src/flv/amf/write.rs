//! The writer: the same values give the same bytes, in the order in which they were put together.

use super::{Value, marker};
use bytes::Bytes;

/// Appends `values` to `out`. A string of more than 65535 bytes becomes a long string; a property name,
/// which has no long form, is cut to that length. Dates are written in UTC.
pub fn write(values: &[Value], out: &mut Vec<u8>) {
    for value in values {
        write_value(value, out);
    }
}

/// `values` as the body of a message.
pub fn to_bytes(values: &[Value]) -> Bytes {
    let mut out = Vec::with_capacity(256);
    write(values, &mut out);
    out.into()
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) => {
            out.push(marker::NUMBER);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Boolean(truth) => out.extend_from_slice(&[marker::BOOLEAN, u8::from(*truth)]),
        Value::String(text) => match u16::try_from(text.len()) {
            Ok(_) => {
                out.push(marker::STRING);
                write_name(text, out);
            }
            Err(_) => {
                out.push(marker::LONG_STRING);
                out.extend_from_slice(&count(text.len()));
                out.extend_from_slice(text.as_bytes());
            }
        },
        Value::Object(properties) => {
            out.push(marker::OBJECT);
            write_properties(properties, out);
        }
        Value::EcmaArray(properties) => {
            out.push(marker::ECMA_ARRAY);
            out.extend_from_slice(&count(properties.len()));
            write_properties(properties, out);
        }
        Value::StrictArray(values) => {
            out.push(marker::STRICT_ARRAY);
            out.extend_from_slice(&count(values.len()));
            write(values, out);
        }
        Value::Date(milliseconds) => {
            out.push(marker::DATE);
            out.extend_from_slice(&milliseconds.to_be_bytes());
            out.extend_from_slice(&[0, 0]);
        }
        Value::Reference(index) => {
            out.push(marker::REFERENCE);
            out.extend_from_slice(&index.to_be_bytes());
        }
        Value::Null => out.push(marker::NULL),
        Value::Undefined => out.push(marker::UNDEFINED),
        Value::Unsupported => out.push(marker::UNSUPPORTED),
    }
}

fn write_properties(properties: &[(String, Value)], out: &mut Vec<u8>) {
    for (name, value) in properties {
        write_name(name, out);
        write_value(value, out);
    }
    out.extend_from_slice(&[0, 0, marker::OBJECT_END]);
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(&name.as_bytes()[..usize::from(len)]);
}

fn count(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}
