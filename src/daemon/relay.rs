//! The demo's RTMP server: the pure [`Hub`] on loopback sockets, on a thread of its own.

use crate::rtmp::relay::{Hub, Options};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::thread::JoinHandle;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::LocalSet;

type Id = u64;

/// A running server; stops when dropped.
pub struct Relay {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Listens on a free loopback port.
    pub fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let thread = std::thread::Builder::new().name("relay".into()).spawn(move || {
            let serve = async {
                tokio::select! {
                    _ = stopped => {}
                    _ = serve(listener) => {}
                }
            };
            LocalSet::new().block_on(&runtime, serve);
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// The address of the stream `name` on it.
    pub fn url(&self, name: &str) -> String {
        format!("rtmp://{}/live/{name}", self.address)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Shop {
    hub: RefCell<Hub>,
    bells: RefCell<HashMap<Id, Rc<Notify>>>,
}

async fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let shop = Rc::new(Shop { hub: RefCell::new(Hub::new(Options::default())), bells: RefCell::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let Some(id) = shop.hub.borrow_mut().connect() else { continue };
        let bell = Rc::new(Notify::new());
        shop.bells.borrow_mut().insert(id, bell.clone());
        let shop = shop.clone();
        tokio::task::spawn_local(async move {
            let _ = attend(&shop, id, stream, &bell).await;
            shop.hub.borrow_mut().disconnect(id);
            shop.bells.borrow_mut().remove(&id);
            ring(&shop);
        });
    }
}

/// Wakes the tasks of connections that have something to write.
fn ring(shop: &Shop) {
    let woken = shop.hub.borrow_mut().take_woken();
    let bells = shop.bells.borrow();
    woken.iter().filter_map(|id| bells.get(id)).for_each(|bell| bell.notify_one());
}

async fn attend(shop: &Shop, id: Id, mut stream: TcpStream, bell: &Notify) -> io::Result<()> {
    let mut read = vec![0; 16 << 10];
    while !shop.hub.borrow().is_closed(id) {
        let bytes = shop.hub.borrow_mut().poll_transmit(id, 16 << 10).to_vec();
        let io = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut read);
            if let Poll::Ready(result) = Pin::new(&mut stream).poll_read(cx, &mut buffer) {
                return Poll::Ready(result.map(|()| (Some(buffer.filled().len()), 0)));
            }
            if bytes.is_empty() {
                return Poll::Pending;
            }
            Pin::new(&mut stream).poll_write(cx, &bytes).map(|result| result.map(|count| (None, count)))
        });
        tokio::select! {
            turn = io => match turn? {
                (Some(0), _) => return Ok(()),
                (Some(count), _) => shop.hub.borrow_mut().handle_bytes(id, &read[..count]),
                (None, count) => shop.hub.borrow_mut().transmitted(id, count),
            },
            () = bell.notified() => {}
        }
        ring(shop);
    }
    Ok(())
}
