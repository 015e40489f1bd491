//! A lamp on a GPIO line. It is dark before it is first told to be lit, and when it is dropped.

use super::place::{Place, failed};
use crate::device::{DeviceError, Fault, Lamp};
use crate::settings::board::{Level, LineName};
use embedded_hal::digital::{OutputPin, PinState};
use gpiocdev::Request;
use gpiocdev::line::Value;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A lamp behind any output pin.
pub struct PinLamp<P: OutputPin> {
    pin: P,
    active: Level,
}

impl<P: OutputPin> PinLamp<P> {
    /// A lamp that is lit while `pin` is at the level `active`.
    pub fn new(pin: P, active: Level) -> Self {
        Self { pin, active }
    }

    /// Switches it on or off.
    pub fn set(&mut self, on: bool) -> Result<(), P::Error> {
        self.pin.set_state(PinState::from(on == (self.active == Level::High)))
    }
}

impl<P: OutputPin> Drop for PinLamp<P> {
    fn drop(&mut self) {
        // A line that is gone is dark, too.
        let _ = self.set(false);
    }
}

/// A requested output line.
pub struct GpioLamp {
    lamp: PinLamp<gpiocdev_embedded_hal::OutputPin>,
    /// The line's descriptor, which fails when the chip goes away.
    watched: OwnedFd,
    name: String,
}

impl GpioLamp {
    /// Requests `line` of `chip` as an output at its dark level.
    pub fn open(chip: &str, line: &LineName, active: Level) -> Result<Self, DeviceError> {
        let place = Place::find(chip, line)?;
        let dark = if active == Level::High { Value::Inactive } else { Value::Active };
        let request = Request::builder()
            .on_chip(&place.path)
            .with_consumer("visavis")
            .with_line(place.offset)
            .as_output(dark)
            .request()
            .map_err(|error| place.refused(&error))?;
        let watched = request.as_fd().try_clone_to_owned();
        let watched = watched.map_err(|error| DeviceError::io(&place.name, "watch the line", &error))?;
        let pin = gpiocdev_embedded_hal::OutputPin::try_from(request).map_err(|error| told(&place.name, error))?;
        Ok(Self { lamp: PinLamp::new(pin, active), watched, name: place.name })
    }
}

impl Lamp for GpioLamp {
    fn words(&self) -> &str {
        &self.name
    }

    fn set(&mut self, on: bool) -> Result<(), DeviceError> {
        self.lamp.set(on).map_err(|error| told(&self.name, error))
    }

    fn watched(&self) -> Option<BorrowedFd<'_>> {
        Some(self.watched.as_fd())
    }
}

fn told(name: &str, error: gpiocdev_embedded_hal::Error) -> DeviceError {
    match error {
        gpiocdev_embedded_hal::Error::Cdev(error) => failed(name, "switch the line", &error),
        other => DeviceError::new(Fault::Failed, name, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    #[test]
    fn a_lamp_has_the_level_its_profile_says_and_goes_out_when_it_is_dropped() {
        for (active, lit, dark) in [(Level::High, State::High, State::Low), (Level::Low, State::Low, State::High)] {
            let mut pin = Mock::new(&[lit, dark, lit, dark].map(Transaction::set));
            let mut lamp = PinLamp::new(pin.clone(), active);
            lamp.set(true).unwrap();
            lamp.set(false).unwrap();
            lamp.set(true).unwrap();
            drop(lamp);
            pin.done();
        }
    }
}
