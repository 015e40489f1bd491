use super::*;
use crate::testing::mutations;
use rml_amf0::Amf0Value;
use std::io::Cursor;

fn connect() -> Vec<Value> {
    let command = Value::object([
        ("app", "live".into()),
        ("type", "nonprivate".into()),
        ("tcUrl", "rtmp://127.0.0.1/live".into()),
        ("fpad", false.into()),
        ("audioCodecs", 1024.0.into()),
        ("pageUrl", Value::Undefined),
    ]);
    vec!["connect".into(), 1.0.into(), command, Value::Null]
}

fn everything() -> Vec<Value> {
    let inner = Value::EcmaArray(vec![("0".to_owned(), true.into()), (String::new(), Value::Null)]);
    vec![
        Value::StrictArray(vec![Value::Date(1.5e12), Value::Reference(3), Value::Unsupported]),
        Value::object([("z", 1.0.into()), ("a", inner), ("z", 2.0.into())]),
        Value::String("é".repeat(8000)),
    ]
}

#[test]
fn a_command_has_exactly_these_bytes() {
    let bytes = to_bytes(&["_result".into(), 2.0.into(), Value::Null, Value::object([("b", true.into())])]);
    let expected = b"\x02\x00\x07_result\x00\x40\0\0\0\0\0\0\0\x05\x03\x00\x01b\x01\x01\x00\x00\x09";
    assert_eq!(bytes, expected.as_slice());
}

#[test]
fn what_is_written_is_read_back_in_order() {
    for values in [connect(), everything()] {
        assert_eq!(read(&to_bytes(&values)), Ok(values));
    }
}

#[test]
fn properties_are_found_by_name_and_the_first_one_wins() {
    let value = &everything()[1];
    assert_eq!(value.get("z").and_then(Value::as_number), Some(1.0));
    assert_eq!(value.get("a").and_then(|a| a.get("0")).and_then(Value::as_bool), Some(true));
    assert_eq!(value.get("b"), None);
    assert_eq!(Value::Null.get("z"), None);
    assert_eq!(connect()[0].as_str(), Some("connect"));
}

#[test]
fn rare_markers_are_read_and_the_unreadable_named() {
    type Read = Result<Vec<Value>, Error>;
    let table: [(&[u8], Read); 12] = [
        (b"", Ok(vec![])),
        (b"\x0b\x42\x70\0\0\0\0\0\0\x01\xe0\x05", Ok(vec![Value::Date(1_099_511_627_776.0), Value::Null])),
        (b"\x0c\0\0\0\x02hi", Ok(vec!["hi".into()])),
        (b"\x0f\0\0\0\x04<a/>", Ok(vec!["<a/>".into()])),
        (b"\x07\x01\x02", Ok(vec![Value::Reference(0x102)])),
        (b"\x10\0\x01C\0\x01x\x05\0\0\x09", Ok(vec![Value::object([("x", Value::Null)])])),
        (b"\x01\x02", Ok(vec![true.into()])),
        (b"\x02\0\x02\xff!", Ok(vec!["\u{fffd}!".into()])),
        (b"\x05\x11\x0a", Err(Error::Amf3)),
        (b"\x04", Err(Error::Marker(0x04))),
        (b"\x09", Err(Error::Marker(0x09))),
        (b"\x03\0\x01x\x09", Err(Error::Marker(0x09))),
    ];
    for (bytes, expected) in table {
        assert_eq!(read(bytes), expected, "{bytes:02x?}");
    }
}

#[test]
fn every_truncation_is_an_error_and_keeps_the_whole_values_before_it() {
    let values = connect();
    let bytes = to_bytes(&values);
    let ends: Vec<usize> = (0..=values.len()).map(|count| to_bytes(&values[..count]).len()).collect();
    for len in 0..bytes.len() {
        let (prefix, error) = read_prefix(&bytes[..len]);
        assert_eq!(prefix, values[..prefix.len()]);
        assert_eq!(error, (!ends.contains(&len)).then_some(Error::Truncated), "cut at {len}");
        assert!(ends[prefix.len()] <= len && len < ends[prefix.len() + 1]);
    }
}

