//! Generates the CEL parser from `cel.lalrpop`; does nothing for a runtime-only build.

fn main() {
    println!("cargo:rerun-if-changed=grammar/build.rs");
    #[cfg(feature = "compiler")]
    generate();
}

/// `set_in_dir` is needed: without it lalrpop looks in `src`, finds nothing and says nothing.
#[cfg(feature = "compiler")]
fn generate() {
    if let Err(error) = lalrpop::Configuration::new()
        .use_cargo_dir_conventions()
        .set_in_dir("grammar")
        .emit_rerun_directives(true)
        .process()
    {
        println!("cargo::error=grammar/cel.lalrpop: {error}");
    }
}
