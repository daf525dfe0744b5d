//! The header: a Python dictionary of three entries.

use evenkeel_tensor::MAX_RANK;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The type with its byte order, such as `<f4`.
    pub(super) descr: String,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// The header in a text such as `{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }`, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut rest = Rest(text.trim_ascii());
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        rest.expect("{").ok_or("no dictionary")?;
        while rest.expect("}").is_none() {
            let key = rest.string().ok_or("an entry without a name")?;
            rest.expect(":").ok_or("an entry without a value")?;
            match key {
                "descr" => descr = Some(rest.string().ok_or("a type that is not simple")?.to_owned()),
                "fortran_order" => fortran_order = Some(rest.boolean().ok_or("an order that is not True or False")?),
                "shape" => shape = Some(rest.extents()?),
                _ => return Err("an unknown entry"),
            }
            if rest.expect(",").is_none() && !rest.0.starts_with('}') {
                return Err("entries without a comma between them");
            }
        }
        if !rest.0.is_empty() {
            return Err("more after the dictionary");
        }
        let (Some(descr), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
            return Err("not all of descr, fortran_order and shape");
        };
        Ok(Self { descr, fortran_order, shape })
    }
}

/// What is left of a header's text.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Passes over `token` and the spaces behind it, if it comes next.
    fn expect(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(token)?.trim_ascii_start();
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = self.0.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        let (string, rest) = self.0[1..].split_once(quote)?;
        self.0 = rest.trim_ascii_start();
        Some(string)
    }

    fn boolean(&mut self) -> Option<bool> {
        self.expect("True").map(|()| true).or_else(|| self.expect("False").map(|()| false))
    }

    fn extents(&mut self) -> Result<Vec<usize>, &'static str> {
        const WRONG: &str = "a shape that is not a tuple of extents";
        self.expect("(").ok_or(WRONG)?;
        let mut extents = Vec::new();
        while self.expect(")").is_none() {
            let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
            let (extent, rest) = self.0.split_at(digits);
            extents.push(extent.parse().map_err(|_| WRONG)?);
            if extents.len() > MAX_RANK {
                return Err("too many axes");
            }
            // Python 2 wrote long integers with an L.
            self.0 = rest.strip_prefix('L').unwrap_or(rest).trim_ascii_start();
            if self.expect(",").is_none() && !self.0.starts_with(')') {
                return Err(WRONG);
            }
        }
        Ok(extents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        let header = |descr: &str, fortran_order, shape: &[usize]| {
            Ok(Header { descr: descr.into(), fortran_order, shape: shape.to_vec() })
        };
        for (text, expected) in [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }   \n", header("<f8", false, &[2, 3])),
            ("{\"shape\":(4,),\"fortran_order\":True,\"descr\":\"|u1\"}", header("|u1", true, &[4])),
            ("{'descr': '>i4', 'fortran_order': False, 'shape': ()}", header(">i4", false, &[])),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (10L, 2L)}", header("<f8", false, &[10, 2])),
            ("", Err("no dictionary")),
            ("{}", Err("not all of descr, fortran_order and shape")),
            ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}", Err("a type that is not simple")),
            ("{'descr': '<f8', 'fortran_order': 0, 'shape': ()}", Err("an order that is not True or False")),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", Err("a shape that is not a tuple of extents")),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (1 2)}", Err("a shape that is not a tuple of extents")),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (1,2", Err("a shape that is not a tuple of extents")),
            ("{'descr': '<f8' 'shape': ()}", Err("entries without a comma between them")),
            ("{'evil': 1}", Err("an unknown entry")),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': ()} x", Err("more after the dictionary")),
            ("{'descr", Err("an entry without a name")),
        ] {
            assert_eq!(Header::parse(text), expected, "{text}");
        }
        assert_eq!(Header::parse(&format!("{{'shape': ({})}}", "1,".repeat(99))), Err("too many axes"));
    }
}
