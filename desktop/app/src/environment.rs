//! The variables of the process that the window depends on. They are read here and nowhere else.

use std::io;

/// With some drivers the window stays blank unless this is set.
const DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// What diagnostics tell of the environment.
pub(crate) const TOLD: [&str; 7] =
    [DMABUF, "XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "WAYLAND_DISPLAY", "GDK_BACKEND", "APPIMAGE", "LANG"];

/// Sets what has to be set before anything is drawn. The process begins anew with it, as changing the environment of
/// one that runs is not safe.
#[cfg(target_os = "linux")]
pub(crate) fn prepare() -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(DMABUF).is_some() {
        return Ok(());
    }
    let mut again = std::process::Command::new(std::env::current_exe()?);
    Err(again.args(std::env::args_os().skip(1)).env(DMABUF, "1").exec())
}

/// Nothing is needed elsewhere.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare() -> io::Result<()> {
    Ok(())
}

/// The variables of diagnostics, as they are set.
pub(crate) fn told_variables() -> Vec<(&'static str, Option<String>)> {
    TOLD.iter().map(|name| (*name, std::env::var(name).ok())).collect()
}

/// The system's locale, as in `zh_CN.UTF-8`.
pub(crate) fn locale() -> String {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
    set.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default()
}
