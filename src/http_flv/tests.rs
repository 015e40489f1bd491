//! Answers of all kinds, and damaged ones.

use super::*;
use crate::testing::mutations;

fn journey(url: &str) -> Journey {
    Journey::new(Wanted::Stream, Target::parse(url).unwrap())
}

fn redirect(location: &str) -> Answer<'_> {
    Answer { status: 302, location: Some(location), ..Answer::default() }
}

#[test]
fn answers_are_told_apart_by_status_and_content() {
    type Row<'a> = (Answer<'a>, Result<(), (Cause, &'a str)>);
    let table: [Row<'_>; 10] = [
        (Answer { status: 200, content_type: Some("video/x-flv"), ..Answer::default() }, Ok(())),
        (Answer { status: 200, ..Answer::default() }, Ok(())),
        (Answer { status: 200, content_encoding: Some("identity"), ..Answer::default() }, Ok(())),
        (
            Answer { status: 200, content_encoding: Some("gzip"), ..Answer::default() },
            Err((Cause::Handshake, "packed as gzip")),
        ),
        (
            Answer { status: 200, content_type: Some("Text/HTML; charset=utf-8"), ..Answer::default() },
            Err((Cause::Handshake, "text/html and not FLV")),
        ),
        (Answer { status: 404, ..Answer::default() }, Err((Cause::Absent, "not there (HTTP 404)"))),
        (Answer { status: 403, ..Answer::default() }, Err((Cause::Refused, "does not allow"))),
        (Answer { status: 503, ..Answer::default() }, Err((Cause::Broken, "in trouble"))),
        (Answer { status: 429, ..Answer::default() }, Err((Cause::Broken, "in trouble"))),
        (Answer { status: 206, ..Answer::default() }, Err((Cause::Handshake, "makes no sense"))),
    ];
    for (answer, expected) in table {
        match (journey("http://host/live/a.flv").judge(answer), expected) {
            (Verdict::Here, Ok(())) => {}
            (Verdict::Refuse(end), Err((cause, words))) => {
                assert!(end.cause == cause && end.words.contains(words), "{answer:?}: {end:?}");
            }
            (other, _) => panic!("{answer:?}: {other:?}"),
        }
    }
}

#[test]
fn redirects_are_followed_five_times_relative_ones_too() {
    let mut journey = journey("http://one.example/live/a.flv?token=x");
    assert!(matches!(journey.judge(redirect("b.flv?c=d")), Verdict::Follow(_)));
    assert_eq!(journey.target().path(), "/live/b.flv?c=d");
    assert!(matches!(journey.judge(redirect("https://two.example:8443/x.flv")), Verdict::Follow(_)));
    assert_eq!((journey.target().host(), journey.target().port()), ("two.example", 8443));
    assert_eq!(journey.target().authority(), "two.example:8443");
    for _ in 2..MOST_REDIRECTS {
        assert!(matches!(journey.judge(redirect("/again.flv")), Verdict::Follow(_)));
    }
    let Verdict::Refuse(end) = journey.judge(redirect("/again.flv")) else { panic!("a loop is not followed") };
    assert!(end.words.contains("more than 5 times"), "{}", end.words);
}

#[test]
fn a_redirect_never_leads_out_of_tls_or_out_of_http() {
    for location in ["http://host/a.flv", "ftp://host/a.flv", "file:///etc/passwd", "http://", ""] {
        let mut journey = journey("https://host/a.flv");
        let verdict = journey.judge(redirect(location));
        let stays = matches!(&verdict, Verdict::Follow(target) if target.tls());
        assert!(stays || matches!(verdict, Verdict::Refuse(_)), "{location}: {verdict:?}");
        assert!(journey.target().tls());
    }
    assert!(matches!(journey("http://host/").judge(Answer { status: 301, ..Answer::default() }), Verdict::Refuse(_)));
}

#[test]
fn secrets_are_never_shown() {
    let target =
        Target::parse("https://user:pass@host/live/a.flv?txSecret=abcdef&txTime=5C271099&sig=abcdef&md5=abcdef")
            .unwrap();
    assert!(target.path().contains("txSecret=abcdef"));
    for shown in [target.to_string(), format!("{target:?}")] {
        assert!(!shown.contains("abcdef") && !shown.contains("pass"), "{shown}");
    }
}

#[test]
fn what_is_not_flv_is_named_by_its_beginning() {
    for (bytes, words) in
        [(&b"\n <!DOCTYPE html>"[..], "a page"), (b"#EXTM3U\n", "HLS"), (&[0x1f, 0x8b, 8, 0], "gzip"), (b"", "not FLV")]
    {
        assert!(not_flv(bytes).words.contains(words));
    }
}

#[test]
fn no_damaged_location_or_url_panics_or_leaves_tls() {
    let golden: [&[u8]; 3] = [b"https://host:8443/live/a.flv?x=y#z", b"//other.example/x", b"../../a.flv"];
    for damaged in mutations(&golden, 40, 4000) {
        let text = String::from_utf8_lossy(&damaged);
        let _ = Target::parse(&text);
        let mut journey = journey("https://host/live/a.flv");
        if let Verdict::Follow(target) = journey.judge(redirect(&text)) {
            assert!(target.tls() && !target.host().is_empty());
        }
    }
}
