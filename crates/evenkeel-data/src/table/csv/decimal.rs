//! Numbers from decimal digits, many at a time and nearly without branches.
//!
//! The digits before the point are one word of eight bytes, those behind it three that end where the field ends, whatever its length: what
//! does not belong to them is cut off, and a few multiplications make numbers of eight digits of each. The result is w 10^q with -q digits
//! behind the point. All that is written otherwise is for the standard library.

use evenkeel_tensor::kernel;

use super::power::{LIMIT, Scaled};

/// The most digits that count: all numbers of so many are less than 2^64.
const DIGITS: u64 = 19;

/// The bytes of three words, which a field has at most.
const WINDOW: usize = 24;

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
struct Words {
    /// The first eight bytes.
    first: [u64; LANES],
    /// The 24 bytes that end where the digits end.
    last: [[u64; LANES]; 3],
    /// The bytes of the digits, the point, and the minus; 0, or more than a window, for fields that are no numbers.
    len: [u64; LANES],
    exponent: [i64; LANES],
}

/// Their digits.
struct Digits {
    /// Three words of eight, the first digit in the lowest byte, and by what the first of them is multiplied.
    words: [[[u8; 8]; LANES]; 3],
    tens: [u64; LANES],
}

/// Fields, and the numbers that they are.
pub(super) struct Batch {
    words: Words,
    digits: Digits,
    scaled: Scaled<LANES>,
}

impl Batch {
    pub(super) const fn new() -> Self {
        let zeros = [0; LANES];
        let words = Words { first: zeros, last: [zeros; 3], len: zeros, exponent: [0; LANES] };
        let digits = Digits { words: [[[0; 8]; LANES]; 3], tens: zeros };
        Self { words, digits, scaled: Scaled::new() }
    }

    /// Reads the fields at these places of `text`, [`LANES`] at most: the numbers that they are, with those of fields before behind them, and
    /// the largest absolute value of all. A field is read if it is digits, of which 19 count at most, perhaps with a minus before, a point
    /// after at most six of them (seven without a minus), and an exponent behind, and has text on both sides. NaN stands for all else.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        text: &[u8],
        fields: impl Iterator<Item = (usize, usize)> + Clone,
    ) -> (&[f64; LANES], f64) {
        for (lane, (start, end)) in (0..LANES).zip(fields.clone()) {
            self.set(lane, text, start, end);
        }
        if self.convert() {
            for (lane, (start, end)) in (0..LANES).zip(fields) {
                self.set_exponent(lane, text, start, end);
            }
            self.convert();
            self.words.exponent = [0; LANES];
        }
        self.scaled.multiply();
        let Self { scaled, .. } = self;
        let largest = kernel::simd(
            #[inline(always)]
            || scaled.round(),
        );
        (&self.scaled.numbers, largest)
    }

    /// Makes numbers w 10^q of the fields that were set. Whether there may be some with an exponent among them.
    fn convert(&mut self) -> bool {
        let Self { words, digits, scaled } = self;
        kernel::simd(
            #[inline(always)]
            || {
                let exponents = cut(words, digits, scaled);
                join(digits, &mut scaled.w);
                scaled.normalize();
                exponents
            },
        )
    }

    /// Makes the bytes `start..end` of `text` field number `lane`.
    #[inline(always)]
    fn set(&mut self, lane: usize, text: &[u8], start: usize, end: usize) {
        let Some(around) = around(text, end) else {
            self.words.len[lane] = 0;
            return;
        };
        let len = end.wrapping_sub(start);
        // Of a longer field anything will do.
        let first = WINDOW.wrapping_sub(len).min(WINDOW);
        self.words.first[lane] = around[first..].first_chunk().map_or(0, |&first| u64::from_le_bytes(first));
        self.words.len[lane] = len as u64;
        (0..3).for_each(|i| self.words.last[i][lane] = word(around, i));
    }

    /// Makes a field that was set one with an exponent, if it has one.
    fn set_exponent(&mut self, lane: usize, text: &[u8], start: usize, end: usize) {
        let exponents = letters_e(self.words.last[2][lane]);
        let at = (end + (exponents.trailing_zeros() / 8) as usize).wrapping_sub(8);
        if exponents == 0 || at <= start || at >= end || self.words.len[lane] == 0 {
            return;
        }
        self.words.len[lane] = 0;
        let (less, digits) = match &text[at + 1..end] {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] | digits => (false, digits),
        };
        if (1..=3).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) {
            let exponent = digits.iter().fold(0, |sum, digit| 10 * sum + i64::from(digit - b'0'));
            self.set(lane, text, start, at);
            self.words.exponent[lane] = if less { -exponent } else { exponent };
        }
    }
}

