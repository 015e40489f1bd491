//! AMF0, the values inside RTMP commands and script data (Adobe, "Action Message Format, AMF 0", 2007).
//!
//! Reading is bounded in depth, count and string length, because the bytes are a stranger's. Objects keep
//! the order of their properties, so that what is written is the same in every run.

mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::{Error, MAX_DEPTH, MAX_STRING, MAX_VALUES, read, read_prefix};
pub use write::{to_bytes, write};

/// Names and values in the order in which they stand on the wire.
pub type Properties = Vec<(String, Value)>;

/// One AMF0 value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Boolean(bool),
    /// A string, a long string or an XML document: text in any case. Bytes that are not UTF-8 were replaced.
    String(String),
    /// An anonymous object, or a typed one whose class name was dropped.
    Object(Properties),
    /// An object by another marker; `onMetaData` traditionally is one.
    EcmaArray(Properties),
    StrictArray(Vec<Value>),
    /// Milliseconds since 1970 in UTC. The time zone on the wire is reserved and dropped.
    Date(f64),
    /// A position in the table of earlier objects; not followed.
    Reference(u16),
    Null,
    Undefined,
    /// What the peer could not express in AMF0.
    Unsupported,
}

impl Value {
    /// An object with these properties in this order.
    pub fn object<const N: usize>(properties: [(&str, Value); N]) -> Self {
        Self::Object(properties.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// The first property called `name`; `None` where there is none or this is not an object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.properties()?.iter().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The properties of an object or ECMA array.
    pub fn properties(&self) -> Option<&[(String, Value)]> {
        match self {
            Self::Object(properties) | Self::EcmaArray(properties) => Some(properties),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number; may be NaN or infinite, as the peer likes.
    pub fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = *self { Some(number) } else { None }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Boolean(truth) = *self { Some(truth) } else { None }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

/// Type markers (AMF0 specification, section 2.1).
mod marker {
    pub const NUMBER: u8 = 0x00;
    pub const BOOLEAN: u8 = 0x01;
    pub const STRING: u8 = 0x02;
    pub const OBJECT: u8 = 0x03;
    pub const NULL: u8 = 0x05;
    pub const UNDEFINED: u8 = 0x06;
    pub const REFERENCE: u8 = 0x07;
    pub const ECMA_ARRAY: u8 = 0x08;
    pub const OBJECT_END: u8 = 0x09;
    pub const STRICT_ARRAY: u8 = 0x0a;
    pub const DATE: u8 = 0x0b;
    pub const LONG_STRING: u8 = 0x0c;
    pub const UNSUPPORTED: u8 = 0x0d;
    pub const XML_DOCUMENT: u8 = 0x0f;
    pub const TYPED_OBJECT: u8 = 0x10;
    pub const AVM_PLUS: u8 = 0x11;
}
