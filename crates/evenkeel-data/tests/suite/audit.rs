//! What an audit finds, what it leaves alone, and that its cures cure.

use evenkeel_data::audit::{Audit, AuditReport, Harm, Problem, distinct_rows};
use evenkeel_data::balance::ClassWeights;
use evenkeel_data::encode::{OneHot, Target, TargetMean, Unseen};
use evenkeel_data::feature::{DatePart, Dates, Elementwise};
use evenkeel_data::impute::Impute;
use evenkeel_data::pipeline::Pipeline;
use evenkeel_data::scale::{Power, Quantile, Standard};
use evenkeel_data::table::{Categorical, Column, Kind, Table};
use evenkeel_data::{DataError, Seed};
use proptest::prelude::*;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

fn normal(rows: usize, name: &str) -> Vec<f64> {
    let mut rng = Seed(7).stream(name).rng();
    (0..rows).map(|_| StandardNormal.sample(&mut rng)).collect()
}

fn numbers(name: &str, values: impl IntoIterator<Item = f64>) -> Column {
    Column::numeric(name, values.into_iter().collect())
}

fn levels(name: &str, values: impl IntoIterator<Item = String>) -> Column {
    Column::categorical(name, Categorical::from_values(values.into_iter().map(Some)))
}

/// Standard normal inputs and a class that depends on both of them a little: nothing is wrong with it.
fn sound(rows: usize) -> Table {
    let (a, b, noise) = (normal(rows, "a"), normal(rows, "b"), normal(rows, "noise"));
    let class = a.iter().zip(&b).zip(&noise).map(|((a, b), e)| if a + b + 2.0 * e > 0.0 { "yes" } else { "no" }.into());
    let class = levels("class", class.collect::<Vec<String>>());
    Table::new(vec![Column::numeric("a", a), Column::numeric("b", b), class]).unwrap()
}

fn audit(table: &Table) -> AuditReport {
    Audit::default().run(table, Target::ClassColumn("class")).unwrap()
}

fn problems(table: &Table) -> Vec<Problem> {
    audit(table).findings().iter().map(|finding| finding.problem).collect()
}

/// A sound table of 400 rows, with one more column.
fn with(column: Column) -> Table {
    sound(400).with_column(column).unwrap()
}

#[test]
fn nothing_is_wrong_with_a_sound_table() {
    let report = audit(&sound(400));
    assert!(report.findings().is_empty(), "{report}");
    assert!(report.to_string().contains("nothing is wrong"));
    assert_eq!(report.columns().len(), 2);
    assert_eq!(report.classes().iter().map(|(_, n)| n).sum::<usize>(), 400);
}

#[test]
fn each_problem_of_a_column_is_found_and_no_other() {
    let noise = || normal(400, "column").into_iter();
    let class: Vec<f64> = sound(400).classes("class").unwrap().0.into_iter().map(f64::from).collect();
    let few = |i: usize| i.is_multiple_of(50);
    let cases = [
        (Problem::Infinite, numbers("x", noise().enumerate().map(|(i, x)| if i == 9 { f64::INFINITY } else { x }))),
        (Problem::Empty, numbers("x", [f64::NAN; 400])),
        (Problem::Missing, numbers("x", noise().enumerate().map(|(i, x)| if few(i) { f64::NAN } else { x }))),
        (Problem::Levels, levels("x", (0..400).map(|i| format!("level {}", i * i % 7)))),
        (Problem::ManyLevels, levels("x", (0..400).map(|i| format!("level {}", i * 7 % 41)))),
        (Problem::Moments, Column::date_time("x", (0..400).map(|i| 1e9 + f64::from(i * i % 97) * 1e5).collect())),
        (Problem::Leakage, numbers("x", class.iter().map(|c| c * 0.5))),
        (Problem::Identifier, levels("x", (0..400).map(|i| format!("row {i}")))),
        (Problem::Identifier, numbers("x", (0..400).map(|i| f64::from((i * 171 + 5) % 400)))),
        (Problem::Scale, numbers("x", noise().map(|x| 100.0 * x))),
        (Problem::Scale, numbers("x", noise().map(|x| 1e-3 * x))),
        (Problem::Skew, numbers("x", noise().map(|x| (1.2 * x).exp()))),
        (Problem::Constant, numbers("x", [3.0; 400])),
        (Problem::Constant, levels("x", (0..400).map(|_| "only".into()))),
    ];
    for (problem, column) in cases {
        let table = with(column);
        let report = audit(&table);
        let found = report.find(problem).unwrap_or_else(|| panic!("{problem:?} in\n{report}"));
        assert_eq!(found.columns.len(), 1, "{report}");
        assert_eq!(found.columns[0].name, "x", "{report}");
        // Other scales come along.
        let others: Vec<_> = problems(&table).into_iter().filter(|p| *p != problem && *p != Problem::Scale).collect();
        assert!(others.is_empty(), "{problem:?}: {others:?}");
    }
}

