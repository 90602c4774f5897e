//! What users do with both halves of the product.
