//! What only a handler of the test's own can show: answers that nobody reads.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::mpsc,
    time::timeout,
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(600);
/// More than the kernel holds for a connection.
const LARGE: usize = 32 * 1024 * 1024;
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";

/// Gives a large answer, and tells when the server holds it no more.
struct Large(mpsc::Sender<()>);

struct Held(Vec<u8>, mpsc::Sender<()>);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.1.try_send(());
    }
}

impl Handler for Large {
    async fn handle(
        &self,
        _: Arrival,
        _: Parts,
        _: Result<Bytes, BodyError>,
    ) -> Response<Full<Bytes>> {
        let held = Held(vec![b'x'; LARGE], self.0.clone());
        Response::new(Full::new(Bytes::from_owner(held)))
    }
}

async fn serve_large(limits: Limits) -> (std::net::SocketAddr, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (dropped, drops) = mpsc::channel(8);
    let handler = Arc::new(Large(dropped));
    tokio::spawn(serve(listener, None, handler, limits, std::future::pending()));
    (address, drops)
}

fn limits(answer_timeout: Duration, keep_alive: Duration) -> Limits {
    let all = LATE;
    Limits {
        connections_per_peer: 8,
        head_timeout: all,
        body_timeout: all,
        answer_timeout,
        keep_alive,
    }
}

async fn connect(address: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    stream
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_not_held() {
    let (address, mut drops) = serve_large(limits(SOON, LATE)).await;
    let mut stream = connect(address).await;
    timeout(PATIENCE, drops.recv()).await.unwrap().unwrap();
    let mut read = Vec::new();
    // Cut off, one way or another.
    let ended = timeout(PATIENCE, stream.read_to_end(&mut read)).await.unwrap();
    assert!(ended.is_err() || read.len() < LARGE, "{} bytes", read.len());
}

#[tokio::test]
async fn an_answer_may_be_read_for_longer_than_a_connection_may_rest() {
    let (address, mut drops) = serve_large(limits(LATE, SOON)).await;
    let mut stream = connect(address).await;
    let first = stream.read_u8().await.unwrap();
    assert_eq!(first, b'H');
    sleep(SOON * 3).await;
    assert!(drops.try_recv().is_err());
    // Then it is read, and only after that does the connection's rest begin, and end.
    let mut read = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut read)).await.unwrap().unwrap();
    assert!(read.len() > LARGE);
}
