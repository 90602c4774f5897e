//! CEL's extension of IP addresses and CIDR blocks.
//!
//! In:      text, addresses, blocks.
//! Out:     addresses, blocks, what is asked of them.
//! Imports: its own room alone.
//! Source:  the conformance tests `network_ext`; where they are silent, Kubernetes.

use std::net::IpAddr;

use crate::lang::error::EvalError;
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, global, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::network::{self, BYTES_MAX, Block};
use crate::lang::value::{Tag, Value, text};

/// IP addresses and CIDR blocks.
pub const NETWORK: Library = Library { name: "network", since: 0 };

/// The rows.
pub const ROWS: &[Function] = &[
    global(281, "ip", "string_to_ip")
        .takes(&[Sig::String], Sig::Kind(Tag::Ip))
        .of(NETWORK)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The IP address that the text writes.",
            &[("ip('10.0.0.1') == ip('10.0.0.2')", "false")],
        )
        .calls(ip_of),
    global(282, "isIP", "is_ip")
        .takes(&[Sig::String], Sig::Bool)
        .of(NETWORK)
        .costs(Cost::Linear)
        .doc(
            "Whether the text writes an IP address.",
            &[("isIP('10.0.0.1')", "true"), ("isIP('10.0.0')", "false")],
        )
        .calls(is_ip),
    global(283, "ip.isCanonical", "ip_is_canonical")
        .takes(&[Sig::String], Sig::Bool)
        .of(NETWORK)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "Whether the text writes an IP address the way `string()` does.",
            &[("ip.isCanonical('2001:DB8::1')", "false")],
        )
        .calls(is_canonical),
    global(284, "string", "ip_to_string")
        .takes(&[Sig::Kind(Tag::Ip)], Sig::String)
        .of(NETWORK)
        .fails()
        .doc(
            "The address in its shortest form.",
            &[("string(ip('2001:DB8:0::1'))", "'2001:db8::1'")],
        )
        .calls(shown),
    member(285, "family", "ip_family")
        .takes(&[Sig::Kind(Tag::Ip)], Sig::Int)
        .of(NETWORK)
        .doc("4 or 6.", &[("ip('10.0.0.1').family()", "4")])
        .calls(family),
    member(286, "isUnspecified", "ip_is_unspecified")
        .takes(&[Sig::Kind(Tag::Ip)], Sig::Bool)
        .of(NETWORK)
        .doc("Whether it is `0.0.0.0` or `::`.", &[("ip('0.0.0.0').isUnspecified()", "true")])
        .calls(is_unspecified),
    member(287, "isLoopback", "ip_is_loopback")
        .takes(&[Sig::Kind(Tag::Ip)], Sig::Bool)
        .of(NETWORK)
        .doc(
            "Whether it speaks of the machine itself.",
            &[("ip('127.0.0.1').isLoopback()", "true")],
        )
        .calls(is_loopback),
    member(288, "isGlobalUnicast", "ip_is_global_unicast")
        .takes(&[Sig::Kind(Tag::Ip)], Sig::Bool)
        .of(NETWORK)
        .doc(
            "Whether it is one of a single machine, private networks included.",
            &[("ip('192.168.0.1').isGlobalUnicast()", "true")],
        )
        .calls(is_global_unicast),
    member(289, "isLinkLocalMulticast", "ip_is_link_local_multicast")
        .takes(&[Sig::Kind(Tag::Ip)], Sig::Bool)
        .of(NETWORK)
        .doc(
            "Whether it is one of all machines on a link.",
            &[("ip('224.0.0.1').isLinkLocalMulticast()", "true")],
        )
        .calls(is_link_local_multicast),
    member(290, "isLinkLocalUnicast", "ip_is_link_local_unicast")
        .takes(&[Sig::Kind(Tag::Ip)], Sig::Bool)
        .of(NETWORK)
        .doc(
            "Whether it is one that holds on a link only.",
            &[("ip('169.254.169.254').isLinkLocalUnicast()", "true")],
        )
        .calls(is_link_local_unicast),
    global(291, "cidr", "string_to_cidr")
        .takes(&[Sig::String], Sig::Kind(Tag::Cidr))
        .of(NETWORK)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The block of addresses that the text writes.",
            &[("cidr('10.0.0.0/8') == cidr('10.0.0.0/9')", "false")],
        )
        .calls(cidr_of),
    global(292, "isCIDR", "is_cidr")
        .takes(&[Sig::String], Sig::Bool)
        .of(NETWORK)
        .costs(Cost::Linear)
        .doc(
            "Whether the text writes a block of addresses.",
            &[("isCIDR('10.0.0.0/8')", "true"), ("isCIDR('10.0.0.0')", "false")],
        )
        .calls(is_cidr),
    global(293, "string", "cidr_to_string")
        .takes(&[Sig::Kind(Tag::Cidr)], Sig::String)
        .of(NETWORK)
        .fails()
        .doc("The block in its shortest form.", &[("string(cidr('10.0.0.0/8'))", "'10.0.0.0/8'")])
        .calls(shown),
    member(294, "containsIP", "cidr_contains_ip_ip")
        .takes(&[Sig::Kind(Tag::Cidr), Sig::Kind(Tag::Ip)], Sig::Bool)
        .of(NETWORK)
        .fails()
        .doc(
            "Whether the address is one of the block.",
            &[("cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))", "true")],
        )
        .calls(contains_ip),
    member(295, "containsIP", "cidr_contains_ip_string")
        .takes(&[Sig::Kind(Tag::Cidr), Sig::String], Sig::Bool)
        .of(NETWORK)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "Whether the address that the text writes is one of the block.",
            &[("cidr('10.0.0.0/8').containsIP('11.1.2.3')", "false")],
        )
        .calls(contains_ip),
    member(296, "containsCIDR", "cidr_contains_cidr")
        .takes(&[Sig::Kind(Tag::Cidr), Sig::Kind(Tag::Cidr)], Sig::Bool)
        .of(NETWORK)
        .fails()
        .doc(
            "Whether every address of the other block is one of the block.",
            &[("cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))", "true")],
        )
        .calls(contains_cidr),
    member(297, "containsCIDR", "cidr_contains_cidr_string")
        .takes(&[Sig::Kind(Tag::Cidr), Sig::String], Sig::Bool)
        .of(NETWORK)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "Whether every address of the block that the text writes is one of the block.",
            &[("cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7')", "false")],
        )
        .calls(contains_cidr),
    member(298, "ip", "cidr_ip")
        .takes(&[Sig::Kind(Tag::Cidr)], Sig::Kind(Tag::Ip))
        .of(NETWORK)
        .fails()
        .doc(
            "The address of the block, all of its bits.",
            &[("cidr('10.0.0.1/8').ip() == ip('10.0.0.1')", "true")],
        )
        .calls(block_ip),
    member(299, "masked", "cidr_masked")
        .takes(&[Sig::Kind(Tag::Cidr)], Sig::Kind(Tag::Cidr))
        .of(NETWORK)
        .fails()
        .doc(
            "The block without the bits behind its prefix.",
            &[("cidr('10.0.0.1/8').masked() == cidr('10.0.0.0/8')", "true")],
        )
        .calls(masked),
    member(300, "isMask", "cidr_is_mask")
        .takes(&[Sig::Kind(Tag::Cidr)], Sig::Bool)
        .of(NETWORK)
        .doc(
            "Whether no bits behind the prefix are set.",
            &[("cidr('10.0.0.1/8').isMask()", "false")],
        )
        .calls(is_mask),
    member(301, "prefixLength", "cidr_prefix_length")
        .takes(&[Sig::Kind(Tag::Cidr)], Sig::Int)
        .of(NETWORK)
        .doc("The length of the prefix in bits.", &[("cidr('10.0.0.0/8').prefixLength()", "8")])
        .calls(prefix_length),
];

