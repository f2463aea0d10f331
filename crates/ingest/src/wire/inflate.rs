//! Decompression that looks at the bytes, not at headers, and stops at a limit.

use super::WireError;
use flate2::read::MultiGzDecoder;
use std::{borrow::Cow, io::Read};

/// The body itself, or what it says when it is gzip; at most `limit` bytes of it.
///
/// Clients send gzip with and without saying so, so only the first two bytes count. A bomb is let go on just past the
/// limit and no further.
pub fn inflate(body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, WireError> {
    let out = if body.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        MultiGzDecoder::new(body)
            .take(limit as u64 + 1)
            .read_to_end(&mut out)
            .map_err(|error| WireError::InvalidGzip { what: error.to_string() })?;
        Cow::Owned(out)
    } else {
        Cow::Borrowed(body)
    };
    if out.len() > limit { Err(WireError::TooLarge { limit }) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_recognised_and_bounded() {
        assert_eq!(inflate(b"{}", 10), Ok(Cow::Borrowed(&b"{}"[..])));
        assert_eq!(inflate(&gzip(b"{}"), 10), Ok(Cow::Owned(b"{}".to_vec())));
        let bomb = gzip(&vec![b' '; 16 * 1024 * 1024]);
        assert!(bomb.len() < 32 * 1024, "a thousand to one");
        assert_eq!(inflate(&bomb, 4096), Err(WireError::TooLarge { limit: 4096 }));
        assert_eq!(inflate(&[b' '; 11], 10), Err(WireError::TooLarge { limit: 10 }));
        let mut cut = gzip(b"{\"batch\":[]}");
        cut.truncate(15);
        for broken in [&cut[..], b"\x1f\x8bnot gzip at all"] {
            assert_eq!(inflate(broken, 100).map_err(|e| e.code()), Err("invalid-gzip"));
        }
    }
}
