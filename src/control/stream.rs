//! `GET /v1/events`: the full state, then every event as it happens, each second how the net is and, to who asks for it,
//! five times a second how loud it is.

use super::Controls;
use super::events::Subscription;
use crate::api::volume::AudioVolume;
use crate::flow::volume::Listening;
use axum::response::sse::{Event as Frame, KeepAlive, KeepAliveStream, Sse};
use serde::Serialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::ReceiverStream;

/// Frames that wait for a client; one that leaves them unread stops its own stream only.
const WAITING: usize = 16;

/// How often it is told how loud it is.
const VOLUME_EVERY: Duration = Duration::from_millis(200);

type Frames = ReceiverStream<Result<Frame, Infallible>>;

/// Starts the stream of a client that has heard everything up to event `after`; `volume`: it wants to know how loud
/// every player is.
///
/// It ends when the client goes, or falls behind what is kept for it; it may come back with
/// `Last-Event-ID` and gets what it missed.
pub fn events(controls: &Controls, after: Option<u64>, volume: bool) -> Sse<KeepAliveStream<Frames>> {
    let subscription = controls.events.subscribe(after);
    let (sender, receiver) = mpsc::channel(WAITING);
    let listening = volume.then(|| controls.volumes.listen());
    tokio::spawn(tell(controls.clone(), subscription, listening, sender));
    Sse::new(Frames::new(receiver)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

async fn tell(
    controls: Controls,
    subscription: Subscription,
    listening: Option<Listening>,
    client: mpsc::Sender<Result<Frame, Infallible>>,
) {
    let Subscription { missed, last, mut coming } = subscription;
    // The state's number would say that the missed events behind it are known already.
    let state = frame("state", missed.is_empty().then_some(last), &controls.window.view().status);
    if client.send(Ok(state)).await.is_err() {
        return;
    }
    for event in missed {
        if client.send(Ok(frame("event", Some(event.seq), &*event))).await.is_err() {
            return;
        }
    }
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut fifth = tokio::time::interval(VOLUME_EVERY);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    fifth.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = coming.recv() => {
                let Ok(event) = event else { return };
                if client.send(Ok(frame("event", Some(event.seq), &*event))).await.is_err() {
                    return;
                }
            }
            _ = second.tick() => {
                for stats in netstatus(&controls) {
                    if client.send(Ok(frame("netstatus", None, &stats))).await.is_err() {
                        return;
                    }
                }
            }
            _ = fifth.tick(), if listening.is_some() => {
                for volume in listening.iter().flat_map(|listening| volumes(&controls, listening)) {
                    if client.send(Ok(frame("audiovolumenotify", None, &volume))).await.is_err() {
                        return;
                    }
                }
            }
            () = client.closed() => return,
        }
    }
}

/// One object for the pusher and each player: its name, and its numbers of the last second.
fn netstatus(controls: &Controls) -> Vec<Value> {
    let view = controls.window.view();
    let pusher = view.status.pusher.iter().map(|it| ("pusher".to_owned(), serde_json::to_value(&it.net)));
    let players = view.status.players.iter().map(|it| (format!("player:{}", it.id), serde_json::to_value(&it.net)));
    let named = |(object, net): (String, Result<Value, _>)| {
        let Ok(Value::Object(mut net)) = net else { return json!({ "object": object }) };
        net.insert("object".into(), Value::String(object));
        Value::Object(net)
    };
    pusher.chain(players).map(named).collect()
}

/// How loud each player is.
fn volumes(controls: &Controls, listening: &Listening) -> Vec<AudioVolume> {
    let view = controls.window.view();
    let players = view.status.players.iter().enumerate();
    players
        .map(|(number, it)| AudioVolume { object: format!("player:{}", it.id), volume: listening.of(number) })
        .collect()
}

fn frame(name: &str, id: Option<u64>, data: &impl Serialize) -> Frame {
    // JSON holds no line breaks, which is what an SSE field must not hold.
    let frame = Frame::default().event(name).data(serde_json::to_string(data).unwrap_or_default());
    match id {
        Some(id) => frame.id(id.to_string()),
        None => frame,
    }
}