#[test]
fn problems_that_come_together() {
    let noise = normal(400, "column");
    let mut table = with(Column::numeric("x", noise.iter().map(|x| 1e9 + x).collect()));
    assert_eq!(problems(&table), [Problem::Scale, Problem::Offset]);

    // One value far out; the skewness of the others hides nothing, since another lies on the other side.
    let far = noise.iter().enumerate().map(|(i, &x)| [x, -40.0, 40.0][(1 + i) * usize::from(i < 2)]);
    table = with(numbers("x", far));
    assert!(problems(&table).contains(&Problem::Outliers), "{:?}", audit(&table));

    table = with(numbers("x", noise.iter().map(|x| x * 1e25)));
    assert_eq!(problems(&table), [Problem::Huge, Problem::Scale]);

    table = with(numbers("x", (0..400).map(|i| f64::from(i == 3 || i == 77))));
    assert!(problems(&table).contains(&Problem::NearlyConstant));

    let copy = sound(400).column("b").unwrap().numbers().unwrap().iter().map(|b| 1.8 * b - 3.0).collect::<Vec<_>>();
    let report = audit(&with(Column::numeric("x", copy)));
    let found = report.find(Problem::Copies).unwrap();
    assert_eq!((found.columns[0].name.as_str(), found.columns[0].repeats.as_deref()), ("x", Some("b")));
    assert_eq!(report.findings().len(), 1, "{report}");
}

#[test]
fn leakage_is_seen_in_any_shape_and_chance_is_not() {
    let table = sound(400);
    let class = table.classes("class").unwrap().0;
    let noise = normal(400, "column");
    let not_monotone = class.iter().zip(&noise).map(|(&c, x)| if c == 1 { 5.0 + 0.1 * x } else { 10.0 * x.signum() });
    assert!(problems(&with(numbers("x", not_monotone))).contains(&Problem::Leakage));
    let by_level = class.iter().enumerate().map(|(i, &c)| format!("{c}-{}", i % 5));
    assert!(problems(&with(levels("x", by_level))).contains(&Problem::Leakage));
    let gaps = class.iter().zip(&noise).map(|(&c, &x)| if c == 1 { f64::NAN } else { x });
    let report = audit(&with(numbers("x", gaps)));
    assert_eq!(report.find(Problem::TellingGaps).unwrap().columns[0].name, "x");
    // Gaps and values that have nothing to do with the class.
    let by_chance = noise.iter().enumerate().map(|(i, &x)| if i % 3 == 0 { f64::NAN } else { x.round() });
    assert_eq!(problems(&with(numbers("x", by_chance))), [Problem::Missing]);

    let of_values = |f: &dyn Fn(f64, f64) -> f64| {
        let (x, other) = (normal(400, "a"), normal(400, "b"));
        let y = x.iter().zip(&other).map(|(&x, &o)| f(x, o));
        let table = Table::new(vec![Column::numeric("x", x.clone()), numbers("y", y)]).unwrap();
        let report = Audit::default().run(&table, Target::ValueColumn("y")).unwrap();
        report.find(Problem::Leakage).is_some()
    };
    assert!(of_values(&|x, _| x.powi(2) + 3.0));
    assert!(!of_values(&|x, other| x + other));
}

