//! The thread "still": gets the waiting image, verifies it, and makes it ready for the encoder.
//!
//! It is no part of the media path: the encoder takes what is ready, and the built-in card while nothing is. A file is
//! read here; from the network it is fetched on "net" and kept as a copy that is used until the server can be reached.
//! What is not read, is no picture, or has another MD5 than is asked for is never shown: the image before it stays, and
//! the reason is told until it is right. It is tried again with growing pauses.

mod cache;
mod fetch;
mod fit;

pub use fit::{CARD_STEP, Fitted, STILL_FPS, card_size};

use super::Plans;
use crate::api::notice::Notice;
use crate::api::plan::WaitingImage;
use crate::api::status::{WaitingFrom, WaitingImageStatus};
use crate::device::clock;
use crate::flow::Notices;
use crate::flow::lane::{Receiver, Sender};
use crate::flow::net::Dialer;
use crate::flow::shared::Shared;
use crate::flow::worker::Handle;
use crate::image::Still;
use crate::media::{Size, Span, Time};
use crate::settings::address::without_secrets;
use cache::Cache;
use md5::{Digest, Md5};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// The pause after the first failure; each is twice as long as the one before, up to the last.
const FIRST_PAUSE: Span = Span::secs(2);
const LAST_PAUSE: Span = Span::secs(120);
/// A try that has said nothing for so long will not any more: [`fetch`] gives up long before.
const LOST: Span = Span::secs(120);

/// What is ready to be sent, if anything is; read by the encoder.
pub type Ready = Shared<Option<Fitted>>;
/// What was fetched, for which try.
pub type Fetched = (u64, Result<Vec<u8>, String>);

/// What the thread owns.
pub struct WaitingWorker {
    pub plans: Plans,
    pub ready: Ready,
    pub dialer: Dialer,
    pub runtime: tokio::runtime::Handle,
    pub fetched: (Sender<Fetched>, Receiver<Fetched>),
    /// Where copies are kept, if anywhere.
    pub folder: Option<PathBuf>,
    pub notices: Notices,
}

/// A verified picture.
struct Loaded {
    place: String,
    md5: String,
    from: WaitingFrom,
    still: Still,
}

/// What the thread knows while it runs.
#[derive(Default)]
struct State {
    wanted: Option<WaitingImage>,
    loaded: Option<Loaded>,
    problem: String,
    /// Counts tries; only the last one's result is of use.
    tries: u64,
    due: Option<Time>,
    pause: Span,
    /// What [`WaitingWorker::ready`] was made for, and what it became.
    fitted_for: Option<Size>,
    sent: Size,
    told: WaitingImageStatus,
}

impl WaitingWorker {
    /// Runs until the handle says stop.
    pub fn run(&mut self, handle: &Handle) {
        let mut state = State::default();
        // What a run before this one made ready is made anew, so that status and stream agree.
        self.ready.set(None);
        let cache = self.folder.as_deref().map(Cache::new);
        while !handle.stopped() {
            handle.progressed();
            let plan = self.plans.get();
            if state.wanted != plan.waiting {
                state.want(plan.waiting.clone(), cache.as_ref());
            }
            while let Some((number, result)) = self.fetched.1.take() {
                if number == state.tries && state.wanted.is_some() {
                    match result {
                        Ok(bytes) => state.accept(&bytes, WaitingFrom::Network, cache.as_ref()),
                        Err(words) => state.fail(&words),
                    }
                }
            }
            if state.due.is_some_and(|due| due <= clock::now()) {
                self.attempt(&mut state);
            }
            self.fit(&mut state, plan.size);
            self.tell(&mut state);
            handle.bell().wait(state.due);
        }
    }

    fn attempt(&self, state: &mut State) {
        state.due = None;
        state.tries += 1;
        let Some(wanted) = &state.wanted else { return };
        if is_address(&wanted.place) {
            let (dialer, place, number) = (self.dialer.clone(), wanted.place.clone(), state.tries);
            let results = self.fetched.0.clone();
            state.due = Some(clock::now() + LOST);
            self.runtime.spawn(async move {
                results.put((number, fetch::from_network(&dialer, &place).await));
            });
            return;
        }
        match fetch::from_file(&wanted.place) {
            Ok(bytes) => state.accept(&bytes, WaitingFrom::File, None),
            Err(words) => state.fail(&words),
        }
    }

    /// Makes the picture ready for the size that is sent.
    fn fit(&self, state: &mut State, size: Size) {
        let Some(loaded) = &state.loaded else {
            if state.fitted_for.take().is_some() {
                state.sent = Size::default();
                self.ready.set(None);
            }
            return;
        };
        if state.fitted_for == Some(size) {
            return;
        }
        state.fitted_for = Some(size);
        match loaded.still.view().map(|view| Fitted::new(view, size)) {
            Some(Ok(fitted)) => {
                state.sent = fitted.size;
                self.ready.set(Some(fitted));
            }
            Some(Err(error)) => state.problem = format!("it can not be made ready: {error}"),
            None => {}
        }
    }

