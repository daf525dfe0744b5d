//! Fields that are read as numbers together, nearly without branches.
//!
//! What is written otherwise than usual is for the standard library.

use evenkeel_tensor::kernel;

use super::decimal::{Digits, LANES, WINDOW, Words, cut, join, letters_e};
use super::power::Scaled;

/// Fields, and the numbers that they are.
pub(super) struct Batch {
    words: Words,
    digits: Digits,
    scaled: Scaled<LANES>,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self { words: Words::new(), digits: Digits::new(), scaled: Scaled::new() }
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

    #[test]
    fn what_was_read_before_does_not_count() {
        let text = b"........................1.5e7,2.5,-0.25e-3,x,77,1e1,.......";
        let places = [(24, 29), (30, 33), (34, 42), (43, 44), (45, 47), (48, 51)];
        let mut batch = Batch::new();
        for first in 0..places.len() {
            for last in first..places.len() {
                let fields = &places[first..=last];
                let alone: Vec<_> = Batch::new().read(text, fields.iter().copied()).0[..fields.len()].to_vec();
                let found = &batch.read(text, fields.iter().copied()).0[..fields.len()];
                assert!(found.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits()));
                for (x, &(start, end)) in found.iter().zip(fields) {
                    assert_eq!(
                        Some(*x).filter(|x| !x.is_nan()),
                        str::from_utf8(&text[start..end]).unwrap().parse().ok()
                    );
                }
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
