//! HTTP, the rules: where to ask, what to make of an answer, when to follow it elsewhere.
//!
//! What is asked for is an FLV stream (see [`crate::flv::Reader`]) or a picture; [`crate::flow::http`] speaks HTTP.

mod target;

pub use target::Target;

use crate::api::notice::{Cause, End};
use crate::rtmp::url::redact;

/// Redirects that are followed.
pub const MOST_REDIRECTS: usize = 5;
/// Bytes of an answer's head.
pub const MOST_HEAD: usize = 16 << 10;

/// The head of an answer, as far as it is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    pub location: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What is wanted follows.
    Here,
    /// Ask there instead.
    Follow(Target),
    /// There is nothing to be had.
    Refuse(End),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Stream,
    Picture,
}

impl Wanted {
    /// What it is called, and what it consists of.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Wanted::Stream => ("the stream", "FLV"),
            Wanted::Picture => ("the picture", "a picture"),
        }
    }

    /// What the request says it accepts.
    pub const fn accept(self) -> &'static str {
        match self {
            Wanted::Stream => "video/x-flv, */*",
            Wanted::Picture => "image/png, image/jpeg, */*",
        }
    }
}

/// The way to what is wanted: where it is asked for, and how often it was elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    wanted: Wanted,
    target: Target,
    redirects: usize,
}

impl Journey {
    /// Begins at `target`.
    pub fn new(wanted: Wanted, target: Target) -> Self {
        Self { wanted, target, redirects: 0 }
    }

    /// What is asked for.
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Where to ask now.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What the head of an answer means (RFC 9110, 15). After [`Verdict::Follow`] the next answer is judged as one
    /// of the target it names.
    pub fn judge(&mut self, answer: Answer<'_>) -> Verdict {
        match answer.status {
            200 => self.judge_content(answer),
            301 | 302 | 303 | 307 | 308 => self.follow(answer.location),
            401 | 403 => refuse(Cause::Refused, "the server does not allow it", answer.status),
            404 | 410 => refuse(Cause::Absent, &format!("{} is not there", self.wanted.words().0), answer.status),
            // Trouble passes: it is no refusal, which is met with patience.
            429 | 500..=599 => refuse(Cause::Broken, "the server is in trouble", answer.status),
            400..=499 => refuse(Cause::Refused, "the server refused", answer.status),
            _ => refuse(Cause::Handshake, "an answer that makes no sense here", answer.status),
        }
    }

    fn judge_content(&self, answer: Answer<'_>) -> Verdict {
        let encoding = answer.content_encoding.unwrap_or("identity").trim();
        if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
            let (it, encoding) = (self.wanted.words().0, clip(encoding));
            return fail(format!("the server sends {it} packed as {encoding}, which was not asked for"));
        }
        let kind = answer.content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        if matches!(kind.as_str(), "text/html" | "application/json" | "application/xhtml+xml") {
            return fail(format!("the server sends {kind} and not {}", self.wanted.words().1));
        }
        Verdict::Here
    }

    fn follow(&mut self, location: Option<&str>) -> Verdict {
        if self.redirects == MOST_REDIRECTS {
            return fail(format!("the server sends us elsewhere more than {MOST_REDIRECTS} times"));
        }
        let Some(location) = location else { return fail("the server sends us elsewhere without saying where".into()) };
        match self.target.join(location) {
            Ok(target) if self.target.tls() && !target.tls() => {
                fail("the server sends us from https to http, which is not followed".into())
            }
            Ok(target) => {
                self.redirects += 1;
                self.target = target.clone();
                Verdict::Follow(target)
            }
            Err(words) => fail(format!("the server sends us elsewhere: {words}")),
        }
    }
}

/// Words for bytes that are no FLV, by their beginning.
pub fn not_flv(beginning: &[u8]) -> End {
    let text = beginning.trim_ascii_start();
    let words = if text.starts_with(b"<") {
        "the server sends a page and not FLV"
    } else if text.starts_with(b"#EXTM3U") {
        "this is an HLS playlist and not FLV"
    } else if text.starts_with(&[0x1f, 0x8b]) {
        "the server sends the stream packed as gzip, which was not asked for"
    } else {
        "what the server sends is not FLV"
    };
    End { cause: Cause::Handshake, words: words.into() }
}

fn refuse(cause: Cause, words: &str, status: u16) -> Verdict {
    Verdict::Refuse(End { cause, words: format!("{words} (HTTP {status})") })
}

fn fail(words: String) -> Verdict {
    Verdict::Refuse(End { cause: Cause::Handshake, words })
}

/// A peer's words, short and without secrets.
fn clip(words: &str) -> String {
    redact(&words.chars().take(64).collect::<String>())
}

#[cfg(test)]
mod tests;
