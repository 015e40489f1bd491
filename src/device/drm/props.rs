//! The properties of one object of a card, by name.

use super::card::Card;
use drm::control::{Device as _, RawResourceHandle, ResourceHandle, property};
use std::io;

/// Names, handles and the values they had when they were read.
pub struct Props {
    pub object: RawResourceHandle,
    known: Vec<(property::Info, u64)>,
}

impl Props {
    /// Reads them all.
    pub fn of<T: ResourceHandle>(card: &Card, object: T) -> io::Result<Self> {
        let values = card.get_properties(object)?;
        let known = values.iter().map(|(handle, value)| Ok((card.get_property(*handle)?, *value)));
        Ok(Self { object: object.into(), known: known.collect::<io::Result<_>>()? })
    }

    fn find(&self, name: &str) -> Option<&(property::Info, u64)> {
        self.known.iter().find(|(info, _)| info.name().to_bytes() == name.as_bytes())
    }

    /// What the property is called in requests.
    pub fn handle(&self, name: &str) -> Option<property::Handle> {
        self.find(name).map(|(info, _)| info.handle())
    }

    /// The value it had.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.find(name).map(|(_, value)| *value)
    }

    /// The number of the choice that is called `choice`.
    pub fn choice(&self, name: &str, choice: &str) -> Option<u64> {
        let (info, _) = self.find(name)?;
        let property::ValueType::Enum(values) = info.value_type() else { return None };
        let (_, all) = values.values();
        all.iter().find(|value| value.name().to_bytes() == choice.as_bytes()).map(property::EnumValue::value)
    }
}
