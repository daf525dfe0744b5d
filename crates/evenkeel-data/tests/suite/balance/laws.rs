//! What holds for every resampling of imbalanced data.

use evenkeel_data::balance::{
    Adasyn, Agreement, BorderlineSmote, EditedNearestNeighbours, Parents, RandomOver, RandomUnder, Resample, Resampled,
    Smote, SmoteEnn, SmoteNc, SmoteTomek, Strategy, TomekLinks,
};
use evenkeel_data::{Seed, Tensor};
use proptest::prelude::{Strategy as Values, *};

/// Rows of classes that overlap, each with at least six members.
fn labelled() -> impl Values<Value = (Tensor<f64>, Vec<u32>, usize)> {
    (2usize..4, 1usize..6, any::<u64>()).prop_flat_map(|(classes, columns, seed)| {
        let members = prop::collection::vec(6usize..40, classes);
        (members, Just(columns), Just(seed)).prop_map(move |(members, columns, seed)| {
            let sorted: Vec<_> = members.iter().zip(0u32..).flat_map(|(&n, class)| vec![class; n]).collect();
            // A step prime to the number of rows mixes the classes.
            let n = sorted.len();
            let step = [101, 103].into_iter().find(|step| n % step != 0).unwrap();
            let labels: Vec<_> = (0..n).map(|i| sorted[i * step % n]).collect();
            let mut x = Tensor::zeros([n, columns]);
            evenkeel_tensor::random::normal(x.as_mut_slice(), 0.0, 1.0, Seed(seed));
            x.as_mut_slice().iter_mut().enumerate().for_each(|(i, x)| *x += f64::from(labels[i / columns]));
            (x, labels, classes)
        })
    })
}

fn row(x: &Tensor<f64>, row: usize) -> &[f64] {
    let columns = x.shape()[1];
    &x.as_slice()[row * columns..][..columns]
}

fn counts(labels: &[u32], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    counts
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The k nearest of `among` to row `own`, ties to the lower row.
fn nearest(x: &Tensor<f64>, own: usize, among: impl Iterator<Item = usize>, k: usize) -> Vec<usize> {
    let mut others: Vec<_> = among.filter(|&i| i != own).collect();
    others.sort_by(|&a, &b| {
        distance(row(x, own), row(x, a)).total_cmp(&distance(row(x, own), row(x, b))).then(a.cmp(&b))
    });
    others.truncate(k);
    others
}

fn of_class(labels: &[u32], class: u32) -> impl Iterator<Item = usize> {
    (0..labels.len()).filter(move |&i| labels[i] == class)
}

/// The given rows come first and unchanged; each made one is of its parent's class and lies between its parents.
fn check_rows(resampled: &Resampled<f64>, x: &Tensor<f64>, labels: &[u32]) -> Result<(), TestCaseError> {
    prop_assert_eq!(resampled.inputs.shape()[0], resampled.rows.len() + resampled.made.len());
    prop_assert_eq!(resampled.labels.len(), resampled.inputs.shape()[0]);
    for (i, &given) in resampled.rows.iter().enumerate() {
        let bits = |row: &[f64]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(row(&resampled.inputs, i)), bits(row(x, given)));
        prop_assert_eq!(resampled.labels[i], labels[given]);
    }
    for (i, parents) in (resampled.rows.len()..).zip(&resampled.made) {
        prop_assert_eq!(resampled.labels[i], labels[parents.row]);
        prop_assert!((0.0..1.0).contains(&parents.step));
    }
    Ok(())
}

