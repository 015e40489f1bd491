//! Connections against real listeners on loopback.

use super::*;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn address(host: &str, port: u16) -> Address {
    Address { host: host.into(), port, tls: false }
}

fn dialer(lookup: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Dialer {
    Dialer { names: Names::with(Duration::from_secs(5), lookup) }
}

#[test]
fn a_connection_has_every_option_and_carries_bytes() {
    runtime().block_on(async {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut stream = Dialer::default().connect(&address("127.0.0.1", port)).await.unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(TCP_LIMIT));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), UNSENT_LIMIT);
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(2));
        assert!(!socket.tcp_congestion().unwrap().starts_with(b"bbr"));
        let (mut peer, _) = listener.accept().await.unwrap();
        stream.write_all(b"up").await.unwrap();
        let mut got = [0; 2];
        peer.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"up");
        assert_eq!(stream.tcp_info().unwrap().unsent_bytes, 0);
    });
}

#[test]
fn the_next_address_is_tried_when_the_first_refuses() {
    runtime().block_on(async {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = TcpListener::bind((LOOPBACK, 0)).await.unwrap().local_addr().unwrap();
        let dialer = dialer(move |_, _| Ok(vec![closed, good]));
        assert!(dialer.connect(&address("a.name", good.port())).await.is_ok());
        let end = dialer.connect(&address("127.0.0.1", closed.port())).await.unwrap_err();
        assert_eq!(end.cause, Cause::Connect);
        assert!(end.words.contains("refused"), "{}", end.words);
    });
}

#[test]
fn a_dead_resolver_falls_back_to_the_address_that_was_good() {
    runtime().block_on(async {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let good = listener.local_addr().unwrap();
        let dead = Arc::new(AtomicBool::new(false));
        let gone = dead.clone();
        let dialer = dialer(move |_, _| match gone.load(Ordering::Relaxed) {
            false => Ok(vec![good]),
            true => Err(io::Error::other("no resolver")),
        });
        assert!(dialer.connect(&address("a.name", good.port())).await.is_ok());
        dead.store(true, Ordering::Relaxed);
        assert!(dialer.connect(&address("a.name", good.port())).await.is_ok());
        let end = dialer.connect(&address("other.name", good.port())).await.unwrap_err();
        assert_eq!(end.cause, Cause::Dns);
        assert!(end.words.contains("no resolver"), "{}", end.words);
    });
}

#[test]
fn a_hanging_resolver_is_given_up_after_its_limit_and_never_asked_twice() {
    runtime().block_on(async {
        let (asked, release) = (Arc::new(AtomicU32::new(0)), std::sync::mpsc::channel::<()>());
        let (count, hang) = (asked.clone(), std::sync::Mutex::new(release.1));
        let names = Names::with(Duration::from_millis(20), move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = hang.lock().unwrap().recv();
            Ok(Vec::new())
        });
        let dialer = Dialer { names };
        let end = dialer.connect(&address("a.name", 1)).await.unwrap_err();
        assert_eq!(end.cause, Cause::Dns);
        assert!(end.words.contains("no answer of the resolver within 20ms"), "{}", end.words);
        let end = dialer.connect(&address("a.name", 1)).await.unwrap_err();
        assert!(end.words.contains("no answer of the resolver within 20ms"), "{}", end.words);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        drop(release.0);
    });
}

#[test]
fn names_that_are_asked_for_at_the_same_time_are_answered_one_after_the_other() {
    runtime().block_on(async {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let good = listener.local_addr().unwrap();
        let (first_asked, second_asks) = (tokio::sync::Notify::new(), std::sync::mpsc::channel::<()>());
        let (notify, wait) = (Arc::new(first_asked), std::sync::Mutex::new(second_asks.1));
        let asked = notify.clone();
        let dialer = dialer(move |name, _| {
            if name == "first.name" {
                asked.notify_one();
                let _ = wait.lock().unwrap().recv();
            }
            Ok(vec![good])
        });
        let [one, two] = ["first.name", "second.name"].map(|name| address(name, good.port()));
        let second = async {
            notify.notified().await;
            let (second, _) = tokio::join!(dialer.connect(&two), async { second_asks.0.send(()).unwrap() });
            second
        };
        let (first, second) = tokio::join!(dialer.connect(&one), second);
        assert!(first.is_ok() && second.is_ok(), "{:?} {:?}", first.err(), second.err());
    });
}

#[test]
fn a_server_that_speaks_no_tls_is_refused_and_never_spoken_to_in_the_clear() {
    runtime().block_on(async {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut hello = [0; 1];
            peer.read_exact(&mut hello).await.unwrap();
            peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            hello[0]
        });
        let end = Dialer::default().connect(&Address { tls: true, ..address("127.0.0.1", port) }).await.unwrap_err();
        assert_eq!(end.cause, Cause::Handshake);
        assert_eq!(server.await.unwrap(), 0x16, "the first byte is a TLS handshake record");
    });
}

