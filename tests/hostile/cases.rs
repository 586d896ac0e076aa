//! How many random cases a test tries.

use proptest::prelude::ProptestConfig;

/// The number of cases in a usual run; `PROPTEST_CASES` sets another.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = usual;
    }
    config.failure_persistence = None;
    config
}