#[test]
fn rows_and_classes() {
    let table = sound(400);
    let twice: Vec<usize> = (0..400).chain([3, 3, 8]).collect();
    let doubled = table.subset(&twice).unwrap();
    let report = audit(&doubled);
    assert_eq!(report.find(Problem::Duplicates).unwrap().measure, 3.0);
    assert_eq!(distinct_rows(&doubled), Vec::from_iter(0..400));

    let mut labels: Vec<String> = (0..403).map(|i| if i % 2 == 0 { "yes" } else { "no" }.into()).collect();
    labels[400] = "no".into(); // Row 3 again, which is "no".
    labels[401] = "yes".into();
    labels[402] = "yes".into(); // Row 8 again, which is "yes".
    let report = audit(&doubled.with_column(levels("class", labels)).unwrap());
    assert_eq!(report.find(Problem::Duplicates).unwrap().measure, 2.0);
    assert_eq!(report.find(Problem::Contradictions).unwrap().measure, 1.0);

    let rare = |n: usize| {
        let class = (0..400).map(move |i| if i < n { "ill" } else { "well" }.to_owned());
        problems(&sound(400).with_column(levels("class", class)).unwrap())
    };
    assert_eq!(rare(4), [Problem::Imbalance, Problem::RareClass]);
    assert_eq!(rare(60), [Problem::Imbalance]);
    assert_eq!(rare(100), []);
    assert_eq!(rare(0), [Problem::OneClass]);

    let unlabelled = (0..400).map(|i| (i % 100 > 0).then_some(if i % 2 == 0 { "yes" } else { "no" }));
    let unlabelled = table.with_column(Column::categorical("class", Categorical::from_values(unlabelled))).unwrap();
    let report = audit(&unlabelled);
    assert_eq!((report.rows(), report.find(Problem::MissingTarget).unwrap().measure), (396, 4.0));

    let small = Audit::default().parameters(1000).run(&sound(400), Target::ClassColumn("class")).unwrap();
    assert_eq!(small.find(Problem::FewRows).unwrap().measure, 0.4);
    assert_eq!(problems(&sound(19)), [Problem::RareClass, Problem::FewRows]);
}

/// Everything at once, under the names that `cures` has.
fn sick() -> Table {
    let noise = |name: &str| normal(400, name).into_iter();
    let class: Vec<f64> = sound(400).classes("class").unwrap().0.into_iter().map(f64::from).collect();
    let columns = [
        numbers("empty", [f64::NAN; 400]),
        numbers("gaps", noise("gaps").enumerate().map(|(i, x)| if i % 9 == 0 { f64::NAN } else { 500.0 * x })),
        levels("colour", (0..400).map(|i| format!("c{}", i * i % 7))),
        levels("town", (0..400).map(|i| format!("t{}", i * 7 % 41))),
        Column::date_time("visit", (0..400).map(|i| 1e9 + f64::from(i * i % 97) * 1e6).collect()),
        numbers("huge", noise("huge").map(|x| x * 1e25)),
        numbers("outcome", class.iter().map(|c| c * 0.5)),
        levels("id", (0..400).map(|i| format!("row {i}"))),
        numbers("dose", noise("dose").map(|x| (1.2 * x).exp())),
        numbers("far", noise("far").enumerate().map(|(i, x)| [x, -40.0, 40.0][(1 + i) * usize::from(i < 2)])),
        numbers("ward", [3.0; 400]),
        numbers("double", noise("a").map(|x| x * 2.0 + 1.0)),
    ];
    columns.into_iter().fold(sound(400), |table, column| table.with_column(column).unwrap())
}

#[test]
fn the_pipeline_cures() {
    let table = sick();
    let report = audit(&table);
    let (fitted, x) = report.pipeline(Seed(7)).fit_transform::<f64>(&table, Target::ClassColumn("class")).unwrap();
    for dropped in ["empty", "outcome", "id", "ward", "double"] {
        assert!(!fitted.names().iter().any(|name| name == dropped), "{:?}", fitted.names());
    }
    let cured = Table::from_tensor(fitted.names(), &x).unwrap();
    let cured = cured.with_column(table.column("class").unwrap().clone()).unwrap();
    let report = audit(&cured);
    let left: Vec<_> = report.findings().iter().filter(|f| f.harm() <= Harm::Hinders).collect();
    assert!(left.is_empty(), "{report}");
}

