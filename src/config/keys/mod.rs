//! Keys of ssh, read as far as it takes to know what they are.

mod der;
mod private;
mod public;
mod wire;

pub(super) use private::parse_private;
pub(super) use public::{PublicKey, PublicKeyProblem};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Base64 without anything around it.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
