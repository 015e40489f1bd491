//! Stream addresses: which ones can be used, and how they are shown without their secrets.

use super::signing;
use url::Url;

/// Stands in for a secret wherever an address is shown.
const HIDDEN: &str = "***";

/// Parameters that are shown: they name things and open nothing.
const HARMLESS: [&str; 3] = ["bizid", "vhost", "session"];

/// Whether `text` is an address to push to: `rtmp://` or `rtmps://`, with host, application and stream name, any of
/// them perhaps a template ([`signing::TEMPLATES`]). The error says what is wrong and never repeats the address.
pub fn push(text: &str) -> Result<(), String> {
    usable(&signing::sample(text)?, &["rtmp", "rtmps"])
}

/// Whether `text` is an address to play from: as for [`push`], or `http://` or `https://` ending in `.flv`.
pub fn play(text: &str) -> Result<(), String> {
    usable(text, &["rtmp", "rtmps", "http", "https"])
}

/// Whether `text` names a picture: a path, or an `http://` or `https://` address.
pub fn picture(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > 1024 || text.contains('\0') {
        return Err("a path or an http:// or https:// address of 1 to 1024 characters is needed".into());
    }
    let Some((scheme, _)) = text.split_once("://") else { return Ok(()) };
    if text.contains(HIDDEN) {
        return Err(format!("holds {HIDDEN}, which stands for a secret that is not shown: give the whole address"));
    }
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err("the address's scheme is not supported, allowed are http://, https:// and a path".into());
    }
    match Url::parse(text) {
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(()),
        Ok(_) => Err("the address names no host".into()),
        Err(error) => Err(format!("is not an address: {error}")),
    }
}

fn usable(text: &str, schemes: &[&str]) -> Result<(), String> {
    let allowed = schemes.iter().map(|scheme| format!("{scheme}://")).collect::<Vec<_>>().join(", ");
    if text.contains(['{', '}']) {
        return Err("holds braces, which stand for a template, and only the address pushed to may have one".into());
    }
    if text.contains(HIDDEN) {
        return Err(format!("holds {HIDDEN}, which stands for a secret that is not shown: give the whole address"));
    }
    if text.len() > 2048 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("is not an address: at most 2048 characters without blanks are allowed".into());
    }
    let Some((scheme, _)) = text.split_once("://") else {
        return Err(format!("is not an address, allowed are {allowed}"));
    };
    let scheme = scheme.to_ascii_lowercase();
    if !schemes.contains(&scheme.as_str()) {
        return Err(format!("the address's scheme is not supported, allowed are {allowed}"));
    }
    let url = Url::parse(text).map_err(|error| format!("is not an address: {error}"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address names no host".into());
    }
    if url.port() == Some(0) {
        return Err("port 0 is not possible, allowed 1 to 65535".into());
    }
    if scheme.starts_with("http") {
        return match url.path().ends_with(".flv") {
            true => Ok(()),
            false => Err("an http address must end in .flv (HLS and others are not supported)".into()),
        };
    }
    let path = url.path();
    stream_path(path.strip_prefix('/').unwrap_or(path)).map_err(|words| format!("the address {words}"))
}

/// Whether `path`, which follows the host of an RTMP address and a slash, names an application and a stream: two parts or
/// more, none of them empty. The error says what is wrong, as what follows "the address".
pub fn stream_path(path: &str) -> Result<(), &'static str> {
    let plain = path.split('?').next().unwrap_or_default();
    match plain.split_once('/') {
        None => Err("needs an application and a stream name: rtmp://host/application/stream"),
        Some(_) if plain.starts_with('/') || plain.contains("//") => {
            Err("has an empty part between two slashes: rtmp://host/application/stream is needed")
        }
        Some(_) if plain.ends_with('/') => {
            Err("ends in a slash, where the stream's name is needed: rtmp://host/application/stream")
        }
        Some(_) => Ok(()),
    }
}

/// `text` as it may be shown and logged: a password and the values of parameters are replaced by `***`.
pub fn without_secrets(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        // What can not be taken apart is shown up to the first place a secret can begin at.
        let end = text.find(['?', '@', '#']).unwrap_or(text.len());
        return text[..end].to_owned();
    };
    if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
        return format!("{}://{HIDDEN}", url.scheme());
    }
    url.set_fragment(None);
    if let Some(query) = url.query() {
        let shown = query.split('&').map(|part| match part.split_once('=') {
            Some((name, _)) if HARMLESS.contains(&name) => part.to_owned(),
            // A template is no secret yet.
            Some((_, value)) if signing::TEMPLATES.contains(&value) => part.to_owned(),
            Some((name, _)) => format!("{name}={HIDDEN}"),
            None => HIDDEN.to_owned(),
        });
        let shown = shown.collect::<Vec<_>>().join("&");
        url.set_query(Some(&shown));
    }
    // A template in the path was made fit for the wire.
    String::from(url).replace("%7Bstream%7D", "{stream}")
}

