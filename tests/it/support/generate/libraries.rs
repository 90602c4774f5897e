//! The extension libraries, a table each.

use super::write::Row;

/// Every library that expressions may be made of, beside the standard one.
pub(crate) const ALL: &[&[Row]] = &[
    OPTIONAL,
    STRINGS,
    FORMAT,
    MATH,
    LISTS,
    SETS,
    ENCODERS,
    REGEX,
    BINDINGS,
    TWO_VARIABLES,
    NETWORK,
];

pub(crate) const OPTIONAL: &[Row] = &[
    (8, "?T", "optional.of(<T>)"),
    (4, "?T", "optional.ofNonZeroValue(<T>)"),
    (2, "?T", "<?T>.or(<?T>)"),
    (3, "T", "<?T>.orValue(<T>)"),
    (1, "T", "<?T>.value()"),
    (3, "bool", "<?T>.hasValue()"),
    (3, "?T", "<{string:T}>.?x"),
    (2, "?T", "<{K:T}>[?<K>]"),
    (2, "?T", "<[T]>[?<int>]"),
    (1, "?T", "<?{string:T}>.?x"),
    (1, "?T", "<?{string:T}>.x"),
    (1, "?T", "<?[T]>[<int>]"),
    (1, "?T", "<?{K:T}>[?<K>]"),
    (1, "dyn", "<dyn>.?x.orValue(<T>)"),
    (1, "dyn", "<dyn>[?<int>].orValue(<T>)"),
    (1, "bool", "has(<{string:{string:T}}>.?x.y)"),
    (2, "[T]", "[?<?T>]"),
    (2, "[T]", "[<T>, ?<?T>]"),
    (2, "{K:T}", "{?<K>: <?T>}"),
    (2, "{string:T}", "{?'x': <?T>, 'y': <T>}"),
    (2, "?T", "<?S>.optMap($a, <T; a=S>)"),
    (2, "?T", "<?S>.optFlatMap($a, <?T; a=S>)"),
    (2, "?T", "<[T]>.first()"),
    (2, "?T", "<[T]>.last()"),
    (1, "[T]", "optional.unwrap(<[?T]>)"),
    (1, "[T]", "<[?T]>.unwrapOpt()"),
];

pub(crate) const STRINGS: &[Row] = &[
    (2, "string", "<string>.charAt(<int>)"),
    (1, "int", "<string>.indexOf(<string>)"),
    (1, "int", "<string>.indexOf(<string>, 1)"),
    (1, "int", "<string>.lastIndexOf(<string>)"),
    (1, "int", "<string>.lastIndexOf(<string>, <int>)"),
    (2, "string", "<string>.lowerAscii()"),
    (2, "string", "<string>.upperAscii()"),
    (2, "string", "<string>.replace(<string>, <string>)"),
    (1, "string", "<string>.replace(<string>, <string>, <int>)"),
    (3, "[string]", "<string>.split(<string>)"),
    (2, "[string]", "<string>.split(<string>, <int>)"),
    (1, "string", "<string>.substring(<int>)"),
    (1, "string", "<string>.substring(0, <int>)"),
    (2, "string", "<string>.trim()"),
    (2, "string", "<[string]>.join()"),
    (2, "string", "<[string]>.join(<string>)"),
    (2, "string", "<string>.reverse()"),
    (2, "string", "strings.quote(<string>)"),
];

/// `format` of the library of strings; several peers lack it.
pub(crate) const FORMAT: &[Row] = &[
    (2, "string", "'%s'.format([<T>])"),
    (1, "string", "'%s%%%s'.format([<T>, <S>])"),
    (1, "string", "'%d'.format([<N>])"),
    (1, "string", "'%.3f|%e'.format([<double>, <double>])"),
    (1, "string", "'%x %X %o'.format([<I>, <I>, <I>])"),
    (1, "string", "'%x%X'.format([<string>, <bytes>])"),
    (1, "string", "'%b'.format([<I>])"),
];

