//! Events of system calls as captures (`.scap`) have them: an event block of version 2.

/// Values of an event in their order, as their types are laid out.
#[derive(Debug, Default)]
pub struct Values(Vec<Vec<u8>>);

/// No value yet.
pub fn values() -> Values {
    Values::default()
}

impl Values {
    /// A number of 64 bits, such as a result, a descriptor or a process.
    #[must_use]
    pub fn i64(self, value: i64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A number of 32 bits, such as flags or a user.
    #[must_use]
    pub fn u32(self, value: u32) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A text, with the NUL behind it.
    #[must_use]
    pub fn text(self, value: &str) -> Self {
        self.bytes(&[value.as_bytes(), &[0]].concat())
    }

    /// Whatever else.
    #[must_use]
    pub fn bytes(mut self, value: &[u8]) -> Self {
        self.0.push(value.to_vec());
        self
    }
}

/// Adds an event to a capture that has begun: when it happened and in which thread, its type by the
/// number of the schema.
pub fn event(capture: &mut Vec<u8>, moment: (u64, i64), code: u16, values: &Values) {
    let lengths: Vec<u8> = values
        .0
        .iter()
        .flat_map(|value| u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes())
        .collect();
    put(capture, moment, code, values, (0x216, &lengths));
}

/// The same of a type whose values may be large: what tells of containers.
pub fn large_event(capture: &mut Vec<u8>, moment: (u64, i64), code: u16, values: &Values) {
    let lengths: Vec<u8> = values
        .0
        .iter()
        .flat_map(|value| u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes())
        .collect();
    put(capture, moment, code, values, (0x221, &lengths));
}

fn put(
    capture: &mut Vec<u8>,
    (time, tid): (u64, i64),
    code: u16,
    values: &Values,
    (block, lengths): (u32, &[u8]),
) {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut body = 0_u16.to_le_bytes().to_vec();
    body.extend_from_slice(&time.to_le_bytes());
    body.extend_from_slice(&tid.to_le_bytes());
    let size = 26 + lengths.len() + values.0.iter().map(Vec::len).sum::<usize>();
    body.extend_from_slice(&length(size).to_le_bytes());
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&length(values.0.len()).to_le_bytes());
    body.extend_from_slice(lengths);
    values.0.iter().for_each(|value| body.extend_from_slice(value));
    body.resize(body.len().next_multiple_of(4), 0);
    let total = length(body.len() + 12).to_le_bytes();
    capture.extend_from_slice(&block.to_le_bytes());
    capture.extend_from_slice(&total);
    capture.extend_from_slice(&body);
    capture.extend_from_slice(&total);
}
