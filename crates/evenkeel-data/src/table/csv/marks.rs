//! Where the bytes are that structure a text.

use evenkeel_tensor::kernel;

/// Bytes that are looked through at a time, so that what is found in them, and they, are still in the nearest cache when it is used.
const PIECE: usize = 4096;

/// Room for the positions in two pieces, and for what is written behind them.
const FOUND: usize = 2 * PIECE + 4;

/// The positions of three bytes in a text, in order.
pub(super) struct Marks<'a> {
    text: &'a [u8],
    bytes: [u8; 3],
    /// Bytes that were looked through.
    seen: usize,
    /// A bit for each byte of the piece, first in a byte of its own, then in one for eight of them.
    bits: [[u8; 8]; PIECE / 8],
    masks: [u8; PIECE / 8],
    /// Whether all bytes that were looked through are ASCII.
    ascii: bool,
    /// What was found, perhaps also in the piece before, with room for what is written behind it; of this, what comes next, and how many
    /// there are.
    found: [u32; FOUND],
    next: usize,
    len: usize,
}

impl<'a> Marks<'a> {
    pub(super) fn new(text: &'a [u8], bytes: [u8; 3]) -> Self {
        let (bits, masks) = ([[0; 8]; PIECE / 8], [0; PIECE / 8]);
        Self { text, bytes, seen: 0, ascii: true, bits, masks, found: [0; FOUND], next: 0, len: 0 }
    }

    /// The next position.
    #[inline]
    pub(super) fn next(&mut self) -> Option<usize> {
        while self.next == self.len {
            if self.seen == self.text.len() {
                return None;
            }
            self.look();
        }
        self.next += 1;
        Some(self.found[self.next - 1] as usize)
    }

    /// The next `n` positions, if they are in the text that was looked through, or the next piece.
    #[inline]
    pub(super) fn ahead(&mut self, n: usize) -> Option<&[u32]> {
        if self.len - self.next < n.min(PIECE) && self.seen < self.text.len() {
            self.look();
        }
        self.found[self.next..self.len].get(..n)
    }

    /// Passes over `n` positions that are known.
    #[inline]
    pub(super) fn skip(&mut self, n: usize) {
        self.next += n;
    }

    /// Whether all bytes that were looked through are ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Looks through the next piece. At most as many positions as a piece has may be left.
    fn look(&mut self) {
        let piece = &self.text[self.seen..];
        let piece = &piece[..piece.len().min(PIECE)];
        self.mask(piece);
        self.found.copy_within(self.next..self.len, 0);
        (self.next, self.len) = (0, self.len - self.next);
        let starts = (self.seen as u32..).step_by(64);
        let masks = self.masks.as_chunks().0.iter().map(|&mask| u64::from_le_bytes(mask)).zip(starts);
        for (mask, start) in masks.take(piece.len().div_ceil(64)) {
            push(&mut self.found[self.len..], mask, start);
            self.len += mask.count_ones() as usize;
        }
        self.seen += piece.len();
    }

    /// Makes the masks of a piece. Compilers make vector instructions of it.
    fn mask(&mut self, piece: &[u8]) {
        let [a, b, c] = self.bytes;
        let Self { bits, masks, ascii, .. } = self;
        kernel::simd(
            #[inline(always)]
            move || {
                let mut all = 0;
                for (bit, byte) in bits.as_flattened_mut().iter_mut().zip(piece) {
                    *bit = ((*byte == a) | (*byte == b) | (*byte == c)).into();
                    all |= byte;
                }
                *ascii &= all.is_ascii();
                bits.as_flattened_mut()[piece.len()..].fill(0);
                for (mask, bits) in masks.iter_mut().zip(bits) {
                    // The lowest bits of all bytes side by side: first of two, then of four.
                    let x = u64::from_le_bytes(*bits);
                    let x = x | x >> 7;
                    let x = x | x >> 14;
                    *mask = (x | x >> 28) as u8;
                }
            },
        );
    }
}

/// Puts the positions of the bits that are set into `found`, four at a time: how many there are would be hard to foretell for a processor.
#[inline(always)]
fn push(found: &mut [u32], mut mask: u64, start: u32) {
    for four in found.as_chunks_mut::<4>().0 {
        for place in four {
            *place = start + mask.trailing_zeros();
            mask &= mask.wrapping_sub(1);
        }
        if mask == 0 {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], bytes: [u8; 3]) {
        let mut marks = Marks::new(text, bytes);
        let found: Vec<_> = std::iter::from_fn(|| marks.next()).collect();
        let expected: Vec<_> = (0..text.len()).filter(|&at| bytes.contains(&text[at])).collect();
        assert_eq!(found, expected);
        assert!(marks.next().is_none() && marks.ahead(1).is_none());
    }

    #[test]
    fn all_positions_are_found() {
        let text: Vec<u8> = (0..300u32).map(|i| (i * i / 7) as u8).collect();
        for len in 0..text.len() {
            check(&text[..len], [b',', b'\n', b'"']);
            check(&text[..len], [0, 255, 255]);
        }
        // Nothing else, nothing at all, and few, over several pieces.
        for byte in *b",x" {
            check(&vec![byte; 3 * PIECE + 1], *b",\n\"");
        }
        let few: Vec<u8> = (0..3 * PIECE).map(|i| if i % 5000 == 4999 { b',' } else { b'x' }).collect();
        check(&few, *b",\n\"");
    }

    #[test]
    fn positions_in_two_pieces_are_ahead_together() {
        let mut text = vec![b'x'; 2 * PIECE + 100];
        let places = [PIECE - 2, PIECE - 1, PIECE, PIECE + 70, 2 * PIECE + 5].map(|place| place as u32);
        places.iter().for_each(|&place| text[place as usize] = b',');
        let mut marks = Marks::new(&text, *b",\n\"");
        assert_eq!(marks.ahead(1), Some(&places[..1]));
        marks.skip(1);
        assert_eq!(marks.ahead(3), Some(&places[1..4]));
        assert!(marks.ahead(5).is_none());
        marks.skip(3);
        assert_eq!(marks.next(), Some(2 * PIECE + 5));
    }

    #[test]
    fn a_byte_beyond_ascii_is_seen() {
        for at in [0, 63, 64, PIECE - 1, PIECE, 2 * PIECE] {
            let mut text = vec![b'x'; 2 * PIECE + 1];
            text[at] = 0x80;
            let mut marks = Marks::new(&text, *b",\n\"");
            assert!(marks.next().is_none() && !marks.is_ascii());
        }
        let mut marks = Marks::new(b"x", *b",\n\"");
        assert!(marks.next().is_none() && marks.is_ascii());
    }

    #[test]
    fn known_positions_are_ahead() {
        let mut marks = Marks::new(b"a,bc,d\n,", *b",\n\"");
        assert_eq!(marks.ahead(3), Some(&[1, 4, 6][..]));
        marks.skip(2);
        assert!(marks.ahead(3).is_none());
        assert_eq!(marks.next(), Some(6));
        assert_eq!(marks.ahead(1), Some(&[7][..]));
    }
}
