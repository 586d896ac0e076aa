//! Private keys in OpenSSH's own format and in PEM.

use super::wire::Reader;
use super::{decode_base64, der, public};
use crate::model::PrivateKey;

/// Why a text is not a private key. It quotes nothing of the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PrivateKeyProblem {
    pub(crate) what: &'static str,
    pub(crate) help: &'static str,
}

const COPY_AGAIN: &str = "copy the whole file again, from `-----BEGIN` to `-----END …-----`";

/// Returns the file name that ssh looks for, and the key's text with LF line endings.
///
/// The type of an encrypted PKCS#8 key cannot be read without its passphrase. Then the type comes from the name of
/// its file; if that does not tell, the key is installed as `id_rsa`. ssh tries that file whatever type of key it
/// holds.
pub(crate) fn parse_private(
    text: &str,
    file_name: Option<&str>,
) -> Result<PrivateKey, PrivateKeyProblem> {
    let text = text
        .trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let text = text.trim();
    let (label, body) = armour(text)?;
    let file_name = match label {
        "OPENSSH PRIVATE KEY" => openssh(&decode(body)?).ok_or(damaged())?,
        "RSA PRIVATE KEY" => traditional(body, "id_rsa")?,
        "DSA PRIVATE KEY" => traditional(body, "id_dsa")?,
        "EC PRIVATE KEY" => traditional(body, "id_ecdsa")?,
        "PRIVATE KEY" => pkcs8(&decode(body)?)?,
        "ENCRYPTED PRIVATE KEY" => {
            if !der::is_sequence(&decode(body)?) {
                return Err(damaged());
            }
            name_by_file(file_name)
        }
        _ => {
            return Err(PrivateKeyProblem {
                what: "it is in a format that ssh does not read",
                help: "convert it with `ssh-keygen -p -f FILE`, or make a new key",
            });
        }
    };
    Ok(PrivateKey {
        file_name,
        text: format!("{text}\n"),
    })
}

fn damaged() -> PrivateKeyProblem {
    PrivateKeyProblem {
        what: "its data is cut off or damaged",
        help: COPY_AGAIN,
    }
}

/// The label, and the text between the two marks.
fn armour(text: &str) -> Result<(&str, &str), PrivateKeyProblem> {
    if text.starts_with("PuTTY-User-Key-File") {
        return Err(PrivateKeyProblem {
            what: "it is a key of PuTTY",
            help: "convert it with `puttygen FILE -O private-openssh -o NEW`",
        });
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-") {
        return Err(PrivateKeyProblem {
            what: "it is a public key",
            help: "name the file without `.pub`; a public key belongs in `pubkey_file` or `pubkey_text`",
        });
    }
    // `openssl ecparam -genkey` writes the curve before the key.
    let parameters = text
        .strip_prefix("-----BEGIN EC PARAMETERS-----")
        .and_then(|rest| rest.split_once("-----END EC PARAMETERS-----"));
    let text = parameters.map_or(text, |(_, key)| key.trim_start());
    let Some((label, rest)) = text
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
    else {
        return Err(PrivateKeyProblem {
            what: "it does not begin with `-----BEGIN`",
            help: COPY_AGAIN,
        });
    };
    let Some((body, after)) = rest.split_once("-----END ") else {
        return Err(PrivateKeyProblem {
            what: "its end is missing",
            help: COPY_AGAIN,
        });
    };
    if after.strip_suffix("-----") != Some(label) {
        return Err(PrivateKeyProblem {
            what: "something follows its end",
            help: "give one key",
        });
    }
    if !body.starts_with('\n') || !body.ends_with('\n') {
        return Err(PrivateKeyProblem {
            what: "its line breaks are lost",
            help: "write the text as a block: `privkey_text: |`",
        });
    }
    Ok((label, body))
}

fn decode(body: &str) -> Result<Vec<u8>, PrivateKeyProblem> {
    let joined: String = body.split_whitespace().collect();
    decode_base64(&joined)
        .filter(|bytes| !bytes.is_empty())
        .ok_or(damaged())
}

/// The public key comes before the encrypted part, see <https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.key>.
fn openssh(bytes: &[u8]) -> Option<&'static str> {
    let mut reader = Reader(bytes.strip_prefix(b"openssh-key-v1\0")?);
    let _cipher = reader.text()?;
    let _kdf = reader.text()?;
    let _kdf_options = reader.bytes()?;
    if reader.number()? != 1 {
        return None;
    }
    let public = reader.bytes()?;
    // There must be a private part. What follows it depends on the cipher.
    reader.bytes().filter(|private| !private.is_empty())?;
    Some(match public::inner_type(public)? {
        "ssh-rsa" => "id_rsa",
        "ssh-dss" => "id_dsa",
        "ssh-ed25519" => "id_ed25519",
        "sk-ssh-ed25519@openssh.com" => "id_ed25519_sk",
        "sk-ecdsa-sha2-nistp256@openssh.com" => "id_ecdsa_sk",
        kind if kind.starts_with("ecdsa-sha2-") => "id_ecdsa",
        _ => return None,
    })
}

/// A PEM key of one type. An encrypted one has headers, and its bytes cannot be checked.
fn traditional(body: &str, name: &'static str) -> Result<&'static str, PrivateKeyProblem> {
    match body.rsplit_once("\n\n") {
        Some((headers, data)) if headers.contains("ENCRYPTED") => decode(data).map(|_| name),
        _ if der::is_sequence(&decode(body)?) => Ok(name),
        _ => Err(damaged()),
    }
}

fn pkcs8(bytes: &[u8]) -> Result<&'static str, PrivateKeyProblem> {
    match der::pkcs8_algorithm(bytes) {
        // 1.2.840.113549.1.1.1, rsaEncryption
        Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]) => Ok("id_rsa"),
        // 1.2.840.10040.4.1, id-dsa
        Some([0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01]) => Ok("id_dsa"),
        // 1.2.840.10045.2.1, id-ecPublicKey
        Some([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]) => Ok("id_ecdsa"),
        // 1.3.101.112, id-Ed25519
        Some([0x2b, 0x65, 0x70]) => Ok("id_ed25519"),
        Some(_) => Err(PrivateKeyProblem {
            what: "it is of a type that ssh does not know",
            help: "use an RSA, ECDSA or Ed25519 key",
        }),
        None => Err(damaged()),
    }
}

fn name_by_file(file_name: Option<&str>) -> &'static str {
    let name = file_name.unwrap_or_default().to_ascii_lowercase();
    ["id_ed25519", "id_ecdsa", "id_dsa"]
        .into_iter()
        .find(|known| name.contains(&known[3..]))
        .unwrap_or("id_rsa")
}
