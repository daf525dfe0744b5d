//! Where the bytes are that structure a text.

/// Bytes that are looked through at a time, so that what is found in them, and they, are still in the nearest cache when it is used.
const PIECE: usize = 8192;

/// The positions of three bytes in a text, in order.
pub(super) struct Marks<'a> {
    text: &'a [u8],
    bytes: [u8; 3],
    /// Bytes that were looked through.
    seen: usize,
    /// What was found, with room for what is written behind it; of this, what comes next, and how many there are.
    found: [u32; PIECE + 4],
    next: usize,
    len: usize,
}

impl<'a> Marks<'a> {
    pub(super) fn new(text: &'a [u8], bytes: [u8; 3]) -> Self {
        Self { text, bytes, seen: 0, found: [0; PIECE + 4], next: 0, len: 0 }
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

    /// The next `n` positions, if they are known already.
    #[inline]
    pub(super) fn ahead(&mut self, n: usize) -> Option<&[u32]> {
        if self.next == self.len && self.seen < self.text.len() {
            self.look();
        }
        self.found[self.next..self.len].get(..n)
    }

    /// Passes over `n` positions that are known.
    #[inline]
    pub(super) fn skip(&mut self, n: usize) {
        self.next += n;
    }

    /// Looks through the next piece.
    fn look(&mut self) {
        let piece = &self.text[self.seen..];
        let piece = &piece[..piece.len().min(PIECE)];
        let (whole, rest) = piece.as_chunks::<64>();
        self.len = 0;
        for (i, chunk) in whole.iter().enumerate() {
            self.push(mask(chunk, self.bytes), 64 * i);
        }
        if !rest.is_empty() {
            let mut chunk = [0; 64];
            chunk[..rest.len()].copy_from_slice(rest);
            self.push(mask(&chunk, self.bytes) & !(!0 << rest.len()), 64 * whole.len());
        }
        self.next = 0;
        self.seen += piece.len();
    }

    /// Appends the positions of the bits that are set, of those behind `start` of a piece, four at a time: how many there are would be hard to
    /// foretell for a processor.
    #[inline]
    fn push(&mut self, mut mask: u64, start: usize) {
        let (mut at, start) = (self.len, (self.seen + start) as u32);
        self.len += mask.count_ones() as usize;
        loop {
            for place in &mut self.found[at..at + 4] {
                *place = start + mask.trailing_zeros();
                mask &= mask.wrapping_sub(1);
            }
            if mask == 0 {
                break;
            }
            at += 4;
        }
    }
}

/// A bit for each byte that is one of three. Compilers make vector instructions of all but the last steps.
#[inline]
fn mask(chunk: &[u8; 64], bytes: [u8; 3]) -> u64 {
    let mut bits = [0; 64];
    for (at, (bit, byte)) in bits.iter_mut().zip(chunk).enumerate() {
        let is_one = (*byte == bytes[0]) | (*byte == bytes[1]) | (*byte == bytes[2]);
        *bit = if is_one { 1 << (at / 8) } else { 0 };
    }
    // Bit i of byte j is that of byte j of word i.
    let words = bits.as_chunks().0.iter();
    transposed(words.fold(0, |mask, word| mask | u64::from_le_bytes(*word)))
}

/// The square of eight by eight bits with rows and columns exchanged: within squares of two by two, those of four by four, and all.
#[inline]
fn transposed(x: u64) -> u64 {
    let exchange = |x: u64, by: u32, which: u64| {
        let different = (x ^ x >> by) & which;
        x ^ different ^ different << by
    };
    let x = exchange(x, 7, 0x00aa_00aa_00aa_00aa);
    let x = exchange(x, 14, 0x0000_cccc_0000_cccc);
    exchange(x, 28, 0x0000_0000_f0f0_f0f0)
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
    fn known_positions_are_ahead() {
        let mut marks = Marks::new(b"a,bc,d\n,", *b",\n\"");
        assert_eq!(marks.ahead(3), Some(&[1, 4, 6][..]));
        marks.skip(2);
        assert!(marks.ahead(3).is_none());
        assert_eq!(marks.next(), Some(6));
        assert_eq!(marks.ahead(1), Some(&[7][..]));
    }
}
