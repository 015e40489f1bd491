use super::*;
use crate::testing::mutations;

const UNIT: &[u8] = b"\0\0\0\x01\x09\xf0\0\0\0\x01\x67\x42\0\x1f\0\0\x01\x68\xce\0\0\x03\x01\0\0\x01\x65\x88\x80\0\0\0";

fn units(stream: &[u8]) -> Vec<&[u8]> {
    annex_b(stream).collect()
}

#[test]
fn start_codes_of_three_and_four_bytes_split_and_trailing_zeroes_belong_to_nobody() {
    let table: [(&[u8], &[&[u8]]); 9] = [
        (UNIT, &[b"\x09\xf0", b"\x67\x42\0\x1f", b"\x68\xce\0\0\x03\x01", b"\x65\x88\x80"]),
        (b"", &[]),
        (b"\0\0\x01", &[]),
        (b"\0\0\0\x01\0\0\0\x01\0\0\x01", &[]),
        (b"no start code", &[]),
        (b"junk\0\0\x01\x65", &[b"\x65"]),
        (b"\0\0\0\0\0\0\x01\x65\x01\0\0\0\0\0\x01\x41", &[b"\x65\x01", b"\x41"]),
        (b"\0\0\x01\x65\0\x01\0\0", &[b"\x65\0\x01"]),
        (b"\x01\0\0\x01\x06\x01\x01\0\0\x01\x41\0\0", &[b"\x06\x01\x01", b"\x41"]),
    ];
    for (stream, expected) in table {
        assert_eq!(units(stream), expected, "{stream:02x?}");
    }
}

#[test]
fn an_access_unit_goes_to_length_prefixes_without_delimiter_and_parameter_sets() {
    let mut out = vec![1, 2, 3];
    let contents = to_length_prefixed(UNIT, ParameterSets::Drop, &mut out);
    assert_eq!(out, b"\0\0\0\x03\x65\x88\x80");
    let expected = Contents {
        idr: true,
        picture: true,
        sps: Some(b"\x67\x42\0\x1f".as_slice()),
        pps: Some(b"\x68\xce\0\0\x03\x01".as_slice()),
    };
    assert_eq!(contents, expected);

    assert_eq!(to_length_prefixed(UNIT, ParameterSets::Keep, &mut out), expected);
    assert_eq!(out, b"\0\0\0\x04\x67\x42\0\x1f\0\0\0\x06\x68\xce\0\0\x03\x01\0\0\0\x03\x65\x88\x80");

    let mut annex_b = Vec::new();
    assert_eq!(to_annex_b(&out, 4, &mut annex_b), Ok(expected));
    assert_eq!(units(&annex_b), units(UNIT)[1..]);
}

#[test]
fn every_length_size_is_read_and_empty_units_are_left_out() {
    for length_size in 1..=4 {
        let prefix = |len: u32| len.to_be_bytes()[4 - length_size..].to_vec();
        let unit = [prefix(2), vec![0x41, 0x9a], prefix(0), prefix(1), vec![0x06]].concat();
        let mut out = b"kept".to_vec();
        let contents = to_annex_b(&unit, length_size, &mut out).unwrap();
        assert!(contents.picture && !contents.idr);
        assert_eq!(out, b"kept\0\0\0\x01\x41\x9a\0\0\0\x01\x06");
    }
}

#[test]
fn hostile_lengths_are_named_and_what_was_whole_before_them_stays() {
    let mut out = Vec::new();
    let table: [(&[u8], usize, FramingError); 5] = [
        (b"\xff\xff\xff\xff\x65", 4, FramingError::Overrun { len: 0xffff_ffff, left: 1 }),
        (b"\0\0\0", 4, FramingError::Overrun { len: 4, left: 3 }),
        (b"\x02\x65", 1, FramingError::Overrun { len: 2, left: 1 }),
        (b"\x01\x65", 0, FramingError::LengthSize(0)),
        (b"\x01\x65", 5, FramingError::LengthSize(5)),
    ];
    for (unit, length_size, expected) in table {
        assert_eq!(to_annex_b(unit, length_size, &mut out), Err(expected));
        assert_eq!(out, b"");
    }
    assert!(to_annex_b(b"\x01\x65\x09\x41", 1, &mut out).is_err());
    assert_eq!(out, b"\0\0\0\x01\x65");
}

#[test]
fn damaged_access_units_never_panic_and_grow_within_bounds() {
    let mut prefixed = Vec::new();
    to_length_prefixed(UNIT, ParameterSets::Keep, &mut prefixed);
    let (mut out, mut again) = (Vec::new(), Vec::new());
    for bytes in mutations(&[UNIT, &prefixed, b"\x01\x65\x02\x41\x9a\0\x01\x06"], 0x4a1, 20_000) {
        to_length_prefixed(&bytes, ParameterSets::Keep, &mut out);
        assert!(out.len() <= bytes.len() * 2);
        again.clear();
        assert!(to_annex_b(&out, 4, &mut again).is_ok(), "our own framing is readable");
        for length_size in 1..=4 {
            again.clear();
            to_annex_b(&bytes, length_size, &mut again).ok();
            assert!(again.len() * 2 <= bytes.len() * 5);
        }
    }
}