#[test]
fn depth_count_and_string_length_end_at_their_limits() {
    let nested = |depth: usize| [b"\x0a\0\0\0\x01".repeat(depth), vec![marker::NULL]].concat();
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(Error::TooDeep));
    assert_eq!(read(&b"\x03\0\x01x".repeat(100_000)), Err(Error::TooDeep));
    assert_eq!(read(&b"\x08\0\0\0\0\0\x01x".repeat(100_000)), Err(Error::TooDeep));

    assert_eq!(read(&vec![marker::NULL; MAX_VALUES]).map(|values| values.len()), Ok(MAX_VALUES));
    assert_eq!(read(&vec![marker::NULL; MAX_VALUES + 1]), Err(Error::TooManyValues));
    let crowd = [b"\x0a\xff\xff\xff\xff".as_slice(), &[marker::NULL; 5000]].concat();
    assert_eq!(read(&crowd), Err(Error::TooManyValues));

    let text = |len: u16| [&[marker::STRING][..], &len.to_be_bytes(), &vec![b'x'; len.into()]].concat();
    assert!(read(&text(MAX_STRING as u16)).is_ok());
    assert_eq!(read(&text(MAX_STRING as u16 + 1)), Err(Error::StringTooLong(MAX_STRING as u32 + 1)));
    assert_eq!(read(b"\x0c\xff\xff\xff\xffx"), Err(Error::StringTooLong(u32::MAX)));
}

#[test]
fn a_string_too_long_for_two_bytes_is_written_as_a_long_one() {
    let bytes = to_bytes(&["x".repeat(70_000).into()]);
    assert_eq!(bytes[..5], [marker::LONG_STRING, 0, 1, 0x11, 0x70]);
    assert_eq!(bytes.len(), 5 + 70_000);
}

/// The same value as the independent implementation sees it: it keeps no order and knows no ECMA array.
fn theirs(value: &Value) -> Amf0Value {
    match value {
        Value::Number(number) => Amf0Value::Number(*number),
        Value::Boolean(truth) => Amf0Value::Boolean(*truth),
        Value::String(text) => Amf0Value::Utf8String(text.clone()),
        Value::Object(properties) | Value::EcmaArray(properties) => {
            Amf0Value::Object(properties.iter().map(|(name, value)| (name.clone(), theirs(value))).collect())
        }
        Value::StrictArray(values) => Amf0Value::StrictArray(values.iter().map(theirs).collect()),
        Value::Undefined => Amf0Value::Undefined,
        _ => Amf0Value::Null,
    }
}

#[test]
fn an_independent_implementation_reads_what_we_write_and_we_what_it_writes() {
    let metadata = Value::EcmaArray(vec![("width".to_owned(), 1280.0.into()), ("encoder".to_owned(), "x".into())]);
    let array = Value::StrictArray(vec![metadata.clone(), (-0.5).into(), "é".into()]);
    let values = [connect(), vec![metadata, array]].concat();
    let expected: Vec<Amf0Value> = values.iter().map(theirs).collect();
    assert_eq!(rml_amf0::deserialize(&mut Cursor::new(to_bytes(&values))).unwrap(), expected);

    let read_back = read(&rml_amf0::serialize(&expected).unwrap()).unwrap();
    assert_eq!(read_back.iter().map(theirs).collect::<Vec<_>>(), expected);
}

/// Bytes of heap that a value holds, spare capacity included.
fn heap(value: &Value) -> usize {
    match value {
        Value::String(text) => text.capacity(),
        Value::Object(properties) | Value::EcmaArray(properties) => {
            let inner: usize = properties.iter().map(|(name, value)| name.capacity() + heap(value)).sum();
            properties.capacity() * size_of::<(String, Value)>() + inner
        }
        Value::StrictArray(values) => values.capacity() * size_of::<Value>() + values.iter().map(heap).sum::<usize>(),
        _ => 0,
    }
}

#[test]
fn damaged_messages_never_panic_nor_grow_in_memory() {
    let everything = to_bytes(&everything()[..2]);
    let rare = b"\x0c\0\0\0\x02hi\x0f\0\0\0\x04<a/>\x10\0\x01C\0\x01x\x05\0\0\x09\x0b\0\0\0\0\0\0\0\0\0\0\x0d";
    let golden = [&to_bytes(&connect())[..], &everything, rare, &b"\x0a\0\0\0\x01".repeat(14)];
    // Four slots are the least that a vector of one element takes; a replacement character has three bytes.
    let slots = 4 * MAX_VALUES * size_of::<(String, Value)>();
    for bytes in mutations(&golden, 0xa3f0, 20_000) {
        let (values, error) = read_prefix(&bytes);
        let held: usize = values.iter().map(heap).sum();
        assert!(held <= slots + 8 * bytes.len(), "{held} bytes held for {}", bytes.len());
        if error.is_none() {
            let again = to_bytes(&values);
            assert_eq!(to_bytes(&read(&again).unwrap_or_default()), again);
        }
    }
}
