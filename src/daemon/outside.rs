//! What happens outside that makes a waiting reconnect worth a try: a link that comes up, a clock that is set.

use super::inbox::{Inbox, Message};
use crate::api::notice::Notice;
use crate::device::clock_set::ClockSet;
use crate::device::links::Links;
use crate::device::{Readable, Source};
use crate::media::Span;
use tokio::runtime::Handle;

/// A link that comes and goes is told of this often at most, and a server is not knocked at more often for it.
const ONCE: Span = Span::millis(500);

/// Listens on `runtime` from now on. What can not be listened to is said once; the ordinary tries go on.
pub fn heed(runtime: &Handle, inbox: Inbox) {
    let _inside = runtime.enter();
    match Links::open().and_then(Readable::new) {
        Ok(links) => drop(runtime.spawn(listen(links, Links::came_up, Notice::LinkUp, inbox.clone()))),
        Err(error) => tracing::warn!("links that come up are not noticed: {error}"),
    }
    match ClockSet::watch().and_then(Readable::new) {
        Ok(clock) => drop(runtime.spawn(listen(clock, |clock| clock.was_set(), Notice::ClockSet, inbox))),
        Err(error) => tracing::warn!("a clock that is set is not noticed: {error}"),
    }
}

async fn listen<T: Source>(mut source: Readable<T>, happened: fn(&mut T) -> bool, notice: Notice, inbox: Inbox) {
    while let Ok(told) = source.read(happened).await {
        if told {
            inbox.put(Message::Notice(notice.clone()));
            tokio::time::sleep(ONCE.to_std()).await;
        }
    }
}
