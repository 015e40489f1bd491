//! An address of an HTTP-FLV stream.

use super::clip;
use crate::settings::address::without_secrets;
use std::fmt;
use url::Url;

/// Longest URL accepted, in bytes.
const MOST: usize = 4096;

/// An `http://` or `https://` URL with a host. `Display` and `Debug` show it without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads a URL; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MOST {
            return Err(format!("the URL has more than {MOST} bytes"));
        }
        Self::check(Url::parse(text).map_err(|error| format!("not a URL: {error}"))?)
    }

    /// The target that `location`, an absolute or relative reference, names from here (RFC 9110, 10.2.2).
    pub fn join(&self, location: &str) -> Result<Self, String> {
        if location.len() > MOST {
            return Err(format!("the URL has more than {MOST} bytes"));
        }
        Self::check(self.0.join(location).map_err(|error| format!("not a URL: {error}"))?)
    }

    fn check(url: Url) -> Result<Self, String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{} is not http or https", clip(url.scheme())));
        }
        match url.host_str() {
            Some(host) if !host.is_empty() => Ok(Self(url)),
            _ => Err("the URL names no host".into()),
        }
    }

    /// TLS comes first: the scheme is `https`.
    pub fn tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Name or address, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// TCP port, 80 or 443 unless given.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(80)
    }

    /// What the `Host` field says.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// What is asked for: path and query. May hold secrets.
    pub fn path(&self) -> String {
        match self.0.query() {
            Some(query) => format!("{}?{query}", self.0.path()),
            None => self.0.path().to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_secrets(self.0.as_str()))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
