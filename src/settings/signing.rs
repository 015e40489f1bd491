//! Signed addresses: the templates a URL may hold, and what takes their place at every connect. Pure.
//!
//! `txSecret` is the lower-case hexadecimal MD5 of key, stream name and `txTime`, `txTime` the Unix time in hexadecimal
//! at which it expires, each as it stands in the URL (Tencent Cloud's push address, "Splicing live streaming URLs").

use super::duration;
use super::pusher::Signing;
use crate::media::Span;
use md5::{Digest, Md5};

const STREAM: &str = "{stream}";
const TIME: &str = "{txTime}";
const SECRET: &str = "{txSecret}";
/// Every template there is.
pub const TEMPLATES: [&str; 3] = [STREAM, TIME, SECRET];

/// A stream name that is as long and as plain as any, for judging an address before there is one.
const SAMPLE: &str = "stream";

/// `url` with something in every template's place, so that it can be judged as an address.
///
/// # Errors
/// A brace that belongs to no template.
pub fn sample(url: &str) -> Result<String, String> {
    let filled = url.replace(STREAM, SAMPLE).replace(TIME, "0").replace(SECRET, "0");
    if filled.contains(['{', '}']) {
        return Err(format!("holds a template that is none of {}", TEMPLATES.join(", ")));
    }
    Ok(filled)
}

/// What contradicts itself between a URL and its signing: the field, inside `[pusher]`, and why.
pub fn contradiction(url: &str, signing: Option<&Signing>) -> Option<(&'static [&'static str], &'static str)> {
    let holds = |template: &str| url.contains(template);
    let stream = signing.and_then(|signing| signing.stream.as_ref());
    match signing {
        None if TEMPLATES.iter().any(|template| holds(template)) => {
            Some((&["url"], "holds a template such as {txSecret}, and there is no [pusher.signing] to fill it"))
        }
        Some(_) if holds(SECRET) != holds(TIME) => {
            Some((&["url"], "holds one of {txSecret} and {txTime} without the other"))
        }
        Some(_) if holds(STREAM) && stream.is_none() => {
            Some((&["signing", "stream"], "is missing, and the url holds {stream}"))
        }
        Some(_) if !holds(STREAM) && stream.is_some() => {
            Some((&["signing", "stream"], "is given, and the url holds no {stream} for it"))
        }
        _ => None,
    }
}

/// Whether a URL is signed at all.
pub fn signs(url: &str) -> bool {
    url.contains(SECRET)
}

/// The name of the stream that is signed for: `signing.stream`, or what the URL's path ends in.
pub fn stream<'a>(url: &'a str, signing: &'a Signing) -> &'a str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    signing.stream.as_deref().unwrap_or(last)
}

/// The address to connect to: `url` with a signature by `key` that expires `signing.valid-for` after `now`, in seconds
/// since 1970.
pub fn mint(url: &str, signing: &Signing, key: &str, now: u64) -> String {
    let stream = stream(url, signing);
    let valid = duration::parse(&signing.valid_for).unwrap_or(Span::ZERO).as_micros() / 1_000_000;
    let time = format!("{:X}", now.saturating_add(valid.unsigned_abs()));
    url.replace(STREAM, stream).replace(TIME, &time).replace(SECRET, &secret(key, stream, &time))
}

fn secret(key: &str, stream: &str, time: &str) -> String {
    let digest = Md5::new().chain_update(key).chain_update(stream).chain_update(time).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key as a file holds it: blanks around it are not part of it.
///
/// # Errors
/// What is wrong; the text is not repeated.
pub fn key(text: &str) -> Result<&str, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("is empty, a key is needed".into());
    }
    if key.len() > 256 || key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("holds no key: one word of at most 256 characters is needed".into());
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signing(stream: Option<&str>) -> Signing {
        Signing { key_file: "k".into(), valid_for: "12h".into(), stream: stream.map(String::from) }
    }

    #[test]
    fn the_published_example_has_the_published_signature() {
        let made = secret("e12c46f2612d5106e2034781ab261ca3", "test", "5C271099");
        assert_eq!(made, "f85a2ab363fe4deaffef9754d79da6fe");
    }

    #[test]
    fn an_address_is_minted_for_its_stream_and_expires_as_it_says() {
        let now = 0x5C27_1099 - 12 * 3600;
        let signed = "?txSecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5C271099";
        let key = "e12c46f2612d5106e2034781ab261ca3";
        let url = "rtmp://h/live/test?txSecret={txSecret}&txTime={txTime}";
        assert_eq!(mint(url, &signing(None), key, now), format!("rtmp://h/live/test{signed}"));
        let url = "rtmp://h/live/{stream}?txSecret={txSecret}&txTime={txTime}&s={stream}";
        assert_eq!(mint(url, &signing(Some("test")), key, now), format!("rtmp://h/live/test{signed}&s=test"));
        assert_eq!(mint("rtmp://h/live/plain", &signing(None), key, now), "rtmp://h/live/plain");
    }

    #[test]
    fn each_contradiction_names_its_field() {
        let both = "rtmp://h/live/a?txSecret={txSecret}&txTime={txTime}";
        let table = [
            (both, None, "url"),
            ("rtmp://h/live/{stream}", None, "url"),
            ("rtmp://h/live/a?txSecret={txSecret}", Some(signing(None)), "url"),
            ("rtmp://h/live/a?txTime={txTime}", Some(signing(None)), "url"),
            ("rtmp://h/live/{stream}?s={txSecret}&t={txTime}", Some(signing(None)), "signing.stream"),
            (both, Some(signing(Some("a"))), "signing.stream"),
        ];
        for (url, signing, field) in table {
            let found = contradiction(url, signing.as_ref());
            assert_eq!(found.map(|(field, _)| field.join(".")), Some(field.into()), "{url}");
        }
        assert_eq!(contradiction(both, Some(&signing(None))), None);
        assert_eq!(contradiction("rtmp://h/live/a", Some(&signing(None))), None);
        assert_eq!(contradiction("rtmp://h/live/a", None), None);
    }

    #[test]
    fn a_key_is_one_word() {
        assert_eq!(key(" e12c\n"), Ok("e12c"));
        for text in ["", " \n", "two words", "a\nb", "a\0", &"k".repeat(257)] {
            let words = key(text).unwrap_err();
            assert!(!words.contains("two"), "{words}");
        }
    }
}