fn one(args: &[Value]) -> Result<&Value, EvalError> {
    if let [only] = args { Ok(only) } else { Err(EvalError::NoSuchOverload) }
}

fn two(args: &[Value]) -> Result<(&Value, &Value), EvalError> {
    if let [a, b] = args { Ok((a, b)) } else { Err(EvalError::NoSuchOverload) }
}

fn text_of<'h>(heap: &'h Heap<'_>, args: &[Value]) -> Result<&'h str, EvalError> {
    let value = one(args)?;
    expect(value, Tag::String)?;
    Ok(heap.str(value))
}

/// The address that a value is, or writes.
fn address(heap: &Heap<'_>, value: &Value) -> Result<IpAddr, EvalError> {
    if value.tag() == Tag::String {
        return network::parse(heap.str(value)).ok_or(EvalError::BadConversion);
    }
    expect(value, Tag::Ip)?;
    network::address(heap.bytes(value)).ok_or(EvalError::NoSuchOverload)
}

/// The block that a value is, or writes.
fn block(heap: &Heap<'_>, value: &Value) -> Result<Block, EvalError> {
    if value.tag() == Tag::String {
        return network::parse_block(heap.str(value)).ok_or(EvalError::BadConversion);
    }
    expect(value, Tag::Cidr)?;
    network::block(heap.bytes(value)).ok_or(EvalError::NoSuchOverload)
}

