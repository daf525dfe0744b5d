//! What filters and rules refuse, with typed errors.

use evenkeel_data::select::{
    Mrmr, MutualInformation, Scores, VarianceAbove, anova_f, chi2, f_regression, pearson, spearman, variance,
};
use evenkeel_data::{DataError, Fit, TableError, Tensor, Transform};

#[test]
fn what_cannot_be_scored_is_refused() {
    let x = Tensor::from([[1.0, 2.0], [2.0, 1.0], [4.0, 0.0], [5.0, 1.0]]);
    let (labels, y) = ([0u32, 0, 1, 1], [0.0, 1.0, 2.0, 3.0]);
    let with = |at: usize, value: f64| {
        let mut x = x.clone();
        x.as_mut_slice()[at] = value;
        x
    };
    for bad in [f64::NAN, f64::INFINITY] {
        let x = with(5, bad);
        let all = [
            variance(&x),
            anova_f(&x, &labels),
            chi2(&x, &labels),
            pearson(&x, &y),
            spearman(&x, &y),
            f_regression(&x, &y),
            MutualInformation::default().scores(&x, &labels),
            MutualInformation::bins(2).scores(&x, &labels),
        ];
        for refused in all {
            assert!(
                matches!(refused, Err(DataError::Table(TableError::Value { row: 2, column: 1, .. }))),
                "{refused:?}"
            );
        }
        assert!(matches!(
            Mrmr::quotient(1).select(&x, &anova_f(&with(0, 1.0), &labels).unwrap()),
            Err(DataError::Table(TableError::Value { row: 2, column: 1, .. }))
        ));
        assert!(matches!(pearson(&with(0, 1.0), &[0.0, bad, 1.0, 2.0]), Err(DataError::NotFinite { .. })));
    }
    assert!(matches!(
        chi2(&with(3, -1.0), &labels),
        Err(DataError::Table(TableError::Value { row: 1, column: 1, .. }))
    ));
    assert!(matches!(anova_f(&x, &[3; 4]), Err(DataError::OneClass { class: 3, .. })));
    assert!(matches!(anova_f(&x, &[0, 1]), Err(DataError::Lengths { samples: 4, targets: 2, .. })));
    assert!(matches!(pearson(&x, &y[..3]), Err(DataError::Lengths { .. })));
    assert!(matches!(anova_f(&x, &[0, 1, 2, 3]), Err(DataError::Setting { .. })));
    assert!(matches!(
        anova_f(&x.map(|x| x * 1e200), &labels),
        Err(DataError::Table(TableError::Spread { column: 0, .. }))
    ));
    assert!(matches!(pearson(&x.index_select(0, &[0, 1]), &y[..2]), Err(DataError::Setting { .. })));
    assert!(matches!(variance(&Tensor::<f64>::zeros([0, 2])), Err(DataError::Empty { .. })));
    assert!(matches!(variance(&Tensor::<f64>::zeros([2, 0])), Err(DataError::Empty { .. })));
    assert!(matches!(variance(&Tensor::<f64>::zeros([2])), Err(DataError::Shape(_))));
    for information in
        [MutualInformation::neighbours(0), MutualInformation::bins(1), MutualInformation::default().with_discrete([2])]
    {
        assert!(matches!(information.scores(&x, &labels), Err(DataError::Setting { .. })));
    }
    let alone = MutualInformation::default().scores(&x, &[0, 1, 2, 3]);
    assert!(matches!(alone, Err(DataError::TooFewMembers { .. })));
}

#[test]
fn what_cannot_be_chosen_is_refused() {
    let scores = Scores::new("test", vec![1.0, 2.0], Some(vec![0.5, 0.4])).unwrap();
    for refused in [scores.top(0), scores.top(3), scores.share(0.0), scores.share(1.1), scores.above(f64::NAN)] {
        assert!(matches!(refused, Err(DataError::Setting { .. })), "{refused:?}");
    }
    for alpha in [0.0, 1.0, -1.0, f64::NAN] {
        let rules =
            [scores.p_below(alpha), scores.false_discovery_rate(alpha), scores.family_wise(alpha), scores.holm(alpha)];
        assert!(rules.iter().all(|refused| matches!(refused, Err(DataError::Setting { .. }))));
    }
    for refused in [scores.p_below(0.1), scores.holm(0.1), scores.above(2.0), scores.false_discovery_rate(0.1)] {
        assert!(matches!(refused, Err(DataError::Table(TableError::NoColumnsLeft { .. }))));
    }
    let without = Scores::new("test", vec![1.0], None).unwrap();
    assert!(matches!(without.p_below(0.1), Err(DataError::NoPValues { .. })));
    assert!(Scores::new("test", vec![], None).is_err() && Scores::new("test", vec![f64::NAN], None).is_err());
    assert!(
        Scores::new("test", vec![1.0], Some(vec![])).is_err()
            && Scores::new("test", vec![1.0], Some(vec![2.0])).is_err()
    );
    let x = Tensor::from([[1.0, 2.0], [3.0, 5.0], [4.0, 4.0]]);
    assert!(matches!(Mrmr::quotient(3).select(&x, &scores), Err(DataError::Setting { .. })));
    assert!(matches!(Mrmr::quotient(1).by_bins(1).select(&x, &scores), Err(DataError::Setting { .. })));
    assert!(matches!(Mrmr::quotient(1).select(&x, &without), Err(DataError::Table(TableError::Columns { .. }))));
    assert!(matches!(VarianceAbove(100.0).fit(&x), Err(DataError::Table(TableError::NoColumnsLeft { .. }))));
    let selection = scores.top(1).unwrap();
    assert!(matches!(
        selection.transform(&Tensor::<f64>::zeros([2, 3])),
        Err(DataError::Table(TableError::Columns { .. }))
    ));
    assert!(matches!(Transform::<f64>::names(&selection, &[]), Err(DataError::Table(TableError::Columns { .. }))));
    assert!(matches!(selection.inverse(&x), Err(DataError::NoInverse { .. })));
    assert!(selection.with_names(&[]).is_err());
}