fn check_segments(resampled: &Resampled<f64>, x: &Tensor<f64>) -> Result<(), TestCaseError> {
    for (i, &Parents { row: a, neighbour, step }) in (resampled.rows.len()..).zip(&resampled.made) {
        for ((&got, &a), &b) in row(&resampled.inputs, i).iter().zip(row(x, a)).zip(row(x, neighbour)) {
            prop_assert!(a.min(b) <= got && got <= a.max(b));
            // Two products and a sum, rounded.
            let bound = 4.0 * f64::EPSILON * (a.abs() + b.abs());
            prop_assert!((got - (a + step * (b - a))).abs() <= bound);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn smote_makes_points_between_neighbours((x, labels, classes) in labelled(), k in 1usize..6, seed: u64) {
        let before = (x.clone(), labels.clone());
        let resampled = Smote::new(k).resample(&x, &labels, classes, Seed(seed)).unwrap();
        let most = *counts(&labels, classes).iter().max().unwrap();
        prop_assert_eq!(counts(&resampled.labels, classes), vec![most; classes]);
        prop_assert_eq!(&resampled.rows, &Vec::from_iter(0..labels.len()));
        check_rows(&resampled, &x, &labels)?;
        check_segments(&resampled, &x)?;
        for parents in &resampled.made {
            let class = of_class(&labels, labels[parents.row]);
            prop_assert!(nearest(&x, parents.row, class, k).contains(&parents.neighbour));
        }
        prop_assert_eq!(&resampled, &Smote::new(k).resample(&x, &labels, classes, Seed(seed)).unwrap());
        prop_assert_eq!((x, labels), before);
    }

    #[test]
    fn promised_counts_are_reached((x, labels, classes) in labelled(), ratio in 0.05f64..=1.0, more in 0usize..50) {
        let before = counts(&labels, classes);
        let (least, most) = (*before.iter().min().unwrap(), *before.iter().max().unwrap());
        let strategies = [Strategy::Ratio(ratio), Strategy::Counts(vec![(1, before[1] + more)])];
        for (i, strategy) in strategies.into_iter().enumerate() {
            let grown: Vec<_> = match i {
                0 => before.iter().map(|&n| n.max((ratio * most as f64) as usize)).collect(),
                _ => (0..classes).map(|class| before[class] + if class == 1 { more } else { 0 }).collect(),
            };
            let smote = Smote::default().strategy(strategy.clone()).resample(&x, &labels, classes, Seed(1));
            let over = RandomOver::new().strategy(strategy.clone()).resample(&x, &labels, classes, Seed(1));
            if i == 0 && ((ratio * most as f64) as usize) < least {
                prop_assert!(smote.is_err() && over.is_err());
                continue;
            }
            prop_assert_eq!(&counts(&smote.unwrap().labels, classes), &grown);
            prop_assert_eq!(&counts(&over.unwrap().labels, classes), &grown);
        }
        let under = RandomUnder::new().strategy(Strategy::Ratio(ratio)).resample(&x, &labels, classes, Seed(1));
        let bound = (least as f64 / ratio) as usize;
        match under {
            Ok(under) => {
                let shrunk: Vec<_> = before.iter().map(|&n| n.min(bound)).collect();
                prop_assert_eq!(counts(&under.labels, classes), shrunk);
            }
            Err(error) => prop_assert!(bound > most, "{}", error),
        }
    }

    #[test]
    fn random_over_keeps_all_and_under_a_part((x, labels, classes) in labelled(), seed: u64) {
        let over = RandomOver::new().resample(&x, &labels, classes, Seed(seed)).unwrap();
        check_rows(&over, &x, &labels)?;
        prop_assert!(over.made.is_empty());
        prop_assert_eq!(&over.rows[..labels.len()], &Vec::from_iter(0..labels.len()));
        let under = RandomUnder::new().resample(&x, &labels, classes, Seed(seed)).unwrap();
        check_rows(&under, &x, &labels)?;
        prop_assert!(under.made.is_empty() && under.rows.is_sorted_by(|a, b| a < b));
        let least = *counts(&labels, classes).iter().min().unwrap();
        prop_assert_eq!(counts(&under.labels, classes), vec![least; classes]);
    }

    #[test]
    fn borderline_takes_members_in_danger(
        (x, labels, classes) in labelled(), k in 1usize..6, m in 1usize..9, seed: u64,
    ) {
        for method in [BorderlineSmote::one(), BorderlineSmote::two()] {
            let method = method.neighbours(k).danger_neighbours(m);
            let is_in_danger = |own: usize| {
                let around = nearest(&x, own, 0..labels.len(), m);
                let others = around.iter().filter(|&&i| labels[i] != labels[own]).count();
                2 * others >= m && others < m
            };
            for class in 0..classes {
                let expected: Vec<_> = of_class(&labels, class as u32).filter(|&i| is_in_danger(i)).collect();
                prop_assert_eq!(method.danger(&x, &labels, classes, class).unwrap(), expected);
            }
            let Ok(resampled) = method.resample(&x, &labels, classes, Seed(seed)) else { continue };
            check_rows(&resampled, &x, &labels)?;
            check_segments(&resampled, &x)?;
            let most = *counts(&labels, classes).iter().max().unwrap();
            prop_assert_eq!(counts(&resampled.labels, classes), vec![most; classes]);
            for parents in &resampled.made {
                prop_assert!(is_in_danger(parents.row));
                let same = labels[parents.row] == labels[parents.neighbour];
                let of_own = nearest(&x, parents.row, of_class(&labels, labels[parents.row]), k);
                let of_all = nearest(&x, parents.row, 0..labels.len(), k);
                prop_assert!(of_own.contains(&parents.neighbour) || of_all.contains(&parents.neighbour));
                prop_assert!(same || parents.step < 0.5);
            }
        }
    }

    #[test]
    fn adasyn_makes_more_where_more_others_are(
        (x, labels, classes) in labelled(), k in 1usize..6, missing in 1usize..200,
    ) {
        let method = Adasyn::new(k);
        let others = |own: usize| {
            nearest(&x, own, 0..labels.len(), k).iter().filter(|&&i| labels[i] != labels[own]).count() as f64
        };
        for class in 0..classes {
            let members: Vec<_> = of_class(&labels, class as u32).collect();
            let total: f64 = members.iter().map(|&i| others(i)).sum();
            let Ok(made) = method.counts(&x, &labels, classes, class, missing) else { continue };
            for (&member, &made) in members.iter().zip(&made) {
                prop_assert!((made as f64 - others(member) / total * missing as f64).abs() <= 0.5 + 1e-9);
            }
        }
        if let Ok(resampled) = method.resample(&x, &labels, classes, Seed(1)) {
            check_rows(&resampled, &x, &labels)?;
            check_segments(&resampled, &x)?;
        }
    }

    #[test]
    fn mixed_columns_have_categories_of_neighbours((x, labels, classes) in labelled(), k in 1usize..6, seed: u64) {
        // Two categorical columns beside the others, one of many values and one of few.
        let columns = x.shape()[1] + 2;
        let mixed = Tensor::from_fn([labels.len(), columns], |i| match (i / columns, i % columns) {
            (r, 0) => (r * r % 7) as f64,
            (r, 1) => f64::from(r % 3 == 0),
            (r, c) => row(&x, r)[c - 2],
        });
        let resampled = SmoteNc::new([0, 1]).neighbours(k).resample(&mixed, &labels, classes, Seed(seed)).unwrap();
        check_rows(&resampled, &mixed, &labels)?;
        for class in 0..classes as u32 {
            let members: Vec<_> = of_class(&labels, class).collect();
            let mut deviations: Vec<_> = (2..columns).map(|c| {
                let n = members.len() as f64;
                let mean = members.iter().map(|&r| row(&mixed, r)[c]).sum::<f64>() / n;
                (members.iter().map(|&r| (row(&mixed, r)[c] - mean).powi(2)).sum::<f64>() / n).sqrt()
            }).collect();
            deviations.sort_by(f64::total_cmp);
            let median = 0.5 * (deviations[(deviations.len() - 1) / 2] + deviations[deviations.len() / 2]);
            let between = |a: usize, b: usize| {
                let (a, b) = (row(&mixed, a), row(&mixed, b));
                let differing = (0..2).filter(|&c| a[c] != b[c]).count() as f64;
                distance(&a[2..], &b[2..]) + differing * median * median
            };
            for (i, parents) in (resampled.rows.len()..).zip(&resampled.made) {
                if labels[parents.row] != class {
                    continue;
                }
                let mut all: Vec<_> = members.iter().copied().filter(|&m| m != parents.row).collect();
                all.sort_by(|&a, &b| between(parents.row, a).total_cmp(&between(parents.row, b)));
                let nearest = &all[..k];
                prop_assert!(nearest.contains(&parents.neighbour));
                for c in 0..2 {
                    let votes = |value: f64| nearest.iter().filter(|&&m| row(&mixed, m)[c] == value).count();
                    let got = row(&resampled.inputs, i)[c];
                    prop_assert_eq!(votes(got), nearest.iter().map(|&m| votes(row(&mixed, m)[c])).max().unwrap());
                }
            }
        }
    }

    #[test]
    fn tomek_links_are_mutual((x, labels, classes) in labelled()) {
        let closest: Vec<_> = (0..labels.len()).map(|i| nearest(&x, i, 0..labels.len(), 1)[0]).collect();
        let is_linked = |i: usize| closest[closest[i]] == i && labels[i] != labels[closest[i]];
        let links = TomekLinks::new().links(&x, &labels, classes).unwrap();
        let expected: Vec<_> =
            (0..labels.len()).filter(|&i| i < closest[i] && is_linked(i)).map(|i| (i, closest[i])).collect();
        prop_assert_eq!(links, expected);
        let sizes = counts(&labels, classes);
        let smallest = (0..classes).min_by_key(|&c| sizes[c]).unwrap() as u32;
        let kept = TomekLinks::new().resample(&x, &labels, classes, Seed(0)).unwrap();
        check_rows(&kept, &x, &labels)?;
        let expected: Vec<_> = (0..labels.len()).filter(|&i| !is_linked(i) || labels[i] == smallest).collect();
        prop_assert_eq!(kept.rows, expected);
        let kept = TomekLinks::new().all_classes().resample(&x, &labels, classes, Seed(0)).unwrap();
        prop_assert_eq!(kept.rows, (0..labels.len()).filter(|&i| !is_linked(i)).collect::<Vec<_>>());
    }

    #[test]
    fn edited_rows_disagree((x, labels, classes) in labelled(), k in 1usize..6, all: bool, spare: bool) {
        let sizes = counts(&labels, classes);
        let smallest = (0..classes).min_by_key(|&c| sizes[c]).unwrap() as u32;
        let stays = |i: usize| {
            let mut votes = vec![0; classes];
            nearest(&x, i, 0..labels.len(), k).iter().for_each(|&j| votes[labels[j] as usize] += 1);
            let most = *votes.iter().max().unwrap();
            let own = labels[i] as usize;
            let agrees = if all { votes[own] == k } else { votes.iter().position(|&v| v == most) == Some(own) };
            agrees || spare && labels[i] == smallest
        };
        let method = EditedNearestNeighbours::new(k).agreement(if all { Agreement::All } else { Agreement::Mode });
        let method = if spare { method } else { method.all_classes() };
        let kept = method.resample(&x, &labels, classes, Seed(0)).unwrap();
        check_rows(&kept, &x, &labels)?;
        prop_assert_eq!(kept.rows, (0..labels.len()).filter(|&i| stays(i)).collect::<Vec<_>>());
    }

    #[test]
    fn combinations_are_one_after_the_other((x, labels, classes) in labelled(), seed: u64) {
        let grown = Smote::default().resample(&x, &labels, classes, Seed(seed)).unwrap();
        let again = |method: &dyn Resample<f64>| {
            let kept = method.resample(&grown.inputs, &grown.labels, classes, Seed(seed)).unwrap();
            (kept.inputs, kept.labels)
        };
        let tomek = SmoteTomek::default().resample(&x, &labels, classes, Seed(seed)).unwrap();
        let enn = SmoteEnn::default().resample(&x, &labels, classes, Seed(seed)).unwrap();
        for resampled in [&tomek, &enn] {
            check_rows(resampled, &x, &labels)?;
            check_segments(resampled, &x)?;
        }
        prop_assert_eq!((tomek.inputs, tomek.labels), again(&TomekLinks::new().all_classes()));
        prop_assert_eq!((enn.inputs, enn.labels), again(&EditedNearestNeighbours::default().all_classes()));
    }
}

/// 2000 rows, each seventh of class 1, which overlaps with the other.
fn some() -> (Tensor<f64>, Vec<u32>) {
    let mut x = Tensor::zeros([2000, 3]);
    evenkeel_tensor::random::normal(x.as_mut_slice(), 0.0, 1.0, Seed(5));
    x.as_mut_slice().iter_mut().enumerate().for_each(|(i, x)| *x += f64::from(u8::from(i / 3 % 7 == 0)));
    (x, (0..2000).map(|i| u32::from(i % 7 == 0)).collect())
}

#[test]
fn the_same_at_any_number_of_threads() {
    let (x, labels) = some();
    let methods: [&(dyn Resample<f64> + Sync); 8] = [
        &Smote::default(),
        &BorderlineSmote::one(),
        &BorderlineSmote::two(),
        &SmoteNc::new([0]),
        &Adasyn::default(),
        &SmoteTomek::default(),
        &SmoteEnn::default(),
        &RandomOver::new(),
    ];
    for method in methods {
        let run = |seed| method.resample(&x, &labels, 2, Seed(seed)).unwrap();
        let expected = run(1);
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| run(1)), expected, "{threads} threads");
        }
        assert_ne!(run(2).inputs, expected.inputs);
    }
}