/// The cures, as the audit of `sick` and others prints them: this has to compile.
fn cures(table: Table, counts: Vec<usize>, seed: Seed) -> Result<(Pipeline, [Table; 3], ClassWeights), DataError> {
    #[rustfmt::skip]
    let pipeline = Pipeline::new()
        .drop(["empty"])
        .drop(["outcome"])
        .drop(["id"])
        .drop(["ward"])
        .drop(["double"])
        .step(["visit"], Dates::of([DatePart::Year]).cyclic([DatePart::DayOfYear, DatePart::Weekday]))
        .step(Kind::Numeric, Impute::median().with_indicators())
        .step(["huge"], Elementwise::SignedLog)
        .step(["dose"], Power::yeo_johnson())
        .step(["far"], Quantile::default())
        .step(["town"], TargetMean::new(seed))
        .step(Kind::Numeric, Standard::default())
        .step(["colour"], OneHot::default().unseen(Unseen::Ignore));
    #[rustfmt::skip]
    let tables = [
        table.subset(&table.column("class")?.known_rows())?,
        table.subset(&distinct_rows(&table))?,
        table.subset(&distinct_rows(&table.drop(&["class"])?))?,
    ];
    Ok((pipeline, tables, ClassWeights::balanced(&counts)?))
}

#[test]
fn the_cures_compile_and_run() {
    let source = include_str!("audit.rs");
    let table = sick();
    let report = audit(&table);
    let doubled = table.drop(&["id"]).unwrap().subset(&Vec::from_iter((0..400).chain([7]))).unwrap();
    let doubled = audit(&doubled);
    for finding in report.findings().iter().chain(doubled.findings()) {
        let cure = finding.cure();
        let is_code = |line: &str| line.trim().trim_end_matches([';', ',']) == cure || line.contains(&cure);
        assert!(cure.starts_with("//") || source.lines().any(is_code), "{cure}");
    }
    assert!(doubled.find(Problem::Duplicates).is_some());
    let (pipeline, tables, _) = cures(table.clone(), vec![5, 395], Seed(1)).unwrap();
    let (fitted, _) = pipeline.fit_transform::<f32>(&table, Target::ClassColumn("class")).unwrap();
    assert!(fitted.names().len() > 10);
    assert_eq!(tables.map(|table| table.rows()), [400; 3]);
}

