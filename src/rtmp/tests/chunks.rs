//! Reader and writer of chunks.

use super::support::{chunks, read_all};
use crate::rtmp::chunk::{ChunkError, Message, csid, kind};
use crate::rtmp::chunk_reader::{BUDGET, ChunkReader};
use crate::rtmp::chunk_writer::{ChunkSize, ChunkWriter};
use crate::rtmp::message;
use bytes::Bytes;

fn control(kind: u8, value: u32) -> Message {
    Message { csid: 2, timestamp: 0, kind, stream: 0, payload: Bytes::copy_from_slice(&value.to_be_bytes()) }
}

fn header(csid: u8, timestamp: u32, length: u32, kind: u8) -> Vec<u8> {
    let [_, t @ ..] = timestamp.min(0xFF_FFFF).to_be_bytes();
    let [_, l @ ..] = length.to_be_bytes();
    let mut bytes = [&[csid][..], &t, &l, &[kind, 1, 0, 0, 0]].concat();
    if timestamp >= 0xFF_FFFF {
        bytes.extend(timestamp.to_be_bytes());
    }
    bytes
}

fn error(bytes: &[u8]) -> ChunkError {
    let mut reader = ChunkReader::new();
    let mut input = bytes;
    loop {
        match reader.read(&mut input) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("accepted"),
            Err(error) => return error,
        }
    }
}

fn conversation() -> Vec<Message> {
    vec![
        message::video(1, 0xFF_FFFE, vec![1; 300].into()),
        message::audio(1, 0xFF_FFFF, vec![2; 5].into()),
        message::video(1, 0x100_0010, vec![3; 129].into()),
        message::audio(1, 0xFF_FFFF, Bytes::new()),
        message::window_ack_size(5000),
        message::audio(1, 3, vec![4; 128].into()),
        message::audio(1, u32::MAX - 3, vec![5; 400].into()),
    ]
}

#[test]
fn messages_are_read_however_their_bytes_are_split() {
    let (messages, bytes) = (conversation(), chunks(&conversation()));
    for at in 0..bytes.len() {
        let mut reader = ChunkReader::new();
        let mut read = read_all(&mut reader, &bytes[..at]);
        read.extend(read_all(&mut reader, &bytes[at..]));
        assert_eq!(read, messages, "split at {at}");
    }
    let mut reader = ChunkReader::new();
    let single: Vec<Message> = bytes.chunks(1).flat_map(|byte| read_all(&mut reader, byte)).collect();
    assert_eq!(single, messages);
    assert_eq!(reader.held(), 0);
}

#[test]
fn g1_interleaved_messages_are_put_together_each_on_its_own_stream() {
    // B2 and B3: a shorter and a longer message inside an unfinished one.
    for inner in [5, 200] {
        let (video, audio) = (vec![1; 300], vec![2; inner]);
        let audio_chunks = chunks(&[message::audio(1, 7, audio.clone().into())]);
        let mut bytes = [header(6, 5, 300, kind::VIDEO), video[..128].to_vec()].concat();
        bytes.extend(&audio_chunks);
        bytes.extend([&[0xC6][..], &video[..128], &[0xC6], &video[..44]].concat());
        let read = read_all(&mut ChunkReader::new(), &bytes);
        let expected = [message::audio(1, 7, audio.into()), message::video(1, 5, video.into())];
        assert_eq!(read, expected);
    }
}

#[test]
fn g1_a_new_header_replaces_an_unfinished_message_and_an_abort_discards_it() {
    let begun = [header(6, 5, 300, kind::VIDEO), vec![1; 128]].concat();
    let whole = message::video(1, 9, vec![2; 10].into());
    let mut reader = ChunkReader::new();
    let bytes = [begun.clone(), chunks(std::slice::from_ref(&whole))].concat();
    assert_eq!(read_all(&mut reader, &bytes), [whole]);

    let bytes = [chunks(&[control(kind::ABORT, 6)]), begun.clone(), chunks(&[control(kind::ABORT, 6)])].concat();
    assert_eq!(read_all(&mut reader, &bytes), []);
    assert_eq!(reader.held(), 0);
    let again = [&[0xC6][..], &[3; 128], &[0xC6], &[3; 128], &[0xC6], &[3; 44]].concat();
    assert_eq!(read_all(&mut reader, &again)[0].payload, vec![3; 300], "a type 3 header begins anew after an abort");

    assert_eq!(read_all(&mut reader, &chunks(&[control(kind::ABORT, 70_000)])), []);
}

