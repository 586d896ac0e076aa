//! Writing an image as an archive in the layout of the Open Container Initiative, which `docker load` reads as well.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{BLOBS, Exported};
use crate::project::stamp::hex;
use crate::state::full_name;

/// A tar consists of blocks of so many bytes.
const BLOCK: usize = 512;
/// The largest number in the field of a length: eleven octal digits.
const LARGEST: u64 = 0o777_7777_7777;

/// The media type of a manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A file with its sum.
struct Blob {
    sum: String,
    content: Vec<u8>,
}

impl Blob {
    fn of(value: &Value) -> Self {
        let content = value.to_string().into_bytes();
        Self {
            sum: hex(&Sha256::digest(&content)),
            content,
        }
    }

    fn descriptor(&self, kind: &str) -> Value {
        descriptor(kind, &self.sum, self.content.len() as u64)
    }
}

impl Exported {
    /// The digest of its manifest.
    pub fn digest(&self) -> String {
        let (_, manifest) = self.manifest();
        format!("sha256:{}", manifest.sum)
    }

    /// The configuration and the manifest.
    fn manifest(&self) -> (Blob, Blob) {
        let layers = self.layers.iter().map(|made| {
            let kind = "application/vnd.oci.image.layer.v1.tar";
            descriptor(kind, &made.layer.sum, made.layer.size)
        });
        let layers: Vec<Value> = layers.collect();
        let config = Blob::of(&self.config);
        let manifest = Blob::of(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor("application/vnd.oci.image.config.v1+json"),
            "layers": layers,
        }));
        (config, manifest)
    }

    /// Writes the image, whose layers lie in `folder`. The same image gives the same bytes.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn write(&self, name: &str, folder: &Path, file: File) -> Result<()> {
        let (config, manifest) = self.manifest();
        let mut entry = manifest.descriptor(MANIFEST);
        // Engines with containerd read the first name, podman and skopeo the second.
        entry["annotations"] = json!({
            "io.containerd.image.name": full_name(name),
            "org.opencontainers.image.ref.name": name,
        });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [entry],
        });
        let blob = |sum: &str| format!("{BLOBS}/{sum}");
        let layers = self.layers.iter().map(|made| made.layer.sum.as_str());
        let mut layers: Vec<&str> = layers.collect();
        // What `docker load` reads on engines whose images are not in containerd.
        let of_docker = json!([{
            "Config": blob(&config.sum),
            "RepoTags": [name],
            "Layers": layers.iter().map(|sum| blob(sum)).collect::<Vec<_>>(),
        }]);
        let mut archive = Archive(BufWriter::new(file));
        archive.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        archive.file("index.json", index.to_string().as_bytes())?;
        archive.file("manifest.json", of_docker.to_string().as_bytes())?;
        archive.folder("blobs/")?;
        archive.folder(&format!("{BLOBS}/"))?;
        for file in [manifest, config] {
            archive.file(&blob(&file.sum), &file.content)?;
        }
        // An image may have one layer twice.
        layers.sort_unstable();
        layers.dedup();
        for sum in layers {
            let mut layer = File::open(folder.join(blob(sum)))?;
            archive.copy(&blob(sum), &mut layer)?;
        }
        Ok(archive.end()?)
    }
}

fn descriptor(kind: &str, sum: &str, size: u64) -> Value {
    json!({"mediaType": kind, "digest": format!("sha256:{sum}"), "size": size})
}

/// A tar archive without times and owners.
struct Archive(BufWriter<File>);

impl Archive {
    fn folder(&mut self, name: &str) -> io::Result<()> {
        self.0.write_all(&header(name, b'5', 0o755, 0))
    }

    fn file(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let size = content.len() as u64;
        self.0.write_all(&header(name, b'0', 0o644, size))?;
        self.0.write_all(content)?;
        self.fill(size)
    }

    fn copy(&mut self, name: &str, file: &mut File) -> io::Result<()> {
        let size = file.seek(io::SeekFrom::End(0))?;
        file.rewind()?;
        self.0.write_all(&header(name, b'0', 0o644, size))?;
        io::copy(file, &mut self.0)?;
        self.fill(size)
    }

    fn fill(&mut self, size: u64) -> io::Result<()> {
        let zeros = size.next_multiple_of(BLOCK as u64) - size;
        let zeros = usize::try_from(zeros).unwrap_or_default();
        self.0.write_all(&[0; BLOCK][..zeros])
    }

    /// The end, on the disk.
    fn end(mut self) -> io::Result<()> {
        self.0.write_all(&[0; 2 * BLOCK])?;
        self.0.flush()?;
        self.0.get_ref().sync_all()
    }
}

/// The block before a file.
fn header(name: &str, kind: u8, mode: u32, size: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(format!("{mode:07o}\0").as_bytes());
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    if size > LARGEST {
        block[124] = 0x80;
        block[128..136].copy_from_slice(&size.to_be_bytes());
    } else {
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    }
    block[136..148].copy_from_slice(b"00000000000\0");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].copy_from_slice(b"        ");
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