#[test]
fn what_hides_nothing_and_what_is_kept() {
    // An identifier does not make rows different, nor is it one level in the most when a name is missing.
    let twice = sound(400).subset(&Vec::from_iter((0..400).chain([3, 8]))).unwrap();
    let ids = (0..402).map(|i| (i != 5).then(|| format!("row {i}")));
    let report = audit(&twice.with_column(Column::categorical("id", Categorical::from_values(ids))).unwrap());
    assert_eq!(report.find(Problem::Identifier).unwrap().columns[0].name, "id");
    let duplicates = report.find(Problem::Duplicates).unwrap();
    assert_eq!(
        (duplicates.measure, duplicates.cure()),
        (2.0, r#"table.subset(&distinct_rows(&table.drop(&["id"])?))?"#.into())
    );

    // Present or blank is a flag, not a constant.
    let flag = |i: usize| i.is_multiple_of(3);
    let blank = numbers("x", (0..400).map(|i| if flag(i) { 1.0 } else { f64::NAN }));
    assert_eq!(problems(&with(blank)), [Problem::Missing]);
    let blank = Categorical::from_values((0..400).map(|i| flag(i).then_some("yes")));
    assert_eq!(problems(&with(Column::categorical("x", blank))), [Problem::Levels]);

    // Of two that repeat each other the one with more values stays; two that share few rows are no copies.
    let b = sound(400).column("b").unwrap().numbers().unwrap().to_vec();
    let sparse = |rows: usize| (0..400).map(move |i| if i < rows { f64::NAN } else { 0.0 });
    let holey = sound(400).with_column(numbers("b", b.iter().zip(sparse(30)).map(|(b, gap)| b + gap))).unwrap();
    let report = audit(&holey.with_column(Column::numeric("x", b.clone())).unwrap());
    assert_eq!(report.find(Problem::Copies).unwrap().columns[0].name, "b");
    let apart = b.iter().enumerate().map(|(i, b)| if i < 100 { *b } else { -b });
    assert!(audit(&with(numbers("x", apart))).find(Problem::Copies).is_none());
}

#[test]
fn cures_know_where_the_target_is() {
    let town = levels("town", (0..400).map(|i| format!("t{}", i * 7 % 41)));
    let table = sound(400).drop(&["class"]).unwrap().with_column(town).unwrap();
    let table = table.subset(&Vec::from_iter((0..400).chain([0]))).unwrap();
    let labels: Vec<u32> = (0..401).map(|i| u32::from(i != 0)).map(|l| l & 1).collect();
    let cure = |target, problem| {
        let report = Audit::default().run(&table, target).unwrap();
        report.find(problem).map(|finding| finding.cure())
    };
    assert_eq!(cure(Target::None, Problem::ManyLevels).unwrap(), r#".step(["town"], Frequency)"#);
    assert_eq!(
        cure(Target::Classes(&labels), Problem::ManyLevels).unwrap(),
        r#".step(["town"], TargetMean::new(seed))"#
    );
    let beside = "let rows = distinct_rows(&table); // of the table, and of the targets";
    assert_eq!(cure(Target::Classes(&labels), Problem::Contradictions).unwrap(), beside);
    assert_eq!(cure(Target::None, Problem::Duplicates).unwrap(), "table.subset(&distinct_rows(&table))?");
    let report = Audit::default().run(&table, Target::None).unwrap();
    assert!(report.pipeline(Seed(1)).fit(&table, Target::None).is_ok());
}

#[test]
fn what_cannot_be_audited() {
    let table = sound(30);
    let message = |target| Audit::default().run(&table, target).unwrap_err().to_string();
    assert!(message(Target::ClassColumn("classes")).contains(r#"expected a column "classes""#));
    assert!(message(Target::ValueColumn("class")).contains("numeric"));
    assert!(message(Target::Classes(&[0, 1])).contains("30 samples"));
    assert!(Audit::default().run(&table.subset(&[]).unwrap(), Target::None).unwrap_err().to_string().contains("row"));
    let unlabelled = Column::categorical("class", Categorical::from_values(vec![None::<&str>; 30]));
    let unlabelled = table.with_column(unlabelled).unwrap();
    assert!(Audit::default().run(&unlabelled, Target::ClassColumn("class")).is_err());
}

fn hostile() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(0.0),
        Just(-0.0),
        Just(f64::MAX),
        Just(-f64::MAX),
        Just(5e-324),
        Just(1e30),
        Just(f64::INFINITY),
        -3.0..3.0f64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_table_is_audited_and_its_report_printed(
        rows in 1usize..40, columns in 1usize..4, seed: u64, values in prop::collection::vec(hostile(), 160),
        labelled: bool,
    ) {
        let mut rng = Seed(seed).rng();
        let mut pick = || values[rng.random_range(0..values.len())];
        let mut all: Vec<Column> = (0..columns).map(|j| numbers(&format!("x{j}"), (0..rows).map(|_| pick()))).collect();
        all.push(Column::date_time("t", (0..rows).map(|_| Some(pick()).filter(|x| x.is_finite()).unwrap_or(f64::NAN)).collect()));
        let table = Table::new(all).unwrap();
        let labels: Vec<u32> = (0..rows as u32).map(|i| i % 3).collect();
        let target = if labelled { Target::Classes(&labels) } else { Target::None };
        let report = Audit::default().run(&table, target).unwrap();
        prop_assert!(report.findings().is_sorted_by_key(|f| f.problem));
        prop_assert!(report.findings().is_sorted_by_key(|f| f.harm()));
        prop_assert!(report.to_string().lines().count() >= 3);
        for finding in report.findings() {
            prop_assert!(!finding.cure().is_empty() && (finding.problem == Problem::OneClass || !finding.evidence().is_empty()));
            prop_assert!(finding.columns.iter().all(|c| table.column(&c.name).is_ok()));
        }
    }

    /// The order of rows tells nothing.
    #[test]
    fn the_order_of_rows_does_not_matter(seed: u64) {
        let table = sick();
        let order = evenkeel_data::Order::shuffled(400, Seed(seed), 0);
        let of = |table: &Table| audit(table).findings().iter().map(|f| (f.problem, f.columns.len(), format!("{:.6e}", f.measure))).collect::<Vec<_>>();
        prop_assert_eq!(of(&table), of(&table.subset(order.indices()).unwrap()));
    }
}
