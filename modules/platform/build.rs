//! Tells cargo about migrations that are added: `embed_migrations!` alone notices only changed ones.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/platform");
}
