//! The stock AWS CLI from PyPI, with nothing changed but its endpoint and credentials.

use std::{net::SocketAddr, path::Path, process::Command};

use serde_json::Value;

use crate::{ApiError, Key, postern::REGION};

/// The AWS CLI as one account.
#[derive(Clone, Copy, Debug)]
pub struct Aws {
    endpoint: SocketAddr,
    key: Key,
    is_secure: bool,
}

impl Aws {
    /// Points the CLI at an API.
    pub fn new(endpoint: SocketAddr, key: Key) -> Self {
        Self { endpoint, key, is_secure: false }
    }

    /// The same through TLS; `AWS_CA_BUNDLE` must name the authority that is trusted.
    #[must_use]
    pub fn secure(self) -> Self {
        Self { is_secure: true, ..self }
    }

    /// Runs `aws ARGUMENTS` (separated by blanks) and returns its JSON; panics if it fails.
    pub fn run(&self, arguments: &str) -> Value {
        self.try_run(arguments).unwrap_or_else(|error| panic!("aws {arguments}: {error}"))
    }

    /// Runs `aws ARGUMENTS` and returns its JSON, or the error that the CLI reports.
    pub fn try_run(&self, arguments: &str) -> Result<Value, ApiError> {
        self.output(arguments, &[]).map_err(|stderr| reported(&stderr))
    }

    /// Runs `aws ARGUMENTS` with more variables in its environment and returns its JSON, or what it
    /// wrote to standard error.
    pub fn output(&self, arguments: &str, more: &[(&str, &str)]) -> Result<Value, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/bin");
        let scheme = if self.is_secure { "https" } else { "http" };
        let output = Command::new(folder.join("python"))
            .arg(folder.join("aws"))
            .args(arguments.split_whitespace())
            .env("AWS_ENDPOINT_URL", format!("{scheme}://{}", self.endpoint))
            .env("AWS_ACCESS_KEY_ID", self.key.id)
            .env("AWS_SECRET_ACCESS_KEY", self.key.secret)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env("AWS_PAGER", "")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .envs(more.iter().copied())
            .output()
            .expect("the AWS CLI is installed: make test-tools");
        if output.status.success() {
            let text = String::from_utf8(output.stdout).unwrap();
            return Ok(if text.trim().is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text).unwrap()
            });
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Reads `An error occurred (CODE) when calling the X operation: MESSAGE`.
fn reported(stderr: &str) -> ApiError {
    let parts = stderr.split_once("An error occurred (").and_then(|(_, rest)| rest.split_once(')'));
    let Some((code, rest)) = parts else {
        panic!("the CLI failed without an API error: {stderr}");
    };
    let message = rest.split_once("operation: ").map_or("", |(_, message)| message);
    ApiError { status: 0, code: code.to_owned(), message: message.trim().to_owned() }
}
