//! The bounded reader: every length is checked against what is there before anything is stored.

use super::{Properties, Value, marker};

/// Containers inside containers that are followed; metadata of real servers needs three.
pub const MAX_DEPTH: usize = 16;

/// Values of one message, those inside containers counted too: bounds memory however small they are on the wire.
pub const MAX_VALUES: usize = 1024;

/// Bytes of one string or property name.
pub const MAX_STRING: usize = 16 * 1024;

/// Why a message is not AMF0 that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("AMF0 ends in the middle of a value")]
    Truncated,
    #[error("AMF0 is nested deeper than {MAX_DEPTH} containers")]
    TooDeep,
    #[error("AMF0 message of more than {MAX_VALUES} values")]
    TooManyValues,
    #[error("AMF0 string of {0} bytes, at most {MAX_STRING} are accepted")]
    StringTooLong(u32),
    #[error("AMF0 switches to AMF3, which is not spoken")]
    Amf3,
    #[error("AMF0 marker {0:#04x} is unknown or out of place")]
    Marker(u8),
}

/// All values of a message. An error spoils the whole message.
pub fn read(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    match read_prefix(bytes) {
        (values, None) => Ok(values),
        (_, Some(error)) => Err(error),
    }
}

/// The whole values at the start of a message and, where one of them is damaged, what ended the reading.
pub fn read_prefix(bytes: &[u8]) -> (Vec<Value>, Option<Error>) {
    let mut reader = Reader { rest: bytes, values_left: MAX_VALUES };
    let mut values = Vec::new();
    while !reader.rest.is_empty() {
        match reader.value(0) {
            Ok(value) => values.push(value),
            Err(error) => return (values, Some(error)),
        }
    }
    (values, None)
}

struct Reader<'a> {
    rest: &'a [u8],
    values_left: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Error::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    fn number(&mut self) -> Result<f64, Error> {
        self.array().map(f64::from_be_bytes)
    }

    fn text(&mut self, len: u32) -> Result<String, Error> {
        if len as usize > MAX_STRING {
            return Err(Error::StringTooLong(len));
        }
        Ok(String::from_utf8_lossy(self.take(len as usize)?).into_owned())
    }

    fn short_text(&mut self) -> Result<String, Error> {
        let len = self.u16()?;
        self.text(len.into())
    }

    fn long_text(&mut self) -> Result<String, Error> {
        let len = self.u32()?;
        self.text(len)
    }

    /// The next value; `depth` counts the containers around it.
    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.values_left = self.values_left.checked_sub(1).ok_or(Error::TooManyValues)?;
        let [marker] = self.array()?;
        Ok(match marker {
            marker::NUMBER => Value::Number(self.number()?),
            marker::BOOLEAN => Value::Boolean(self.array::<1>()? != [0]),
            marker::STRING => Value::String(self.short_text()?),
            marker::LONG_STRING | marker::XML_DOCUMENT => Value::String(self.long_text()?),
            marker::NULL => Value::Null,
            marker::UNDEFINED => Value::Undefined,
            marker::UNSUPPORTED => Value::Unsupported,
            marker::REFERENCE => Value::Reference(self.u16()?),
            marker::DATE => {
                let date = self.number()?;
                self.u16()?;
                Value::Date(date)
            }
            marker::OBJECT => Value::Object(self.properties(depth)?),
            marker::TYPED_OBJECT => {
                self.short_text()?;
                Value::Object(self.properties(depth)?)
            }
            marker::ECMA_ARRAY => {
                // The count is a hint that encoders set to zero or to nonsense; the end marker decides.
                self.u32()?;
                Value::EcmaArray(self.properties(depth)?)
            }
            marker::STRICT_ARRAY => self.strict_array(depth)?,
            marker::AVM_PLUS => return Err(Error::Amf3),
            other => return Err(Error::Marker(other)),
        })
    }

    fn properties(&mut self, depth: usize) -> Result<Properties, Error> {
        let depth = deeper(depth)?;
        let mut properties = Properties::new();
        loop {
            let name = self.short_text()?;
            if name.is_empty() && self.rest.first() == Some(&marker::OBJECT_END) {
                self.take(1)?;
                return Ok(properties);
            }
            properties.push((name, self.value(depth)?));
        }
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, Error> {
        let depth = deeper(depth)?;
        let count = self.u32()? as usize;
        if count > self.values_left {
            return Err(Error::TooManyValues);
        }
        (0..count).map(|_| self.value(depth)).collect::<Result<_, _>>().map(Value::StrictArray)
    }
}

fn deeper(depth: usize) -> Result<usize, Error> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(Error::TooDeep) }
}
