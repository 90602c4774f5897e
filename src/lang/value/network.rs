//! IP addresses and CIDR blocks.
//!
//! In:      text, or the bytes of a value.
//! Out:     addresses and blocks, their bytes, their text.
//! Imports: nothing of ours.
//! Source:  the conformance tests `network_ext`; where they are silent, Go's `net/netip`.
//!
//! An address is 4 or 16 bytes; an IPv6 address that stands for an IPv4 one is that one. A block
//! keeps all bits of its address, and has one more byte: the length of its prefix.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most bytes of an address or a block.
pub const BYTES_MAX: usize = 17;

/// A block: an address and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The address, bits behind the prefix included.
    pub address: IpAddr,
    /// Length of the prefix in bits: at most 32, or 128.
    pub prefix: u8,
}

/// The address that `text` writes. Neither zones nor IPv4 in dots behind the prefix that says so
/// are taken.
#[must_use]
pub fn parse(text: &str) -> Option<IpAddr> {
    match text.parse().ok()? {
        IpAddr::V6(long) => match long.to_ipv4_mapped() {
            Some(_) if text.contains('.') => None,
            Some(short) => Some(IpAddr::V4(short)),
            None => Some(IpAddr::V6(long)),
        },
        short @ IpAddr::V4(_) => Some(short),
    }
}

/// The block that `text` writes, as `10.0.0.0/8`.
#[must_use]
pub fn parse_block(text: &str) -> Option<Block> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let is_mapped = matches!(address, IpAddr::V6(long) if long.to_ipv4_mapped().is_some());
    let plain = length.bytes().all(|byte| byte.is_ascii_digit())
        && (length.len() == 1 || !length.starts_with('0'));
    let prefix = length.parse().ok()?;
    (plain && !is_mapped && prefix <= bits(&address)).then_some(Block { address, prefix })
}

/// Number of bits of an address.
const fn bits(address: &IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl Block {
    /// The address without the bits behind the prefix.
    #[must_use]
    pub fn masked(&self) -> Self {
        let host = u32::from(bits(&self.address).saturating_sub(self.prefix));
        let address = match self.address {
            IpAddr::V4(short) => {
                let kept = u32::MAX.checked_shl(host).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(short.to_bits() & kept))
            }
            IpAddr::V6(long) => {
                let kept = u128::MAX.checked_shl(host).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(long.to_bits() & kept))
            }
        };
        Self { address, prefix: self.prefix }
    }

    /// Whether the address is one of the block.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let same_family = self.address.is_ipv4() == address.is_ipv4();
        same_family && Self { address, ..*self }.masked() == self.masked()
    }

    /// Whether every address of `other` is one of the block.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.prefix >= self.prefix && self.contains(other.address)
    }
}

/// Hands the bytes of an address to `take`.
pub fn with_bytes<T>(address: &IpAddr, take: impl FnOnce(&[u8]) -> T) -> T {
    match address {
        IpAddr::V4(short) => take(&short.octets()),
        IpAddr::V6(long) => take(&long.octets()),
    }
}

/// The address with these bytes.
#[must_use]
pub fn address(bytes: &[u8]) -> Option<IpAddr> {
    let short = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    short().or_else(|| <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from))
}

/// The block with these bytes.
#[must_use]
pub fn block(bytes: &[u8]) -> Option<Block> {
    let (prefix, bytes) = bytes.split_last()?;
    Some(Block { address: address(bytes)?, prefix: *prefix })
}

/// Writes the address or block with these bytes, as `string()` does.
///
/// # Errors
/// If `out` is full.
pub fn write(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    match (address(bytes), block(bytes)) {
        (Some(address), _) => write!(out, "{address}"),
        (None, Some(Block { address, prefix })) => write!(out, "{address}/{prefix}"),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, wanted) in [
            ("192.168.0.1", Some("192.168.0.1")),
            ("2001:DB8:0:0::68", Some("2001:db8::68")),
            ("::ffff:c0a8:1", Some("192.168.0.1")),
            ("::ffff:192.168.0.1", None),
            ("fe80::1%en0", None),
            ("010.0.0.1", None),
            ("1.2.3", None),
            ("", None),
        ] {
            let mut shown = String::new();
            let found = parse(text).map(|found| with_bytes(&found, |it| write(&mut shown, it)));
            assert_eq!(found.map(|_| shown.as_str()), wanted, "{text}");
        }
    }

    #[test]
    fn blocks_have_a_prefix() {
        for text in ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "::/129"]
        {
            assert_eq!(parse_block(text), None, "{text}");
        }
        for text in ["10.1.2.3/0", "10.1.2.3/32", "::1/0", "2001:db8::/128"] {
            let block = parse_block(text).expect(text);
            assert!(block.contains(block.address) && block.covers(&block), "{text}");
            assert_eq!(block.masked().masked(), block.masked());
        }
    }
}
