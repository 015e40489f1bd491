//! Addresses of streams: what to connect to, what to ask for, and what may be shown of it.

use crate::settings::address;
use std::fmt;

/// Longest URL accepted, in bytes.
const LENGTH_MAX: usize = 4096;

/// Parts of parameter names whose values are never shown, in lower case.
const SECRET: [&str; 10] = ["secret", "serect", "txtime", "token", "key", "pass", "pwd", "sign", "auth", "credential"];

/// An `rtmp://` or `rtmps://` URL. `Display` and `Debug` show it without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct RtmpUrl {
    tls: bool,
    host: String,
    port: u16,
    app: String,
    key: String,
}

/// Why a text is no URL of a stream; says what is allowed and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("must begin with rtmp:// or rtmps://")]
    Scheme,
    #[error("must be at most {LENGTH_MAX} bytes long")]
    Length,
    #[error("must hold no spaces or control characters")]
    Characters,
    #[error("must name a host after ://, as in rtmp://example.com/live/stream")]
    Host,
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// See [`address::stream_path`].
    #[error("the address {0}")]
    Path(&'static str),
}

impl RtmpUrl {
    /// Reads `rtmp[s]://host[:port]/app[/instance]/stream[?query]`; the port is 1935, or 443 for rtmps, unless given.
    ///
    /// With three or more path segments the first two are the application, with two the first alone: what
    /// nginx-rtmp, SRS and ffmpeg make of it. The stream key is everything after, query included, untouched.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > LENGTH_MAX {
            return Err(UrlError::Length);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "rtmp" => false,
            "rtmps" => true,
            _ => return Err(UrlError::Scheme),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (address, None),
        };
        let host = url::Host::parse(host).map_err(|_| UrlError::Host)?.to_string();
        let port = match port {
            None => default_port(tls),
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or(UrlError::Port)?,
        };
        address::stream_path(path).map_err(UrlError::Path)?;
        let (app, key) = split_path(path);
        Ok(Self { tls, host, port, app: app.into(), key: key.into() })
    }

    /// TLS comes before RTMP: the scheme is `rtmps`.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Name or address; an IPv6 address stands in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The application: one path segment or two.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// What `publish` and `play` name: the rest of the path and the query. May hold secrets.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The stream's name alone, without query.
    pub fn name(&self) -> &str {
        self.key.split('?').next().unwrap_or_default()
    }

    /// What `connect` names: the URL up to the application, without stream key and user.
    pub fn tc_url(&self) -> String {
        format!("{}/{}", self.origin(), self.app)
    }

    /// The URL with its secrets replaced by `***`.
    pub fn redacted(&self) -> String {
        redact(&format!("{}/{}", self.tc_url(), self.key))
    }

    /// `text`, which a server may have made of this URL, with every value of its parameters replaced by `***`.
    pub fn hide(&self, text: &str) -> String {
        let query = self.key.split_once('?').map_or("", |(_, query)| query);
        let values = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
        // A value of two or three letters is found in any words, and secures nothing.
        values.filter(|value| value.len() > 3).fold(text.to_owned(), |text, value| text.replace(value, "***"))
    }

    fn origin(&self) -> String {
        let scheme = if self.tls { "rtmps" } else { "rtmp" };
        match self.port {
            port if port == default_port(self.tls) => format!("{scheme}://{}", self.host),
            port => format!("{scheme}://{}:{port}", self.host),
        }
    }
}

impl fmt::Display for RtmpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for RtmpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RtmpUrl({})", self.redacted())
    }
}

/// `text` with every value of a secret-looking `name=value` and every `user:password@` replaced by `***`.
///
/// For URLs and for words that may quote one, such as a server's description of an error.
pub fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', '/']) {
        let (before, after) = rest.split_at(at + 1);
        shown.push_str(before);
        rest = after;
        let hidden = if before.ends_with('=') {
            let name = before.trim_end_matches('=').rsplit(|c: char| !is_name(c)).next().unwrap_or_default();
            if is_secret(name) { after.find(ends_value).unwrap_or(after.len()) } else { 0 }
        } else if shown.ends_with("://") {
            let authority = after.find(['/', ' ', '"']).unwrap_or(after.len());
            after.get(..authority).and_then(|authority| authority.rfind('@')).unwrap_or(0)
        } else {
            0
        };
        if hidden > 0 {
            shown.push_str("***");
            rest = after.get(hidden..).unwrap_or_default();
        }
    }
    shown.push_str(rest);
    shown
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '%')
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | ';' | '"' | '\'' | '<' | '>' | ')' | ']' | '#')
}

const fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 1935 }
}