/// The digits, exponents and signs of all fields, by the same steps, which compilers make vector instructions of. Whether there may be some
/// with an exponent among them.
#[inline(always)]
fn cut(words: &Words, digits: &mut Digits, scaled: &mut Scaled<LANES>) -> bool {
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
fn join(digits: &mut Digits, w: &mut [u64; LANES]) {
    let flat = digits.words.as_flattened_mut().as_flattened_mut();
    for pair in flat.as_chunks_mut().0 {
        let x = u16::from_le_bytes(*pair);
        *pair = ((x & 0xff).wrapping_mul(10).wrapping_add(x >> 8)).to_le_bytes();
    }
    for four in flat.as_chunks_mut().0 {
        let x = u32::from_le_bytes(*four);
        *four = ((x & 0x7fff).wrapping_mul(100).wrapping_add(x >> 16)).to_le_bytes();
    }
    for lane in 0..LANES {
        let eight = |i: usize| {
            let x = u64::from_le_bytes(digits.words[i][lane]);
            (x & 0xffff_ffff) * 10_000 + (x >> 32)
        };
        // The middle is a product of 32 bits each.
        let middle = u64::from(eight(1) as u32) * u64::from(TENS[8] as u32);
        w[lane] = eight(0).wrapping_mul(digits.tens[lane]).wrapping_add(middle + eight(2));
    }
}

/// The window before `end`, and eight bytes behind.
#[inline(always)]
fn around(text: &[u8], end: usize) -> Option<&[u8; WINDOW + 8]> {
    text.get(end.wrapping_sub(WINDOW)..)?.first_chunk()
}

/// Word `i` of a window.
#[inline(always)]
fn word(around: &[u8; WINDOW + 8], i: usize) -> u64 {
    u64::from_le_bytes(around.as_chunks().0[i])
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
fn letters_e(x: u64) -> u64 {
    zero_bytes((x | bytes(0x20)) ^ bytes(b'e'))
}

/// Selects the `n` upper bytes, or all of them.
#[inline(always)]
fn upper_bytes(n: u64) -> u64 {
    // Vectors are shifted by 64 bits as well.
    !(!0u64).checked_shr(8 * n as u32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads `field` amid other text: what the standard library reads, or nothing. Says whether it was read.
    fn read(field: &[u8]) -> bool {
        let before = b"-1.5e7,9.9e9;99999999999999;333,xxx,";
        let text = [before, field, b",1.e5e.7,"].concat();
        let lane = field.len() % LANES;
        let place = |at: usize| match at {
            _ if at == lane => (before.len(), before.len() + field.len()),
            _ => (28 + 4 * (at % 2), 31 + 4 * (at % 2)),
        };
        let mut batch = Batch::new();
        let (numbers, largest) = batch.read(&text, (0..LANES).map(place));
        assert!(largest.is_nan());
        for (at, &x) in numbers.iter().enumerate().filter(|&(at, _)| at != lane) {
            assert!(if at % 2 == 0 { x == 333.0 } else { x.is_nan() });
        }
        let found = Some(numbers[lane]).filter(|x| !x.is_nan());
        if let Some(found) = found {
            let expected = str::from_utf8(field).ok().and_then(|field| field.parse().ok());
            assert_eq!(Some(found.to_bits()), expected.map(f64::to_bits), "{:?}", String::from_utf8_lossy(field));
        }
        found.is_some()
    }

    #[test]
    fn usual_forms_are_read_and_others_are_left() {
        for field in [
            "0 -0 0. .5 -.5 1. 0.0 00 -00.10 0.1 0.30000000000000004 1234567890123456789 9999999999999999999",
            "-0.1234567890123456789 -123456.7890123456789 1234567.890123456789",
            "1e5 1E+05 -2.5e-3 .5e0 1.e1 -0e0 7e27 7e-27 1.000000000000000000e+00",
        ]
        .iter()
        .flat_map(|fields| fields.split(' '))
        {
            assert!(read(field.as_bytes()), "{field:?}");
        }
        for field in [
            "|-|.|-.|+|+1|--1|1-|1-5|1..5|1.5.|e",
            "e5|.e5|-e5|1e|1e+|1e-|1e5.|1e5e5|1e+-5|1e999e+005|1e999e-005|1e0005|1e28|1e-28|1 | 1|1,5|1/5|1:5|é|½",
            "inf|-inf|nan|infinity|0x1|1_000|10000000000000000000",
            "18446744073709551616|0.12345678901234567891|12345678.9|00000000000000000000.1|123456789012345678901234567890",
        ]
        .iter()
        .flat_map(|fields| fields.split('|'))
        {
            assert!(!read(field.as_bytes()), "{field:?}");
        }
    }

    #[test]
    fn every_byte_everywhere_is_told_from_a_digit() {
        for field in ["7", "-0.5", "12345678", "-123.456789", "1234567.89012345", "12345678901234.5678", "-1.5e-10"] {
            for at in 0..field.len() {
                for byte in 0..=255 {
                    let mut field = field.as_bytes().to_vec();
                    field[at] = byte;
                    read(&field);
                    field.insert(at, b'3');
                    read(&field);
                }
            }
        }
    }

    #[test]
    fn every_length_is_read_or_left() {
        for len in 0..=40 {
            for point in 0..=len {
                for minus in ["", "-"] {
                    let digits: String = "9070605040302010".chars().cycle().take(len).collect();
                    let sound = 0 < len && len < 20;
                    assert_eq!(read(format!("{minus}{digits}").as_bytes()), sound);
                    let field = format!("{minus}{}.{}", &digits[..point], &digits[point..]);
                    assert_eq!(read(field.as_bytes()), sound && point + minus.len() < 8, "{field:?}");
                }
            }
        }
    }

    #[test]
    fn many_numbers_are_read() {
        let (mut state, mut batch) = (7u64, Batch::new());
        for _ in 0..40_000 {
            let mut text = String::from("      1.7e7   9.9e9,,,,");
            let fields = [(); LANES].map(|()| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Of each number of bits, so that none has more than 19 digits, and with a point.
                let mut digits = (state >> (1 + state % 63)).to_string();
                digits.insert((state >> 40) as usize % 7.min(digits.len() + 1), '.');
                let start = text.len();
                text.push_str(&digits);
                text.push_str([", 1e5 .", ",", " "][(state >> 20) as usize % 3]);
                (start, start + digits.len())
            });
            text.push_str("       ");
            let (numbers, largest) = batch.read(text.as_bytes(), fields.into_iter());
            assert_eq!(largest, numbers.iter().copied().fold(0.0, f64::max));
            for ((start, end), x) in fields.into_iter().zip(numbers) {
                let field = &text[start..end];
                let expected: f64 = field.parse().unwrap();
                assert_eq!(x.to_bits(), expected.to_bits(), "{field}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn printed_numbers_are_read_as_they_are_by_the_standard_library(bits: u64, exponent in 970u64..1080, digits in 14usize..25) {
            let usual = f64::from_bits(bits & !(0x7ff << 52) | exponent << 52);
            for x in [f64::from_bits(bits), usual] {
                for field in [format!("{x}"), format!("{x:e}"), format!("{x:E}"), format!("{x:.digits$}"), format!("{x:.digits$e}")] {
                    read(field.as_bytes());
                }
            }
        }

        #[test]
        fn what_looks_like_numbers_is_read_as_it_is_by_the_standard_library(
            field in "[-+]?[0-9]{0,20}[-.e]?[0-9]{0,20}(e[-+]?[0-9]{0,3}){0,2}",
        ) {
            read(field.as_bytes());
        }
    }
}
