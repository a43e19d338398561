//! What packages are made by, for systems that this one cannot make them for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tauri::utils::config::{BundleTarget, BundleType, Config, NSISInstallerMode};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(here(path)).unwrap()).unwrap()
}

/// As the bundler lays one file over the other: RFC 7396.
fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                lay_over(below.entry(name).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

/// The configuration as the bundler understands it. What it does not know it refuses.
fn configuration() -> Config {
    let mut whole = read("tauri.conf.json");
    lay_over(&mut whole, read("tauri.linux.conf.json"));
    lay_over(&mut whole, read("tauri.bundle.conf.json"));
    serde_json::from_value(whole).unwrap()
}

#[test]
fn there_is_a_package_for_every_system_with_the_server_inside() {
    let bundle = configuration().bundle;
    assert!(bundle.active);
    let BundleTarget::List(targets) = bundle.targets else { panic!("{:?}", bundle.targets) };
    for target in [
        BundleType::Deb,
        BundleType::Rpm,
        BundleType::AppImage,
        BundleType::Nsis,
        BundleType::Msi,
        BundleType::App,
        BundleType::Dmg,
    ] {
        assert!(targets.contains(&target), "{target}");
    }
    assert_eq!(bundle.external_bin, Some(vec!["binaries/waystation-server".to_owned()]));
    // An installer for one user needs no administrator.
    assert!(matches!(bundle.windows.nsis.unwrap().install_mode, NSISInstallerMode::CurrentUser));
}

#[test]
fn a_package_of_windows_has_a_version_that_windows_knows() {
    let version = configuration().version.unwrap();
    let numbers: Vec<u16> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(numbers.len() == 3 && numbers[0] < 256 && numbers[1] < 256, "{version}");
}

#[test]
fn every_icon_is_there_and_is_what_its_name_says() {
    let icons = configuration().bundle.icon;
    for ending in [".png", ".icns", ".ico"] {
        assert!(icons.iter().any(|icon| icon.ends_with(ending)), "{ending}");
    }
    for icon in icons {
        let bytes = std::fs::read(here(&icon)).unwrap();
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        match icon.rsplit('.').next().unwrap() {
            "png" => {
                assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n", "{icon}");
                let name = icon.trim_start_matches("icons/").trim_end_matches(".png");
                let (size, factor) = match name.strip_suffix("@2x") {
                    Some(size) => (size, 2),
                    None => (name, 1),
                };
                let size: u32 = size.split('x').next().unwrap().parse().unwrap();
                assert_eq!((number(16), number(20)), (size * factor, size * factor), "{icon}");
            }
            "icns" => {
                assert_eq!(bytes[..4], *b"icns", "{icon}");
                assert_eq!(number(4) as usize, bytes.len(), "{icon}");
            }
            _ => {
                assert_eq!(bytes[..4], [0, 0, 1, 0], "{icon}");
                let sizes: Vec<u8> = (0..usize::from(bytes[4])).map(|at| bytes[6 + at * 16]).collect();
                // 0 stands for 256.
                for size in [16, 32, 48, 0] {
                    assert!(sizes.contains(&size), "{icon} has {sizes:?}");
                }
            }
        }
    }
}
