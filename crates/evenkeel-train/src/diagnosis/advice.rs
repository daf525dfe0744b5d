//! What to do about bias and variance.

use std::fmt;

use super::Verdict;

/// Something to do about a [`Verdict`]. `Display` says what, [`reason`](Advice::reason) why, [`cost`](Advice::cost) how dear it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing.
    Stop,
    /// Stop where the validation error was lowest.
    StopEarly,
    /// Penalise weights, or more so.
    Penalize {
        /// The range of λ to search, on a logarithmic scale.
        lambda: (f64, f64),
    },
    /// Drop units out, or more of them.
    Dropout {
        /// The range of the probability of dropping a unit.
        drop: (f64, f64),
    },
    /// Make more of the examples there are.
    Augment,
    /// A smaller network.
    ShrinkNetwork,
    /// More examples.
    MoreData,
    /// Less penalty, dropout and augmentation.
    RegularizeLess,
    /// Another start and rate.
    InitializeAndTune,
    /// Normalisation in the network, and inputs of mean 0 and variance 1.
    Normalize,
    /// More epochs.
    TrainLonger,
    /// A larger network.
    EnlargeNetwork,
    /// Inputs that say more.
    BetterFeatures,
}

/// What following an [`Advice`] takes, from cheap to dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cost {
    /// Nothing.
    Nothing,
    /// A setting, and the same training again.
    Setting,
    /// Another network or preparation of the data, to be written and tuned.
    Design,
    /// More computing for each training from now on.
    Computing,
    /// Other or more data, which somebody has to gather and label.
    Data,
}

impl Advice {
    const AGAINST_BIAS: [Self; 6] = [
        Self::RegularizeLess,
        Self::InitializeAndTune,
        Self::Normalize,
        Self::TrainLonger,
        Self::EnlargeNetwork,
        Self::BetterFeatures,
    ];

    const AGAINST_VARIANCE: [Self; 6] = [
        Self::StopEarly,
        Self::Penalize { lambda: (1e-5, 1e-1) },
        Self::Dropout { drop: (0.2, 0.5) },
        Self::Augment,
        Self::ShrinkNetwork,
        Self::MoreData,
    ];

    /// The advice on a verdict, cheapest first; of equal cost, that against bias first, for what a network cannot learn it
    /// cannot generalise. On a bad network, what is only a trade of one for the other is left out; a larger network with more
    /// regularisation is not.
    pub(super) fn on(verdict: Verdict) -> Vec<Self> {
        let all = match verdict {
            Verdict::Good => return vec![Self::Stop],
            Verdict::Underfitting => Self::AGAINST_BIAS.to_vec(),
            Verdict::Overfitting => Self::AGAINST_VARIANCE.to_vec(),
            Verdict::Bad => [Self::AGAINST_BIAS, Self::AGAINST_VARIANCE].concat(),
        };
        let trades = |advice: &Self| {
            matches!(advice, Self::RegularizeLess | Self::StopEarly | Self::TrainLonger | Self::ShrinkNetwork)
        };
        let mut advice: Vec<_> = all.into_iter().filter(|one| verdict != Verdict::Bad || !trades(one)).collect();
        advice.sort_by_key(Self::cost);
        advice
    }

    /// What following it takes.
    pub fn cost(&self) -> Cost {
        match self {
            Self::Stop => Cost::Nothing,
            Self::StopEarly
            | Self::Penalize { .. }
            | Self::Dropout { .. }
            | Self::RegularizeLess
            | Self::InitializeAndTune => Cost::Setting,
            Self::Augment | Self::ShrinkNetwork | Self::Normalize => Cost::Design,
            Self::TrainLonger | Self::EnlargeNetwork => Cost::Computing,
            Self::MoreData | Self::BetterFeatures => Cost::Data,
        }
    }

    /// Why it helps.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Stop => "training and validation are as near to what can be had as was asked for",
            Self::StopEarly => "weights grow with the number of steps, and what is learnt last is often noise",
            Self::Penalize { .. } => "large weights are what it takes to bend around single examples",
            Self::Dropout { .. } => {
                "a unit that cannot rely on others does not learn what holds for single examples only"
            }
            Self::Augment => "an example that is turned or shifted says what does not matter",
            Self::ShrinkNetwork => "fewer parameters cannot learn all examples by heart",
            Self::MoreData => "the gap shrinks with the number of examples, if anything is to be learnt from them",
            Self::RegularizeLess => "each penalty keeps the network from the training data",
            Self::InitializeAndTune => {
                "a signal that vanishes, or a rate that is too small or large, looks like a lack of capacity"
            }
            Self::Normalize => "features of one scale let one learning rate suit all weights",
            Self::TrainLonger => "a training error that still falls is no bias yet",
            Self::EnlargeNetwork => "the function may be beyond what the network can express",
            Self::BetterFeatures => "what the inputs do not tell no network can know",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stop => f.write_str("stop here"),
            Self::StopEarly => f.write_str("stop early, at the lowest validation error"),
            Self::Penalize { lambda: (from, to) } => {
                write!(f, "penalise weights more (L2, weight decay, L1): search λ from {from:e} to {to:e}")
            }
            Self::Dropout { drop: (from, to) } => write!(f, "drop {from} to {to} of the hidden units"),
            Self::Augment => f.write_str("augment the training data"),
            Self::ShrinkNetwork => f.write_str("use a smaller network"),
            Self::MoreData => f.write_str("get more training data"),
            Self::RegularizeLess => f.write_str("regularise less: smaller λ, fewer units dropped, weaker augmentation"),
            Self::InitializeAndTune => {
                f.write_str("check the initialisation with a SignalProbe, and tune optimiser and learning rate")
            }
            Self::Normalize => f.write_str("scale the inputs, and put normalisation between the layers"),
            Self::TrainLonger => f.write_str("train longer, with a learning rate that falls"),
            Self::EnlargeNetwork => f.write_str("use a larger network"),
            Self::BetterFeatures => f.write_str("find better features, and look at the labels of what stays wrong"),
        }
    }
}