/// The members are drawn uniformly: 1428 of 286 members, so each is expected μ = 4.99 times. The statistic Σ (n - μ)² /
/// μ is about chi-squared with 285 degrees of freedom, of deviation √570 = 23.9: five of them are 119. So are the 5
/// neighbours of each, with 4 degrees of freedom and the probability 2e-5 beyond 27.
#[test]
fn parents_are_drawn_uniformly() {
    let (x, labels) = some();
    let resampled = Smote::default().resample(&x, &labels, 2, Seed(3)).unwrap();
    let n = resampled.made.len();
    assert_eq!(n, 1428);
    let chi_squared = |counts: &[usize]| {
        let expected = n as f64 / counts.len() as f64;
        counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum::<f64>()
    };
    let (mut members, mut ranks, mut steps) = (vec![0; 286], vec![0; 5], vec![0; 5]);
    for parents in &resampled.made {
        members[parents.row / 7] += 1;
        let around = nearest(&x, parents.row, of_class(&labels, 1), 5);
        ranks[around.iter().position(|&i| i == parents.neighbour).unwrap()] += 1;
        steps[(parents.step * 5.0) as usize] += 1;
    }
    assert!((chi_squared(&members) - 285.0).abs() < 119.0, "{}", chi_squared(&members));
    assert!(chi_squared(&ranks) < 27.0 && chi_squared(&steps) < 27.0, "{ranks:?} {steps:?}");
}

/// Pins what a seed gives: a change here changes every user's results.
#[test]
fn value_stability() {
    let x = Tensor::from_fn([12, 1], |i| i as f64);
    let labels: Vec<u32> = (0..12).map(|i| u32::from(i < 3)).collect();
    let made = Smote::new(1).resample(&x, &labels, 2, Seed(7)).unwrap().made;
    let made: Vec<_> =
        made.iter().map(|parents| (parents.row, parents.neighbour, (parents.step * 1e4) as u32)).collect();
    assert_eq!(made, [(2, 1, 1923), (1, 0, 6312), (0, 1, 2275), (0, 1, 1607), (2, 1, 1879), (0, 1, 9722)]);
    let over = RandomOver::new().resample(&x, &labels, 2, Seed(7)).unwrap().rows;
    let under = RandomUnder::new().resample(&x, &labels, 2, Seed(7)).unwrap().rows;
    assert_eq!(over[12..], [2, 2, 0, 1, 0, 1]);
    assert_eq!(under, [0, 1, 2, 7, 9, 11]);
}
