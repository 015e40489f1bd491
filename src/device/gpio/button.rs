//! A button or switch on a GPIO line.

use super::place::{Place, failed};
use crate::device::{Button, DeviceError, Edge, clock};
use crate::media::Time;
use crate::settings::board::{Bias, Level, LineName};
use embedded_hal::digital::InputPin;
use gpiocdev::Request;
use gpiocdev::line::{self, EdgeDetection, EdgeKind, EventClock};
use std::os::fd::{AsFd, BorrowedFd};

/// Edges the kernel keeps for us (the oldest go), and that are read at once.
const EDGES: usize = 64;

/// A requested input line.
pub struct GpioButton {
    request: Request,
    active: Level,
    pressed: bool,
    name: String,
    words: String,
    buffer: Vec<u64>,
}

impl GpioButton {
    /// Requests `line` of `chip` as an input that stamps its edges on CLOCK_MONOTONIC. Without `bias`, the line is
    /// pulled to its level at rest.
    pub fn open(chip: &str, line: &LineName, active: Level, bias: Option<Bias>) -> Result<Self, DeviceError> {
        let place = Place::find(chip, line)?;
        let bias = bias.unwrap_or(match active {
            Level::Low => Bias::PullUp,
            Level::High => Bias::PullDown,
        });
        let mut builder = Request::builder();
        builder
            .on_chip(&place.path)
            .with_consumer("visavis")
            .with_line(place.offset)
            .as_input()
            .with_edge_detection(EdgeDetection::BothEdges)
            .with_event_clock(EventClock::Monotonic)
            .with_kernel_event_buffer_size(EDGES as u32);
        let pull = match bias {
            Bias::PullUp => Some(line::Bias::PullUp),
            Bias::PullDown => Some(line::Bias::PullDown),
            Bias::None => Some(line::Bias::Disabled),
            Bias::AsIs => None,
        };
        let request = builder.with_bias(pull).request().map_err(|error| place.refused(&error))?;
        let pin = gpiocdev_embedded_hal::InputPin::try_from(request);
        let read = pin.and_then(|mut pin| Ok((is_active(&mut pin, active)?, pin)));
        let (pressed, pin) = read.map_err(|error| match error {
            gpiocdev_embedded_hal::Error::Cdev(error) => failed(&place.name, "read the line", &error),
            other => DeviceError::new(crate::device::Fault::Failed, &place.name, other),
        })?;
        let request = Request::from(pin);
        let buffer = vec![0; request.edge_event_u64_size().saturating_mul(EDGES)];
        let words = format!("{}, pressed = {}", place.name, if active == Level::Low { "low" } else { "high" });
        Ok(Self { request, active, pressed, name: place.name, words, buffer })
    }
}

impl Button for GpioButton {
    fn words(&self) -> &str {
        &self.words
    }

    fn pressed(&self) -> bool {
        self.pressed
    }

    fn take_edges(&mut self, edges: &mut Vec<Edge>) -> Result<(), DeviceError> {
        let failed = |error| failed(&self.name, "read the line", &error);
        if !self.request.has_edge_event().map_err(failed)? {
            return Ok(());
        }
        let read = self.request.read_edge_events_into_slice(&mut self.buffer).map_err(failed)?;
        let size = self.request.edge_event_u64_size().max(1);
        let now = clock::now();
        for event in self.buffer.get(..read).unwrap_or_default().chunks_exact(size) {
            let event = self.request.edge_event_from_slice(event).map_err(failed)?;
            let active = (event.kind == EdgeKind::Rising) == (self.active == Level::High);
            let stamp = i64::try_from(event.timestamp_ns / 1000).unwrap_or(i64::MAX);
            edges.push(Edge { active, at: Time::from_micros(stamp).min(now) });
        }
        Ok(())
    }

    fn watched(&self) -> BorrowedFd<'_> {
        self.request.as_fd()
    }
}

/// Whether the line behind `pin` is at the level that means pressed.
fn is_active<P: InputPin>(pin: &mut P, active: Level) -> Result<bool, P::Error> {
    match active {
        Level::High => pin.is_high(),
        Level::Low => pin.is_low(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    #[test]
    fn a_pressed_button_has_the_level_its_profile_says() {
        for (level, active, pressed) in [
            (State::High, Level::High, true),
            (State::High, Level::Low, false),
            (State::Low, Level::High, false),
            (State::Low, Level::Low, true),
        ] {
            let mut pin = Mock::new(&[Transaction::get(level)]);
            assert_eq!(is_active(&mut pin, active).unwrap(), pressed);
            pin.done();
        }
    }
}