    /// Tells what is in effect when that has changed.
    fn tell(&self, state: &mut State) {
        let loaded = state.loaded.as_ref();
        let size = loaded.map_or_else(Size::default, |loaded| loaded.still.size);
        let now = WaitingImageStatus {
            from: loaded.map_or(WaitingFrom::BuiltIn, |loaded| loaded.from),
            place: loaded.map_or_else(String::new, |loaded| shown(&loaded.place)),
            md5: loaded.map_or_else(String::new, |loaded| loaded.md5.clone()),
            width: size.width,
            height: size.height,
            sent_width: state.sent.width,
            sent_height: state.sent.height,
            problem: state.problem.clone(),
        };
        if now != state.told {
            state.told = now.clone();
            (self.notices)(Notice::WaitingImage(now));
        }
    }
}

impl State {
    /// Another image is wanted, or none.
    fn want(&mut self, wanted: Option<WaitingImage>, cache: Option<&Cache>) {
        self.tries += 1;
        self.pause = FIRST_PAUSE;
        self.problem.clear();
        self.due = wanted.as_ref().map(|_| clock::now());
        let Some(new) = &wanted else {
            self.loaded = None;
            self.wanted = None;
            return;
        };
        // The same place with another MD5: what was shown so far has just been refused.
        if self.loaded.as_ref().is_some_and(|old| old.place == new.place && !agrees(new, &old.md5)) {
            self.loaded = None;
        }
        let copy = cache.filter(|_| is_address(&new.place)).and_then(|cache| cache.read(&new.place));
        self.wanted = wanted;
        if let Some(bytes) = copy {
            self.accept(&bytes, WaitingFrom::Cache, None);
            // What a hash names can not be fresher elsewhere.
            let settled = self.problem.is_empty() && self.wanted.as_ref().is_some_and(|it| it.md5.is_some());
            self.due = (!settled).then(clock::now);
            self.problem.clear();
        }
    }

    /// Verifies and decodes `bytes`, and takes them in place of what was shown so far.
    fn accept(&mut self, bytes: &[u8], from: WaitingFrom, cache: Option<&Cache>) {
        let Some(wanted) = &self.wanted else { return };
        let md5: String = Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if !agrees(wanted, &md5) {
            let expected = wanted.md5.as_deref().unwrap_or_default().to_ascii_lowercase();
            return self.fail(&format!("its MD5 is {md5}, expected {expected}"));
        }
        if self.loaded.as_ref().is_some_and(|old| old.place == wanted.place && old.md5 == md5) {
            // It is the same again: only fresher.
            self.loaded.iter_mut().for_each(|old| old.from = from);
            self.well();
            return;
        }
        // A decoder's mistake over a stranger's file is the file's problem.
        let still = match catch_unwind(AssertUnwindSafe(|| Still::read(bytes))) {
            Ok(Ok(still)) => still,
            Ok(Err(error)) => return self.fail(&error.to_string()),
            Err(_) => return self.fail("its decoder can not cope with it"),
        };
        if let Some(Err(error)) = cache.map(|cache| cache.keep(&wanted.place, bytes)) {
            tracing::warn!("no copy of the waiting image could be kept: {error}");
        }
        self.loaded = Some(Loaded { place: wanted.place.clone(), md5, from, still });
        self.fitted_for = None;
        self.well();
    }

    fn well(&mut self) {
        self.problem.clear();
        (self.due, self.pause) = (None, FIRST_PAUSE);
    }

    fn fail(&mut self, words: &str) {
        let place = self.wanted.as_ref().map_or_else(String::new, |wanted| shown(&wanted.place));
        self.problem = format!("{place}: {words}");
        self.due = Some(clock::now() + self.pause);
        self.pause = (self.pause * 2).min(LAST_PAUSE);
    }
}

/// Why the file `image` names can not be sent, in words for a technician. Nobody is asked over the network.
pub fn judge(image: &WaitingImage) -> Option<String> {
    if is_address(&image.place) {
        return None;
    }
    let mut state = State::default();
    state.want(Some(image.clone()), None);
    match fetch::from_file(&image.place) {
        Ok(bytes) => state.accept(&bytes, WaitingFrom::File, None),
        Err(words) => state.fail(&words),
    }
    (!state.problem.is_empty()).then_some(state.problem)
}

fn agrees(wanted: &WaitingImage, md5: &str) -> bool {
    wanted.md5.as_deref().is_none_or(|expected| expected.eq_ignore_ascii_case(md5))
}

fn is_address(place: &str) -> bool {
    place.contains("://")
}

/// The place as it may be told.
fn shown(place: &str) -> String {
    if is_address(place) { without_secrets(place) } else { place.to_owned() }
}

#[cfg(test)]
mod tests;