#[test]
fn g1_only_chunk_streams_2_to_63_are_accepted() {
    assert_eq!(error(&[0x00, 0x05]), ChunkError::StreamId);
    assert_eq!(error(&[0x01, 0x05, 0x01]), ChunkError::StreamId);
    assert_eq!(error(&[0xC5]), ChunkError::NoPreviousHeader(5));
    assert_eq!(error(&[0x45]), ChunkError::NoPreviousHeader(5));
}

#[test]
fn g2_no_message_is_longer_than_its_type_may_be() {
    for (kind, limit) in [(3, 32), (kind::COMMAND_AMF0, 64 << 10), (kind::AUDIO, 64 << 10), (kind::VIDEO, 2 << 20)] {
        let reads = ChunkReader::new().read(&mut &header(6, 0, limit, kind)[..]);
        assert_eq!(reads, Ok(None));
        let length = limit as usize + 1;
        let expected = ChunkError::TooLong { kind, length, limit: limit as usize };
        assert_eq!(error(&header(6, 0, limit + 1, kind)), expected);
    }
}

#[test]
fn g2_unfinished_messages_together_stay_within_their_budget() {
    let mut reader = ChunkReader::new();
    for stream in 3..5 {
        assert_eq!(reader.read(&mut &[header(stream, 0, 2 << 20, kind::VIDEO), vec![0; 128]].concat()[..]), Ok(None));
    }
    assert_eq!(reader.held(), BUDGET);
    assert_eq!(reader.read(&mut &header(5, 0, 1, kind::AUDIO)[..]), Err(ChunkError::Budget(BUDGET + 1)));
}

#[test]
fn g3_a_chunk_size_of_zero_or_with_its_sign_bit_ends_the_connection() {
    // B8 is the zero.
    for size in [0, 0x8000_0000, u32::MAX] {
        assert_eq!(error(&chunks(&[control(kind::SET_CHUNK_SIZE, size)])), ChunkError::ChunkSize(size));
    }
    for size in [1, 0xFF_FFFF, 0x7FFF_FFFF] {
        let mut reader = ChunkReader::new();
        assert_eq!(read_all(&mut reader, &chunks(&[control(kind::SET_CHUNK_SIZE, size)])), []);
        let mut bytes = header(6, 0, 3, kind::VIDEO);
        bytes.extend(if size == 1 { &[7, 0xC6, 8, 0xC6, 9][..] } else { &[7, 8, 9] });
        assert_eq!(read_all(&mut reader, &bytes)[0].payload, [7, 8, 9][..]);
    }
}

#[test]
fn g3_our_own_chunk_size_is_from_1024_to_4096() {
    // B9: a size of zero can not be had.
    let accepted = [0, 1, 1023, 1024, 4096, 4097].map(|size| ChunkSize::new(size).is_some());
    assert_eq!(accepted, [false, false, false, true, true, false]);
}

#[test]
fn g6_an_extended_time_stamp_is_read_again_on_continuations_that_have_it() {
    let stamp = 0x0102_0304;
    let first = [header(6, stamp, 300, kind::VIDEO), vec![9; 128]].concat();
    let expected = message::video(1, stamp, vec![9; 300].into());
    let field = stamp.to_be_bytes();
    let with = [&first[..], &[0xC6], &field, &[9; 128], &[0xC6], &field, &[9; 44]].concat();
    let without = [&first[..], &[0xC6], &[9; 128], &[0xC6], &[9; 44]].concat();
    for bytes in [with, without] {
        for at in 0..bytes.len() {
            let mut reader = ChunkReader::new();
            let mut read = read_all(&mut reader, &bytes[..at]);
            read.extend(read_all(&mut reader, &bytes[at..]));
            assert_eq!(read, std::slice::from_ref(&expected), "split at {at}");
        }
    }
}

#[test]
fn g6_payload_that_begins_like_the_time_stamp_is_still_payload() {
    // B17: the last chunk's two bytes and the next header's first look like a repeated field, but are not.
    let stamp: u32 = 0x0900_00C4;
    let bytes = [header(6, stamp, 130, kind::VIDEO), vec![9; 128], vec![0xC6, 9, 0], header(4, 1, 1, 8), vec![5]];
    let read = read_all(&mut ChunkReader::new(), &bytes.concat());
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].payload[128..], [9, 0]);
    assert_eq!(read[1], message::audio(1, 1, vec![5].into()));
}

#[test]
fn g6_an_extended_field_may_hold_a_small_value() {
    // B7: a delta of 40 in the extended field of a type 1 header, and again in the type 3 header of a new message.
    let mut bytes = [header(6, 100, 1, kind::VIDEO), vec![1]].concat();
    bytes.extend([0x46, 0xFF, 0xFF, 0xFF, 0, 0, 1, kind::VIDEO, 0, 0, 0, 40, 2]);
    bytes.extend([0xC6, 0, 0, 0, 40, 3]);
    let stamps: Vec<u32> = read_all(&mut ChunkReader::new(), &bytes).iter().map(|message| message.timestamp).collect();
    assert_eq!(stamps, [100, 140, 180]);
}

