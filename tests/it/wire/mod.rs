//! Protocol Buffers bytes as values, beside another reader of the format.

mod contexts;
mod tree;

use policyc::lang::value::heap::{Heap, Store};
use policyc::lang::value::message::Descriptors;
use policyc::lang::value::wire::{WireError, WireFault, decode};
use policyc::lang::value::{Space, Tag, Value};
use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use self::tree::{Tree, descriptors, has_strangers, of_message, of_value, random};

const NEW: &str = r#"syntax = "proto3";
package acme;
enum Color { RED = 0; GREEN = 2; BLUE = -7; }
message Nothing {}
message All {
  double d = 1; float f = 2; int32 i32 = 3; int64 i64 = 4; uint32 u32 = 5; uint64 u64 = 6;
  sint32 s32 = 7; sint64 s64 = 8; fixed32 x32 = 9; fixed64 x64 = 10; sfixed32 y32 = 11;
  sfixed64 y64 = 12; bool b = 13; string s = 14; bytes raw = 15; Color color = 16; All all = 17;
  repeated double ds = 18; repeated float fs = 19; repeated sint32 s32s = 20;
  repeated uint64 u64s = 21; repeated fixed32 x32s = 22; repeated bool bs = 23;
  repeated string ss = 24; repeated bytes raws = 25; repeated Color colors = 26;
  repeated All alls = 27; repeated int64 spread = 28 [packed = false];
  map<string, All> by_name = 29; map<int32, string> by_number = 30; map<bool, Color> by_bool = 31;
  map<uint64, double> by_uint = 32; map<string, bytes> raw_by_name = 33;
  oneof choice { string c1 = 34; All c2 = 35; int64 c3 = 36; }
  oneof other { bool o1 = 37; uint32 o2 = 1000; }
  optional int32 maybe = 536870911;
}
"#;

const OLD: &str = r#"syntax = "proto2";
package acme.old;
enum Level { LOW = 1; HIGH = 2; }
message Old {
  optional int32 size = 1 [default = 41];
  optional group Part = 2 { optional string text = 1; repeated Old inner = 2; }
  repeated group Parts = 3 { optional Level level = 4; }
  optional Level level = 4; repeated Level levels = 5; repeated Level tight = 6 [packed = true];
  repeated int32 loose = 7; optional Old old = 8;
  extensions 100 to 200;
}
extend Old { optional string note = 100; repeated sint64 marks = 101 [packed = true]; }
"#;

fn pool() -> DescriptorPool {
    let mut pool = DescriptorPool::new();
    for (name, text) in [("new.proto", NEW), ("old.proto", OLD)] {
        let file = protox::file::File::from_source(name, text).unwrap();
        pool.add_file_descriptor_proto(file.file_descriptor_proto().clone()).unwrap();
    }
    pool
}

/// The two messages that are read, with our descriptors of them.
struct Types {
    descriptors: Descriptors,
    names: Vec<u8>,
    messages: Vec<MessageDescriptor>,
}

impl Types {
    fn new() -> Self {
        let (descriptors, names, messages) = descriptors(&pool());
        Self { descriptors, names, messages }
    }

    fn named(&self, name: &str) -> (u32, &MessageDescriptor) {
        let at = self.messages.iter().position(|it| it.full_name() == name).unwrap();
        (u32::try_from(at).unwrap(), &self.messages[at])
    }

    fn ours(&self, kind: u32, bytes: &[u8]) -> Result<Tree, WireError> {
        let mut store = Store::new(1 << 16, 1 << 14);
        let mut heap = Heap::of(&mut store);
        (heap.request, heap.program_text) = (bytes, &self.names);
        heap.descriptors = &self.descriptors;
        let source = Value::text(Tag::Bytes, Space::Request, 0, bytes);
        let value = decode(&mut heap, kind, &source);
        assert_eq!(heap.store.height(), 0, "the stack is as it was");
        let nothing = &self.named("acme.Nothing").1;
        value.map(|value| of_value(&heap.view(), &value, nothing))
    }
}

/// What we read another reader reads, and alike. It reads more: a map in a group, for one.
#[track_caller]
fn agree(types: &Types, name: &str, bytes: &[u8]) {
    let (kind, descriptor) = types.named(name);
    let Ok(ours) = types.ours(kind, bytes) else { return };
    let theirs = DynamicMessage::decode(descriptor.clone(), bytes);
    let theirs = theirs.unwrap_or_else(|error| panic!("{error}: {bytes:02x?}"));
    if !has_strangers(&theirs) {
        assert_eq!(ours, of_message(&theirs), "{bytes:02x?}");
    }
}

