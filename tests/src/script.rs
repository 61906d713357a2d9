//! Scripts in Python that drive a gateway with boto3 and other clients: `tests/clients/`. They say
//! what they found by failing; what they print is shown then.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{LoopbackNet, Postern, postern::REGION};

/// A script about to run against a gateway.
#[derive(Debug)]
pub struct Script<'a> {
    /// It must outlive the script.
    _gateway: &'a Postern,
    command: Command,
    name: String,
    /// Its endpoints' addresses are here.
    net: LoopbackNet,
}

impl<'a> Script<'a> {
    /// `tests/clients/NAME`, run by the tests' Python.
    pub fn python(postern: &'a Postern, name: &str) -> Self {
        let mut script = Self::new(postern, name, &root().join(".venv/bin/python"));
        script.command.arg(root().join("tests/clients").join(name));
        script
    }

    /// A program of another kind, told the same.
    pub fn new(postern: &'a Postern, name: &str, program: &Path) -> Self {
        let net = LoopbackNet::claim();
        let mut command = Command::new(program);
        command
            .current_dir(root().join("tests/clients"))
            .env("POSTERN_ENDPOINT", format!("http://{}", postern.listening().api))
            .env("POSTERN_REGION", REGION)
            .env("POSTERN_NET", net.cidr())
            .env("POSTERN_ADMIN", postern.listening().admin.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        Self { _gateway: postern, command, name: name.to_owned(), net }
    }

    /// The command, to add to it.
    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// The network that its endpoints are in.
    pub fn net(&self) -> &LoopbackNet {
        &self.net
    }

    /// Runs it; panics with what it said if it fails. Returns what it printed.
    pub fn run(&mut self) -> String {
        let output = self.command.output().expect("it is installed: make test-tools");
        let (out, err) = (&output.stdout, &output.stderr);
        let said = String::from_utf8_lossy(out).into_owned();
        let complained = String::from_utf8_lossy(err);
        assert!(output.status.success(), "{}: {said}\n{complained}", self.name);
        said
    }
}

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