#[test]
fn g7_time_that_goes_back_or_far_ahead_is_written_in_full() {
    // B15: a backward step must never become a delta near 2^32.
    let stamps = [1040, 1030, 1070, 0x200_0000, 0x200_0028, 5, u32::MAX, 20];
    let formats = [0, 0, 1, 0, 1, 0, 0, 1];
    let mut writer = ChunkWriter::new();
    for (stamp, format) in stamps.into_iter().zip(formats) {
        writer.push_video(message::video(1, stamp, vec![1].into())).unwrap();
        let bytes = writer.bytes(4096).to_vec();
        writer.sent(bytes.len());
        assert_eq!(bytes[0] >> 6, format, "{stamp}");
        let extended = format == 0 && stamp >= 0xFF_FFFF;
        assert_eq!(bytes.len(), [12, 8][format as usize] + 1 + 4 * usize::from(extended));
    }
    let messages: Vec<Message> = stamps.map(|stamp| message::video(1, stamp, vec![1; 500].into())).into();
    assert_eq!(read_all(&mut ChunkReader::new(), &chunks(&messages)), messages);
}

#[test]
fn a_message_on_another_message_stream_begins_with_a_full_header() {
    let messages = [message::video(0, 0, vec![1].into()), message::video(1, 0, vec![1].into())];
    let bytes = chunks(&messages);
    assert_eq!((bytes[0] >> 6, bytes[13] >> 6), (0, 0));
    assert!(messages.iter().all(|message| message.csid <= 32 && csid::VIDEO <= 32));
}

#[test]
fn an_empty_message_is_a_message() {
    // B17: it still has a header, and does not hold up what follows.
    let messages = [message::audio(1, 0, Bytes::new()), message::audio(1, 23, vec![1].into())];
    assert_eq!(read_all(&mut ChunkReader::new(), &chunks(&messages)), messages);
}

#[test]
fn sound_and_control_wait_for_one_chunk_of_a_picture_at_most() {
    let mut writer = ChunkWriter::new();
    writer.set_chunk_size(ChunkSize::new(1024).unwrap());
    writer.push_video(message::video(1, 0, vec![1; 40_000].into())).unwrap();
    let mut bytes = writer.bytes(1).to_vec();
    writer.sent(bytes.len());
    assert!(!writer.wants_video());
    assert!(writer.push_video(message::video(1, 0, Bytes::new())).is_err(), "one picture at a time");
    writer.push_sound(message::audio(1, 0, vec![2; 200].into())).unwrap();
    writer.push_control(message::acknowledgement(9)).unwrap();
    let next = writer.bytes(1);
    assert_eq!(next[..12], [1 << 6 | csid::CONTROL, 0, 0, 0, 0, 0, 4, kind::ACKNOWLEDGEMENT, 0, 0, 0, 9]);
    assert_eq!(next[12], csid::AUDIO);
    while !writer.is_idle() {
        let next = writer.bytes(4096).to_vec();
        assert!(next.len() < 4096 + 1100);
        // A socket that takes little at a time.
        let count = next.len().min(777);
        writer.sent(count);
        bytes.extend(&next[..count]);
    }
    let kinds: Vec<u8> = read_all(&mut ChunkReader::new(), &bytes).iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [kind::ACKNOWLEDGEMENT, kind::AUDIO, kind::VIDEO]);
    assert!(writer.wants_video());
}

#[test]
fn without_interleaving_a_picture_goes_out_in_one_piece() {
    let mut writer = ChunkWriter::new().without_interleaving();
    writer.push_video(message::video(1, 0, vec![1; 4000].into())).unwrap();
    let video = writer.bytes(1).to_vec();
    assert_eq!(read_all(&mut ChunkReader::new(), &video).len(), 1);
    assert!(writer.wants_video());
}

#[test]
fn a_peer_that_asks_much_and_reads_little_fills_no_queue() {
    let mut writer = ChunkWriter::new();
    for total in 0..100_000 {
        writer.replace_control(message::acknowledgement(total)).unwrap();
    }
    assert_eq!(writer.backlog(), 4);
    let refused = (0..100).find(|_| {
        writer.push_control(message::data(1, 0, &[crate::flv::amf::Value::from("x".repeat(10_000))])).is_err()
    });
    assert_eq!(refused, Some(26));
}
