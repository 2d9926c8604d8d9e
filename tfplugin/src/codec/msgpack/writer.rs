//! Tokens of `MessagePack` into memory, each in its shortest form. Knows no types. Pure.

use rmp::encode::{self, ByteBuf};

use crate::codec::CodecErrorKind;
use crate::raw::Number;

/// The bytes so far. Writing into memory cannot fail, which the patterns without an error say.
#[derive(Debug, Default)]
pub(super) struct Writer(ByteBuf);

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_vec()
    }

    pub(super) fn nil(&mut self) {
        let Ok(()) = encode::write_nil(&mut self.0);
    }

    pub(super) fn bool(&mut self, value: bool) {
        let Ok(()) = encode::write_bool(&mut self.0, value);
    }

    pub(super) fn integer(&mut self, integer: i64) {
        let Ok(_) = encode::write_sint(&mut self.0, integer);
    }

    /// Integers as integers while they fit, fractions that a double holds exactly and spells alike as a double,
    /// everything else as decimal text: so no digit is lost.
    pub(super) fn number(&mut self, number: &Number) {
        let fraction = number.to_f64_exact().filter(|float| !number.is_integer() && spells(*float, number));
        if let Some(integer) = number.to_i64() {
            self.integer(integer);
        } else if let Some(float) = fraction {
            let Ok(()) = encode::write_f64(&mut self.0, float);
        } else {
            let Ok(()) = encode::write_str(&mut self.0, &number.to_string());
        }
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), CodecErrorKind> {
        length(text.len())?;
        let Ok(()) = encode::write_str(&mut self.0, text);
        Ok(())
    }

    pub(super) fn binary(&mut self, binary: &[u8]) -> Result<(), CodecErrorKind> {
        length(binary.len())?;
        let Ok(()) = encode::write_bin(&mut self.0, binary);
        Ok(())
    }

    /// The head of an array; its elements follow.
    pub(super) fn array(&mut self, elements: usize) -> Result<(), CodecErrorKind> {
        let Ok(_) = encode::write_array_len(&mut self.0, length(elements)?);
        Ok(())
    }

    /// The head of a map; its keys and values follow in turn.
    pub(super) fn map(&mut self, entries: usize) -> Result<(), CodecErrorKind> {
        let Ok(_) = encode::write_map_len(&mut self.0, length(entries)?);
        Ok(())
    }

    pub(super) fn extension(&mut self, code: i8, payload: &[u8]) -> Result<(), CodecErrorKind> {
        let Ok(_) = encode::write_ext_meta(&mut self.0, length(payload.len())?, code);
        self.raw(payload);
        Ok(())
    }

    /// What another writer wrote.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.as_mut_vec().extend_from_slice(bytes);
    }
}

fn spells(float: f64, number: &Number) -> bool {
    Number::from_f64_shortest(float).as_ref() == Ok(number)
}

fn length(length: usize) -> Result<u32, CodecErrorKind> {
    u32::try_from(length).map_err(|_| CodecErrorKind::TooLong)
}