pub(crate) const MATH: &[Row] = &[
    (1, "N", "math.greatest(<N>, <N>)"),
    (1, "N", "math.least(<N>, <N>)"),
    (1, "N", "math.greatest([<N>, <N>, <N>])"),
    (2, "dyn", "math.least(<N>, <int>, <double>)"),
    (2, "double", "math.ceil(<double>)"),
    (2, "double", "math.floor(<double>)"),
    (2, "double", "math.round(<double>)"),
    (2, "double", "math.trunc(<double>)"),
    (1, "bool", "math.isInf(<double>)"),
    (1, "bool", "math.isNaN(<double>)"),
    (1, "bool", "math.isFinite(<double>)"),
    (1, "N", "math.abs(<N>)"),
    (1, "N", "math.sign(<N>)"),
    (1, "I", "math.bitAnd(<I>, <I>)"),
    (1, "I", "math.bitOr(<I>, <I>)"),
    (1, "I", "math.bitXor(<I>, <I>)"),
    (1, "I", "math.bitNot(<I>)"),
    (1, "I", "math.bitShiftLeft(<I>, <int>)"),
    (1, "I", "math.bitShiftRight(<I>, <int>)"),
    (1, "double", "math.sqrt(<N>)"),
];

pub(crate) const LISTS: &[Row] = &[
    (1, "[T]", "<[T]>.slice(0, <int>)"),
    (1, "[T]", "[<T>, <T>, <T>].slice(1, 2)"),
    (2, "[T]", "<[T]>.distinct()"),
    (2, "[T]", "<[T]>.reverse()"),
    (2, "[O]", "<[O]>.sort()"),
    (1, "[T]", "<[T]>.sortBy($a, <O; a=T>)"),
    (1, "[int]", "lists.range(3)"),
    (1, "[dyn]", "<[[int]]>.flatten()"),
    (1, "[dyn]", "dyn([[<T>], [[<S>]]]).flatten(2)"),
];

pub(crate) const SETS: &[Row] = &[
    (2, "bool", "sets.contains(<[T]>, <[T]>)"),
    (2, "bool", "sets.equivalent(<[T]>, <[T]>)"),
    (2, "bool", "sets.intersects(<[T]>, <[T]>)"),
];

pub(crate) const ENCODERS: &[Row] = &[
    (1, "string", "base64.encode(<bytes>)"),
    (1, "bytes", "base64.decode(base64.encode(<bytes>))"),
    (1, "bytes", "base64.decode(<string>)"),
];

pub(crate) const REGEX: &[Row] = &[
    (1, "string", "regex.replace(<string>, '[ab]', <string>)"),
    (1, "string", "regex.replace(<string>, '(.)(X)', r'\\2\\1', <int>)"),
    (1, "?string", "regex.extract(<string>, '([a-z])')"),
    (1, "[string]", "regex.extractAll(<string>, '.')"),
];

pub(crate) const BINDINGS: &[Row] = &[(4, "T", "cel.bind($a, <S>, <T; a=S>)")];

pub(crate) const TWO_VARIABLES: &[Row] = &[
    (1, "bool", "<[T]>.all($a, $b, <bool; a=int, b=T>)"),
    (1, "bool", "<[T]>.exists($a, $b, <bool; a=int, b=T>)"),
    (1, "bool", "<{K:T}>.all($a, $b, <bool; a=K, b=T>)"),
    (1, "bool", "<{K:T}>.exists($a, $b, <bool; a=K, b=T>)"),
    (1, "bool", "<{K:T}>.existsOne($a, $b, <bool; a=K, b=T>)"),
    (1, "[T]", "<[S]>.transformList($a, $b, <T; a=int, b=S>)"),
    (1, "[T]", "<{K:S}>.transformList($a, $b, <bool; a=K, b=S>, <T; a=K, b=S>)"),
    (1, "{int:T}", "<[S]>.transformMap($a, $b, <T; a=int, b=S>)"),
    (1, "{K:T}", "<{K:S}>.transformMap($a, $b, <T; a=K, b=S>)"),
    (1, "{K:T}", "<{K:S}>.transformMap($a, $b, <bool; a=K, b=S>, <T; a=K, b=S>)"),
    (1, "{K:T}", "<[S]>.transformMapEntry($a, $b, {<K; a=int, b=S>: <T; a=int, b=S>})"),
];

pub(crate) const NETWORK: &[Row] = &[
    (1, "bool", "isIP(<string>)"),
    (1, "bool", "isCIDR(<string>)"),
    (1, "bool", "cidr('10.0.0.0/8').containsIP(<string>)"),
    (1, "int", "ip('::1').family()"),
    (1, "string", "string(cidr('192.168.7.1/16').masked())"),
];