fn receiver(heap: &Heap<'_>, value: &Value) -> Result<Block, EvalError> {
    expect(value, Tag::Cidr)?;
    block(heap, value)
}

fn new_address(heap: &mut Heap<'_>, address: &IpAddr) -> Outcome {
    network::with_bytes(address, |bytes| heap.new_text(Tag::Ip, bytes))
}

fn new_block(heap: &mut Heap<'_>, block: &Block) -> Outcome {
    let mut buffer = [0; BYTES_MAX];
    let len = network::with_bytes(&block.address, |bytes| {
        let room = buffer.get_mut(..bytes.len())?;
        room.copy_from_slice(bytes);
        *buffer.get_mut(bytes.len())? = block.prefix;
        Some(bytes.len() + 1)
    });
    let bytes = len.and_then(|len| buffer.get(..len)).ok_or(EvalError::Budget)?;
    heap.new_text(Tag::Cidr, bytes)
}

fn ip_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let found = network::parse(text_of(heap, args)?).ok_or(EvalError::BadConversion)?;
    new_address(heap, &found)
}

fn is_ip(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    Ok(Value::bool(network::parse(text_of(heap, args)?).is_some()))
}

fn is_canonical(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let written = text_of(heap, args)?;
    let found = network::parse(written).ok_or(EvalError::BadConversion)?;
    let mut shown = text::Buffer::new();
    network::with_bytes(&found, |bytes| network::write(&mut shown, bytes))
        .map_err(|_| EvalError::Budget)?;
    Ok(Value::bool(shown.as_str() == written))
}

fn shown(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    text::string(heap, one(args)?)
}

/// What `ask` says about an address.
fn address_test(heap: &Heap<'_>, args: &[Value], ask: fn(&IpAddr) -> bool) -> Outcome {
    let value = one(args)?;
    expect(value, Tag::Ip)?;
    address(heap, value).map(|address| Value::bool(ask(&address)))
}

fn family(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let is_short = address_test(heap, args, IpAddr::is_ipv4)?;
    Ok(Value::int(if is_short.as_bool() == Some(true) { 4 } else { 6 }))
}

fn is_unspecified(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    address_test(heap, args, IpAddr::is_unspecified)
}

fn is_loopback(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    address_test(heap, args, IpAddr::is_loopback)
}

fn is_global_unicast(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    address_test(heap, args, |address| {
        let of_all = matches!(address, IpAddr::V4(short) if short.is_broadcast());
        let is_own = address.is_unspecified() || address.is_loopback() || link_local(address);
        !(of_all || is_own || address.is_multicast())
    })
}

fn is_link_local_multicast(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    address_test(heap, args, |address| match address {
        IpAddr::V4(short) => matches!(short.octets(), [224, 0, 0, _]),
        IpAddr::V6(long) => long.segments().first().is_some_and(|it| it & 0xFF0F == 0xFF02),
    })
}

fn is_link_local_unicast(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    address_test(heap, args, link_local)
}

const fn link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(short) => short.is_link_local(),
        IpAddr::V6(long) => long.is_unicast_link_local(),
    }
}

fn cidr_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let found = network::parse_block(text_of(heap, args)?).ok_or(EvalError::BadConversion)?;
    new_block(heap, &found)
}

fn is_cidr(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    Ok(Value::bool(network::parse_block(text_of(heap, args)?).is_some()))
}

fn contains_ip(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (this, other) = two(args)?;
    let this = receiver(heap, this)?;
    Ok(Value::bool(this.contains(address(heap, other)?)))
}

fn contains_cidr(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (this, other) = two(args)?;
    let this = receiver(heap, this)?;
    Ok(Value::bool(this.covers(&block(heap, other)?)))
}

fn block_ip(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let block = receiver(heap, one(args)?)?;
    new_address(heap, &block.address)
}

fn masked(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let block = receiver(heap, one(args)?)?;
    new_block(heap, &block.masked())
}

fn is_mask(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let block = receiver(heap, one(args)?)?;
    Ok(Value::bool(block == block.masked()))
}

fn prefix_length(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let block = receiver(heap, one(args)?)?;
    Ok(Value::int(i64::from(block.prefix)))
}