/// Application and key of a path that has both, without its leading slash; slashes after a `?` belong to the query.
fn split_path(path: &str) -> (&str, &str) {
    let plain = path.split('?').next().unwrap_or_default();
    let (app, name) = plain.split_once('/').unwrap_or((plain, ""));
    let cut = name.find('/').map_or(app.len(), |second| app.len() + 1 + second);
    let (app, key) = path.split_at(cut);
    (app, key.strip_prefix('/').unwrap_or(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (bool, String, u16, String, String) {
        let url = RtmpUrl::parse(text).unwrap();
        (url.tls, url.host, url.port, url.app, url.key)
    }

    #[test]
    fn a_url_names_host_port_application_and_key() {
        let full = |tls, host: &str, port, app: &str, key: &str| (tls, host.into(), port, app.into(), key.into());
        for (text, expected) in [
            ("rtmp://a.example/live/x", full(false, "a.example", 1935, "live", "x")),
            ("RTMPS://A.example/live/x", full(true, "a.example", 443, "live", "x")),
            ("rtmp://[::1]:1936/live/x", full(false, "[::1]", 1936, "live", "x")),
            ("rtmp://10.0.0.1/live/room/x/y", full(false, "10.0.0.1", 1935, "live/room", "x/y")),
            ("rtmp://h/live/x?a=b/c&d=e", full(false, "h", 1935, "live", "x?a=b/c&d=e")),
            ("rtmp://me:pw@h:99/live/x", full(false, "h", 99, "live", "x")),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_stream_url_is_refused_with_what_is_allowed() {
        for (text, expected) in [
            ("http://h/live/x", UrlError::Scheme),
            ("h/live/x", UrlError::Scheme),
            ("rtmp:///live/x", UrlError::Host),
            ("rtmp://h:0/live/x", UrlError::Port),
            ("rtmp://h:70000/live/x", UrlError::Port),
            ("rtmp://h/live/x y", UrlError::Characters),
            ("rtmp://h/live/x\n", UrlError::Characters),
        ] {
            assert_eq!(RtmpUrl::parse(text), Err(expected), "{text}");
        }
        assert_eq!(RtmpUrl::parse(&format!("rtmp://h/live/{}", "x".repeat(5000))), Err(UrlError::Length));
        for (text, words) in [
            ("rtmp://h", "needs an application and a stream name"),
            ("rtmp://h/live", "needs an application and a stream name"),
            ("rtmp://h/live/", "ends in a slash"),
            ("rtmp://h/live/?txSecret=1", "ends in a slash"),
            ("rtmp://h/live/x/", "ends in a slash"),
            ("rtmp://h/live/room/x/?a=b", "ends in a slash"),
            ("rtmp://h//x", "empty part between two slashes"),
            ("rtmp://h//live/x", "empty part between two slashes"),
            ("rtmp://h/live/room//x", "empty part between two slashes"),
        ] {
            let error = RtmpUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn g13_no_secret_is_ever_shown() {
        let text = "rtmp://user:hunter2@h/live/x?txSecret=abc123&txTime=5C271099&vhost=v&Access_Key=k3y&password=p4ss";
        let url = RtmpUrl::parse(text).unwrap();
        for shown in [url.to_string(), format!("{url:?}"), url.redacted(), url.tc_url(), redact(text)] {
            for secret in ["hunter2", "user", "abc123", "5C271099", "k3y", "p4ss"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert_eq!(url.to_string(), "rtmp://h/live/x?txSecret=***&txTime=***&vhost=v&Access_Key=***&password=***");
        assert_eq!(url.key(), text.split_once("/live/").unwrap().1);
    }

    #[test]
    fn g13_words_that_quote_a_url_are_redacted_too() {
        let words = "publish of \"rtmp://me:pw@h/live/x?token=abc\" denied (txTime=5C271099) a=b";
        assert_eq!(redact(words), "publish of \"rtmp://***@h/live/x?token=***\" denied (txTime=***) a=b");
        assert_eq!(redact("token="), "token=");
        assert_eq!(redact("ключ=й token=й&й"), "ключ=й token=***&й");
    }

    #[test]
    fn g13_a_secret_that_a_server_repeats_without_its_name_is_hidden_too() {
        let url = RtmpUrl::parse("rtmp://h/live/x?txSecret=f85a2ab3&txTime=5C271099&a=b").unwrap();
        assert_eq!(url.hide("bad f85a2ab3 until 5C271099 a b"), "bad *** until *** a b");
        assert_eq!(RtmpUrl::parse("rtmp://h/live/x").unwrap().hide("as it is"), "as it is");
    }

    #[test]
    fn the_connection_is_named_without_the_key() {
        assert_eq!(RtmpUrl::parse("rtmp://h:1935/live/x?txSecret=1").unwrap().tc_url(), "rtmp://h/live");
        assert_eq!(RtmpUrl::parse("rtmps://h:1935/live/i/x").unwrap().tc_url(), "rtmps://h:1935/live/i");
    }
}
