//! What the fuzzer tries for hours, each on the files that it kept: `fuzz/seeds/`.

pub(crate) mod load_config;
pub(crate) mod nearly_legal;
pub(crate) mod whole_way;

/// Runs a check on every file of a folder of seeds.
#[cfg(test)]
fn on_seeds(target: &str, check: fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.join(target)).unwrap() {
        check(&std::fs::read(entry.unwrap().path()).unwrap());
        seen += 1;
    }
    assert!(seen >= 50, "only {seen} seeds of {target}");
}

#[test]
fn every_seed_of_the_loader_is_read_without_a_panic() {
    on_seeds("load_config", load_config::check);
}

#[test]
fn every_seed_of_the_whole_way_reads_back_as_it_was_meant() {
    on_seeds("whole_way", whole_way::check);
}
