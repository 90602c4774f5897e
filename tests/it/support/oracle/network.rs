//! IP addresses and CIDR blocks of the reference evaluator: an address is a list of bits.

use std::net::IpAddr;
use std::rc::Rc;

use policyc::lang::error::EvalError;

use super::value::{R, V, text};

const BAD: EvalError = EvalError::BadConversion;

/// Calls a function of the library; `None` where it has none of that name.
pub(crate) fn call(name: &str, member: bool, args: &[V]) -> Option<R> {
    let truth = |truth: bool| Ok(V::Bool(truth));
    Some(match (name, member, args) {
        ("ip", false, [V::Str(written)]) => address(written).map(V::Ip).ok_or(BAD),
        ("isIP", false, [V::Str(written)]) => truth(address(written).is_some()),
        ("ip.isCanonical", false, [V::Str(written)]) => match address(written) {
            Some(address) => truth(address.to_string() == **written),
            None => Err(BAD),
        },
        ("cidr", false, [V::Str(written)]) => block(written).ok_or(BAD),
        ("isCIDR", false, [V::Str(written)]) => truth(block(written).is_some()),
        ("string", false, [V::Ip(address)]) => Ok(text(&address.to_string())),
        ("string", false, [V::Cidr(address, length)]) => Ok(text(&format!("{address}/{length}"))),
        ("family", true, [V::Ip(address)]) => Ok(V::Int(if address.is_ipv4() { 4 } else { 6 })),
        (_, true, [V::Ip(address)]) => truth(asked(name, *address)?),
        ("ip", true, [V::Cidr(address, _)]) => Ok(V::Ip(*address)),
        ("prefixLength", true, [V::Cidr(_, length)]) => Ok(V::Int(i64::from(*length))),
        ("masked", true, [V::Cidr(address, length)]) => {
            Ok(V::Cidr(masked(*address, *length), *length))
        }
        ("isMask", true, [V::Cidr(address, length)]) => {
            truth(masked(*address, *length) == *address)
        }
        ("containsIP", true, [this, V::Str(written)]) => match address(written) {
            Some(address) => return call(name, true, &[this.clone(), V::Ip(address)]),
            None => Err(BAD),
        },
        ("containsIP", true, [V::Cidr(this, length), V::Ip(other)]) => {
            truth(starts_alike(*this, *other, *length))
        }
        ("containsCIDR", true, [this, V::Str(written)]) => match block(written) {
            Some(other) => return call(name, true, &[this.clone(), other]),
            None => Err(BAD),
        },
        ("containsCIDR", true, [V::Cidr(this, length), V::Cidr(other, longer)]) => {
            truth(longer >= length && starts_alike(*this, *other, *length))
        }
        ("base64.encode", false, [V::Bytes(bytes)]) => Ok(text(&super::value::base64(bytes))),
        ("base64.decode", false, [V::Str(written)]) => {
            let standard = !written.contains(['-', '_']);
            let bytes = super::value::from_base64(written).filter(|_| standard);
            bytes.map(|bytes| V::Bytes(Rc::from(bytes))).ok_or(BAD)
        }
        _ => return None,
    })
}

fn address(written: &str) -> Option<IpAddr> {
    let found: IpAddr = written.parse().ok()?;
    let short = found.to_canonical();
    (short == found || !written.contains('.')).then_some(short)
}

fn block(written: &str) -> Option<V> {
    let (first, length) = written.split_once('/')?;
    let first: IpAddr = first.parse().ok()?;
    let number: u8 = length.parse().ok()?;
    let good = number.to_string() == length
        && usize::from(number) <= bits(first).len()
        && first.to_canonical() == first;
    good.then_some(V::Cidr(first, number))
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(short) => short.octets().to_vec(),
        IpAddr::V6(long) => long.octets().to_vec(),
    }
}

fn bits(address: IpAddr) -> Vec<bool> {
    octets(address)
        .iter()
        .flat_map(|byte| (0..8).map(move |at| byte >> (7 - at) & 1 == 1))
        .collect()
}

fn starts_alike(a: IpAddr, b: IpAddr, length: u8) -> bool {
    let (a, b) = (bits(a), bits(b));
    a.len() == b.len() && a[..usize::from(length)] == b[..usize::from(length)]
}

fn masked(address: IpAddr, length: u8) -> IpAddr {
    let mut kept = bits(address);
    kept[usize::from(length)..].fill(false);
    let bytes: Vec<u8> = kept
        .chunks(8)
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit)))
        .collect();
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(short) => IpAddr::from(short),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(bytes).unwrap()),
    }
}

fn asked(name: &str, address: IpAddr) -> Option<bool> {
    let octets = octets(address);
    let within = |written: &str| match block(written) {
        Some(V::Cidr(first, length)) => starts_alike(first, address, length),
        _ => false,
    };
    let any = |blocks: &[&str]| blocks.iter().any(|it| within(it));
    Some(match name {
        "isUnspecified" => octets.iter().all(|byte| *byte == 0),
        "isLoopback" => any(&["127.0.0.0/8", "::1/128"]),
        "isLinkLocalUnicast" => any(&["169.254.0.0/16", "fe80::/10"]),
        "isLinkLocalMulticast" => {
            within("224.0.0.0/24") || within("ff00::/8") && octets[1] & 15 == 2
        }
        "isGlobalUnicast" => {
            let local = ["127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10"];
            let many = ["224.0.0.0/4", "ff00::/8", "255.255.255.255/32"];
            !any(&local) && !any(&many) && octets.iter().any(|byte| *byte != 0)
        }
        _ => return None,
    })
}