/// What is allowed in an address and hardly meant, in words that hold no secret.
pub fn doubts(text: &str) -> impl Iterator<Item = &'static str> + use<> {
    // The published example of the vendor's address spells it so.
    let misspelt = text.contains("txSerect=").then_some("holds `txSerect`, did you mean `txSecret`?");
    let user = Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
    let unsent = user.then_some("the user name and password before @ are not sent");
    misspelt.into_iter().chain(unsent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_taken_or_refused_for_its_own_reason() {
        let refused = [
            ("", "is not an address, allowed are rtmp://, rtmps://"),
            ("camera", "is not an address, allowed"),
            ("srt://host/live/a", "scheme is not supported, allowed are rtmp://, rtmps://"),
            ("rtmp+quic://host/live/a", "scheme is not supported"),
            ("http://host/a.flv", "scheme is not supported"),
            ("rtmp:///live/a", "names no host"),
            ("rtmp://host:0/live/a", "port 0"),
            ("rtmp://host:99999/live/a", "invalid port"),
            ("rtmp://host/live", "application and a stream"),
            ("rtmp://host/live/", "ends in a slash"),
            ("rtmp://host/live/a/", "ends in a slash"),
            ("rtmp://host/live/room/a/?txSecret=1", "ends in a slash"),
            ("rtmp://host//live/a", "empty part between two slashes"),
            ("rtmp://host/live//a", "empty part between two slashes"),
            ("rtmp://host/live/room//{stream}", "empty part between two slashes"),
            ("rtmp://host/live/a b", "without blanks"),
            ("rtmp://host/live/a?txSecret={txsecret}", "none of {stream}, {txTime}, {txSecret}"),
            ("rtmp://host/live/a?txSecret=***", "not shown"),
        ];
        for (text, words) in refused {
            let error = push(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        for text in ["rtmp://host/live/a", "rtmps://[::1]:443/app/inst/a?txSecret=1&txTime=2", "RTMP://host/live/a"] {
            assert_eq!(push(text), Ok(()), "{text}");
        }
        assert_eq!(push("rtmp://host/live/{stream}?txSecret={txSecret}&txTime={txTime}"), Ok(()));
        assert_eq!(push("rtmp://host/app/room/a?next=//b/"), Ok(()), "slashes of the query are its own");
        assert!(play("rtmp://host/live/a/").unwrap_err().contains("ends in a slash"));
        assert!(play("rtmp://host/live/{stream}").unwrap_err().contains("only the address pushed to"));
        assert_eq!(play("https://host/live/a.flv?token=1"), Ok(()));
        assert!(play("http://host/live/a.m3u8").unwrap_err().contains(".flv"));
        let pictures = [
            ("ftp://host/a.png", "allowed are http://, https:// and a path"),
            ("https://host/a.png?key=***", "not shown"),
            ("", "1 to 1024"),
        ];
        for (text, words) in pictures {
            let error = picture(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(["/etc/visavis/wait.png", "https://host/wait?size=1"].iter().all(|text| picture(text).is_ok()));
    }

    #[test]
    fn a_shown_address_keeps_names_and_loses_secrets() {
        let table = [
            ("rtmp://h/live/a?bizid=7&txTime=5C27&txSecret=f85a", "rtmp://h/live/a?bizid=7&txTime=***&txSecret=***"),
            ("rtmp://user:pass@h/live/a", "rtmp://user:***@h/live/a"),
            ("http://h/a.flv?f85a#f85a", "http://h/a.flv?***"),
            ("no address?f85a", "no address"),
            ("rtmp://h/live/a", "rtmp://h/live/a"),
            (
                "rtmp://h/live/{stream}?txSecret={txSecret}&txTime={txTime}&k=1",
                "rtmp://h/live/{stream}?txSecret={txSecret}&txTime={txTime}&k=***",
            ),
        ];
        for (text, shown) in table {
            assert_eq!(without_secrets(text), shown);
        }
    }
}
