//! A network namespace of the test's own, for what the machine's network cannot show.

use std::process::Command;

/// Runs the file's ignored tests in a namespace that this script has set up; all `count` must pass.
pub(crate) fn run_ignored(setup: &str, options: &str, count: u32) {
    let inside = format!("{setup}\nexec \"$0\" --ignored {options}");
    let test = std::env::current_exe().unwrap();
    let unshare = ["--map-root-user", "--net", "sh", "-e", "-c", &inside];
    let output = Command::new("unshare").args(unshare).arg(test).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains(&format!("{count} passed")), "{told}");
}
