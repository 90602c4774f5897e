//! Detectors as functions: whether a text holds something, and all that it holds.
//!
//! In:      strings.
//! Out:     bools, lists of strings.
//! Imports: its own room alone.
//! Source:  `docs/detectors.md`.
//!
//! What is found lies inside the text that was searched, so nothing is copied.

use crate::lang::detect::{Kind, Search};
use crate::lang::error::EvalError;
use crate::lang::functions::regex::{part, string};
use crate::lang::functions::{Cost, Function, Outcome, POLICYC, Sig, global};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Value};

macro_rules! kinds {
    ($(
        $kind:ident, $one:literal, $many:literal:
        $has_number:literal $has:ident $has_name:literal $has_id:literal
        $list_number:literal $list:ident $list_name:literal $list_id:literal
        [$text:literal => $found:literal, $near:literal]
    )*) => {
        /// The rows.
        pub const ROWS: &[Function] = &[$(
            global($has_number, $has_name, $has_id)
                .takes(&[Sig::String], Sig::Bool)
                .of(POLICYC)
                .costs(Cost::Linear)
                .doc(concat!("Whether the text holds ", $one, "."), &[
                    (concat!($has_name, "('", $text, "')"), "true"),
                    (concat!($has_name, "('", $near, "')"), "false"),
                ])
                .calls($has),
            global($list_number, $list_name, $list_id)
                .takes(&[Sig::String], Sig::List(&Sig::String))
                .of(POLICYC)
                .costs(Cost::Linear)
                .keeps_length()
                .doc(concat!("All ", $many, " in the text, as they are spelled there."), &[
                    (concat!($list_name, "('", $text, "')"), concat!("['", $found, "']")),
                    (concat!($list_name, "('", $near, "')"), "[]"),
                ])
                .calls($list),
        )*];

        $(
            fn $has(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
                has(heap, args, Kind::$kind)
            }

            fn $list(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
                all(heap, args, Kind::$kind)
            }
        )*
    };
}

kinds! {
    Email, "an e-mail address", "e-mail addresses":
        369 has_email "detect.hasEmail" "detect_has_email"
        370 emails "detect.emails" "detect_emails"
        ["to ann@example.com, please" => "ann@example.com", "ann at example.com"]
    Phone, "a phone number, international or of North America", "phone numbers":
        371 has_phone "detect.hasPhone" "detect_has_phone"
        372 phones "detect.phones" "detect_phones"
        ["call +41 44 668 18 00" => "+41 44 668 18 00", "call 0446681800"]
    Card, "the number of a payment card, with a right check digit", "numbers of payment cards":
        373 has_card "detect.hasCard" "detect_has_card"
        374 cards "detect.cards" "detect_cards"
        ["card 4111 1111 1111 1111" => "4111 1111 1111 1111", "card 4111 1111 1111 1112"]
    Iban, "an IBAN with right check digits", "IBANs":
        375 has_iban "detect.hasIban" "detect_has_iban"
        376 ibans "detect.ibans" "detect_ibans"
        ["pay DE89 3704 0044 0532 0130 00" => "DE89 3704 0044 0532 0130 00",
            "pay DE88 3704 0044 0532 0130 00"]
    Secret, "a key, a token or a private key with a known mark", "keys, tokens and private keys":
        377 has_secret "detect.hasSecret" "detect_has_secret"
        378 secrets "detect.secrets" "detect_secrets"
        ["key: AKIAIOSFODNN7EXAMPLE" => "AKIAIOSFODNN7EXAMPLE", "key: AKIAIOSFODNN7"]
    NationalId, "a national id of Switzerland, Germany, Spain, France, Italy or the United States",
        "national ids of these six countries":
        379 has_national_id "detect.hasNationalId" "detect_has_national_id"
        380 national_ids "detect.nationalIds" "detect_national_ids"
        ["AHV 756.9217.0769.85" => "756.9217.0769.85", "AHV 756.9217.0769.84"]
    ChAhv, "a Swiss AHV number", "Swiss AHV numbers":
        381 has_ch_ahv "detect.hasChAhv" "detect_has_ch_ahv"
        382 ch_ahvs "detect.chAhvs" "detect_ch_ahvs"
        ["AHV 756.9217.0769.85" => "756.9217.0769.85", "AHV 756.9217.0769.84"]
    DeTaxId, "a German tax id", "German tax ids":
        383 has_de_tax_id "detect.hasDeTaxId" "detect_has_de_tax_id"
        384 de_tax_ids "detect.deTaxIds" "detect_de_tax_ids"
        ["IdNr. 86 095 742 719" => "86 095 742 719", "IdNr. 86 095 742 718"]
    EsDni, "a Spanish DNI or NIE", "Spanish DNI and NIE":
        385 has_es_dni "detect.hasEsDni" "detect_has_es_dni"
        386 es_dnis "detect.esDnis" "detect_es_dnis"
        ["DNI 12345678Z" => "12345678Z", "DNI 12345678A"]
    FrNir, "a French NIR", "French NIR":
        387 has_fr_nir "detect.hasFrNir" "detect_has_fr_nir"
        388 fr_nirs "detect.frNirs" "detect_fr_nirs"
        ["NIR 2 55 08 14 168 025 38" => "2 55 08 14 168 025 38", "NIR 2 55 08 14 168 025 39"]
    ItTaxCode, "an Italian tax code", "Italian tax codes":
        389 has_it_tax_code "detect.hasItTaxCode" "detect_has_it_tax_code"
        390 it_tax_codes "detect.itTaxCodes" "detect_it_tax_codes"
        ["CF RSSMRA85T10A562S" => "RSSMRA85T10A562S", "CF RSSMRA85T10A562T"]
    UsSsn, "a social security number of the United States", "social security numbers":
        391 has_us_ssn "detect.hasUsSsn" "detect_has_us_ssn"
        392 us_ssns "detect.usSsns" "detect_us_ssns"
        ["SSN 219-44-0173" => "219-44-0173", "SSN 666-44-0173"]
}

fn has(heap: &Heap<'_>, args: &[Value], kind: Kind) -> Outcome {
    let text = string(args, 0)?;
    Ok(Value::bool(Search::of(kind).next_in(heap.bytes(text)).is_some()))
}

fn all(heap: &mut Heap<'_>, args: &[Value], kind: Kind) -> Outcome {
    let text = string(args, 0)?;
    let height = heap.store.height();
    let pushed = push_all(heap, text, kind);
    let len = heap.store.height() - height;
    let off = heap.store.finish(height)?;
    pushed?;
    Ok(Value::list(Space::Arena, off, u32::try_from(len).map_err(|_| EvalError::Budget)?, 1))
}

fn push_all(heap: &mut Heap<'_>, text: &Value, kind: Kind) -> Result<(), EvalError> {
    let mut search = Search::of(kind);
    while let Some(range) = search.next_in(heap.bytes(text)) {
        let found = part(heap, text, range)?;
        heap.store.push_stack(found)?;
    }
    Ok(())
}
