use super::*;
use crate::flv::{AudioSpecificConfig, AudioTag, Metadata, VideoTag, audio, video};
use crate::h264::{Contents, DecoderConfig, nal};
use crate::media::{Size, SoundFormat};
use crate::testing::mutations;
use fastrand::Rng;

/// The first six tags of a stream by ffmpeg: 32x32 pixels of x264 with a B picture, AAC-LC at 48 kHz mono.
const FFMPEG: &str = "\
    464c5601050000000900000000120000ff0000000000000002000a6f6e4d65746144617461080000000b0005776964746800404000000000\
    00000006686569676874004040000000000000000d766964656f646174617261746500000000000000000000096672616d65726174650040\
    14000000000000000c766964656f636f646563696400401c000000000000000d617564696f646174617261746500403f400000000000000f\
    617564696f73616d706c65726174650040e7700000000000000f617564696f73616d706c6573697a65004030000000000000000673746572\
    656f0100000c617564696f636f64656369640040240000000000000007656e636f64657202000d4c61766635392e32372e31303000000900\
    00010a090000310000000000000017000000000164000affe100176764000aace425b0110000030001000003000a0f12251201000668ebe3\
    cb22c0fdf8f8000000003c0800000700000000000000af00118856e500000000120900001c0000000000000017010000c800000013658884\
    0043fffef781bf327daab25a7d8437c100000027080000170000b300000000af01de02004c61766335392e33372e313030000230400e0000\
    0022090000120000c80000000027010000c800000009419a25b10ffffeab800000001d";

fn ffmpeg() -> Vec<u8> {
    (0..FFMPEG.len()).step_by(2).map(|at| u8::from_str_radix(&FFMPEG[at..at + 2], 16).unwrap()).collect()
}

/// All tags and, where there is one, the error behind them, fed in pieces of `1..=most` bytes.
fn read(stream: &[u8], most: usize) -> (Vec<Tag>, Option<TagError>) {
    let (mut reader, mut tags, mut rng) = (Reader::new(), Vec::new(), Rng::with_seed(most as u64));
    let mut rest = stream;
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(rng.usize(1..=most).min(rest.len()));
        rest = after;
        loop {
            let tag = reader.read(&mut piece);
            assert!(reader.held.capacity() <= MAX_VIDEO_BODY, "one body at most is held");
            match tag {
                Ok(Some(tag)) => tags.push(tag),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.read(&mut &stream[..]), Err(error), "an error is final");
                    return (tags, Some(error));
                }
            }
        }
        assert!(piece.is_empty(), "all is taken before the reader asks for more");
    }
    (tags, None)
}

#[test]
fn a_stream_of_ffmpeg_is_understood_down_to_its_codecs() {
    let (tags, error) = read(&ffmpeg(), usize::MAX);
    assert_eq!(error, None);
    let kinds: Vec<_> = tags.iter().map(|tag| (tag.kind, tag.timestamp)).collect();
    use TagKind::*;
    assert_eq!(kinds, [(Script, 0), (Video, 0), (Audio, 0), (Video, 0), (Audio, 179), (Video, 200)]);

    let metadata = Metadata::parse(&tags[0].body).unwrap();
    assert_eq!((metadata.size, metadata.fps), (Some(Size::new(32, 32)), Some(5.0)));
    assert_eq!((metadata.sound, metadata.encoder.as_deref()), (Some(SoundFormat::CALL), Some("Lavf59.27.100")));

    let Ok(VideoTag::SequenceHeader(record)) = video::parse(&tags[1].body) else { panic!("no sequence header") };
    let sps = DecoderConfig::parse(&record).unwrap().first_sps().unwrap();
    assert_eq!((sps.size, sps.fps, sps.reorder_depth), (Size::new(32, 32), Some(5.0), 1));
    let Ok(AudioTag::SequenceHeader(asc)) = audio::parse(&tags[2].body) else { panic!("no sequence header") };
    assert_eq!(AudioSpecificConfig::parse(&asc).unwrap().output(), SoundFormat::CALL);

    let Ok(VideoTag::Picture { idr: true, composition_ms: 200, data }) = video::parse(&tags[3].body) else {
        panic!("no IDR picture 200 ms ahead")
    };
    let contents = nal::to_annex_b(&data, 4, &mut Vec::new());
    assert_eq!(contents, Ok(Contents { idr: true, picture: true, ..Contents::default() }));
    assert!(matches!(video::parse(&tags[5].body), Ok(VideoTag::Picture { idr: false, composition_ms: 200, .. })));
}