/// A certificate for `name` that is valid from year `from` until year `until`, and its key.
fn certificate(name: &str, from: i32, until: i32) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

#[test]
fn a_server_must_prove_its_name_with_a_certificate_that_is_trusted_and_valid() {
    let table = [
        ("good.example", (1990, 2090), true, Ok(())),
        ("other.example", (1990, 2090), true, Err("for another name")),
        ("good.example", (1990, 2001), true, Err("has expired")),
        ("good.example", (2080, 2090), true, Err("not valid yet")),
        ("good.example", (1990, 2090), false, Err("not trusted")),
    ];
    for (name, (from, until), trusted, expected) in table {
        let (certificate, key) = certificate(name, from, until);
        let mut roots = RootCertStore::empty();
        if trusted {
            roots.add(certificate.clone()).unwrap();
        }
        let provider = Arc::new(crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let result = runtime().block_on(async {
            let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
            let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            tokio::spawn(async move {
                let (tcp, _) = listener.accept().await.unwrap();
                if let Ok(mut stream) = tokio_rustls::TlsAcceptor::from(Arc::new(server)).accept(tcp).await {
                    let _ = stream.write_all(b"!").await;
                }
            });
            let mut stream = super::tls::handshake_trusting(roots, "good.example", tcp).await?;
            assert_eq!(stream.read_u8().await.unwrap(), b'!');
            Ok::<(), End>(())
        });
        match (result, expected) {
            (Ok(()), Ok(())) => {}
            (Err(end), Err(words)) => assert!(end.words.contains(words), "{end:?} is not {words}"),
            (result, expected) => panic!("{name} until {until}: {result:?}, not {expected:?}"),
        }
    }
}

/// A listener whose queue is full: it drops what comes, as a dead link does. With its place, and what fills it.
async fn full_listener() -> (Socket, SocketAddr, TcpStream) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    listener.bind(&SocketAddr::new(LOOPBACK, 0).into()).unwrap();
    listener.listen(0).unwrap();
    let place = listener.local_addr().unwrap().as_socket().unwrap();
    let filling = socket(place).unwrap().connect(place).await.unwrap();
    (listener, place, filling)
}

#[test]
fn a_lost_first_packet_costs_a_fifth_of_a_second_and_not_one() {
    runtime().block_on(async {
        let (listener, place, filling) = full_listener().await;
        let start = std::time::Instant::now();
        let clearing = tokio::task::spawn_blocking(move || {
            std::thread::sleep(Duration::from_millis(400));
            (listener.accept().unwrap(), listener)
        });
        Dialer::default().connect(&address("127.0.0.1", place.port())).await.unwrap();
        let took = start.elapsed();
        assert!(took > Duration::from_millis(390) && took < Duration::from_millis(800), "{took:?}");
        drop((filling, clearing.await.unwrap()));
    });
}

#[test]
fn where_nothing_answers_it_is_given_up_after_four_seconds() {
    runtime().block_on(async {
        let (listener, place, filling) = full_listener().await;
        let start = std::time::Instant::now();
        let end = Dialer::default().connect(&address("127.0.0.1", place.port())).await.unwrap_err();
        let took = start.elapsed();
        assert_eq!(end.cause, Cause::Connect);
        assert!(end.words.contains("timed out"), "{}", end.words);
        assert!(took > Duration::from_millis(3900) && took < Duration::from_millis(4400), "{took:?}");
        drop((filling, listener));
    });
}

#[test]
fn a_server_that_gathers_small_pieces_is_not_kept_waiting_for_an_acknowledgement() {
    runtime().block_on(async {
        let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            // Linux gathers unless it is told not to.
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut asked = [0; 1];
            while peer.read_exact(&mut asked).await.is_ok() {
                peer.write_all(b"one").await.unwrap();
                peer.write_all(b"two").await.unwrap();
            }
        });
        let mut stream = Dialer::default().connect(&address("127.0.0.1", port)).await.unwrap();
        let mut took = Vec::new();
        for _ in 0..9 {
            let (start, mut got, mut bytes) = (std::time::Instant::now(), 0, [0; 16]);
            stream.write_all(b"?").await.unwrap();
            while got < 6 {
                if let Turn::Read(count) = stream.turn(&mut bytes, b"").await.unwrap() {
                    got += count;
                }
            }
            took.push(start.elapsed());
        }
        took.sort();
        assert!(took[4] < Duration::from_millis(25), "{took:?}");
        drop(stream);
        server.await.unwrap();
    });
}
