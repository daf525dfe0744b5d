//! Which values share statistics.

use evenkeel_tensor::Shape;

/// Which values of an input (N, C, ...) share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// Those of a channel, in all examples: batch normalisation.
    Batch,
    /// Those of an example: layer normalisation over (C, ...), group normalisation of one group.
    Example,
    /// Those of a channel in an example: instance normalisation.
    Instance,
    /// Those of a group of neighbouring channels in an example, in this many groups: group normalisation.
    Groups(usize),
    /// Those along so many last axes: layer and RMS normalisation.
    Trailing(usize),
}

impl Over {
    /// The indices of the values of each group; why there are none if the shape has none.
    pub(super) fn groups(self, shape: Shape) -> Result<Vec<Vec<usize>>, String> {
        let need = if let Self::Trailing(axes) = self { axes } else { 2 };
        if shape.rank() < need {
            return Err(format!("a shape of rank {need} or more"));
        }
        let (channels, inner) = (shape.get(1).copied().unwrap_or(1), shape.iter().skip(2).product::<usize>());
        let size = match self {
            Self::Batch => inner,
            Self::Example => channels * inner,
            Self::Instance => inner,
            Self::Groups(groups) if groups > 0 && channels.is_multiple_of(groups) => channels / groups * inner,
            Self::Groups(groups) => return Err(format!("a multiple of {groups} channels")),
            Self::Trailing(axes) => shape[shape.rank() - axes..].iter().product(),
        };
        if shape.numel() == 0 {
            return Err("a shape without empty axes".to_owned());
        }
        let runs = shape.numel() / size;
        let count = if self == Self::Batch { channels } else { runs };
        let mut groups = vec![Vec::new(); count];
        for run in 0..runs {
            groups[run % count].extend(run * size..(run + 1) * size);
        }
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_where_the_papers_draw_them() {
        let of = |over: Over| over.groups([2, 4, 2].into()).unwrap();
        assert_eq!(of(Over::Batch)[1], [2, 3, 10, 11]);
        assert_eq!(of(Over::Example)[1], (8..16).collect::<Vec<_>>());
        assert_eq!(of(Over::Instance)[5], [10, 11]);
        assert_eq!(of(Over::Groups(2))[3], [12, 13, 14, 15]);
        assert_eq!(of(Over::Trailing(1)).len(), 8);
        assert_eq!(of(Over::Trailing(2)), of(Over::Example));
        assert!(Over::Groups(3).groups([2, 4, 2].into()).is_err());
        assert!(Over::Batch.groups([2].into()).is_err() && Over::Trailing(1).groups([2, 0].into()).is_err());
    }
}
