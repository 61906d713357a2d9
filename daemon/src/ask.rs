//! Asking a running gateway through its admin address, given or found by the configuration. Does
//! not know what is asked.

use std::{io::Write, net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::{net::TcpStream, time::timeout};

use crate::{command_line, runtime, state_dir};

/// How long the gateway may take: some more than asking other servers takes at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which gateway is asked, and for which form.
#[derive(Debug, Args)]
pub(crate) struct Gateway {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The admin address of the gateway.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9600")]
    admin: SocketAddr,
    /// The gateway's configuration file, to find its admin address by.
    #[arg(long, value_name = "FILE", conflicts_with = "admin")]
    config: Option<PathBuf>,
}

impl Gateway {
    /// Asks a path with these parameters, and prints what is said.
    pub(crate) fn ask(
        &self,
        path: &str,
        parameters: &[(&str, Option<String>)],
    ) -> anyhow::Result<()> {
        let admin = match &self.config {
            Some(path) => {
                let config = command_line::load(path).config?;
                state_dir::admin_address(&config.state_dir).with_context(|| {
                    format!("no gateway runs on the state folder {}", config.state_dir.display())
                })?
            }
            None => self.admin,
        };
        let path = self.with_query(path, parameters);
        let (status, body) = runtime::control()?
            .block_on(async { timeout(PATIENCE, fetch(admin, &path)).await })
            .with_context(|| format!("{admin} did not answer in time"))??;
        if !status.is_success() {
            bail!("{}", String::from_utf8_lossy(&body).trim_end());
        }
        std::io::stdout().write_all(&body)?;
        Ok(())
    }

    fn with_query(&self, path: &str, parameters: &[(&str, Option<String>)]) -> String {
        let format = if self.json { "json" } else { "text" };
        let mut path = format!("{path}?format={format}");
        for (key, value) in parameters {
            if let Some(value) = value {
                let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
                path.push_str(&format!("&{key}={value}"));
            }
        }
        path
    }
}

async fn fetch(admin: SocketAddr, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
    let stream = TcpStream::connect(admin)
        .await
        .with_context(|| format!("reach the gateway's admin address {admin}"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its errors come back by the sender, too.
    tokio::spawn(async move { drop(connection.await) });
    let request = Request::get(path).header(HOST, admin.to_string()).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await.context("ask the gateway")?;
    let status = response.status();
    let body = response.into_body().collect().await.context("read the explanation")?;
    Ok((status, body.to_bytes()))
}
