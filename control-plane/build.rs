//! A new migration file has to be seen: `migrate!` itself notices only changes to files it already knows.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
