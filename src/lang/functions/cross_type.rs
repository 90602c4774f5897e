//! Comparison between kinds of number, for environments that ask for it.
//!
//! In:      two numbers of different kinds.
//! Out:     bools.
//! Imports: its own room alone.
//! Source:  cel-go's option `CrossTypeNumericComparisons`.

use crate::lang::functions::operators::{greater, greater_equals, less, less_equals};
use crate::lang::functions::{CROSS_TYPE, Function, Sig, operator};

/// The rows.
pub const ROWS: &[Function] = &[
    operator(180, "_<_", "less_int64_uint64")
        .takes(&[Sig::Int, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is below a uint.", &[("dyn(1) < 2u", "true")])
        .calls(less),
    operator(181, "_<_", "less_int64_double")
        .takes(&[Sig::Int, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is below a double.", &[("dyn(1) < 2.5", "true")])
        .calls(less),
    operator(182, "_<_", "less_uint64_int64")
        .takes(&[Sig::Uint, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is below an int.", &[("dyn(1u) < 2", "true")])
        .calls(less),
    operator(183, "_<_", "less_uint64_double")
        .takes(&[Sig::Uint, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is below a double.", &[("dyn(1u) < 2.5", "true")])
        .calls(less),
    operator(184, "_<_", "less_double_int64")
        .takes(&[Sig::Double, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is below an int.", &[("dyn(1.0) < 2", "true")])
        .calls(less),
    operator(185, "_<_", "less_double_uint64")
        .takes(&[Sig::Double, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is below a uint.", &[("dyn(1.0) < 2u", "true")])
        .calls(less),
    operator(186, "_<=_", "less_equals_int64_uint64")
        .takes(&[Sig::Int, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is not above a uint.", &[("dyn(1) <= 2u", "true")])
        .calls(less_equals),
    operator(187, "_<=_", "less_equals_int64_double")
        .takes(&[Sig::Int, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is not above a double.", &[("dyn(1) <= 2.5", "true")])
        .calls(less_equals),
    operator(188, "_<=_", "less_equals_uint64_int64")
        .takes(&[Sig::Uint, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is not above an int.", &[("dyn(1u) <= 2", "true")])
        .calls(less_equals),
    operator(189, "_<=_", "less_equals_uint64_double")
        .takes(&[Sig::Uint, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is not above a double.", &[("dyn(1u) <= 2.5", "true")])
        .calls(less_equals),
    operator(190, "_<=_", "less_equals_double_int64")
        .takes(&[Sig::Double, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is not above an int.", &[("dyn(1.0) <= 2", "true")])
        .calls(less_equals),
    operator(191, "_<=_", "less_equals_double_uint64")
        .takes(&[Sig::Double, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is not above a uint.", &[("dyn(1.0) <= 2u", "true")])
        .calls(less_equals),
    operator(192, "_>_", "greater_int64_uint64")
        .takes(&[Sig::Int, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is above a uint.", &[("dyn(2) > 1u", "true")])
        .calls(greater),
    operator(193, "_>_", "greater_int64_double")
        .takes(&[Sig::Int, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is above a double.", &[("dyn(2) > 1.0", "true")])
        .calls(greater),
    operator(194, "_>_", "greater_uint64_int64")
        .takes(&[Sig::Uint, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is above an int.", &[("dyn(2u) > 1", "true")])
        .calls(greater),
    operator(195, "_>_", "greater_uint64_double")
        .takes(&[Sig::Uint, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is above a double.", &[("dyn(2u) > 1.0", "true")])
        .calls(greater),
    operator(196, "_>_", "greater_double_int64")
        .takes(&[Sig::Double, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is above an int.", &[("dyn(2.5) > 1", "true")])
        .calls(greater),
    operator(197, "_>_", "greater_double_uint64")
        .takes(&[Sig::Double, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is above a uint.", &[("dyn(2.5) > 1u", "true")])
        .calls(greater),
    operator(198, "_>=_", "greater_equals_int64_uint64")
        .takes(&[Sig::Int, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is not below a uint.", &[("dyn(2) >= 1u", "true")])
        .calls(greater_equals),
    operator(199, "_>=_", "greater_equals_int64_double")
        .takes(&[Sig::Int, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether an int is not below a double.", &[("dyn(2) >= 1.0", "true")])
        .calls(greater_equals),
    operator(200, "_>=_", "greater_equals_uint64_int64")
        .takes(&[Sig::Uint, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is not below an int.", &[("dyn(2u) >= 1", "true")])
        .calls(greater_equals),
    operator(201, "_>=_", "greater_equals_uint64_double")
        .takes(&[Sig::Uint, Sig::Double], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a uint is not below a double.", &[("dyn(2u) >= 1.0", "true")])
        .calls(greater_equals),
    operator(202, "_>=_", "greater_equals_double_int64")
        .takes(&[Sig::Double, Sig::Int], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is not below an int.", &[("dyn(2.5) >= 1", "true")])
        .calls(greater_equals),
    operator(203, "_>=_", "greater_equals_double_uint64")
        .takes(&[Sig::Double, Sig::Uint], Sig::Bool)
        .of(CROSS_TYPE)
        .doc("Whether a double is not below a uint.", &[("dyn(2.5) >= 1u", "true")])
        .calls(greater_equals),
];