/// As `agree`, of bytes that must be read.
#[track_caller]
fn read(types: &Types, name: &str, bytes: &[u8]) {
    let ours = types.ours(types.named(name).0, bytes);
    assert!(ours.is_ok(), "{bytes:02x?}: {ours:?}");
    agree(types, name, bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_another_writer_writes_is_read(seed in any::<u64>()) {
        let types = Types::new();
        for name in ["acme.All", "acme.old.Old"] {
            let message = random(types.named(name).1, seed);
            read(&types, name, &message.encode_to_vec());
        }
    }

    #[test]
    fn parts_are_merged(one in any::<u64>(), two in any::<u64>()) {
        let types = Types::new();
        for name in ["acme.All", "acme.old.Old"] {
            let descriptor = types.named(name).1;
            let mut bytes = random(descriptor, one).encode_to_vec();
            bytes.extend(random(descriptor, two).encode_to_vec());
            read(&types, name, &bytes);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let types = Types::new();
        for name in ["acme.All", "acme.old.Old"] {
            agree(&types, name, &bytes);
        }
    }
}

#[test]
fn every_cut_and_every_flipped_bit_is_read_or_refused() {
    let types = Types::new();
    for (name, seeds) in [("acme.All", 0..12), ("acme.old.Old", 0..12)] {
        for seed in seeds {
            let bytes = random(types.named(name).1, seed).encode_to_vec();
            for end in 0..bytes.len() {
                agree(&types, name, &bytes[..end]);
            }
            for bit in 0..8 * bytes.len() {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                agree(&types, name, &bytes);
            }
        }
    }
}

#[test]
fn numbers_that_a_closed_enum_does_not_have_are_not_known() {
    let types = Types::new();
    let kind = types.named("acme.old.Old").0;
    for (bytes, fields) in [
        (&[0x20, 9][..], vec![(0, Tree::Bytes(vec![0x20, 9]))]),
        (&[0x20, 1, 0x20, 9], vec![(0, Tree::Bytes(vec![0x20, 9])), (4, Tree::Int(1))]),
        (
            &[0x32, 3, 1, 9, 2],
            vec![
                (0, Tree::Bytes(vec![0x30, 9])),
                (6, Tree::List(vec![Tree::Int(1), Tree::Int(2)])),
            ],
        ),
    ] {
        assert_eq!(types.ours(kind, bytes), Ok(Tree::Message(fields)), "{bytes:02x?}");
    }
}

#[test]
fn a_refusal_names_the_byte() {
    let types = Types::new();
    let kind = types.named("acme.All").0;
    for (bytes, at, fault) in [
        (&[0x0A, 0x00][..], 0, WireFault::WireType),
        (&[0x68, 0x01, 0x88, 0x01, 0x01], 2, WireFault::WireType),
        (&[0x72, 0x02, 0x61, 0xFF], 3, WireFault::NotUtf8),
        (&[0x8A, 0x01, 0x04, 0x72, 0x02, 0x61, 0xFF], 6, WireFault::NotUtf8),
        (&[0x8A, 0x01, 0x02, 0x72, 0x02], 5, WireFault::Truncated),
        (&[0x8A, 0x01, 0x03, 0x72, 0x02], 5, WireFault::Truncated),
        (&[0xEA, 0x01, 0x02, 0x0A, 0x05], 5, WireFault::Truncated),
        (&[0xA2, 0x01, 0x02, 0x01, 0x80], 5, WireFault::Truncated),
        (&[0x7B, 0x7C], 0, WireFault::WireType),
    ] {
        assert_eq!(types.ours(kind, bytes), Err(WireError { at, fault }), "{bytes:02x?}");
    }
}

#[test]
fn messages_nest_as_deep_as_a_context() {
    let types = Types::new();
    let kind = types.named("acme.All").0;
    let nested = |depth: usize| {
        let mut bytes = Vec::new();
        for _ in 0..depth {
            let mut outer = vec![0x8A, 0x01];
            prost_reflect::prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
            outer.extend(bytes);
            bytes = outer;
        }
        types.ours(kind, &bytes).map(|_| ()).map_err(|error| error.fault)
    };
    assert_eq!(nested(63), Ok(()));
    assert_eq!(nested(64), Err(WireFault::TooDeep));
    assert_eq!(nested(5_000), Err(WireFault::TooDeep));
}
