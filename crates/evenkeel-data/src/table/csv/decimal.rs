//! Numbers w 10^q from decimal digits, many at a time and without branches.
//!
//! The digits before the point are in one word of eight bytes, those behind it in three that end where the field ends, whatever its length:
//! what does not belong to them is cut off, and a few multiplications make numbers of eight digits of each. -q digits are behind the point.

use super::power::{LIMIT, Scaled};

/// The most digits that count: all numbers of so many are less than 2^64.
const DIGITS: u64 = 19;

/// The bytes of three words, which a field has at most.
pub(super) const WINDOW: usize = 24;

/// `TENS[n]` is 10^n, up to [`DIGITS`].
static TENS: [u64; 32] = {
    let mut tens = [1; 32];
    let mut n = 1;
    while n < 32 {
        tens[n] = if n as u64 <= DIGITS { 10 * tens[n - 1] } else { 0 };
        n += 1;
    }
    tens
};

/// Fields that are read together.
pub(super) const LANES: usize = 32;

/// Fields as words of text.
pub(super) struct Words {
    /// The first eight bytes.
    pub(super) first: [u64; LANES],
    /// The 24 bytes that end where the digits end.
    pub(super) last: [[u64; LANES]; 3],
    /// The bytes of the digits, the point, and the minus; 0, or more than a window, for fields that are no numbers.
    pub(super) len: [u64; LANES],
    pub(super) exponent: [i64; LANES],
}

/// Their digits.
pub(super) struct Digits {
    /// Three words of eight, the first digit in the lowest byte, and by what the first of them is multiplied.
    words: [[[u8; 8]; LANES]; 3],
    tens: [u64; LANES],
}

impl Words {
    pub(super) const fn new() -> Self {
        let zeros = [0; LANES];
        Self { first: zeros, last: [zeros; 3], len: zeros, exponent: [0; LANES] }
    }
}

impl Digits {
    pub(super) const fn new() -> Self {
        Self { words: [[[0; 8]; LANES]; 3], tens: [0; LANES] }
    }
}

/// The digits, exponents and signs of all fields, by the same steps, which compilers make vector instructions of. Whether there may be some
/// with an exponent among them.
#[inline(always)]
pub(super) fn cut(words: &Words, digits: &mut Digits, scaled: &mut Scaled<LANES>) -> bool {
    let (Digits { words: [upper, middle, lower], tens }, Scaled { q, marks, .. }) = (digits, scaled);
    let mut exponents = 0;
    for lane in 0..LANES {
        exponents |= letters_e(words.last[2][lane]);
        let first = words.first[lane];
        let minus = first & 0xff == u64::from(b'-');
        let (first, len) =
            if minus { (first >> 8, words.len[lane].saturating_sub(1)) } else { (first, words.len[lane]) };
        let points = zero_bytes(first ^ bytes(b'.'));
        let point = u64::from(points.trailing_zeros() / 8);
        let has_point = (points != 0) & (point < len);
        // Without a point all the digits are like those behind one.
        let before = if has_point { point } else { 0 };
        let behind = if has_point { len - point - 1 } else { len };
        let front = ((first ^ bytes(b'0')) << 8) << (56 - 8 * before);
        let last = |i: usize, n: u64| (words.last[i][lane] ^ bytes(b'0')) & upper_bytes(n);
        // What is more than two words goes behind the digits before the point: together these are few, if there are no more than count.
        let more = behind.saturating_sub(16);
        let head = front.checked_shr(8 * more as u32).unwrap_or(0) | last(0, more);
        let (b, c) = (last(1, behind.saturating_sub(8)), last(2, behind));
        // The upper bit of each byte that is no digit; only what lies above such a byte may be wrong.
        let odd = |x: u64| x.wrapping_add(bytes(0x76)) | x;
        let odd = (odd(head) | odd(b) | odd(c)) & bytes(0x80);
        let n = before + behind;
        let power = words.exponent[lane] - if has_point { behind as i64 } else { 0 };
        let sound = (odd == 0)
            & (n > 0)
            & (len <= WINDOW as u64)
            & (behind <= DIGITS)
            & ((front == 0) | (n <= DIGITS))
            & (power.abs() <= LIMIT);
        marks[lane] = if sound { u64::from(minus) << 63 } else { !0 };
        tens[lane] = TENS[(behind - more) as usize % 32];
        (upper[lane], middle[lane], lower[lane]) = (head.to_le_bytes(), b.to_le_bytes(), c.to_le_bytes());
        q[lane] = power;
    }
    exponents != 0
}

/// Makes numbers of words of eight digits, of which the first is the lowest byte: those of pairs, of pairs of these, and of pairs of these.
#[inline(always)]
pub(super) fn join(digits: &mut Digits, w: &mut [u64; LANES]) {
    let flat = digits.words.as_flattened_mut().as_flattened_mut();
    for pair in flat.as_chunks_mut().0 {
        let x = u16::from_le_bytes(*pair);
        *pair = ((x & 0xff).wrapping_mul(10).wrapping_add(x >> 8)).to_le_bytes();
    }
    // Two digits are less than 2^15, and products of so few bits are the fastest.
    for four in flat.as_chunks_mut().0 {
        let x = u32::from_le_bytes(*four);
        *four = ((x & 0x7fff).wrapping_mul(100).wrapping_add(x >> 16)).to_le_bytes();
    }
    for (lane, w) in w.iter_mut().enumerate() {
        let eight = |i: usize| {
            let x = u64::from_le_bytes(digits.words[i][lane]);
            (x & 0xffff_ffff) * 10_000 + (x >> 32)
        };
        // The middle is a product of 32 bits each.
        let middle = u64::from(eight(1) as u32) * u64::from(TENS[8] as u32);
        *w = eight(0).wrapping_mul(digits.tens[lane]).wrapping_add(middle + eight(2));
    }
}

/// The same byte eight times.
const fn bytes(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The lowest bit that is set is the upper one of the lowest byte that is zero.
#[inline(always)]
fn zero_bytes(x: u64) -> u64 {
    x.wrapping_sub(bytes(1)) & !x & bytes(0x80)
}

/// The lowest bit that is set is the upper one of the lowest byte that is an `e`, small or not.
#[inline(always)]
pub(super) fn letters_e(x: u64) -> u64 {
    zero_bytes((x | bytes(0x20)) ^ bytes(b'e'))
}

/// Selects the `n` upper bytes, or all of them.
#[inline(always)]
fn upper_bytes(n: u64) -> u64 {
    // Vectors are shifted by 64 bits as well.
    !(!0u64).checked_shr(8 * n as u32).unwrap_or(0)
}
