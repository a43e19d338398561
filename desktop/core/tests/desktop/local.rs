use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;
use waystation_desktop::calls::Gateway;
use waystation_desktop::local_server::{
    LocalServer, LocalState, Owner, ServerFiles, SetUpError, StartError, StopReason, set_up_site,
};

use crate::calls::get;
use crate::drawer::Drawer;
use crate::site::{EMAIL, PATIENCE, local_connection, owner, program};

fn server(program: PathBuf, folder: &Path) -> LocalServer {
    LocalServer::new(ServerFiles { program, data_dir: folder.join("server") })
}

/// Waits for a state, and gives it.
async fn until(server: &LocalServer, is_it: impl Fn(&LocalState) -> bool) -> LocalState {
    let mut states = server.watch();
    let state = timeout(PATIENCE, states.wait_for(|state| is_it(state))).await.unwrap().unwrap();
    state.clone()
}

fn script(folder: &Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("stranger");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_server_is_started_set_up_worked_with_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(program(), folder.path());
    let url = server.start(None).await.unwrap();
    assert!(matches!(server.state(), LocalState::Running { needs_setup: true, .. }));
    assert_eq!(server.start(None).await, Err(StartError::NotStopped));

    let connection = local_connection();
    let data_dir = &server.files().data_dir;
    let weak: Owner =
        serde_json::from_value(serde_json::json!({"email": EMAIL, "password": "short"})).unwrap();
    assert!(matches!(set_up_site(&connection, &url, data_dir, &weak).await, Err(SetUpError::Call(_))));
    let credential = set_up_site(&connection, &url, data_dir, &owner()).await.unwrap();
    assert!(matches!(set_up_site(&connection, &url, data_dir, &owner()).await, Err(SetUpError::NoToken)));
    server.note_set_up();
    assert!(matches!(server.state(), LocalState::Running { needs_setup: false, .. }));
    let drawer = Drawer::new();
    credential.save(drawer.as_ref(), connection.id).unwrap();
    let gateway = Gateway::new(Some(drawer));
    assert_eq!(get(&gateway, &connection, &url, "/api/me").await.unwrap().status, 200);

    server.stop().await;
    assert_eq!(server.state(), LocalState::Stopped);
    // It is found again where it was, and so is the device.
    let again = server.start(Some(url.port())).await.unwrap();
    assert_eq!(again, url);
    assert!(matches!(server.state(), LocalState::Running { needs_setup: false, .. }));
    assert_eq!(get(&gateway, &connection, &again, "/api/me").await.unwrap().status, 200);
    server.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_is_killed_is_seen_and_can_be_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(program(), folder.path());
    server.start(None).await.unwrap();
    let LocalState::Running { process, .. } = server.state() else { panic!("{:?}", server.state()) };
    let killed = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    assert!(killed.await.unwrap().success());
    let state = until(&server, |state| matches!(state, LocalState::Failed { .. })).await;
    assert!(
        matches!(state, LocalState::Failed { reason: StopReason::Ended, exit_code: None, .. }),
        "{state:?}"
    );
    server.start(None).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_server_ends_when_the_app_lets_it_go() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(program(), folder.path());
    first.start(None).await.unwrap();
    // The data has one server at a time, and the second says so.
    let second = server(program(), folder.path());
    assert_eq!(second.start(None).await, Err(StartError::Failed));
    let LocalState::Failed { reason, message, .. } = second.state() else { panic!("{:?}", second.state()) };
    assert_eq!(reason, StopReason::DidNotStart);
    assert!(message.unwrap().contains("data"), "it says why");
    first.stop().await;
    assert!(second.start(None).await.is_ok());
    second.stop().await;
}

#[tokio::test]
async fn a_server_that_only_starts_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = std::sync::Arc::new(server(script(folder.path(), "exec sleep 1000"), folder.path()));
    let starting = tokio::spawn({
        let server = server.clone();
        async move { server.start(None).await }
    });
    until(&server, |state| *state == LocalState::Starting).await;
    timeout(Duration::from_secs(5), server.stop()).await.unwrap();
    assert_eq!(starting.await.unwrap(), Err(StartError::Failed));
    assert_eq!(server.state(), LocalState::Stopped);
}

#[tokio::test]
async fn a_port_that_is_taken_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().port();
    let server = server(program(), folder.path());
    let url = server.start(Some(taken)).await.unwrap();
    assert_ne!(url.port(), taken);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_the_server_is_not_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let reason = async |program: PathBuf| {
        let server = server(program, folder.path());
        let started = timeout(Duration::from_secs(20), server.start(None)).await.unwrap();
        assert_eq!(started, Err(StartError::Failed));
        let LocalState::Failed { reason, .. } = server.state() else { panic!("{:?}", server.state()) };
        reason
    };
    assert_eq!(reason(folder.path().join("missing")).await, StopReason::NotInstalled);
    assert_eq!(reason(script(folder.path(), "exit 3")).await, StopReason::DidNotStart);
    assert_eq!(
        reason(script(folder.path(), "echo listening on http://127.0.0.1:1; cat")).await,
        StopReason::WrongServer
    );
    // A real server answers at that address, but it is not the one that was started.
    let other = server(program(), &folder.path().join("other"));
    let url = other.start(None).await.unwrap();
    let nonce = "0".repeat(32);
    let line = format!(
        r#"{{"url":"{url}","nonce":"{nonce}","version":"0.1.0","process":'$$',"needs_setup":false}}"#
    );
    assert_eq!(reason(script(folder.path(), &format!("echo '{line}'; cat"))).await, StopReason::WrongServer);
    other.stop().await;
}
