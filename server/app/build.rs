//! Writes the table of the web files that the server embeds: what the list of `npm run build` in `ui/` names, or a page
//! that says how to get there, so that the server builds without Node.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Below `ui/dist`; see `ui/tools/pack.mjs`. Written last, so where it is, all is.
const LIST: &str = ".vite/served.txt";
/// The pages that stand in for the interface.
const PAGES: [&str; 2] = ["index.html", "console.html"];

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ui = here.join("../../ui").canonicalize().unwrap_or_else(|_| here.join("../../ui"));
    let dist = ui.join("dist");
    // Cargo takes a folder that is missing for changed each time; until there is one it may appear in `ui`.
    let watched = if dist.is_dir() { &dist } else { &ui };
    let mut said = io::stdout();
    writeln!(said, "cargo::rerun-if-changed={}", watched.display())?;
    writeln!(said, "cargo::rerun-if-changed=build.rs")?;

    let mut table = String::from("const EMBEDDED: &[Embedded] = &[\n");
    match fs::read_to_string(dist.join(LIST)) {
        Ok(list) => list.lines().try_for_each(|name| add_file(&mut table, name, &dist.join(name)))?,
        Err(_) => {
            let placeholder = here.join("src/pages/placeholder.html");
            PAGES.iter().try_for_each(|name| add_file(&mut table, name, &placeholder))?;
        }
    }
    table.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").ok_or("Cargo names the folder for what is generated")?;
    fs::write(PathBuf::from(out).join("web_files.rs"), table)?;
    Ok(())
}

fn add_file(table: &mut String, name: &str, path: &Path) -> Result<(), std::fmt::Error> {
    let packed = |ending: &str| {
        let packed = PathBuf::from(format!("{}.{ending}", path.display()));
        if packed.is_file() { format!("Some(include_bytes!({packed:?}))") } else { "None".to_owned() }
    };
    let (brotli, gzip) = (packed("br"), packed("gz"));
    writeln!(
        table,
        "    Embedded {{ name: {name:?}, plain: include_bytes!({path:?}), brotli: {brotli}, gzip: {gzip} }},"
    )
}
