//! placeholder
/// The JSON Schema of the config.
#[must_use]
pub fn schema() -> serde_json::Value {
    serde_json::Value::Null
}