#[test]
fn any_split_gives_the_same_tags_and_writing_them_gives_the_same_stream() {
    let stream = ffmpeg();
    let whole = read(&stream, usize::MAX);
    for most in [1, 2, 3, 7, 12, 100] {
        assert_eq!(read(&stream, most), whole);
    }
    let mut again = file_header(true, true).to_vec();
    for tag in &whole.0 {
        write_tag(tag.kind, tag.timestamp, &tag.body, &mut again).unwrap();
    }
    assert_eq!(again, stream);
}

#[test]
fn stamps_have_all_32_bits_and_wrong_sizes_behind_tags_do_no_harm() {
    let mut stream = file_header(true, false).to_vec();
    for timestamp in [0, 0xff_ffff, 0x0100_0000, u32::MAX] {
        write_tag(TagKind::Audio, timestamp, b"\xaf\x01x", &mut stream).unwrap();
        let end = stream.len();
        stream[end - 4..].fill(0xee);
    }
    let (tags, error) = read(&stream, 5);
    assert_eq!(error, None);
    let stamps: Vec<_> = tags.iter().map(|tag| tag.timestamp).collect();
    assert_eq!(stamps, [0, 0xff_ffff, 0x0100_0000, u32::MAX]);
}

#[test]
fn a_longer_header_is_passed_over_and_an_empty_body_is_a_tag() {
    let mut stream = b"FLV\x01\x05\0\0\x01\0".to_vec();
    stream.resize(256 + TRAILER_LEN, 0xaa);
    write_tag(TagKind::Script, 7, b"", &mut stream).unwrap();
    let expected = Tag { kind: TagKind::Script, timestamp: 7, body: Bytes::new() };
    assert_eq!(read(&stream, 9), (vec![expected], None));
}

#[test]
fn what_is_no_flv_is_refused_as_soon_as_it_shows() {
    let tag = |first: &[u8]| [&file_header(true, true), first, &[0; 16]].concat();
    let too_big = |len, max| TagError::TooBig { len, max };
    let table: [(Vec<u8>, TagError); 12] = [
        (b"<".to_vec(), TagError::Signature),
        (b"FLW".to_vec(), TagError::Signature),
        (b"FLV\x01\x05\0\0\0\x08".to_vec(), TagError::Header(8)),
        (b"FLV\x01\x05\0\x01\0\x01".to_vec(), TagError::Header(0x1_0001)),
        (b"FLV\x01\x05\xff\xff\xff\xff".to_vec(), TagError::Header(u32::MAX)),
        (tag(b"\x29"), TagError::Encrypted),
        (tag(b"\x0a"), TagError::Kind(10)),
        (tag(b"\x49"), TagError::Kind(0x49)),
        (tag(b"\xe9"), TagError::Kind(0xe9)),
        (tag(b"\x08\x01\x00\x01"), too_big(0x1_0001, MAX_SMALL_BODY)),
        (tag(b"\x12\xff\xff\xff"), too_big(0xff_ffff, MAX_SMALL_BODY)),
        (tag(b"\x09\x20\x00\x01"), too_big(MAX_VIDEO_BODY + 1, MAX_VIDEO_BODY)),
    ];
    for (stream, expected) in table {
        for most in [1, 64] {
            assert_eq!(read(&stream, most), (vec![], Some(expected)), "{stream:02x?}");
        }
    }
    let mut out = Vec::new();
    let body = vec![0; MAX_SMALL_BODY + 1];
    assert_eq!(write_tag(TagKind::Audio, 0, &body, &mut out), Err(too_big(body.len(), MAX_SMALL_BODY)));
    assert!(out.is_empty());
}

#[test]
fn damaged_streams_never_panic_and_read_the_same_in_any_pieces() {
    let stream = ffmpeg();
    let mut big = file_header(false, true).to_vec();
    write_tag(TagKind::Video, 1, &[7; 3000], &mut big).unwrap();
    for bytes in mutations(&[&stream, &big], 0xf17, 20_000) {
        let whole = read(&bytes, usize::MAX);
        assert_eq!(read(&bytes, 40), whole);
        let bodies: usize = whole.0.iter().map(|tag| tag.body.len()).sum();
        assert!(bodies <= bytes.len());
        for tag in whole.0 {
            match tag.kind {
                TagKind::Audio => drop(audio::parse(&tag.body)),
                TagKind::Video => drop(video::parse(&tag.body)),
                TagKind::Script => drop(Metadata::parse(&tag.body)),
            }
        }
    }
}
