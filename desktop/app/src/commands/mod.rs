//! What the window may ask of the shell; the crate's own page lists it.

mod app;
mod calls;
mod charts;
mod connections;
mod local_server;
mod pairing;
mod secrets;

use tauri::Wry;
use tauri::ipc::Invoke;

pub(crate) use app::save_diagnostics_file;

/// Every command. The same names stand in `names.in`, which the build allows.
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        app::show_app,
        app::show_preferences,
        app::update_preferences,
        app::set_autostart,
        app::copy_text,
        app::open_web_link,
        app::open_pairing_page,
        app::save_diagnostics,
        app::check_for_updates,
        app::install_update,
        app::skip_update,
        connections::list_connections,
        connections::select_connection,
        connections::update_connection,
        connections::change_trust,
        connections::move_connection,
        connections::remove_connection,
        connections::export_connections,
        connections::preview_import,
        connections::apply_import,
        pairing::propose_pairing,
        pairing::show_proposal,
        pairing::approve_pairing,
        pairing::refuse_pairing,
        pairing::sign_out,
        calls::api,
        calls::export_file,
        calls::open_writes,
        calls::lock_writes,
        charts::draw_chart,
        charts::save_chart,
        secrets::show_secrets,
        secrets::create_passphrase_file,
        secrets::unlock_passphrase_file,
        secrets::use_keyring,
        local_server::show_local_server,
        local_server::start_local_server,
        local_server::stop_local_server,
        local_server::list_local_log,
        local_server::set_up_local_server,
        local_server::keep_local_server_running,
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn every_command_is_declared_allowed_and_described_and_no_other() {
        let names: &[&str] = &include!("names.in");
        let handled: Vec<&str> = include_str!("mod.rs")
            .split_once("generate_handler![")
            .and_then(|(_, rest)| rest.split_once(']'))
            .map(|(list, _)| list.split(',').filter_map(|path| path.trim().rsplit("::").next()).collect())
            .unwrap_or_default();
        let handled: Vec<&str> = handled.into_iter().filter(|name| !name.is_empty()).collect();
        assert_eq!(handled, names);
        let capability: Value = serde_json::from_str(include_str!("../../capabilities/main.json")).unwrap();
        let allowed: Vec<&str> =
            capability["permissions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let own = names.iter().map(|name| format!("allow-{}", name.replace('_', "-")));
        let expected: Vec<String> = ["core:event:allow-listen", "core:event:allow-unlisten"]
            .map(str::to_owned)
            .into_iter()
            .chain(own)
            .collect();
        assert_eq!(allowed, expected);
        assert_eq!((&capability["windows"], capability.get("remote")), (&serde_json::json!(["main"]), None));
        for name in names {
            assert!(include_str!("../../README.md").contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn the_window_has_no_network_and_runs_no_script_but_the_apps() {
        let configuration: Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        let security = &configuration["app"]["security"];
        let policy = security["csp"].as_object().unwrap();
        assert_eq!(policy["default-src"], "'self'");
        assert_eq!(policy["script-src"], "'self'");
        assert_eq!(policy["style-src"], "'self'");
        assert_eq!(policy["connect-src"], "ipc: http://ipc.localhost");
        for (name, sources) in policy {
            let sources = sources.as_str().unwrap();
            assert!(
                !sources.contains("unsafe") && !sources.contains("https:") && !sources.contains('*'),
                "{name}"
            );
        }
        assert_eq!(security["freezePrototype"], true);
        assert_eq!(configuration["app"]["withGlobalTauri"], false);
        // An old version that is signed must not pass for a new one.
        assert_eq!(configuration["plugins"]["updater"]["requireSignedVersion"], true);
    }
}
