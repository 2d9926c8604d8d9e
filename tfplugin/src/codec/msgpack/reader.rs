//! Tokens of `MessagePack` over a slice. Every length is held against what is left, so that malformed bytes end in an
//! error and never in a panic or a large allocation. Knows no types. Pure.

use rmp::Marker;

use crate::codec::CodecErrorKind;
use crate::raw::Number;
use crate::types::MAX_DEPTH;

/// One token; the parts of arrays and maps follow it.
#[derive(Debug)]
pub(super) enum Token<'a> {
    Nil,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    /// Text or binary: writers differ in which they use.
    Bytes(&'a [u8]),
    Array(usize),
    Map(usize),
    Extension(i8, &'a [u8]),
}

impl Token<'_> {
    /// How messages call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Nil => "null",
            Self::Bool(_) => "a bool",
            Self::Signed(_) | Self::Unsigned(_) | Self::Float(_) => "a number",
            Self::Bytes(_) => "a string",
            Self::Array(_) => "a list",
            Self::Map(_) => "a map",
            Self::Extension(..) => "an unknown value",
        }
    }

    /// The number that it stands for; texts are read as decimals. `None` when it is no number at all.
    ///
    /// A double is read by its shortest spelling. To Terraform two fractions are equal when their spellings are, and it
    /// writes the same fraction as a double or as text, depending on whether it comes from a function or from a state.
    pub(super) fn to_number(&self) -> Option<Result<Number, CodecErrorKind>> {
        Some(match self {
            Self::Signed(integer) => Ok(Number::from(*integer)),
            Self::Unsigned(integer) => Ok(Number::from(*integer)),
            Self::Float(float) => Number::from_f64_shortest(*float).map_err(CodecErrorKind::Number),
            Self::Bytes(bytes) => {
                text(bytes).and_then(|text| Number::parse(text).map_err(CodecErrorKind::Number))
            }
            Self::Nil | Self::Bool(_) | Self::Array(_) | Self::Map(_) | Self::Extension(..) => return None,
        })
    }
}

/// Bytes as text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, CodecErrorKind> {
    std::str::from_utf8(bytes).map_err(|_| CodecErrorKind::Utf8)
}

/// What is left of the bytes.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Fails when bytes are left.
    pub(super) fn finish(&self) -> Result<(), CodecErrorKind> {
        if self.0.is_empty() { Ok(()) } else { Err(CodecErrorKind::Trailing) }
    }

    /// The next token.
    pub(super) fn token(&mut self) -> Result<Token<'a>, CodecErrorKind> {
        let [first] = self.array()?;
        Ok(match Marker::from_u8(first) {
            Marker::Null => Token::Nil,
            Marker::True => Token::Bool(true),
            Marker::False => Token::Bool(false),
            Marker::FixPos(integer) => Token::Unsigned(integer.into()),
            Marker::FixNeg(integer) => Token::Signed(integer.into()),
            Marker::U8 => Token::Unsigned(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Token::Unsigned(u16::from_be_bytes(self.array()?).into()),
            Marker::U32 => Token::Unsigned(u32::from_be_bytes(self.array()?).into()),
            Marker::U64 => Token::Unsigned(u64::from_be_bytes(self.array()?)),
            Marker::I8 => Token::Signed(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Token::Signed(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => Token::Signed(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => Token::Signed(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Token::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(length) => Token::Bytes(self.take(length.into())?),
            Marker::Str8 | Marker::Bin8 => self.length_8().and_then(|length| self.bytes(length))?,
            Marker::Str16 | Marker::Bin16 => self.length_16().and_then(|length| self.bytes(length))?,
            Marker::Str32 | Marker::Bin32 => self.length_32().and_then(|length| self.bytes(length))?,
            Marker::FixArray(length) => Token::Array(self.parts(length.into(), 1)?),
            Marker::Array16 => self.length_16().and_then(|length| self.parts(length, 1)).map(Token::Array)?,
            Marker::Array32 => self.length_32().and_then(|length| self.parts(length, 1)).map(Token::Array)?,
            Marker::FixMap(length) => Token::Map(self.parts(length.into(), 2)?),
            Marker::Map16 => self.length_16().and_then(|length| self.parts(length, 2)).map(Token::Map)?,
            Marker::Map32 => self.length_32().and_then(|length| self.parts(length, 2)).map(Token::Map)?,
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.length_8().and_then(|length| self.extension(length))?,
            Marker::Ext16 => self.length_16().and_then(|length| self.extension(length))?,
            Marker::Ext32 => self.length_32().and_then(|length| self.extension(length))?,
            Marker::Reserved => {
                return Err(CodecErrorKind::Mismatch { expected: "a value", found: "a reserved byte" });
            }
        })
    }

    /// Passes over the next value, whatever it is.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), CodecErrorKind> {
        if depth >= MAX_DEPTH {
            return Err(CodecErrorKind::TooDeep);
        }
        let parts = match self.token()? {
            Token::Array(length) => length,
            Token::Map(length) => 2 * length,
            _ => 0,
        };
        (0..parts).try_for_each(|_| self.skip(depth + 1))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CodecErrorKind> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CodecErrorKind::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecErrorKind> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(CodecErrorKind::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn length_8(&mut self) -> Result<usize, CodecErrorKind> {
        Ok(u8::from_be_bytes(self.array()?).into())
    }

    fn length_16(&mut self) -> Result<usize, CodecErrorKind> {
        Ok(u16::from_be_bytes(self.array()?).into())
    }

    fn length_32(&mut self) -> Result<usize, CodecErrorKind> {
        usize::try_from(u32::from_be_bytes(self.array()?)).map_err(|_| CodecErrorKind::TooLong)
    }

    fn bytes(&mut self, length: usize) -> Result<Token<'a>, CodecErrorKind> {
        self.take(length).map(Token::Bytes)
    }

    fn extension(&mut self, length: usize) -> Result<Token<'a>, CodecErrorKind> {
        let code = i8::from_be_bytes(self.array()?);
        Ok(Token::Extension(code, self.take(length)?))
    }

    /// A number of parts, each of which takes at least so many bytes.
    fn parts(&self, length: usize, bytes_each: usize) -> Result<usize, CodecErrorKind> {
        if length.saturating_mul(bytes_each) > self.0.len() {
            Err(CodecErrorKind::Truncated)
        } else {
            Ok(length)
        }
    }
}
