//! ssh keys, parsed only as far as is needed to know their type.

mod der;
mod private;
mod public;
mod wire;

pub(super) use private::parse_private;
pub(super) use public::{PublicKey, PublicKeyProblem};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Decodes base64 without any other characters around it.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
